"""Stage 1: what leaves it, and when it says how far its partition is complete."""

from datetime import timedelta

import orjson

from ioc.app import Assembly
from ioc.config import Config
from streams.find import FindStage
from streams.punctuation import CLOSE_AFTER_MS, punctuation
from streams.records import OutputRecord, RecordBatch
from streams.topics import ANOMALIES, CAMERA_EVENTS, LATE_EVENTS
from tests.miniature import START, STRUCTURED, camera_count

START_MS = int(START.timestamp() * 1000)
MINUTE_MS = 60_000


def stage() -> FindStage:
    """Return a fresh stage for partition 3 of the cameras."""
    return Assembly(Config()).find(CAMERA_EVENTS, 3)


def batch(first: int, values: list[bytes], at_ms: list[int]) -> RecordBatch:
    """Return records of one camera."""
    n = len(values)
    offsets = list(range(first, first + n))
    return RecordBatch(CAMERA_EVENTS, 3, offsets, at_ms, [b"CAM-00"] * n, [*values], [STRUCTURED] * n)


def counts(first: int, minutes: list[int]) -> RecordBatch:
    """Return counts at these minutes, each arriving a second later."""
    values = [camera_count("CAM-00", START + timedelta(minutes=minute), minute) for minute in minutes]
    return batch(first, values, [START_MS + minute * MINUTE_MS + 1000 for minute in minutes])


def told(outputs: list[OutputRecord], kind: str) -> list[dict[str, object]]:
    """Return the messages of one type to stage 2."""
    messages = [orjson.loads(record.value) for record in outputs if record.topic == ANOMALIES]
    return [message for message in messages if message["type"] == f"vn.ioc.{kind}.v1"]


def test_an_empty_partition_says_so_once() -> None:
    """So that nobody waits for it, and the topic doesn't fill with it."""
    fresh = stage()
    first, second = fresh.idle(START_MS), fresh.idle(START_MS + MINUTE_MS)
    assert [message["at_ms"] for message in told(first.outputs, "watermark")] == [None]
    assert second.outputs == []


def test_the_watermark_follows_ingest_time_by_the_allowed_lateness() -> None:
    """It is told with every step forward, with its partition, and only then."""
    fresh = stage()
    outcome = fresh.process(counts(0, [0, 30, 60]), START_MS)
    expected = START_MS + 60 * MINUTE_MS + 1000 - 15 * MINUTE_MS
    messages = told(outcome.outputs, "watermark")
    assert [(each["at_ms"], each["topic"], each["partition"]) for each in messages] == [(expected, CAMERA_EVENTS, 3)]
    again = fresh.process(counts(3, [50]), START_MS)
    assert told(again.outputs, "watermark") == []


def test_an_idle_partition_goes_on_with_the_wall_clock() -> None:
    """By the time since its last record arrived, whatever year the recording is of."""
    fresh, now_ms = stage(), START_MS + 10**11
    before = fresh.process(counts(0, [0, 30]), now_ms).watermark_ms
    assert before is not None
    assert fresh.idle(now_ms + 7_000).watermark_ms == before + 7_000


def test_a_series_is_announced_once_when_it_is_first_seen() -> None:
    """Its camera's signal is another series."""
    fresh = stage()
    first = told(fresh.process(counts(0, [0, 30, 60]), START_MS).outputs, "series-joined")
    again = told(fresh.process(counts(3, [90, 120]), START_MS).outputs, "series-joined")
    assert len(first) == 2
    assert again == []


def test_a_late_record_is_copied_as_it_came_with_its_origin() -> None:
    """Value, key and headers are the record's own; one header more tells where it stands."""
    fresh = stage()
    fresh.process(counts(0, [0, 60]), START_MS)
    value = camera_count("CAM-00", START + timedelta(minutes=1), 3)
    outcome = fresh.process(batch(2, [value], [START_MS + 61 * MINUTE_MS]), START_MS)
    copies = [record for record in outcome.outputs if record.topic == LATE_EVENTS]
    assert [(copy.key, copy.value) for copy in copies] == [(b"CAM-00", value)]
    assert copies[0].headers == (*STRUCTURED, ("ioc-origin", f"{CAMERA_EVENTS}/3/2".encode()))
    assert outcome.tally.late == 1


def test_a_steadily_wrong_clock_is_told_and_its_events_are_read_at_ingest_time() -> None:
    """One anomaly, with the offset in seconds; the rest of the events is accepted and noted."""
    fresh = stage()
    values = [camera_count("CAM-00", START + timedelta(hours=3, minutes=minute), minute) for minute in range(60)]
    outcome = fresh.process(batch(0, values, [START_MS + minute * MINUTE_MS for minute in range(60)]), START_MS)
    found = told(outcome.outputs, "anomaly")
    assert [(each["kind"], each["observed"]) for each in found] == [("wrong_clock", -10_800.0)]
    assert outcome.tally.noted["suspect_clock"] == outcome.tally.accepted
    assert outcome.tally.anomalies == {"wrong_clock/clock": 1}


def test_the_end_of_a_recording_is_no_silence() -> None:
    """A camera that sent to the end isn't silent a day later; nor when the worker idles on."""
    fresh = stage()
    minutes = list(range(0, 5 * 24 * 60, 5))
    last_ms = START_MS + minutes[-1] * MINUTE_MS + 1000
    fresh.process(counts(0, minutes), START_MS)
    end = fresh.process(punctuation(CAMERA_EVENTS, 3, len(minutes), last_ms + CLOSE_AFTER_MS, "end"), START_MS)
    assert told(end.outputs, "anomaly") == []
    assert told(fresh.idle(START_MS + CLOSE_AFTER_MS).outputs, "anomaly") == []


def test_a_camera_that_stops_is_silent_as_soon_as_time_passes_it() -> None:
    """With wall time alone, no further record needed; told once."""
    fresh = stage()
    minutes = list(range(0, 4 * 24 * 60, 5))
    fresh.process(counts(0, minutes), START_MS)
    found = told(fresh.idle(START_MS + 6 * 60 * MINUTE_MS).outputs, "anomaly")
    assert [(each["kind"], each["open"]) for each in found] == [("silent", True)]
    assert told(fresh.idle(START_MS + 7 * 60 * MINUTE_MS).outputs, "anomaly") == []
