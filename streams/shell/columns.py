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
    compaction gaps included), but gives columns, which are filled producer batch by producer batch while its records
    are in the processor's cache. The contract test on that method's source says when the two have to be compared again.
    """

    def __init__(self, topic: str, partition: int, records: PartitionRecords) -> None:
        self.records = records
        self._topic = topic
        self._partition = partition
        self._left: RecordBatch | None = None
        self._end = 0
        self.exhausted = False

    def read(self, max_records: int, max_bytes: int) -> tuple[RecordBatch | None, int, list[Gap]]:
        """Return the next records within both caps (at least one, if there is one), their bytes, and gaps."""
        taken: list[RecordBatch] = []
        records, size = 0, 0
        gaps: list[Gap] = []
        while records < max_records and size < max_bytes:
            left = self._left or self._next_batch(gaps)
            if left is None:
                self.exhausted = True
                break
            piece, piece_bytes = self._take(left, max_records - records, max_bytes - size, must=not taken)
            if piece is None:
                break
            taken.append(piece)
            records += len(piece)
            size += piece_bytes
        return _joined(taken), size, gaps

    def _take(
        self, left: RecordBatch, max_records: int, max_bytes: int, *, must: bool
    ) -> tuple[RecordBatch | None, int]:
        """Take what fits both caps off what is left of a producer batch, and move the position behind it."""
        count, size = _within(left, max_records, max_bytes, must=must)
        if count == 0:
            return None, 0
        if count == len(left):
            self._left = None
            self.records.next_fetch_offset = self._end
            return left, size
        piece, self._left = left.part(0, count), left.part(count, len(left))
        self.records.next_fetch_offset = piece.offsets[-1] + 1
        return piece, size

    def _next_batch(self, gaps: list[Gap]) -> RecordBatch | None:
        """Unpack the next producer batch that is visible to us; None at the end of the response."""
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
                records = list(batch)
            except (Undecodable, CorruptRecordException) as refusal:
                reason = refusal.reason if isinstance(refusal, Undecodable) else "undecodable"
                gaps.append(Gap(max(first, batch.base_offset), batch.next_offset, reason))
                records = []
            if records and records[0].offset < first:
                records = [record for record in records if record.offset >= first]
            if records:
                self._left = _columns(self._topic, self._partition, records)
                self._end = batch.next_offset
                return self._left
            source.next_fetch_offset = batch.next_offset
        return None

    def _invisible(self, batch: Any) -> bool:
        source = self.records
        if source._isolation_level == READ_COMMITTED and batch.producer_id is not None:  # noqa: SLF001
            source._consume_aborted_up_to(batch.base_offset)  # noqa: SLF001
            if batch.is_control_batch and source._contains_abort_marker(batch):  # noqa: SLF001
                source._aborted_producers.discard(batch.producer_id)  # noqa: SLF001
            if batch.is_transactional and batch.producer_id in source._aborted_producers:  # noqa: SLF001
                return True
        return bool(batch.is_control_batch)


def _within(batch: RecordBatch, max_records: int, max_bytes: int, *, must: bool) -> tuple[int, int]:
    """Return how many leading records fit both caps and their bytes; at least one when it ``must``."""
    if len(batch) <= max_records and (total := _bytes(batch.keys) + _bytes(batch.values)) <= max_bytes:
        return len(batch), total
    pairs = zip(batch.keys[:max_records], batch.values[:max_records], strict=True)
    sizes = [len(key or b"") + len(value or b"") for key, value in pairs]
    fitting = [at for at in accumulate(sizes) if at <= max_bytes]
    if not fitting:
        return (1, sizes[0]) if must else (0, 0)
    return len(fitting), fitting[-1]


def _bytes(column: list[bytes | None]) -> int:
    """Return the bytes of all keys, or values."""
    try:
        return sum(map(len, column))  # type: ignore[arg-type]  # None raises, which is handled
    except TypeError:
        return sum(len(each or b"") for each in column)


def _columns(topic: str, partition: int, records: list[Any]) -> RecordBatch:
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


def _joined(pieces: list[RecordBatch]) -> RecordBatch | None:
    """Return consecutive records as one batch, None where there are none."""
    if len(pieces) < 2:  # noqa: PLR2004 - nothing to join
        return pieces[0] if pieces else None
    whole = RecordBatch(pieces[0].topic, pieces[0].partition, [], [], [], [], [])
    for piece in pieces:
        whole.offsets.extend(piece.offsets)
        whole.timestamps_ms.extend(piece.timestamps_ms)
        whole.keys.extend(piece.keys)
        whole.values.extend(piece.values)
        whole.headers.extend(piece.headers)
    return whole


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
