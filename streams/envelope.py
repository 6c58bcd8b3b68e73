"""The CloudEvents 1.0 envelope of every event, and the bounded field types that envelope and data are made of."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

SPEC_VERSION: Literal["1.0"] = "1.0"
MAX_EVENT_BYTES = 64 * 1024

Identifier = Annotated[str, Meta(min_length=1, max_length=256)]
Uri = Annotated[str, Meta(min_length=1, max_length=1024)]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Instant = Annotated[datetime, Meta(tz=True)]
Timestamp = Annotated[
    str,
    Meta(min_length=20, max_length=40, description="RFC 3339 with offset", extra_json_schema={"format": "date-time"}),
]


class Envelope(Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag_field="type"):
    """What all events have in common; each event type is a subclass with its own `type` tag and typed ``data``.

    ``time`` stays text: a whole batch of it is parsed at once, later. Identity is ``source`` and ``id`` together.
    """

    specversion: Literal["1.0"]
    id: Identifier
    source: Uri
    time: Timestamp
    subject: Identifier | None = None
    datacontenttype: Name | None = None
    dataschema: Uri | None = None
    recordedtime: Instant | None = None
    partitionkey: Identifier | None = None
    sequence: Name | None = None
    sampledrate: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    traceparent: Name | None = None
    expirytime: Instant | None = None


def type_name(event_type: type[Envelope]) -> str:
    """Return the CloudEvents `type` of an event class.

    Examples
    --------
    >>> class Example(Envelope, frozen=True, kw_only=True, tag="vn.ioc.example.v1"):
    ...     data: dict[str, str]
    >>> type_name(Example)
    'vn.ioc.example.v1'
    """
    return str(event_type.__struct_config__.tag)
