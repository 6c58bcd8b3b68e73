"""Batches from a real Kafka: every record once, in order, with exact commits; gaps and refusals are told."""

import gzip
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from ioc.topics import administering
from tests.integration.conftest import Cluster
from tests.integration.workers import World

CLEAN = {"missing": [], "unknown": [], "false": [], "repeated": 0}


@pytest.fixture
def world(kafka: Cluster, tmp_path: Path) -> Iterator[World]:
    """Topics, a group and workers of this test's own."""
    made = World(kafka, tmp_path)
    yield made
    made.end()


def test_every_record_is_folded_once_and_committed_exactly(world: World) -> None:
    """Committed are the last offsets plus one, outputs are what the oracle expects, batches keep to their caps."""
    world.produce(20_001)
    worker = world.start(world.settings(batch_records=1000))
    world.wait_for_commit([10_001, 10_000])
    assert worker.stop() == 0
    verdict = world.verdict()
    assert verdict == {**CLEAN, "due": verdict["came"], "came": 1988}
    assert worker.records() == 20_001
    assert max(fact[1] for fact in worker.told("batch")) == 1000


def test_batches_are_capped_in_bytes(world: World) -> None:
    """No batch is larger than the cap, and nothing is lost where a poll is split."""
    world.produce(5_000)
    worker = world.start(world.settings(batch_bytes=65_536))
    world.wait_for_commit([2_500, 2_500])
    assert worker.stop() == 0
    assert max(fact[2] for fact in worker.told("batch")) <= 65_536
    assert worker.records() == 5_000
    assert world.verdict().items() >= CLEAN.items()


def test_the_very_first_record_is_committed_as_one(world: World) -> None:
    """Offset 0 counts: the commit behind it is 1, and a partition without records has none."""
    world.produce(1)
    worker = world.start()
    world.wait_for_commit([1, 0])
    assert worker.stop() == 0


def test_aborted_transactions_are_invisible_and_their_offsets_are_passed(world: World) -> None:
    """Records of an aborted transaction never reach the stage; lag ends at 0 behind the markers."""
    transactions: Any = KafkaProducer(bootstrap_servers=world.kafka.bootstrap, transactional_id=world.group)
    with transactions as producer:
        producer.init_transactions()
        for round_ in range(6):
            producer.begin_transaction()
            for number in range(50):
                value = f"{round_}-{number}".encode()
                producer.send(world.source, value=value, key=b"key", partition=0)
            producer.flush()
            if round_ % 2:
                producer.abort_transaction()
            else:
                producer.commit_transaction()
    worker = world.start()
    last_visible = 4 * 51 + 49
    world.wait_for_commit([last_visible + 1, 0])
    worker.wait_for("lag", lambda fact: fact[:2] == [0, 0])
    assert worker.records() == 150
    assert worker.stop() == 0
    assert world.verdict() == {**CLEAN, "due": 15, "came": 15}


def test_records_deleted_on_the_broker_are_a_reported_gap(world: World) -> None:
    """What delete-records takes away behind the snapshot is told with its offsets, and work goes on behind it."""
    world.produce(1_000)
    worker = world.start()
    world.wait_for_commit([500, 500])
    assert worker.stop() == 0
    world.produce(1_000, first=1_000)
    with administering(world.kafka.config) as admin:
        admin.delete_records({TopicPartition(world.source, 0): 700})
    again = world.start()
    assert again.wait_for("gap") == [0, 500, 700, "deleted"]
    world.wait_for_commit([1_000, 1_000])
    assert again.records() == 300 + 500
    assert again.stop() == 0


def test_records_deleted_while_the_worker_reads_are_a_reported_gap(world: World) -> None:
    """The consumer jumps to the first offset that is left; the jump is told, not silent."""
    world.produce(8_000)
    worker = world.start(world.settings(batch_records=100, fetch_partition_bytes=32_768), seconds_per_batch=0.15)
    worker.wait_for("batch", lambda fact: fact[0] == 0)
    with administering(world.kafka.config) as admin:
        admin.delete_records({TopicPartition(world.source, 0): 3_900})
    partition, _, end, reason = worker.wait_for("gap")
    assert (partition, end, reason) == (0, 3_900, "deleted")


