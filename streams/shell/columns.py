"""Kafka's record batches unpacked straight into columns, with caps on records, bytes and decompressed size."""

from collections.abc import Iterable
from itertools import accumulate
from typing import Any

from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException
from msgspec import Struct

from streams.records import Headers, RecordBatch
from streams.shell.codecs import Undecodable


class Gap(Struct, frozen=True):
    """Offsets first ≤ o < end that will never be folded, and why (`deleted`, `oversized`, `undecodable`)."""

    first: int
    end: int
    reason: str


class Fetched(Struct, frozen=True):
    """What one poll of one partition gave under one generation of the group: the position moved from start to end."""

    topic: str
    partition: int
    generation: int
    start: int
    end: int
    batch: RecordBatch | None
    size_bytes: int
    gaps: tuple[Gap, ...] = ()


class ColumnReader:
    """Reads one fetch response of one partition, piece by piece.

    It does what aiokafka's ``PartitionRecords._unpack_records`` does (aborted transactions, control batches and
    compaction gaps included) without an object per record: 3 to 4 times as fast. The contract test on that
    method's source says when the two have to be compared again.
    """

    def __init__(self, records: PartitionRecords) -> None:
        self.records = records
        self._pending: list[Any] = []
        self._pending_end = 0
        self.exhausted = False

    def read(self, max_records: int, max_bytes: int) -> tuple[list[Any], int, list[Gap]]:
        """Return the next raw records within both caps (at least one, if there is one), their bytes, and gaps."""
        taken: list[Any] = []
        size = 0
        gaps: list[Gap] = []
        while len(taken) < max_records and size < max_bytes:
            if not self._pending and not self._next_batch(gaps):
                self.exhausted = True
                break
            count, piece = _within(self._pending, max_records - len(taken), max_bytes - size, must=not taken)
            if count == 0:
                break
            taken += self._pending[:count]
            del self._pending[:count]
            size += piece
            self.records.next_fetch_offset = taken[-1].offset + 1 if self._pending else self._pending_end
        return taken, size, gaps

    def _next_batch(self, gaps: list[Gap]) -> bool:
        """Unpack the next producer batch that is visible to us; False at the end of the response."""
        source = self.records
        while source._records.has_next():  # noqa: SLF001 - the seam, held by contract
            batch = source._records.next_batch()  # noqa: SLF001
            if source._check_crcs and not batch.validate_crc():  # noqa: SLF001
                raise CorruptRecordException(f"{source._tp}: invalid CRC at offset {batch.base_offset}")  # noqa: SLF001
            if self._invisible(batch):
                source.next_fetch_offset = batch.next_offset
                continue
            first = source.next_fetch_offset
            try:
                pending = list(batch)
            except (Undecodable, CorruptRecordException) as refusal:
                reason = refusal.reason if isinstance(refusal, Undecodable) else "undecodable"
                gaps.append(Gap(max(first, batch.base_offset), batch.next_offset, reason))
                pending = []
            if pending and pending[0].offset < first:
                pending = [record for record in pending if record.offset >= first]
            if pending:
                self._pending, self._pending_end = pending, batch.next_offset
                return True
            source.next_fetch_offset = batch.next_offset
        return False

    def _invisible(self, batch: Any) -> bool:
        source = self.records
        if source._isolation_level == READ_COMMITTED and batch.producer_id is not None:  # noqa: SLF001
            source._consume_aborted_up_to(batch.base_offset)  # noqa: SLF001
            if batch.is_control_batch and source._contains_abort_marker(batch):  # noqa: SLF001
                source._aborted_producers.discard(batch.producer_id)  # noqa: SLF001
            if batch.is_transactional and batch.producer_id in source._aborted_producers:  # noqa: SLF001
                return True
        return bool(batch.is_control_batch)


def _within(records: list[Any], max_records: int, max_bytes: int, *, must: bool) -> tuple[int, int]:
    """Return how many leading records fit both caps and their bytes; at least one when it ``must``."""
    chosen = records if len(records) <= max_records else records[:max_records]
    sizes = [record_bytes(record) for record in chosen]
    total = sum(sizes)
    if total <= max_bytes:
        return len(chosen), total
    fitting = [at for at in accumulate(sizes) if at <= max_bytes]
    if not fitting:
        return (1, sizes[0]) if must else (0, 0)
    return len(fitting), fitting[-1]


def record_bytes(record: Any) -> int:
    """Return the bytes of a record's key and value."""
    key, value = record.key, record.value
    return (len(key) if key is not None else 0) + (len(value) if value is not None else 0)


def to_batch(topic: str, partition: int, records: list[Any]) -> RecordBatch:
    """Turn raw records into columns; a header without a value reads as empty bytes."""
    return RecordBatch(
        topic,
        partition,
        [record.offset for record in records],
        [record.timestamp for record in records],
        [record.key for record in records],
        [record.value for record in records],
        _headers(records),
    )


def _headers(records: Iterable[Any]) -> list[Headers]:
    """Return the headers of every record; neighbours mostly have the same, which are then made once."""
    found: list[Headers] = []
    last: Any = ()
    told: Headers = ()
    for record in records:
        headers = record.headers
        if headers != last:
            last = headers
            told = tuple([(name, value if value is not None else b"") for name, value in headers])
        found.append(told)
    return found
