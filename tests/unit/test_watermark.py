"""The watermark: what moves it, what doesn't, and idling."""

import numpy as np
import pytest

from streams.watermark import Watermark

START = 1_420_070_400_000  # 2015-01-01: recordings are replayed years later
NOW = 1_772_000_000_000
HOUR = 3_600_000
DAY = 24 * HOUR


def observed(*ingest_ms: int, trusted: int | None = None) -> Watermark:
    """Return a watermark without lateness that has seen these records; ``trusted`` is the row of punctuation."""
    watermark = Watermark(lateness_ms=0)
    mask = None if trusted is None else np.arange(len(ingest_ms)) == trusted
    watermark.observe(np.array(ingest_ms, np.int64), NOW, mask)
    return watermark


def test_the_watermark_is_the_greatest_ingest_time_less_the_lateness() -> None:
    """A record from before it changes nothing."""
    watermark = Watermark(lateness_ms=1000)
    watermark.observe(np.array([START, START + 5000, START + 2000]), NOW)
    assert watermark.value_ms == START + 4000


def test_before_anything_is_believed_there_is_no_watermark() -> None:
    """Neither nothing, nor a single record, nor Kafka's "no timestamp" is enough."""
    assert Watermark(0).value_ms is None
    assert observed(START).value_ms is None
    assert observed(-1, -1, 0).value_ms is None


def test_a_wrong_first_record_is_refuted_by_those_that_follow() -> None:
    """The first is believed only when the second is near."""
    assert observed(START + 365 * DAY, START, START + 1).value_ms == START + 1


def test_a_single_timestamp_far_ahead_is_not_believed() -> None:
    """One record a year ahead doesn't end the partition."""
    assert observed(START, START, START + 365 * DAY, START + 60_000).value_ms == START + 60_000


def test_timestamps_outside_1990_to_2100_are_never_believed() -> None:
    """Not even when there are many of them in a row."""
    absurd = [5_000_000_000_000 + row * 60_000 for row in range(50)]
    assert observed(START, START, *absurd, 2**62).value_ms == START
    eve = 4_102_444_799_000
    assert observed(eve, eve, eve + 2000).value_ms == eve


def test_a_weekend_without_records_is_believed_after_sixteen_of_them() -> None:
    """The fifteenth waits still, and a wrong timestamp among them carries nothing away."""
    monday = [START + 3 * DAY + row * 10_000 for row in range(15)]
    assert observed(START, START, *monday).value_ms == START
    assert observed(START, START, *monday, START + 400 * DAY).value_ms == monday[0]
    assert observed(START, START, *monday, START + 400 * DAY, monday[-1]).value_ms == monday[-1]


def test_a_stuck_timestamp_is_not_believed_however_often_it_comes() -> None:
    """Agreement needs a minute of ingest time."""
    assert observed(START, START, *[START + 365 * DAY] * 100).value_ms == START


def test_a_record_from_before_the_jump_refutes_it() -> None:
    """Two producers, one wrong: the right one holds the watermark."""
    wrong = [START + 365 * DAY + row * 60_000 for row in range(40)]
    right = [START + row * 60_000 for row in range(40)]
    mixed = [at for pair in zip(right, wrong, strict=True) for at in pair]
    assert observed(START, *mixed).value_ms == right[-1]
    watermark = observed(START, START)
    for batch in (wrong[:15], right[:15], wrong[:15]):
        watermark.observe(np.array(batch), NOW)
    assert watermark.value_ms == right[14]


def test_punctuation_is_believed_at_once() -> None:
    """It ends a recording, far beyond its last record, and starts one before there is any."""
    assert observed(START, START, START + 30 * DAY, trusted=2).value_ms == START + 30 * DAY
    assert observed(START, trusted=0).value_ms == START


def test_cutting_records_into_batches_changes_nothing() -> None:
    """One by one gives the same state as all at once, jumps and absurd timestamps included."""
    ingest = [START + 9 * DAY, START, START, -1, *[START + 4 * DAY + row * 30_000 for row in range(40)], 2**50, START]
    whole, single = observed(*ingest), Watermark(0)
    for at in ingest:
        single.observe(np.array([at]), NOW)
    assert single.snapshot() == whole.snapshot()


def test_idling_moves_the_watermark_by_the_time_since_the_last_record() -> None:
    """A recording of 2015 stays in 2015, and a clock that steps back doesn't pull the watermark."""
    watermark = observed(START, START)
    assert watermark.advance_idle(NOW + 5000) == START + 5000
    assert watermark.advance_idle(NOW - HOUR) == START + 5000
    watermark.observe(np.array([START + 1000]), NOW + 6000)
    assert watermark.value_ms == START + 5000
    assert watermark.advance_idle(NOW + 12_000) == START + 7000


def test_idling_believes_records_that_wait_unless_they_lie_in_the_future() -> None:
    """A partition with a report a day can't wait for the sixteenth."""
    assert observed(START).advance_idle(NOW) == START
    assert observed(START, START, START + 5 * DAY).advance_idle(NOW) == START + 5 * DAY
    assert observed(START, START, NOW + 5 * DAY).advance_idle(NOW) == START
    assert observed(NOW + 5 * DAY).advance_idle(NOW) is None
    assert Watermark(0).advance_idle(NOW) is None


def test_a_restored_watermark_goes_on_as_if_nothing_had_happened() -> None:
    """Doubts and idle time included."""
    first = observed(START, START, *[START + 3 * DAY + row * 10_000 for row in range(10)])
    first.advance_idle(NOW + HOUR)
    second = Watermark(0)
    second.restore(first.snapshot())
    for watermark in (first, second):
        watermark.observe(np.array([START + 3 * DAY + row * 10_000 for row in range(10, 20)]), NOW + HOUR)
        watermark.advance_idle(NOW + 2 * HOUR)
    assert second.value_ms == first.value_ms
    assert second.snapshot() == first.snapshot()


def test_idling_without_knowing_when_the_last_record_came_starts_now() -> None:
    """A snapshot whose wall time was lost costs delay, never a jump."""
    watermark = Watermark(0)
    watermark.restore({**Watermark(0).snapshot(), "records": observed(START, START).snapshot()["records"]})
    assert watermark.advance_idle(NOW) == START
    assert watermark.advance_idle(NOW + 1000) == START + 1000


def test_a_negative_lateness_is_refused() -> None:
    """The message names the parameter and the way out."""
    with pytest.raises(ValueError, match="lateness_ms must be at least 0, not -1"):
        Watermark(-1)
