"""Columns from Kafka's record batches: the same records as aiokafka's own iterator, whatever the log looks like."""

import random

import pytest
from aiokafka import TopicPartition
from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from streams.records import RecordBatch
from streams.shell.codecs import Undecodable, decoders, install_ceiling, lz4_bound
from streams.shell.columns import ColumnReader

LIMIT = 64 * 1024 * 1024


@pytest.fixture(autouse=True)
def _ceiling() -> None:
    """Unpack through our decoders, as the worker does."""
    install_ceiling(LIMIT)


def kafka_batch(
    base: int, deltas: list[int], codec: int = 0, producer: int = -1, *, transaction: bool = False
) -> bytes:
    """Build one producer batch with records at ``base`` plus each of ``deltas``, as the broker returns it."""
    builder = DefaultRecordBatchBuilder(2, codec, int(transaction), producer, 0, 0, 1 << 24)
    for delta in deltas:
        headers = [("h", b"1"), ("n", None)] if delta % 3 == 0 else []
        builder.append(delta, 1_000 + base + delta, b"k%d" % delta, b"v%d" % (base + delta), headers)
    buffer = builder.build()
    buffer[0:8] = base.to_bytes(8, "big")
    return bytes(buffer)


def source(data: bytes, start: int, aborted: list[tuple[int, int]] | None = None) -> PartitionRecords:
    """Wrap log bytes as the fetcher does; batches are edited after their CRC, so that isn't checked."""
    records = MemoryRecords(data)
    return PartitionRecords(TopicPartition("t", 0), records, aborted, start, None, None, False, READ_COMMITTED)


def offsets(batch: RecordBatch | None) -> list[int]:
    """Return the offsets of what was read."""
    return [] if batch is None else batch.offsets


def test_columns_equal_what_aiokafka_iterates() -> None:
    """Random logs with compaction gaps, all codecs, aborted transactions, and starts in mid-batch."""
    chance = random.Random(7)
    for _ in range(60):
        log, base, aborted = b"", chance.randrange(3), []
        for _ in range(chance.randrange(1, 6)):
            deltas = sorted(chance.sample(range(20), chance.randrange(1, 20)))
            transaction = chance.random() < 0.4
            producer = chance.randrange(3) if transaction else -1
            if transaction and chance.random() < 0.5:
                aborted.append((producer, base))
            log += kafka_batch(base, deltas, chance.choice([0, 1, 2, 3, 4]), producer, transaction=transaction)
            base += deltas[-1] + 1 + chance.randrange(4)
        start = chance.randrange(base)
        expected = list(source(log, start, list(aborted)))
        reader = ColumnReader("t", 0, source(log, start, list(aborted)))
        taken: list[tuple[int, int, bytes | None, bytes | None]] = []
        while not reader.exhausted:
            piece, size, gaps = reader.read(chance.randrange(1, 9), 10_000)
            assert not gaps
            if piece is not None:
                assert size == sum(len(text or b"") for text in piece.keys + piece.values)
                taken.extend(zip(piece.offsets, piece.timestamps_ms, piece.keys, piece.values, strict=True))
        assert taken == [(row.offset, row.timestamp, row.key, row.value) for row in expected]


def test_the_position_moves_behind_a_gap_at_the_end_of_a_batch() -> None:
    """Compaction may take the last records of a batch; the next fetch starts behind them all the same."""
    reader = ColumnReader("t", 3, source(kafka_batch(10, [0, 4]) + kafka_batch(20, [3]), 10))
    first, _, _ = reader.read(2, 10_000)
    assert offsets(first) == [10, 14]
    assert reader.records.next_fetch_offset == 15
    rest, _, _ = reader.read(10, 10_000)
    assert offsets(rest) == [23]
    assert reader.exhausted
    assert reader.records.next_fetch_offset == 24


def test_a_cap_in_mid_batch_leaves_the_position_behind_the_last_record_taken() -> None:
    """What is left over comes first in the next read."""
    reader = ColumnReader("t", 3, source(kafka_batch(0, list(range(10))), 0))
    first, _, _ = reader.read(4, 10_000)
    assert reader.records.next_fetch_offset == 4
    second, _, _ = reader.read(100, 10_000)
    assert offsets(first) + offsets(second) == list(range(10))


def test_bytes_are_capped_but_one_record_always_passes() -> None:
    """A record above the cap comes alone instead of never."""
    reader = ColumnReader("t", 3, source(kafka_batch(0, list(range(10))), 0))
    assert [len(offsets(reader.read(100, cap)[0])) for cap in (8, 9, 1)] == [2, 2, 1]


def test_keys_values_and_headers_become_columns() -> None:
    """Headers are tuples; one without a value reads as empty bytes."""
    batch, size, _ = ColumnReader("t", 3, source(kafka_batch(5, [0, 1]), 5)).read(10, 10_000)
    assert batch is not None
    assert (batch.offsets, batch.timestamps_ms, batch.partition) == ([5, 6], [1005, 1006], 3)
    assert (batch.keys, batch.values) == ([b"k0", b"k1"], [b"v5", b"v6"])
    assert batch.headers == [(("h", b"1"), ("n", b"")), ()]
    assert size == 8


def test_a_batch_that_does_not_decompress_is_a_gap_of_its_offsets() -> None:
    """Hostile bytes with a valid checksum cost their own batch, not the partition."""
    deltas = list(range(50))
    for codec in (0, 1, 2, 3, 4):
        broken = bytearray(kafka_batch(4, deltas, codec))
        assert broken[22] & 7 == codec
        broken[70:] = b"\xff" * (len(broken) - 70)
        reader = ColumnReader("t", 3, source(kafka_batch(0, [0, 1, 2, 3]) + bytes(broken) + kafka_batch(54, [0]), 0))
        batch, _, gaps = reader.read(100, 10_000)
        assert offsets(batch) == [0, 1, 2, 3, 54]
        assert [(gap.first, gap.end, gap.reason) for gap in gaps] == [(4, 54, "undecodable")]


@pytest.mark.parametrize(
    ("name", "encode"),
    [
        ("gzip_decode", gzip_encode),
        ("snappy_decode", snappy_encode),
        ("lz4_decode", lz4_encode),
        ("zstd_decode", zstd_encode),
    ],
)
def test_every_codec_stops_at_the_ceiling(name: str, encode: object) -> None:
    """A megabyte passes a ceiling of a megabyte, and not one byte less."""
    assert callable(encode)
    raw = random.Random(1).randbytes(1000) * 1000
    assert decoders(1_100_000)[name](encode(raw)) == raw
    with pytest.raises(Undecodable, match="oversized"):
        decoders(900_000)[name](encode(raw))


def test_a_gzip_stream_of_many_members_counts_as_a_whole() -> None:
    """Ten members of 100 kB are a megabyte."""
    data = gzip_encode(bytes(100_000)) * 10
    assert len(decoders(1_000_000)["gzip_decode"](data)) == 1_000_000
    with pytest.raises(Undecodable, match="oversized"):
        decoders(999_999)["gzip_decode"](data)


def test_the_bound_of_an_lz4_frame_is_never_too_low() -> None:
    """What is refused by the bound may be smaller, what passes never is larger."""
    chance = random.Random(3)
    for _ in range(50):
        raw = chance.randbytes(chance.randrange(1, 300)) * chance.randrange(1, 2000)
        assert lz4_bound(lz4_encode(raw)) >= len(raw)
