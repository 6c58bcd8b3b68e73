"""One line of a recording in the envelope of `kcat -J`, and the columns that a run of lines becomes."""

import base64
from functools import lru_cache

from msgspec import UNSET, Struct, UnsetType

from streams.records import Headers


class Chunk(Struct, frozen=True, gc=False):
    """Consecutive records of a recording in its order, of any topics and partitions, column by column.

    ``keys`` and ``values`` may be None (Kafka's null); all columns have the same length, at least 1.
    """

    topics: list[str]
    partitions: list[int]
    offsets: list[int]
    timestamps_ms: list[int]
    keys: list[bytes | None]
    values: list[bytes | None]
    headers: list[Headers]

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.offsets)


class Line(Struct, gc=False):
    """One line: kcat's fields, then ours for bytes that are no text."""

    topic: str
    partition: int
    offset: int
    ts: int
    tstype: str = "create"
    key: str | None = None
    headers: tuple[str | None, ...] = ()
    payload: str | None = None
    key_base64: str | UnsetType = UNSET
    headers_base64: tuple[str, ...] | UnsetType = UNSET
    payload_base64: str | UnsetType = UNSET


class Outline(Struct, frozen=True):
    """A recording at a glance: its topics, and from when to when it was recorded.

    ``first_ms`` and ``last_ms`` are the bounds of the Kafka timestamps that agree with their event's own time: one odd
    timestamp doesn't stretch a recording to the year 2099. Where none agrees, they bound all. ``records`` is None where
    they can't be counted without making them.
    """

    records: int | None
    topics: tuple[str, ...]
    first_ms: int
    last_ms: int


class Stamp(Struct, gc=False):
    """The little of a line that an outline needs; the rest is skipped, which is several times as fast."""

    topic: str
    ts: int
    payload: str | None = None


def fault(line: Line) -> str | None:
    """Say what keeps a decoded line from being a record: odd headers or broken base64; None when nothing does."""
    try:
        _headers_of(line.headers, line.headers_base64)
        if line.payload is None or line.key is None:
            _bytes_of(line.payload, line.payload_base64)
            _bytes_of(line.key, line.key_base64)
    except ValueError as error:  # binascii.Error is one
        return str(error)
    return None


def chunk_of(lines: list[Line]) -> Chunk:
    """Turn sound lines into columns."""
    return Chunk(
        topics=[line.topic for line in lines],
        partitions=[line.partition for line in lines],
        offsets=[line.offset for line in lines],
        timestamps_ms=[line.ts for line in lines],
        keys=[_bytes_of(line.key, line.key_base64) for line in lines],
        values=[_bytes_of(line.payload, line.payload_base64) for line in lines],
        headers=[_headers_of(line.headers, line.headers_base64) for line in lines],
    )


def _bytes_of(text: str | None, encoded: str | UnsetType) -> bytes | None:
    if text is not None:
        return text.encode()
    if encoded is UNSET:
        return None
    return base64.b64decode(encoded, validate=True)


@lru_cache(maxsize=1024)
def _headers_of(flat: tuple[str | None, ...], encoded: tuple[str, ...] | UnsetType) -> Headers:
    if len(flat) % 2 or (encoded is not UNSET and len(encoded) % 2):
        raise ValueError("headers must be a flat list of name, value, name, value, …")
    text = tuple((name or "", (value or "").encode()) for name, value in zip(flat[::2], flat[1::2], strict=True))
    if encoded is UNSET:
        return text
    pairs = zip(encoded[::2], encoded[1::2], strict=True)
    return (*text, *((name, base64.b64decode(value, validate=True)) for name, value in pairs))


def line_of(chunk: Chunk, row: int) -> Line:
    """Return one record of a chunk as a line; bytes that are no UTF-8 go into the base64 fields."""
    key, key_base64 = _text_of(chunk.keys[row])
    payload, payload_base64 = _text_of(chunk.values[row])
    headers, headers_base64 = _header_texts(chunk.headers[row])
    return Line(
        topic=chunk.topics[row],
        partition=chunk.partitions[row],
        offset=chunk.offsets[row],
        ts=chunk.timestamps_ms[row],
        key=key,
        headers=headers,
        payload=payload,
        key_base64=key_base64,
        headers_base64=headers_base64,
        payload_base64=payload_base64,
    )


def _text_of(data: bytes | None) -> tuple[str | None, str | UnsetType]:
    if data is None:
        return None, UNSET
    try:
        return data.decode(), UNSET
    except UnicodeDecodeError:
        return None, base64.b64encode(data).decode()


@lru_cache(maxsize=1024)
def _header_texts(headers: Headers) -> tuple[tuple[str, ...], tuple[str, ...] | UnsetType]:
    try:
        return tuple(part for name, value in headers for part in (name, value.decode())), UNSET
    except UnicodeDecodeError:
        return (), tuple(part for name, value in headers for part in (name, base64.b64encode(value).decode()))
