"""The embedded Kafka itself: it serves, keeps its records, and never outlives whoever started it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from ioc.broker import EmbeddedKafka
from ioc.config import Kafka
from ioc.errors import ConfigError, KafkaUnavailable
from ioc.kafka import client_settings
from ioc.topics import administering
from tests.integration.conftest import Cluster

YEAR_2015_MS = 1_425_008_573_000
YEAR_2100_MS = 4_102_444_800_000


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """Start a broker that the tests of this module may kill and stop."""
    with EmbeddedKafka(data=tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


def produce(bootstrap: str, topic: str, values: list[bytes], compression: str | None = None, at_ms: int = 1) -> None:
    """Produce to partition 0 and wait until the broker has everything."""
    with KafkaProducer(bootstrap_servers=bootstrap, compression_type=compression) as producer:
        sent = [producer.send(topic, value, partition=0, timestamp_ms=at_ms) for value in values]
        for future in sent:
            future.get(timeout=20)


def consume(bootstrap: str, topic: str, count: int) -> list[tuple[bytes | None, int]]:
    """Return values and timestamps of the first records of partition 0."""
    found: list[tuple[bytes | None, int]] = []
    deadline = time.monotonic() + 20
    with KafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        while len(found) < count and time.monotonic() < deadline:
            for records in consumer.poll(timeout_ms=500).values():
                found += [(record.value, record.timestamp) for record in records]
    return found


def wait_for(condition: Callable[[], bool], timeout_s: float = 20.0) -> bool:
    """Return whether ``condition`` came true in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("compression", [None, "gzip", "zstd"])
def test_records_come_back_in_every_compression(kafka: Cluster, compression: str | None) -> None:
    """The broker's native codecs and those of kafka-python understand each other."""
    topic = kafka.fresh_topic("codec")
    values = [f"event {number} của phường Sài Gòn".encode() for number in range(200)]
    produce(kafka.bootstrap, topic, values, compression)
    assert [value for value, _ in consume(kafka.bootstrap, topic, len(values))] == values


@pytest.mark.parametrize("compression", ["gzip", "lz4", "snappy", "zstd"])
def test_the_worker_s_client_writes_and_reads_every_compression(kafka: Cluster, compression: str) -> None:
    """The client below Faust does lz4, snappy and zstd by cramjam; producers out there choose any of them."""
    topic = kafka.fresh_topic("codec")
    values = [f"event {number} của phường Sài Gòn".encode() for number in range(200)]

    async def round_trip() -> list[bytes | None]:
        producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, compression_type=compression)
        consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest")
        await producer.start()
        await consumer.start()
        try:
            batch = producer.create_batch()
            for value in values:
                batch.append(key=None, value=value, timestamp=1)
            batch.close()
            await (await producer.send_batch(batch, topic, partition=0))
            found: list[bytes | None] = []
            while len(found) < len(values):
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found += [record.value for record in records]
            return found
        finally:
            await producer.stop()
            await consumer.stop()

    assert asyncio.run(asyncio.wait_for(round_trip(), 30)) == values


@pytest.mark.parametrize("at_ms", [YEAR_2015_MS, YEAR_2100_MS])
def test_timestamps_of_any_year_are_accepted_and_kept(kafka: Cluster, at_ms: int) -> None:
    """A recording of 2015 is replayed with its own timestamps, and a clock may be far ahead."""
    topic = kafka.fresh_topic("old")
    produce(kafka.bootstrap, topic, [b"then"], at_ms=at_ms)
    assert consume(kafka.bootstrap, topic, 1) == [(b"then", at_ms)]


def test_an_unknown_topic_is_not_made_by_asking_for_it(kafka: Cluster) -> None:
    """A misspelt topic must be an error, not a second topic."""
    name = kafka.fresh_name("misspelt")
    with KafkaConsumer(bootstrap_servers=kafka.bootstrap) as consumer:
        assert consumer.partitions_for_topic(name) in (None, set())
        assert name not in consumer.topics()


def test_a_group_commits_and_goes_on_from_there(kafka: Cluster) -> None:
    """Group coordination and the offsets topic work on one node."""
    topic, group = kafka.fresh_topic("grouped"), kafka.fresh_name("group")
    produce(kafka.bootstrap, topic, [b"a", b"b", b"c"])
    settings = {"bootstrap_servers": kafka.bootstrap, "group_id": group, "auto_offset_reset": "earliest"}
    with KafkaConsumer(topic, enable_auto_commit=False, **settings) as consumer:
        assert next(consumer).value == b"a"
        consumer.commit()
    with KafkaConsumer(topic, enable_auto_commit=False, **settings) as consumer:
        assert next(consumer).value == b"b"