def test_a_decompression_bomb_is_skipped_and_reported(world: World) -> None:
    """A producer batch that unfolds beyond the limit is a gap of its offsets; its neighbours are folded."""
    world.produce(10)
    bomb = gzip_bomb_topic_record(world)
    world.produce(10, first=10)
    worker = world.start(world.settings(decompressed_bytes=1_000_000))
    assert worker.wait_for("gap") == [0, bomb, bomb + 1, "oversized"]
    world.wait_for_commit([11, 10])
    assert worker.records() == 20
    assert worker.stop() == 0


def gzip_bomb_topic_record(world: World) -> int:
    """Produce one record of 4 MB that gzip folds to 4 kB into partition 0; return its offset."""
    with KafkaProducer(
        bootstrap_servers=world.kafka.bootstrap, compression_type="gzip", max_request_size=8_000_000
    ) as producer:
        value = bytes(4_000_000)
        assert len(gzip.compress(value)) < 8_000
        return producer.send(world.source, value=value, key=b"bomb", partition=0).get(10).offset


def test_a_refused_output_ends_the_worker_and_leaves_the_input_uncommitted(kafka: Cluster, tmp_path: Path) -> None:
    """The target takes no record of this size: exit code 1, one clear line, nothing committed."""
    world = World(kafka, tmp_path, max_message_bytes="100")
    try:
        world.produce(1_000)
        worker = world.start()
        assert worker.exit_code() == 1
        assert "were refused" in worker.log()
        assert "max.message.bytes" in worker.log()
        assert world.committed() == [0, 0]
    finally:
        world.end()


def test_a_refused_dead_letter_is_sent_reduced_and_work_goes_on(kafka: Cluster, tmp_path: Path) -> None:
    """Outputs of topics that may be reduced come in the shorter form, all of them, and the input is committed."""
    world = World(kafka, tmp_path, max_message_bytes="100")
    try:
        world.produce(300)
        worker = world.start(world.settings(reducible_topics=frozenset({world.target})), reduce_to=3)
        world.wait_for_commit([150, 150])
        assert worker.stop() == 0
        assert "sent reduced" in worker.log()
        verdict = world.verdict()
        assert (verdict["missing"], verdict["repeated"]) == ([], 0)
        assert verdict["came"] == verdict["due"] == 28
    finally:
        world.end()


def test_a_missing_topic_is_one_clear_line(world: World) -> None:
    """Without its snapshots topic a worker doesn't start: exit code 4."""
    worker = world.start(world.settings(snapshots_topic="no-such-topic"))
    assert worker.exit_code() == 4
    assert "missing topics: no-such-topic" in worker.log()


def test_a_broker_that_does_not_answer_is_one_clear_line(world: World) -> None:
    """Nobody listens on port 1: exit code 4."""
    worker = world.start(world.settings(bootstrap="127.0.0.1:1"))
    assert worker.exit_code() == 4
    assert "does not answer" in worker.log()


def test_ctrl_c_stops_cleanly_and_says_so(world: World) -> None:
    """SIGINT makes the state durable like SIGTERM, and the exit code is 130."""
    world.produce(100)
    worker = world.start(world.settings(snapshot_interval_s=3600.0))
    worker.wait_for("batch")
    worker.wait_for("lag", lambda fact: fact[1] == 0)
    assert world.committed() == [0, 0]
    worker.signal(signal.SIGINT)
    assert worker.exit_code() == 130
    assert world.committed() == [50, 50]


def test_unchanged_blocks_are_written_once(world: World) -> None:
    """A megabyte that never changes costs nothing after the first snapshot, and lies there in parts."""
    world.produce(100)
    worker = world.start(ballast_bytes=1_000_000)
    world.wait_for_commit([50, 50])
    world.produce(100, first=100)
    world.wait_for_commit([100, 100])
    assert worker.stop() == 0
    sizes = [fact[1] for fact in worker.told("snapshot") if fact[0] == 0]
    assert sizes[0] > 1_000_000
    assert max(sizes[1:]) < 10_000
    assert largest_value(world) <= 512 * 1024


def largest_value(world: World) -> int:
    """Return the bytes of the largest record in the snapshots topic."""
    consumer = KafkaConsumer(bootstrap_servers=world.kafka.bootstrap, auto_offset_reset="earliest")
    place = TopicPartition(world.snapshots, 0)
    try:
        consumer.assign([place])
        consumer.seek_to_beginning(place)
        end = consumer.end_offsets([place])[place]
        largest = 0
        while consumer.position(place) < end:
            for records in consumer.poll(timeout_ms=500).values():
                largest = max(largest, *(len(record.value or b"") for record in records))
        return largest
    finally:
        consumer.close()
