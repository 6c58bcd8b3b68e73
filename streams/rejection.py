"""Why a record was refused, as a value, and the dead letter that keeps it for people and for redrive."""

import hashlib
from datetime import UTC, datetime
from enum import StrEnum

import msgspec
from msgspec import Struct

from streams.records import Headers, OutputRecord, RecordBatch
from streams.topics import DEAD_LETTERS

MAX_DETAIL = 200
MAX_EXCERPT_BYTES = 512
MAX_KEPT_BYTES = 64 * 1024
_MAX_KEY_BYTES = 1024
_MAX_HEADER_BYTES = 4096
_LAST_MS = 253_402_300_799_000

_HEADERS: Headers = (("content-type", b"application/cloudevents+json; charset=UTF-8"),)


class Reason(StrEnum):
    """Every reason to refuse a record: a closed set, used as metric label."""

    TOMBSTONE = "tombstone"
    TOO_LARGE = "too_large"
    BAD_UTF8 = "bad_utf8"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    UNKNOWN_TYPE = "unknown_type"
    SCHEMA = "schema"
    NUMBER_OUT_OF_RANGE = "number_out_of_range"
    INCONSISTENT = "inconsistent"
    RAW_PLATE = "raw_plate"
    CONTENT_TYPE = "content_type"
    MISSING_HEADER = "missing_header"
    BAD_TIME = "bad_time"
    TIME_BEFORE_LIMIT = "time_before_limit"
    TIME_AFTER_LIMIT = "time_after_limit"
    WRONG_TOPIC = "wrong_topic"
    KEY_MISMATCH = "key_mismatch"
    UNKNOWN_SITE = "unknown_site"


class Rejected(Struct, frozen=True, gc=False):
    """A record that is no event. ``detail`` names path and expectation, never what stood there."""

    reason: Reason
    detail: str


class Origin(Struct, frozen=True, gc=False):
    """Where a refused record stands."""

    topic: str
    partition: int
    offset: int


class DeadLetter(Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """What is kept of a refused record.

    ``whole`` says that key, headers and value are here as they came, so that `redrive` can put the record back.
    Bytes are base64. ``digest`` is BLAKE2b-128 over key and value; ``excerpt`` shows the first bytes of the value as
    text, what is no UTF-8 escaped. Of a record with a raw plate neither value nor excerpt is kept.
    """

    reason: Reason
    detail: str
    origin: Origin
    ingest_ms: int
    digest: str
    size_bytes: int
    whole: bool
    excerpt: str = ""
    key: bytes | None = None
    value: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class DeadLetterEvent(Struct, frozen=True, gc=False, kw_only=True, tag_field="type", tag="vn.ioc.deadletter.v1"):
    """A dead letter in its CloudEvents envelope, always in structured mode."""

    specversion: str
    id: str
    source: str
    time: str
    datacontenttype: str
    data: DeadLetter


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(DeadLetterEvent).decode


def dead_letter(batch: RecordBatch, row: int, rejected: Rejected) -> OutputRecord:
    """Return the dead letter of record ``row``; the same record gives the same id and bytes.

    Parameters
    ----------
    batch
        The batch that the record came in.
    row
        Its place there, 0 <= row < len(batch).
    rejected
        Why it was refused.
    """
    origin = Origin(batch.topic, batch.partition, batch.offsets[row])
    letter = _letter_data(origin, batch, row, rejected)
    place = f"{origin.topic}/{origin.partition}"
    event = DeadLetterEvent(
        specversion="1.0",
        id=f"{place}/{origin.offset}",
        source=f"/ioc/rejected/{place}",
        time=_rfc3339(letter.ingest_ms),
        datacontenttype="application/json",
        data=letter,
    )
    return OutputRecord(DEAD_LETTERS, place.encode(), _encode(event), _HEADERS, letter.ingest_ms)


def read_dead_letter(value: bytes) -> DeadLetter:
    """Return the dead letter in the value of a record of `ioc.dead-letters`.

    Raises
    ------
    msgspec.DecodeError
        The value is no dead letter.
    """
    return _decode(value).data


def redrive(letter: DeadLetter) -> OutputRecord | None:
    """Return the original record, to be produced again as it came; None when it wasn't kept whole.

    A record without key (Kafka's null) gets the empty key: both go to any partition and are refused alike.
    """
    if not letter.whole or letter.value is None:
        return None
    return OutputRecord(letter.origin.topic, letter.key or b"", letter.value, letter.headers, letter.ingest_ms)


def _letter_data(origin: Origin, batch: RecordBatch, row: int, rejected: Rejected) -> DeadLetter:
    key, value, headers = batch.keys[row], batch.values[row], batch.headers[row]
    content = value or b""
    private = rejected.reason is Reason.RAW_PLATE
    fits = value is not None and len(content) <= MAX_KEPT_BYTES and _fits(key, headers)
    whole = fits and not private
    return DeadLetter(
        reason=rejected.reason,
        detail=rejected.detail[:MAX_DETAIL],
        origin=origin,
        ingest_ms=batch.timestamps_ms[row],
        digest=_digest(key, content),
        size_bytes=len(content),
        whole=whole,
        excerpt="" if private else content[:MAX_EXCERPT_BYTES].decode("utf-8", "backslashreplace"),
        key=None if key is None else key[:_MAX_KEY_BYTES],
        value=value if whole else None,
        headers=headers if _fits(None, headers) else (),
    )


def _fits(key: bytes | None, headers: Headers) -> bool:
    weight = sum(len(name) + len(value or b"") for name, value in headers)
    return len(key or b"") <= _MAX_KEY_BYTES and weight <= _MAX_HEADER_BYTES


def _digest(key: bytes | None, value: bytes) -> str:
    length = -1 if key is None else len(key)
    return hashlib.blake2b(b"%d:%b%b" % (length, key or b"", value), digest_size=16).hexdigest()


def _rfc3339(at_ms: int) -> str:
    bounded_ms = min(max(at_ms, 0), _LAST_MS)  # a record timestamp is whatever its producer wrote
    return datetime.fromtimestamp(bounded_ms / 1000, UTC).isoformat(timespec="milliseconds")