def test_it_listens_on_loopback_only(kafka: Cluster) -> None:
    """Nobody else on the network reaches a broker without a password."""
    listening = [
        connection.laddr.ip.removeprefix("::ffff:")
        for connection in psutil.Process(kafka.broker.pid).net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert set(listening) == {"127.0.0.1"}


def test_records_survive_a_restart_and_a_kill_on_the_same_port(own_broker: EmbeddedKafka) -> None:
    """A clean end and a SIGKILL both keep what was acknowledged."""
    with administering(Kafka(bootstrap=own_broker.bootstrap)) as admin:
        admin.create_topics({"kept": {"num_partitions": 1}}, wait_for_metadata=True)
    before = own_broker.bootstrap
    produce(before, "kept", [b"first"])
    own_broker.restart()
    produce(before, "kept", [b"second"])
    own_broker.kill()
    assert not own_broker.running
    own_broker.start()
    assert own_broker.bootstrap == before
    assert [value for value, _ in consume(before, "kept", 2)] == [b"first", b"second"]


def test_a_paused_broker_is_silent_and_a_resumed_one_serves(own_broker: EmbeddedKafka) -> None:
    """SIGSTOP and SIGCONT are the fault of a hanging broker."""
    own_broker.start()
    own_broker.pause()
    assert wait_for(lambda: psutil.Process(own_broker.pid).status() == psutil.STATUS_STOPPED)
    own_broker.resume()
    with administering(Kafka(bootstrap=own_broker.bootstrap)) as admin:
        assert "__nothing" not in admin.list_topics()


def test_a_paused_broker_can_be_stopped(tmp_path: Path) -> None:
    """A stopped process gets SIGCONT, so that it can act on SIGTERM."""
    broker = EmbeddedKafka(data=tmp_path).start()
    process = psutil.Process(broker.pid)
    broker.pause()
    broker.stop()
    assert not process.is_running()
    assert "[SharedServer id=1] Stopping" in (tmp_path / "broker.log").read_text(encoding="utf-8")


def test_a_temporary_directory_goes_with_stop_and_a_given_one_stays(tmp_path: Path) -> None:
    """Tests and the demo leave nothing behind; `--data` is the user's."""
    temporary = EmbeddedKafka().start()
    directory = temporary.directory
    temporary.stop()
    assert not directory.exists()
    with EmbeddedKafka(data=tmp_path / "mine"):
        pass
    assert (tmp_path / "mine" / "records" / "meta.properties").exists()


def test_a_port_in_use_is_named_with_the_way_out(kafka: Cluster) -> None:
    """The second broker on a port says so before it starts a JVM."""
    with pytest.raises(ConfigError, match=rf"port {kafka.broker.port} on 127.0.0.1 is in use; .*--port 0"):
        EmbeddedKafka(port=kafka.broker.port).start()


def test_a_failed_start_shows_the_last_lines_of_the_log() -> None:
    """What Kafka said is what the user needs; nothing is left running."""
    broker = EmbeddedKafka(extra={"num.io.threads": "0"})
    with pytest.raises(KafkaUnavailable, match=r"num\.io\.threads"):
        broker.start()
    assert not broker.running


def test_the_broker_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    """After `kill -9` of the parent neither the JVM nor its guard nor its temporary directory is left."""
    code = (
        "import time; from ioc.broker import EmbeddedKafka\n"
        "with EmbeddedKafka() as broker:\n"
        "    print(broker.pid, broker.directory, flush=True); time.sleep(600)\n"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"TMPDIR": str(tmp_path)}) as us:
        assert us.stdout is not None
        pid, directory = us.stdout.readline().split()
        jvm = psutil.Process(int(pid))
        guard = jvm.parent()
        assert jvm.is_running()
        assert guard is not None
        os.kill(us.pid, signal.SIGKILL)
    assert wait_for(lambda: not jvm.is_running() and not guard.is_running() and not Path(directory).exists())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ioc_broker_prints_its_address_and_stops_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    """The command makes the topics, says where it is, and both signals end it with 0 and nothing left running."""
    command = [sys.executable, "-m", "ioc", "broker", "--port", "0", "--partitions", "3", "--data", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        bootstrap = process.stdout.readline().removeprefix("bootstrap ").strip()
        with KafkaConsumer(**client_settings(Kafka(bootstrap=bootstrap))) as consumer:
            assert consumer.partitions_for_topic("ioc.camera-events") == {0, 1, 2}
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "stopped\n")
    assert len(children) == 2
    assert not any(child.is_running() for child in children)
