"""Open311 GeoReport v2 service requests (JSON) into field report events."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
from msgspec import Struct, structs

from streams.adapters.sites import Site, compact, event_of, read
from streams.codec import Decoded
from streams.events.fieldreport import Action, FieldReport, Status
from streams.events.fields import Location
from streams.rejection import Reason, Rejected

Locate = Callable[[Location], str | None]
Mask = Callable[[str], str]


class _Request(Struct, frozen=True):
    service_request_id: str | int | None = None
    status: str | None = None
    status_notes: str | None = None
    service_code: str | int | None = None
    service_name: str | None = None
    agency_responsible: str | None = None
    description: str | None = None
    requested_datetime: str | None = None
    updated_datetime: str | None = None
    expected_datetime: str | None = None
    address: str | None = None
    lat: float | str | None = None
    long: float | str | None = None
    media_url: str | None = None


def from_open311(payload: bytes, site: Site, locate: Locate, mask: Mask | None = None) -> list[Decoded]:
    """Return the events of an answer to GET requests.json: a list of service requests, or one of them.

    GeoReport tells the present state, no history: an open request that was not updated since it was requested is
    `submitted`, an open one that was is `received`, a closed one is `closed`. An event's id is request, action and
    time of the update, so that asking again gives the same events.

    Parameters
    ----------
    payload
        The body of the answer.
    site
        Whose server it is; its unit takes requests without a place, its offset times that have none.
    locate
        The commune's code of a place, None where there is none.
    mask
        Removes what identifies a person from a description; without it descriptions are left behind.
    """
    either: Any = list[_Request] | _Request  # msgspec takes a union for a type
    answer: list[_Request] | _Request | Rejected = read(payload, either)
    if isinstance(answer, Rejected):
        return [answer]
    requests = answer if isinstance(answer, list) else [answer]
    return [_report(request, site, locate, mask) for request in requests]


def _report(request: _Request, site: Site, locate: Locate, mask: Mask | None) -> Decoded:
    number = request.service_request_id
    if number is None or number == "":
        return Rejected(Reason.SCHEMA, "Expected `service_request_id`: a token alone names no request yet")
    requested, expected = (_instant(text, site) for text in (request.requested_datetime, request.expected_datetime))
    updated = _instant(request.updated_datetime, site) or requested
    if updated is None:
        return Rejected(Reason.BAD_TIME, "Expected an RFC 3339 time - at `updated_datetime` or `requested_datetime`")
    location = _location(request)
    unit_code = None if location is None else locate(location)
    place = structs.replace(site, location=location, unit_code=unit_code or site.unit_code)
    closed = (request.status or "").lower() == Status.CLOSED
    action = Action.CLOSED if closed else Action.SUBMITTED if updated == requested else Action.RECEIVED
    data = {
        "service_request_id": str(number),
        "service_code": None if request.service_code in {None, ""} else str(request.service_code),
        "service_group": request.service_name or None,
        "agency_responsible": request.agency_responsible or None,
        "requested_datetime": requested,
        "expected_datetime": expected,
        "updated_datetime": updated,
        "action": action,
        "status": Status.CLOSED if closed else Status.OPEN,
        "address_string": request.address or None,
        "description": mask(request.description) if mask and request.description else None,
        "media_count": 1 if request.media_url else 0,
    }
    event_id = f"{number}-{action}-{compact(updated)}"
    return event_of(FieldReport, place, event_id=event_id, at=updated, subject=place.unit_code, data=data)


def _instant(text: str | None, site: Site) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            at = at.replace(tzinfo=timezone(timedelta(minutes=site.utc_offset_min)))
    except ValueError:
        return None
    return at


def _location(request: _Request) -> Location | None:
    try:
        return msgspec.convert({"lat": request.lat, "lon": request.long}, Location, strict=False)
    except msgspec.ValidationError:  # absent, empty, no number, or off the globe: the report itself still counts
        return None
