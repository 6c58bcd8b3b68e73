"""CloudEvents in Kafka's two modes: which one a record is in, and the binary one, with attributes in headers."""

from enum import Enum
from typing import Any

import msgspec

from streams.envelope import type_name
from streams.events import EVENT_TYPES, Event
from streams.records import Headers
from streams.rejection import Reason, Rejected

_PREFIX = "ce_"
_REQUIRED = ("specversion", "id", "source", "type", "time")


class Mode(Enum):
    """How a record carries its event."""

    STRUCTURED = "structured"
    BINARY = "binary"


_TYPES: dict[str, Any] = {type_name(event_type): event_type for event_type in EVENT_TYPES}
_DATA_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    type_name(event_type): msgspec.json.Decoder(msgspec.structs.fields(event_type)[-1].type)
    for event_type in EVENT_TYPES
}


_encode = msgspec.json.Encoder().encode


def mode(headers: Headers) -> Mode | Rejected:
    """Return the mode that the headers of a record announce, or why it can't be read.

    Examples
    --------
    >>> mode(()), mode((("content-type", b"application/cloudevents+json; charset=UTF-8"),))
    (<Mode.STRUCTURED: 'structured'>, <Mode.STRUCTURED: 'structured'>)
    >>> mode((("content-type", b"application/json"), ("ce_specversion", b"1.0")))
    <Mode.BINARY: 'binary'>
    >>> mode((("content-type", b"application/cloudevents+avro"),)).reason
    <Reason.CONTENT_TYPE: 'content_type'>
    """
    content_type = _content_type(headers)
    if content_type == "application/cloudevents+json":
        return Mode.STRUCTURED
    binary = any(name.startswith(_PREFIX) for name, _ in headers)
    if not content_type and not binary:
        return Mode.STRUCTURED
    if content_type and not _is_json(content_type):
        return Rejected(Reason.CONTENT_TYPE, "content-type must be application/cloudevents+json or application/json")
    if not binary:
        return Rejected(Reason.MISSING_HEADER, "ce_specversion is required with this content-type")
    return Mode.BINARY


def decode(headers: Headers, value: bytes) -> Event | Rejected:
    """Return the event of a record in binary mode.

    Raises
    ------
    msgspec.DecodeError, UnicodeDecodeError, RecursionError
        As the decoder of the structured mode does; the caller classifies them the same way.
    """
    attributes = {name.removeprefix(_PREFIX): text.decode() for name, text in headers if name.startswith(_PREFIX)}
    for name in _REQUIRED:
        if not attributes.get(name):
            return Rejected(Reason.MISSING_HEADER, f"{_PREFIX}{name} is required in binary mode")
    event_type = _TYPES.get(attributes["type"])
    if event_type is None:
        return Rejected(Reason.UNKNOWN_TYPE, "ce_type must be a known event type")
    fields: dict[str, Any] = {**attributes, "data": _data(attributes["type"], value)}
    if content_type := _header(headers, "content-type"):
        fields["datacontenttype"] = content_type.decode()
    if attributes.get("sampledrate", "").isdecimal():  # the one attribute that is no text
        fields["sampledrate"] = int(attributes["sampledrate"])
    event: Event = msgspec.convert(fields, event_type)
    return event


def _data(name: str, value: bytes) -> Any:
    try:
        return _DATA_DECODERS[name].decode(value)
    except msgspec.ValidationError as error:
        expectation, at, path = str(error).rpartition(" - at `$")
        if not at:
            raise
        raise msgspec.ValidationError(f"{expectation}{at}.data{path}") from None  # paths as in structured mode


def encode(event: Event) -> tuple[Headers, bytes]:
    """Return headers and value of an event in binary mode."""
    attributes: dict[str, Any] = msgspec.to_builtins(event)
    del attributes["data"]
    content_type = attributes.pop("datacontenttype", None)
    first = () if content_type is None else (("content-type", str(content_type).encode()),)
    return (*first, *((_PREFIX + name, str(text).encode()) for name, text in attributes.items())), _encode(event.data)


def _content_type(headers: Headers) -> str:
    """Return the media type without its parameters, in lower case; empty when there is none."""
    return (_header(headers, "content-type") or b"").decode("latin-1").partition(";")[0].strip().lower()


def _header(headers: Headers, wanted: str) -> bytes | None:
    return next((text for name, text in headers if name.lower() == wanted), None)


def _is_json(content_type: str) -> bool:
    return content_type == "application/json" or (
        content_type.endswith("+json") and not content_type.startswith("application/cloudevents")
    )
