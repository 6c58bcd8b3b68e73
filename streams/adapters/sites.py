"""Where foreign producers stand: which camera or site is whose, and how an event is made of their fields."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, TypeVar, cast

import msgspec
from msgspec import Meta, Struct

from streams.codec import Decoded, schema_rejection
from streams.envelope import SPEC_VERSION, Envelope, type_name
from streams.events import Event
from streams.events.consistency import contradiction
from streams.events.fields import Digits2, Digits5, Location
from streams.rejection import Reason, Rejected

Message = TypeVar("Message")
OffsetMinutes = Annotated[int, Meta(ge=-1439, le=1439)]


class Site(Struct, frozen=True, kw_only=True):
    """Where a producer stands. ``utc_offset_min`` is that of its wall clock; ``source`` goes into the envelope."""

    source: str
    tenant: Digits2
    unit_code: Digits5
    location: Location | None = None
    utc_offset_min: OffsetMinutes = 420


class CameraSite(Site, frozen=True, kw_only=True):
    """A camera: ``camera_id`` is its name on our bus."""

    camera_id: str


Cameras = Mapping[str, CameraSite]
"""Our cameras by the producer's own name of each."""


def read(payload: bytes, message_type: type[Message]) -> Message | Rejected:
    """Read a foreign JSON message; what is wrong with it is a value.

    Examples
    --------
    >>> read(b'{"a": 1}', dict[str, int]), read(b'{', dict[str, int]).reason
    ({'a': 1}, <Reason.NOT_JSON: 'not_json'>)
    """
    try:
        return msgspec.json.decode(payload, type=message_type)
    except msgspec.ValidationError as error:
        return Rejected(Reason.SCHEMA, str(error).partition(" '")[0])
    except RecursionError:
        return Rejected(Reason.TOO_DEEP, "nested deeper than the parser goes")
    except UnicodeDecodeError:
        return Rejected(Reason.BAD_UTF8, "text must be UTF-8")
    except msgspec.DecodeError as error:
        return Rejected(Reason.NOT_JSON, str(error))


def event_of(
    event_type: type[Envelope], site: Site, *, event_id: str, at: datetime, subject: str, data: Mapping[str, Any]
) -> Decoded:
    """Return the event of a producer at ``site``, checked as the codec would check it.

    Parameters
    ----------
    event_type
        Which event it becomes.
    site
        Where the producer stands.
    event_id
        Made of the producer's own keys, so that the same message gives the same event.
    at
        When it happened, with offset; written in the site's own.
    subject
        What the event is about: the record key.
    data
        The fields of ``data`` besides those that the site gives; None means absent.
    """
    try:
        local = at.astimezone(timezone(timedelta(minutes=site.utc_offset_min)))
    except OverflowError:  # the years 1 and 9999 have no room for offsets
        return Rejected(Reason.BAD_TIME, "Expected a time between the years 2 and 9998")
    place = {"tenant": site.tenant, "unit_code": site.unit_code, "location": site.location}
    fields = {
        "specversion": SPEC_VERSION,
        "type": type_name(event_type),
        "id": event_id,
        "source": site.source,
        "time": local.isoformat(timespec="milliseconds"),
        "subject": subject,
        "datacontenttype": "application/json",
        "data": {name: value for name, value in {**place, **data}.items() if value is not None},
    }
    try:
        event = cast("Event", msgspec.convert(fields, event_type))
    except msgspec.ValidationError as error:
        return schema_rejection(error)
    if detail := contradiction(event):
        return Rejected(Reason.INCONSISTENT, detail)
    return event


def instant(seconds: float) -> datetime | Rejected:
    """Return the instant of a Unix time in seconds, to the millisecond; it must be one that the calendar has."""
    try:
        return datetime.fromtimestamp(round(seconds, 3), UTC)
    except (OverflowError, ValueError):
        return Rejected(Reason.BAD_TIME, "Expected seconds since 1970, before the year 10000")


def compact(at: datetime) -> str:
    """Return an instant as part of an id: UTC, to the millisecond.

    Examples
    --------
    >>> compact(datetime(2026, 3, 1, 8, 0, 0, 250_000, tzinfo=timezone(timedelta(hours=7))))
    '20260301T010000.250Z'
    """
    utc = at.astimezone(UTC)
    return f"{utc:%Y%m%dT%H%M%S}.{utc.microsecond // 1000:03}Z"
