"""Records Kafka topics into a file: from an offset, an instant or the end, until a limit or the end is reached."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Literal

from msgspec import Struct

from ioc.config import Kafka
from ioc.envelope import Chunk
from ioc.errors import KafkaUnavailable
from ioc.kafka import reaching
from ioc.recording import RecordingWriter
from ioc.shell import shell_settings
from streams.records import RecordBatch
from streams.shell.tail import Place, TopicReader

_POLL_S = 0.5
_POLL_RECORDS = 8192


class RecordOptions(Struct, frozen=True):
    """What to record.

    Parameters
    ----------
    begin
        Where to start: ``earliest``, ``latest``, or the first record at or after an instant (milliseconds since 1970).
    max_records
        Stop after so many; None sets no limit.
    until_end
        Stop where the partitions ended when the recording began.
    seconds
        Stop after so long; None sets no limit.
    """

    begin: Literal["earliest", "latest"] | int = "earliest"
    max_records: int | None = None
    until_end: bool = False
    seconds: float | None = None


def record(
    kafka: Kafka,
    topics: Sequence[str],
    writer: RecordingWriter,
    options: RecordOptions,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Write the records of some topics and return how many; blocks until a limit is reached.

    Records of one partition keep their order; partitions are interleaved as they are fetched. No group is joined and
    no offset is committed.

    Raises
    ------
    KafkaUnavailable
        No broker answers, or a topic doesn't exist.
    """
    with reaching(kafka):
        return asyncio.run(_record(kafka, topics, writer, options, progress))


async def _record(
    kafka: Kafka,
    topics: Sequence[str],
    writer: RecordingWriter,
    options: RecordOptions,
    progress: Callable[[int], None],
) -> int:
    async with TopicReader(shell_settings(kafka)) as reader:
        try:
            await reader.assign(list(dict.fromkeys(topics)))
        except LookupError as error:
            raise KafkaUnavailable(
                f"no such topic: {', '.join(error.args)}; `ioc topics` lists those of the processor"
            ) from None
        ends = await reader.ends() if options.until_end else {}
        await _seek(reader, options.begin)
        return await _copy(reader, writer, options, ends, progress)


async def _seek(reader: TopicReader, begin: Literal["earliest", "latest"] | int) -> None:
    match begin:
        case "earliest":
            await reader.seek_to_start()
        case "latest":
            await reader.seek_to_end()
        case int():
            await reader.seek_to_time(begin)


async def _copy(
    reader: TopicReader,
    writer: RecordingWriter,
    options: RecordOptions,
    ends: dict[Place, int],
    progress: Callable[[int], None],
) -> int:
    written = 0
    limit = options.max_records
    deadline_s = None if options.seconds is None else time.monotonic() + options.seconds
    while limit is None or written < limit:
        if options.until_end and all([await reader.position(place) >= end for place, end in ends.items()]):
            break
        if deadline_s is not None and time.monotonic() >= deadline_s:
            break
        room = _POLL_RECORDS if limit is None else min(_POLL_RECORDS, limit - written)
        for batch in await reader.poll(room, _POLL_S):
            chunk = _before(batch, ends.get((batch.topic, batch.partition)))
            if chunk is not None:
                writer.write(chunk)
                written += len(chunk)
        progress(written)
    return written


def _before(batch: RecordBatch, end: int | None) -> Chunk | None:
    """Return the batch's records below an offset (None: all of them); None if there are none."""
    count = len(batch) if end is None else sum(offset < end for offset in batch.offsets)
    if count == 0:
        return None
    return Chunk(
        topics=[batch.topic] * count,
        partitions=[batch.partition] * count,
        offsets=batch.offsets[:count],
        timestamps_ms=batch.timestamps_ms[:count],
        keys=batch.keys[:count],
        values=batch.values[:count],
        headers=batch.headers[:count],
    )
