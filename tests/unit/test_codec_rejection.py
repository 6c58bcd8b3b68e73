"""What is kept of a refused record: enough to understand it and to put it back, and nothing that must not be kept."""

import msgspec

from streams.records import RecordBatch
from streams.rejection import (
    MAX_KEPT_BYTES,
    DeadLetter,
    Origin,
    Reason,
    Rejected,
    dead_letter,
    read_dead_letter,
    redrive,
)
from streams.topics import DEAD_LETTERS

HEADERS = (("content-type", b"application/json"), ("ce_id", b"\xff"))
REJECTED = Rejected(Reason.NOT_JSON, "JSON is malformed: invalid character (byte 3)")


def letter_of(value: bytes | None, rejected: Rejected = REJECTED, key: bytes | None = b"CAM-\xff") -> DeadLetter:
    """Return the dead letter of a record with this value, as it is read back."""
    return read_dead_letter(dead_letter(batch(value, key), 1, rejected).value)


def batch(value: bytes | None, key: bytes | None = b"CAM-\xff", at_ms: int = 1_772_326_801_000) -> RecordBatch:
    """Return a batch whose second record is the one to refuse."""
    return RecordBatch("ioc.camera-events", 3, [40, 42], [0, at_ms], [b"CAM-1", key], [b"{}", value], [(), HEADERS])


def test_a_dead_letter_tells_reason_origin_and_ingest_time() -> None:
    """It is a CloudEvent of its own, keyed by topic and partition, at the record's own time."""
    record = dead_letter(batch(b"\xff{"), 1, REJECTED)
    assert (record.topic, record.key, record.timestamp_ms) == (
        DEAD_LETTERS,
        b"ioc.camera-events/3",
        1_772_326_801_000,
    )
    envelope = msgspec.json.decode(record.value)
    assert envelope["type"] == "vn.ioc.deadletter.v1"
    assert envelope["id"] == "ioc.camera-events/3/42"
    assert envelope["time"] == "2026-03-01T01:00:01.000+00:00"
    letter = read_dead_letter(record.value)
    assert (letter.reason, letter.detail) == (REJECTED.reason, REJECTED.detail)
    assert letter.origin == Origin("ioc.camera-events", 3, 42)


def test_the_same_record_gives_the_same_dead_letter() -> None:
    """A worker that is killed and starts again writes it twice."""
    assert dead_letter(batch(b"\xff{"), 1, REJECTED) == dead_letter(batch(b"\xff{"), 1, REJECTED)


def test_redrive_gives_back_key_headers_and_value_as_they_came() -> None:
    """Also bytes that are no text."""
    record = redrive(letter_of(b"\x00\xff{"))
    assert record is not None
    assert (record.topic, record.key, record.value, record.headers) == (
        "ioc.camera-events",
        b"CAM-\xff",
        b"\x00\xff{",
        HEADERS,
    )


def test_a_value_over_the_cap_is_kept_as_an_excerpt_only() -> None:
    """Dead letters must fit into their topic."""
    letter = letter_of(b"a" * (MAX_KEPT_BYTES + 1), Rejected(Reason.TOO_LARGE, "x" * 1000))
    assert (letter.whole, letter.value, letter.excerpt, letter.size_bytes) == (
        False,
        None,
        "a" * 512,
        MAX_KEPT_BYTES + 1,
    )
    assert len(letter.detail) == 200
    assert redrive(letter) is None


def test_the_largest_dead_letter_fits_into_its_topic() -> None:
    """1 MiB is the topic's limit; base64 adds a third, escapes of control characters at most fivefold."""
    value = dead_letter(batch(b"\x01" * MAX_KEPT_BYTES, b"k" * 5000), 1, REJECTED).value
    assert len(value) < 200_000


def test_a_key_or_headers_of_absurd_size_are_cut_and_the_record_cant_be_put_back() -> None:
    """Half a record must not be redriven."""
    letter = letter_of(b"{", key=b"k" * 5000)
    assert (letter.whole, letter.key) == (False, b"k" * 1024)
    heavy = RecordBatch("ioc.telemetry", 0, [0], [0], [b"k"], [b"{"], [(("h", b"x" * 5000),)])
    assert read_dead_letter(dead_letter(heavy, 0, REJECTED).value).whole is False


def test_nothing_of_a_raw_plate_is_kept() -> None:
    """The dead letters are a topic like others: a plate must not come in through them."""
    value = dead_letter(batch(b'{"plate":"27A-123.45"}'), 1, Rejected(Reason.RAW_PLATE, "no")).value
    assert b"27A" not in value
    letter = read_dead_letter(value)
    assert (letter.whole, letter.value, letter.excerpt) == (False, None, "")


def test_a_tombstone_has_nothing_to_put_back() -> None:
    """A null value deletes on compacted topics; it is not produced again."""
    assert redrive(letter_of(None, Rejected(Reason.TOMBSTONE, "a value is required, got null"))) is None


def test_key_and_value_have_different_digests_when_a_byte_moves_between_them() -> None:
    """The digest tells records apart without showing them."""
    assert letter_of(b"ab", key=b"c").digest != letter_of(b"b", key=b"ca").digest
    assert letter_of(b"ab", key=None).digest != letter_of(b"ab", key=b"").digest


def test_a_record_timestamp_from_outside_the_calendar_does_no_harm() -> None:
    """Producers may write anything there."""
    for at_ms in (-1, 2**62):
        letter = read_dead_letter(dead_letter(batch(b"{", at_ms=at_ms), 1, REJECTED).value)
        assert letter.ingest_ms == at_ms
