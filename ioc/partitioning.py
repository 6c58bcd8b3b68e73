"""Deals chunks of a recording out to partitions, by key as Kafka's default partitioner does."""

from collections.abc import Sequence
from itertools import pairwise

from ioc.envelope import Chunk
from ioc.errors import InputError
from streams.records import RecordBatch
from streams.shell.partitioning import partition_of


class Splitter:
    """Deals chunks out into batches per topic and partition; see `ioc.recording.Recording.batches`."""

    def __init__(self, partitions: int | None = None) -> None:
        self._partitions = partitions
        self._next: dict[tuple[str, int], int] = {}
        self._keyless = 0

    def split(self, chunk: Chunk) -> list[RecordBatch]:
        """Return the chunk's records as batches, in the order in which their partitions first occur."""
        rows: dict[tuple[str, int], list[int]] = {}
        for row, place in enumerate(zip(chunk.topics, self._places(chunk), strict=True)):
            if place in rows:
                rows[place].append(row)
            else:
                rows[place] = [row]
        return [self._batch(chunk, topic, partition, taken) for (topic, partition), taken in rows.items()]

    def _places(self, chunk: Chunk) -> Sequence[int]:
        if self._partitions is None:
            return chunk.partitions
        places = []
        for key in chunk.keys:
            if key is None:
                self._keyless += 1
                places.append(self._keyless % self._partitions)
            else:
                places.append(partition_of(key, self._partitions))
        return places

    def _batch(self, chunk: Chunk, topic: str, partition: int, rows: list[int]) -> RecordBatch:
        first = self._next.get((topic, partition), 0)
        if self._partitions is not None:
            offsets = list(range(first, first + len(rows)))
        else:
            offsets = [chunk.offsets[row] for row in rows]
            if offsets[0] < first or any(b <= a for a, b in pairwise(offsets)):
                raise InputError(
                    f"topic {topic}, partition {partition}: offsets must increase, but one at or after offset "
                    f"{offsets[0]} doesn't; are several recordings joined? Give a number of partitions to number anew"
                )
        self._next[topic, partition] = offsets[-1] + 1
        return RecordBatch(
            topic=topic,
            partition=partition,
            offsets=offsets,
            timestamps_ms=[chunk.timestamps_ms[row] for row in rows],
            keys=[chunk.keys[row] for row in rows],
            values=[chunk.values[row] for row in rows],
            headers=[chunk.headers[row] for row in rows],
        )
