"""Kafka records as plain values, in columns: what enters and leaves the fold."""

from msgspec import Struct

Headers = tuple[tuple[str, bytes], ...]


class RecordBatch(Struct, frozen=True, gc=False):
    """Consecutive records of one input partition, column by column.

    All columns have the same length, at least 1. Offsets increase strictly but may have gaps (compaction,
    transactions). ``timestamps_ms`` are the Kafka record timestamps (ingest time, milliseconds since 1970 UTC).
    """

    topic: str
    partition: int
    offsets: list[int]
    timestamps_ms: list[int]
    keys: list[bytes | None]
    values: list[bytes | None]
    headers: list[Headers]

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.offsets)

    def part(self, start: int, stop: int) -> "RecordBatch":
        """Return the records ``start <= row < stop``, itself if those are all.

        Examples
        --------
        >>> batch = RecordBatch("t", 0, [4, 7, 8], [1, 2, 3], [None] * 3, [b"a", b"b", b"c"], [()] * 3)
        >>> batch.part(1, 9).offsets, batch.part(0, 3) is batch
        ([7, 8], True)
        """
        if start <= 0 and stop >= len(self):
            return self
        rows = slice(start, stop)
        return RecordBatch(
            self.topic,
            self.partition,
            self.offsets[rows],
            self.timestamps_ms[rows],
            self.keys[rows],
            self.values[rows],
            self.headers[rows],
        )


class OutputRecord(Struct, frozen=True, gc=False):
    """One record to produce; the partition follows from the key."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers
    timestamp_ms: int
