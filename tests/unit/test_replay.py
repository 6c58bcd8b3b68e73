"""Replay: the pace, the partitions, the punctuation and the shift, with a producer and a clock that are fakes."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from ioc.commands.replay import command
from ioc.envelope import Chunk, Outline
from ioc.errors import KafkaUnavailable
from ioc.replay import ReplayOptions, ReplaySummary, replay
from ioc.shift import Shift
from streams.codec import decode
from streams.events import Punctuation
from streams.punctuation import PUNCTUATION, punctuation
from streams.records import RecordBatch
from streams.shell.partitioning import partition_of

START_MS = 1_772_384_400_000


class FakeClock:
    """Time that passes only while someone sleeps."""

    def __init__(self, now_ms: int = 0) -> None:
        self._now_ms = now_ms
        self.slept_s = 0.0

    def now_ms(self) -> int:
        """Return wall time."""
        return self._now_ms

    def elapsed_s(self) -> float:
        """Return the time slept."""
        return self.slept_s

    async def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.slept_s += seconds


class FakeProducer:
    """Remembers what it got, and when."""

    def __init__(self, clock: FakeClock, counts: dict[str, int]) -> None:
        self._clock = clock
        self._counts = counts
        self.batches: list[RecordBatch] = []
        self.sent_s: list[float] = []
        self.refused = 0
        self.first_refusal = ""

    async def partitions(self) -> dict[str, int]:
        """Return the topics."""
        return self._counts

    async def send(self, batch: RecordBatch) -> None:
        """Take a batch."""
        self.batches.append(batch)
        self.sent_s.append(self._clock.elapsed_s())

    async def flush(self) -> None:
        """Nothing waits here."""


def chunk(timestamps_ms: list[int], keys: Iterable[bytes | None] | None = None) -> Chunk:
    """Return records of one topic."""
    count = len(timestamps_ms)
    names: list[bytes | None] = [b"BTS-1"] * count if keys is None else list(keys)
    values: list[bytes | None] = [b'{"n":%d}' % n for n in range(count)]
    return Chunk(["ioc.telemetry"] * count, [0] * count, list(range(count)), timestamps_ms, names, values, [()] * count)


def run(source: Chunk, options: ReplayOptions, clock: FakeClock, count: int = 3) -> tuple[FakeProducer, ReplaySummary]:
    """Replay one chunk to a fake of ``count`` partitions per topic."""
    topics = {options.topics.get(topic, topic) for topic in source.topics} - {"missing"}
    producer = FakeProducer(clock, dict.fromkeys(topics, count))
    stamps = source.timestamps_ms
    outline = Outline(len(source), tuple(sorted(set(source.topics))), min(stamps), max(stamps))
    summary = asyncio.run(replay([source], outline, producer, options, clock))
    return producer, summary


def events(producer: FakeProducer) -> list[RecordBatch]:
    """Return what was sent besides punctuation."""
    return [batch for batch in producer.batches if PUNCTUATION.encode() not in (batch.values[0] or b"")]


def test_keys_values_and_timestamps_are_kept_and_the_key_chooses_the_partition() -> None:
    """What is replayed is what was recorded."""
    keys = [b"BTS-1", b"BTS-2", b"BTS-3", b"BTS-1"]
    stamps = [START_MS + n for n in range(4)]
    producer, _ = run(chunk(stamps, keys), ReplayOptions(), FakeClock())
    rows = {
        (key, stamp, value, batch.partition)
        for batch in events(producer)
        for key, stamp, value in zip(batch.keys, batch.timestamps_ms, batch.values, strict=True)
    }
    assert rows == {
        (key, stamp, b'{"n":%d}' % n, partition_of(key, 3))
        for n, (key, stamp) in enumerate(zip(keys, stamps, strict=True))
    }


def test_every_partition_is_punctuated_before_the_first_and_behind_the_last_record() -> None:
    """Also a partition that gets no record at all; the end lies a day later, so that every window closes."""
    producer, _ = run(chunk([START_MS, START_MS + 5]), ReplayOptions(), FakeClock(), count=4)
    marks = [(batch.partition, batch.timestamps_ms[0]) for batch in producer.batches if batch not in events(producer)]
    assert marks[:4] == [(partition, START_MS) for partition in range(4)]
    assert marks[4:] == [(partition, START_MS + 5 + 86_400_000) for partition in range(4)]
    assert producer.batches[4] in events(producer)


def test_a_punctuation_is_an_event_that_the_codec_knows() -> None:
    """Its time is its timestamp."""
    batch = punctuation("ioc.telemetry", 2, 7, START_MS, "end")
    (event,) = decode(batch)
    assert isinstance(event, Punctuation)
    assert (event.time, batch.timestamps_ms) == ("2026-03-01T17:00:00.000+00:00", [START_MS])


def test_no_punctuation_is_written_when_none_is_wanted() -> None:
    """The records alone."""
    producer, _ = run(chunk([START_MS]), ReplayOptions(close_after_ms=None), FakeClock())
    assert producer.batches == events(producer)


def test_a_recording_in_two_parts_is_punctuated_at_its_own_ends_alone() -> None:
    """The first part has a start and no end."""
    producer, summary = run(chunk([START_MS]), ReplayOptions(edges=("start",)), FakeClock(), count=4)
    marks = [batch.timestamps_ms[0] for batch in producer.batches if batch not in events(producer)]
    assert marks == [START_MS] * 4
    assert (summary.records, summary.marks) == (1, 4)


def test_time_is_marked_in_every_partition_while_a_fast_replay_goes_on() -> None:
    """Partitions without records would else stay behind; each mark has an id of its own."""
    stamps = [START_MS + minute * 60_000 for minute in range(13)]
    options = ReplayOptions(speed=600.0, edges=(), mark_every_ms=300_000)
    producer, summary = run(chunk(stamps), options, FakeClock(), count=2)
    marks = [batch for batch in producer.batches if batch not in events(producer)]
    assert [(mark.partition, mark.timestamps_ms[0]) for mark in marks] == [
        (partition, START_MS + minute * 60_000) for minute in (5, 10) for partition in (0, 1)
    ]
    assert len({mark.values[0] for mark in marks}) == summary.marks == 4


@pytest.mark.parametrize(("speed", "seconds"), [(1.0, 120.0), (60.0, 2.0)])
def test_the_pace_is_that_of_the_timestamps_times_the_speed(speed: float, seconds: float) -> None:
    """A record goes when it is due, not before."""
    clock = FakeClock()
    producer, summary = run(chunk([START_MS, START_MS + 60_000, START_MS + 120_000]), ReplayOptions(speed=speed), clock)
    sent = [at_s for batch, at_s in zip(producer.batches, producer.sent_s, strict=True) if batch in events(producer)]
    assert sent == pytest.approx([0.0, seconds / 2, seconds], abs=0.06)
    assert summary.seconds == pytest.approx(seconds, abs=0.06)


def test_without_a_speed_nothing_waits() -> None:
    """As fast as it goes."""
    clock = FakeClock()
    run(chunk([START_MS, START_MS + 10_000_000]), ReplayOptions(), clock)
    assert clock.slept_s == 0.0


@pytest.mark.parametrize(("anchor", "first_ms"), [("first", 5_000_000), ("last", 4_999_000)])
def test_the_first_or_the_last_record_is_moved_to_now(anchor: str, first_ms: int) -> None:
    """All timestamps move by the same offset."""
    options = ReplayOptions(anchor="first" if anchor == "first" else "last")
    producer, _ = run(chunk([START_MS, START_MS + 1000]), options, FakeClock(now_ms=5_000_000))
    assert events(producer)[0].timestamps_ms == [first_ms, first_ms + 1000]


def test_a_topic_can_be_renamed_and_a_missing_one_is_named() -> None:
    """Nothing is created behind the user's back."""
    producer, _ = run(chunk([START_MS]), ReplayOptions(topics={"ioc.telemetry": "test.telemetry"}), FakeClock())
    assert {batch.topic for batch in producer.batches} == {"test.telemetry"}
    with pytest.raises(KafkaUnavailable, match=r"no such topic: missing"):
        run(chunk([START_MS]), ReplayOptions(topics={"ioc.telemetry": "missing"}), FakeClock())


