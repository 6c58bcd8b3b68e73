"""Bad input of every kind through stage 1: a dead letter with its reason, neighbours unharmed, exact accounting."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from ioc.app import Assembly
from ioc.config import Config
from streams.records import Headers, RecordBatch
from streams.rejection import Reason, read_dead_letter
from streams.stage import Outcome
from streams.topics import ANOMALIES, CAMERA_EVENTS, DEAD_LETTERS
from tests.miniature import START, STRUCTURED, camera_count

KEY = b"CAM-00"
GOOD = json.loads(camera_count("CAM-00", START, 5))
INGEST_MS = int(START.timestamp() * 1000) + 500
BINARY: Headers = (
    ("content-type", b"application/json"),
    ("ce_specversion", b"1.0"),
    ("ce_id", b"b-1"),
    ("ce_source", b"/vn/11/camera/CAM-00"),
    ("ce_type", b"vn.ioc.camera.analytics.v1"),
    ("ce_time", b"2026-03-02T00:00:00+07:00"),
)


def changed(data: Mapping[str, Any] | None = None, **envelope: Any) -> bytes:
    """Return the good event with some of its fields replaced; None takes a field away."""
    event = GOOD | envelope
    event["data"] = GOOD["data"] | dict(data or {})
    return json.dumps({name: value for name, value in event.items() if value is not None}).encode()


def without(header: str) -> Headers:
    """Return the headers of binary mode but one."""
    return tuple(pair for pair in BINARY if pair[0] != header)


def raw(fragment: bytes) -> bytes:
    """Return the good event with a count that JSON libraries don't write."""
    return changed({"count": 424_242}).replace(b"424242", fragment)


BAD: dict[str, tuple[bytes | None, Headers, bytes, Reason]] = {
    "truncated JSON": (changed()[:-20], STRUCTURED, KEY, Reason.NOT_JSON),
    "empty JSON object": (b"{}", STRUCTURED, KEY, Reason.SCHEMA),
    "deeply nested JSON": (b"[" * 60_000, STRUCTURED, KEY, Reason.TOO_DEEP),
    "deep in an ignored field": (
        changed(extra="@").replace(b'"@"', b"[" * 500 + b"]" * 500), STRUCTURED, KEY, Reason.TOO_DEEP,
    ),
    "NaN": (raw(b"NaN"), STRUCTURED, KEY, Reason.NOT_JSON),
    "1e300 as count": (raw(b"1e300"), STRUCTURED, KEY, Reason.SCHEMA),
    "count beyond 64 bits": (raw(b"9" * 30), STRUCTURED, KEY, Reason.NUMBER_OUT_OF_RANGE),
    "count below zero": (raw(b"-1"), STRUCTURED, KEY, Reason.NUMBER_OUT_OF_RANGE),
    "invalid UTF-8": (changed().replace(b"person", b"per\xffon"), STRUCTURED, KEY, Reason.BAD_UTF8),
    "invalid UTF-8 in an ignored field": (
        changed(extra="@").replace(b"@", b"\xc3\x28"), STRUCTURED, KEY, Reason.BAD_UTF8,
    ),
    "2 MB payload": (changed(extra="x" * 2_000_000), STRUCTURED, KEY, Reason.TOO_LARGE),
    "text as count": (changed({"count": "5"}), STRUCTURED, KEY, Reason.SCHEMA),
    "list as data": (json.dumps(GOOD | {"data": []}).encode(), STRUCTURED, KEY, Reason.SCHEMA),
    "unknown type": (changed(type="vn.ioc.nothing.v9"), STRUCTURED, KEY, Reason.UNKNOWN_TYPE),
    "type of another topic": (changed(type="vn.ioc.telemetry.observation.v1"), STRUCTURED, KEY, Reason.SCHEMA),
    "missing id": (changed(id=None), STRUCTURED, KEY, Reason.SCHEMA),
    "empty id": (changed(id=""), STRUCTURED, KEY, Reason.SCHEMA),
    "year 1970": (changed(time="1970-01-01T00:00:00+07:00"), STRUCTURED, KEY, Reason.TIME_BEFORE_LIMIT),
    "year 2099": (changed(time="2099-01-01T00:00:00+07:00"), STRUCTURED, KEY, Reason.TIME_AFTER_LIMIT),
    "time without offset": (changed(time="2026-03-02T00:00:00.000"), STRUCTURED, KEY, Reason.BAD_TIME),
    "30 February": (changed(time="2026-02-30T00:00:00+07:00"), STRUCTURED, KEY, Reason.BAD_TIME),
    "key that disagrees": (changed(), STRUCTURED, b"CAM-99", Reason.KEY_MISMATCH),
    "raw plate": (changed({"plate": "27A-123.45"}), STRUCTURED, KEY, Reason.RAW_PLATE),
    "tombstone": (None, STRUCTURED, KEY, Reason.TOMBSTONE),
    "empty value": (b"", STRUCTURED, KEY, Reason.TOMBSTONE),
    "binary mode without ce_id": (json.dumps(GOOD["data"]).encode(), without("ce_id"), KEY, Reason.MISSING_HEADER),
    "binary mode without ce_time": (json.dumps(GOOD["data"]).encode(), without("ce_time"), KEY, Reason.MISSING_HEADER),
    "Avro": (changed(), (("content-type", b"application/cloudevents+avro"),), KEY, Reason.CONTENT_TYPE),
}  # fmt: skip


