"""Which partition a record goes to: Kafka's default partitioner, and chunks of a recording dealt out by it."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from ioc.envelope import Chunk
from ioc.errors import InputError
from streams.records import RecordBatch

_SEED = 0x9747B28C
_MIX = 0x5BD1E995
_WORD = 0xFFFFFFFF


@lru_cache(maxsize=262_144)
def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition that Kafka's default partitioner (murmur2, sign dropped) gives a key.

    Examples
    --------
    >>> [partition_of(key, 4) for key in (b"CAM-0001", b"CAM-0002", b"03127")]
    [2, 1, 2]
    """
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """Hash as Kafka's Java client does (MurmurHash2, 32 bits), without importing a client."""
    value = _SEED ^ len(data)
    whole = len(data) & ~3
    for start in range(0, whole, 4):
        word = int.from_bytes(data[start : start + 4], "little") * _MIX & _WORD
        word = (word ^ word >> 24) * _MIX & _WORD
        value = value * _MIX & _WORD ^ word
    if whole < len(data):
        value = (value ^ int.from_bytes(data[whole:], "little")) * _MIX & _WORD
    value = (value ^ value >> 13) * _MIX & _WORD
    return value ^ value >> 15


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