def test_records_without_key_are_spread_over_the_partitions() -> None:
    """In turn, so that every run gives the same."""
    producer, _ = run(chunk([START_MS] * 6, [None] * 6), ReplayOptions(), FakeClock(), count=3)
    assert sorted((batch.partition, len(batch)) for batch in events(producer)) == [(0, 2), (1, 2), (2, 2)]


def test_a_shift_moves_event_times_and_keeps_their_offset_from_utc() -> None:
    """Times in the envelope and in the data move; ids, numbers and texts don't."""
    text = 'gửi "time":"2026-03-02T23:30:00Z"'
    event = {
        "time": "2026-03-02T23:30:00+07:00",
        "recordedtime": "2026-03-02T16:30:00Z",
        "id": "PA-2026-03-02T23:30:00",
        "data": {"issued_at": "2026-03-02T23:30:00.250-05:00", "description": text, "n": 1},
    }
    moved = orjson.loads(Shift(3_600_000).value(orjson.dumps(event)) or b"")
    assert moved == {
        "time": "2026-03-03T00:30:00+07:00",
        "recordedtime": "2026-03-02T17:30:00Z",
        "id": "PA-2026-03-02T23:30:00",
        "data": {"issued_at": "2026-03-03T00:30:00.250-05:00", "description": text, "n": 1},
    }


@pytest.mark.parametrize("value", [None, b"", b"\xff\x00", b'{"time":"yesterday"}', b'{"time":"9999-12-31T23:59:59Z"}'])
def test_a_shift_leaves_alone_what_it_can_not_read(value: bytes | None) -> None:
    """Poison stays the poison that it was."""
    assert Shift(86_400_000).value(value) == value


def test_a_shift_moves_no_other_dates() -> None:
    """A birthday or a field of a name that only ends alike is no event time."""
    text = b'{"expires":"2026-03-02T00:00:00Z","uptime":"2026-03-02T00:00:00Z","a\\"time":"2026-03-02T00:00:00Z"}'
    assert Shift(1000).value(text) == text


def test_a_shift_moves_the_time_of_events_in_binary_mode() -> None:
    """There it is a header."""
    headers = (("ce_id", b"1"), ("ce_time", b"2026-03-02T00:00:00+07:00"))
    assert Shift(1000).headers(headers) == (("ce_id", b"1"), ("ce_time", b"2026-03-02T00:00:01+07:00"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--speed", "0x"], "a factor above 0"),
        (["--speed", "fast"], "original, max"),
        (["--topic-map", "a"], "OLD=NEW"),
    ],
)
def test_wrong_options_are_refused_with_what_is_allowed(arguments: list[str], message: str, tmp_path: Path) -> None:
    """Before anything is sent."""
    path = tmp_path / "r"
    path.write_text('{"topic":"a","partition":0,"offset":0,"ts":1}\n')
    result = CliRunner().invoke(command, [str(path), *arguments])
    assert result.exit_code == 2
    assert message in result.output