def folded(bad: list[tuple[bytes | None, Headers, bytes]]) -> Outcome:
    """Send good, bad, good, bad, …, good through a fresh stage 1."""
    values: list[bytes | None] = []
    headers: list[Headers] = []
    keys: list[bytes | None] = []
    for number, (value, header, key) in enumerate(bad):
        values += [good(number), value]
        headers += [STRUCTURED, header]
        keys += [KEY, key]
    values.append(good(len(bad)))
    count = len(values)
    batch = RecordBatch(
        CAMERA_EVENTS,
        0,
        list(range(count)),
        [INGEST_MS + 1000 * number for number in range(count)],
        [*keys, KEY],
        values,
        [*headers, STRUCTURED],
    )
    return Assembly(Config()).find(CAMERA_EVENTS, 0).process(batch, INGEST_MS)


def good(number: int) -> bytes:
    """Return a good count, each at a time of its own."""
    return camera_count("CAM-00", START + timedelta(seconds=2 * number), number)


@pytest.mark.parametrize(("value", "headers", "key", "reason"), BAD.values(), ids=BAD)
def test_a_bad_record_becomes_a_dead_letter_and_leaves_its_neighbours_alone(
    value: bytes | None, headers: Headers, key: bytes, reason: Reason
) -> None:
    """The reason is right, the origin is named, and both neighbours are accepted."""
    outcome = folded([(value, headers, key)])
    letters = [read_dead_letter(record.value) for record in outcome.outputs if record.topic == DEAD_LETTERS]
    assert [letter.reason for letter in letters] == [reason]
    assert letters[0].origin.offset == 1
    assert letters[0].detail
    assert outcome.tally.accepted == 2
    assert outcome.tally.dead_lettered == {reason.value: 1}
    assert outcome.tally.records == 3


def test_all_bad_records_together_are_accounted_for_exactly() -> None:
    """In = accepted + dead-lettered, each with its own reason, in one batch."""
    outcome = folded([(value, headers, key) for value, headers, key, _ in BAD.values()])
    expected: dict[str, int] = {}
    for *_, reason in BAD.values():
        expected[reason.value] = expected.get(reason.value, 0) + 1
    tally = outcome.tally
    assert tally.dead_lettered == expected
    assert tally.accepted == len(BAD) + 1
    assert tally.records == tally.accepted + tally.duplicate + tally.late + sum(tally.dead_lettered.values())


def test_poison_changes_nothing_that_stage_two_is_told() -> None:
    """The same messages of the same good records, watermark included."""
    poisoned = folded([(value, headers, key) for value, headers, key, _ in BAD.values()])
    clean = folded([(None, STRUCTURED, KEY)] * len(BAD))
    assert told(poisoned) == told(clean)


def test_a_raw_plate_is_kept_nowhere() -> None:
    """Neither in the dead letter nor in anything else that leaves the stage."""
    value, headers, key, _ = BAD["raw plate"]
    outcome = folded([(value, headers, key)])
    everything = b"".join(record.value + record.key for record in outcome.outputs)
    assert b"27A" not in everything
    assert b"MjdB" not in everything  # nor in base64


def told(outcome: Outcome) -> list[bytes]:
    """Return what goes to stage 2."""
    return [record.value for record in outcome.outputs if record.topic == ANOMALIES]
