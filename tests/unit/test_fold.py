"""Stage 2: what it waits for, in which order it folds, and what it remembers."""

import orjson

from ioc.app import Assembly
from ioc.config import Config
from streams.anomalies import Anomaly, Counts, Joined, Kind, Message, Series, Watermark, to_record
from streams.fold import FoldStage
from streams.records import RecordBatch
from streams.stage import Outcome
from streams.topics import ANOMALIES

HOUR = 3_600_000
NOON = 1_772_384_400_000 + 12 * HOUR
TWO = (("a", 0), ("b", 0))


def stage(sources: tuple[tuple[str, int], ...] = TWO) -> FoldStage:
    """Return a fresh stage that waits for these partitions."""
    return Assembly(Config()).fold(sources)


def batch(*messages: Message) -> RecordBatch:
    """Return messages as records of the anomalies topic."""
    records = [to_record(message, "/test", NOON) for message in messages]
    n = len(records)
    values: list[bytes | None] = [record.value for record in records]
    return RecordBatch(ANOMALIES, 0, list(range(n)), [NOON] * n, [record.key for record in records], values, [()] * n)


def until(at_ms: int | None, topic: str = "a") -> Watermark:
    """Return a watermark of a source's partition 0."""
    return Watermark(id=f"{topic}-{at_ms}", at_ms=at_ms, topic=topic, partition=0)


def stalled(queue: str, at_ms: int, *, still_open: bool = True) -> Anomaly:
    """Return a step of an episode that becomes an incident at once."""
    return Anomaly(
        id=f"{queue}-{at_ms}",
        at_ms=at_ms,
        detector="test",
        version=1,
        kind=Kind.STALLED,
        series=Series("11", "03127", "queue.state", "VP-1", queue),
        start_ms=at_ms,
        end_ms=at_ms,
        expires_ms=at_ms + 24 * HOUR,
        open=still_open,
        p=1e-9,
        observed=1.0,
        expected=2.0,
    )


def incidents(outcome: Outcome) -> list[tuple[str, str, str]]:
    """Return what was told: series, status, time of telling."""
    found = [orjson.loads(record.value) for record in outcome.outputs]
    return [(each["series"][0].rpartition("/")[2], each["status"], each["updated"][11:16]) for each in found]


def test_nothing_is_told_before_every_source_was_heard_of() -> None:
    """Then all that the least watermark has passed."""
    fold = stage()
    assert incidents(fold.process(batch(stalled("A", NOON), until(NOON + HOUR)), NOON)) == []
    assert incidents(fold.process(batch(until(NOON + 1, "b")), NOON)) == [("A", "open", "12:00")]


def test_an_empty_source_is_not_waited_for() -> None:
    """But it must have said that it is empty."""
    fold = stage()
    outcome = fold.process(batch(stalled("A", NOON), until(NOON + HOUR), until(None, "b")), NOON)
    assert incidents(outcome) == [("A", "open", "12:00")]
    assert outcome.watermark_ms == NOON + HOUR


def test_anomalies_are_folded_by_event_time_however_they_arrive() -> None:
    """The order of records doesn't matter."""
    messages = [stalled("C", NOON + 3), stalled("A", NOON + 1), stalled("B", NOON + 2)]
    expected = [("A", "open", "12:00"), ("B", "open", "12:00"), ("C", "open", "12:00")]
    for order in (messages, messages[::-1]):
        fold = stage((("a", 0),))
        assert incidents(fold.process(batch(*order, until(NOON + HOUR)), NOON)) == expected


def test_a_message_that_comes_twice_counts_once() -> None:
    """Stage 1 tells again what it had told before it was killed."""
    fold = stage((("a", 0),))
    first = fold.process(batch(stalled("A", NOON), until(NOON + HOUR)), NOON)
    again = fold.process(batch(stalled("A", NOON), until(NOON + HOUR), until(NOON + 2 * HOUR)), NOON)
    assert len(first.outputs) == 1
    assert incidents(again) == []
    assert (again.tally.records, again.tally.duplicate, again.tally.accepted) == (3, 1, 2)


def test_an_older_watermark_takes_nothing_back() -> None:
    """A restarted stage 1 begins behind what it had told."""
    fold = stage((("a", 0),))
    fold.process(batch(until(NOON + HOUR)), NOON)
    assert fold.process(batch(until(NOON)), NOON).watermark_ms == NOON + HOUR


def test_timers_fire_between_the_messages_at_their_own_time() -> None:
    """An incident that is calm clears half an hour later in event time, though one message brings all of it."""
    fold = stage((("a", 0),))
    calm = stalled("A", NOON + HOUR, still_open=False)
    outcome = fold.process(batch(stalled("A", NOON), calm, stalled("B", NOON + 3 * HOUR), until(NOON + 4 * HOUR)), NOON)
    assert incidents(outcome)[-2:] == [("A", "cleared", "13:30"), ("B", "open", "15:00")]
    assert outcome.tally.open_incidents == {"queue_stalled/minor": 1}
    assert outcome.tally.incidents["queue_stalled/minor/cleared"] == 1


def test_a_record_that_is_none_of_ours_is_passed_over_when_it_is_empty() -> None:
    """A tombstone on the topic harms nothing."""
    fold = stage((("a", 0),))
    empty = RecordBatch(ANOMALIES, 0, [0], [NOON], [b"k"], [None], [()])
    assert fold.process(empty, NOON).outputs == []


def test_a_restored_stage_goes_on_as_if_nothing_had_happened() -> None:
    """Waiting messages, open incidents, ids and the counts of units are all in the snapshot.

    Its counters begin anew, as those of any process do: it shows them at 0 again.
    """
    series = Series("11", "03127", "report.count", "Ngập úng")
    early = batch(
        Joined(id="j", at_ms=NOON, series=series),
        Counts(id="c", at_ms=NOON, width_ms=HOUR, local_offset_ms=7 * HOUR, rows=[(series, 3)]),
        stalled("A", NOON),
        stalled("B", NOON + 2 * HOUR),
        until(NOON + HOUR),
    )
    late = batch(stalled("A", NOON), until(NOON + 3 * HOUR))
    whole, parted = stage((("a", 0),)), stage((("a", 0),))
    whole.process(early, NOON)
    parted.process(early, NOON)
    heir = stage((("a", 0),))
    heir.restore(parted.snapshot())
    gone_on, went_on = heir.process(late, NOON), whole.process(late, NOON)
    assert (gone_on.outputs, gone_on.tally, gone_on.watermark_ms) == (
        went_on.outputs,
        went_on.tally,
        went_on.watermark_ms,
    )
    assert gone_on.measured.standing == went_on.measured.standing
    counted = {labels: n for labels, n in gone_on.measured.counted["incidents_opened"].items() if n}
    assert counted == went_on.measured.counted["incidents_opened"]
    assert heir.snapshot() == whole.snapshot()
