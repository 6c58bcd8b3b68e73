"""Replays a recording into Kafka: at the pace it had, faster, or as fast as it goes; as it was, or moved to now."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Literal, Protocol

from msgspec import Struct

from ioc.config import Kafka
from ioc.envelope import Chunk, Outline
from ioc.errors import KafkaUnavailable
from ioc.shell import shell_settings
from ioc.shift import Shift
from streams.punctuation import CLOSE_AFTER_MS, Edge, punctuation
from streams.records import RecordBatch
from streams.shell.bulk import BulkProducer
from streams.shell.partitioning import partition_of

_TICK_S = 0.05
_SECOND_MS = 1000

Anchor = Literal["first", "last"]


class ReplayOptions(Struct, frozen=True):
    """How to replay.

    Parameters
    ----------
    speed
        Times the original pace; None is as fast as possible.
    anchor
        Move the recording so that its first, or its last, record is now; None leaves all times alone.
    topics
        New names for topics; those not named keep theirs.
    close_after_ms
        How far behind the last record the closing punctuation lies; None writes no punctuation at all.
    edges
        At which ends it is written: a recording that comes in several parts has one start and one end.
    mark_every_ms
        Write one also whenever so much event time has passed: where time runs faster than the clock, partitions without
        records would hold back all others. None writes none in between.
    """

    speed: float | None = None
    anchor: Anchor | None = None
    topics: Mapping[str, str] = {}
    close_after_ms: int | None = CLOSE_AFTER_MS
    edges: tuple[Edge, ...] = ("start", "end")
    mark_every_ms: int | None = None


class ReplaySummary(Struct, frozen=True):
    """What was done: records, marks (punctuation) and payload bytes handed over, those refused and why, the time."""

    records: int
    marks: int
    payload_bytes: int
    refused: int
    first_refusal: str
    seconds: float


class Producer(Protocol):
    """Where records go; `streams.shell.bulk.BulkProducer` is one."""

    refused: int
    first_refusal: str

    async def partitions(self) -> dict[str, int]:
        """Return the number of partitions of every topic."""
        ...

    async def send(self, batch: RecordBatch) -> None:
        """Take a batch."""
        ...

    async def flush(self) -> None:
        """Wait until all is delivered or refused."""
        ...


class Clock(Protocol):
    """Time that passes."""

    def now_ms(self) -> int:
        """Return wall time, milliseconds since 1970 UTC."""
        ...

    def elapsed_s(self) -> float:
        """Return seconds on a clock that never jumps."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Return wall time, milliseconds since 1970 UTC."""
        return time.time_ns() // 1_000_000

    def elapsed_s(self) -> float:
        """Return seconds on a clock that never jumps."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)


async def replay(
    chunks: Iterable[Chunk],
    outline: Outline,
    producer: Producer,
    options: ReplayOptions,
    clock: Clock,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> ReplaySummary:
    """Send a recording with keys, headers and timestamps kept; the partition follows from the key.

    Records without a key go round the partitions. Before the first record and behind the last, every partition of
    every topic gets a punctuation, so that what is found doesn't depend on how many partitions there are.

    Parameters
    ----------
    chunks, outline
        The recording.
    producer
        Where to.
    options
        How.
    clock
        What "now" and the pace are measured by.
    progress
        Told the number of records sent, from time to time.

    Raises
    ------
    KafkaUnavailable
        A topic doesn't exist.
    """
    started_s = clock.elapsed_s()
    run = _Run(outline, producer, options, clock, await _counts(outline, producer, options))
    await run.punctuate("start")
    payload_bytes = 0
    async for part in run.paced(chunks):
        payload_bytes += sum(len(value) for value in part.values if value is not None)
        for batch in run.dealt(part):
            await producer.send(batch)
        run.sent += len(part)
        progress(run.sent)
        await run.mark(part.timestamps_ms[-1])
    await producer.flush()
    await run.punctuate("end")
    seconds = clock.elapsed_s() - started_s
    return ReplaySummary(run.sent, run.marks, payload_bytes, producer.refused, producer.first_refusal, seconds)


def replay_to_kafka(
    kafka: Kafka,
    chunks: Iterable[Chunk],
    outline: Outline,
    options: ReplayOptions,
    progress: Callable[[int], None] = lambda _: None,
) -> ReplaySummary:
    """Replay to a cluster; blocks until all is delivered or refused.

    Raises
    ------
    KafkaUnavailable
        No broker answers, or a topic doesn't exist.
    """

    async def run() -> ReplaySummary:
        async with BulkProducer(shell_settings(kafka)) as producer:
            return await replay(chunks, outline, producer, options, SystemClock(), progress=progress)

    return asyncio.run(run())


class _Run:
    """One replay on its way."""

    def __init__(
        self, outline: Outline, producer: Producer, options: ReplayOptions, clock: Clock, counts: dict[str, int]
    ) -> None:
        self._outline = outline
        self._producer = producer
        self._options = options
        self._clock = clock
        self._counts = counts
        self._keyless = 0
        now_ms = clock.now_ms()
        anchors = {"first": now_ms - outline.first_ms, "last": now_ms - outline.last_ms}
        offset_ms = 0 if options.anchor is None else anchors[options.anchor]
        self._shift = Shift(offset_ms // _SECOND_MS * _SECOND_MS)  # whole seconds: times keep the precision they had
        self._marked_ms = outline.first_ms
        self.sent = 0
        self.marks = 0

    async def punctuate(self, edge: Edge) -> None:
        """Write a punctuation into every partition, and wait until it is there."""
        if self._options.close_after_ms is None or edge not in self._options.edges:
            return
        first_ms, last_ms = (at + self._shift.offset_ms for at in (self._outline.first_ms, self._outline.last_ms))
        at_ms = first_ms if edge == "start" else last_ms + self._options.close_after_ms
        await self._punctuate(edge, at_ms, last_ms)

    async def mark(self, at_ms: int) -> None:
        """Write a punctuation into every partition if the last one lies long enough behind; time as recorded."""
        every_ms = self._options.mark_every_ms
        if every_ms is not None and at_ms >= self._marked_ms + every_ms:
            self._marked_ms = at_ms
            await self._punctuate("start", at_ms + self._shift.offset_ms, 0)

    async def _punctuate(self, edge: Edge, at_ms: int, heard_ms: int) -> None:
        for topic, count in sorted(self._counts.items()):
            for partition in range(count):
                await self._producer.send(punctuation(topic, partition, 0, at_ms, edge, heard_ms=heard_ms))
                self.marks += 1
        await self._producer.flush()

    async def paced(self, chunks: Iterable[Chunk]) -> AsyncIterator[Chunk]:
        """Yield the records when they are due."""
        speed = self._options.speed
        if speed is None:
            for chunk in chunks:
                yield chunk
            return
        started_s = self._clock.elapsed_s()
        for chunk in chunks:
            start = 0
            while start < len(chunk):
                due_ms = self._outline.first_ms + (self._clock.elapsed_s() - started_s) * speed * _SECOND_MS
                stop = start
                while stop < len(chunk) and chunk.timestamps_ms[stop] <= due_ms:
                    stop += 1
                if stop > start:
                    yield _part(chunk, start, stop)
                    start = stop
                else:
                    await self._producer.flush()
                    wait_s = (chunk.timestamps_ms[start] - due_ms) / speed / _SECOND_MS
                    await self._clock.sleep(max(wait_s, _TICK_S))

    def dealt(self, chunk: Chunk) -> list[RecordBatch]:
        """Deal records out to the partitions of their topics, moved in time and renamed."""
        rows: dict[tuple[str, int], list[int]] = {}
        for row, (name, key) in enumerate(zip(chunk.topics, chunk.keys, strict=True)):
            topic = self._options.topics.get(name, name)
            if key is None:
                self._keyless += 1
                place = topic, self._keyless % self._counts[topic]
            else:
                place = topic, partition_of(key, self._counts[topic])
            rows.setdefault(place, []).append(row)
        shift = self._shift
        return [
            RecordBatch(
                topic=topic,
                partition=partition,
                offsets=taken,
                timestamps_ms=[chunk.timestamps_ms[row] + shift.offset_ms for row in taken],
                keys=[chunk.keys[row] for row in taken],
                values=[shift.value(chunk.values[row]) for row in taken],
                headers=[shift.headers(chunk.headers[row]) for row in taken],
            )
            for (topic, partition), taken in rows.items()
        ]


async def _counts(outline: Outline, producer: Producer, options: ReplayOptions) -> dict[str, int]:
    present = await producer.partitions()
    wanted = {options.topics.get(topic, topic) for topic in outline.topics}
    if missing := sorted(wanted - present.keys()):
        raise KafkaUnavailable(
            f"no such topic: {', '.join(missing)}; create it (`ioc topics apply`) or rename with --topic-map old=new"
        )
    return {topic: present[topic] for topic in wanted}


def _part(chunk: Chunk, start: int, stop: int) -> Chunk:
    part = slice(start, stop)
    return Chunk(
        topics=chunk.topics[part],
        partitions=chunk.partitions[part],
        offsets=chunk.offsets[part],
        timestamps_ms=chunk.timestamps_ms[part],
        keys=chunk.keys[part],
        values=chunk.values[part],
        headers=chunk.headers[part],
    )
