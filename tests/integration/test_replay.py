"""Replay and record on a real Kafka: what goes in comes out, where it belongs."""

import random
from pathlib import Path

import pytest
from click.testing import CliRunner
from kafka import KafkaConsumer, TopicPartition

from ioc.commands.replay import command as replay_command
from ioc.envelope import Chunk
from ioc.errors import KafkaUnavailable
from ioc.record import RecordOptions, record
from ioc.recording import Recording, RecordingWriter
from ioc.replay import ReplayOptions, replay_to_kafka
from ioc.simulate import Simulation, SimulationSettings
from ioc.units import load_places
from streams.punctuation import PUNCTUATION
from streams.shell.partitioning import partition_of
from tests.integration.conftest import Cluster

PARTITIONS = 3
Row = tuple[bytes | None, int, bytes | None, tuple[tuple[str, bytes], ...]]


def recorded(path: Path, topics: dict[str, str]) -> list[Row]:
    """Write a small recording under fresh topic names and return its records."""
    rows: list[Row] = []
    with RecordingWriter(path) as writer:
        for chunk in Simulation(SimulationSettings(days=1, cameras=3, scale=0.1), load_places()).chunks():
            renamed = [topics[name] for name in chunk.topics]
            writer.write(Chunk(renamed, *(getattr(chunk, name) for name in Chunk.__struct_fields__[1:])))
            rows += zip(chunk.keys, chunk.timestamps_ms, chunk.values, chunk.headers, strict=True)
    return rows


def fresh_topics(kafka: Cluster) -> dict[str, str]:
    """Return topics of this test's own for the four sources."""
    names = ("ioc.camera-events", "ioc.field-reports", "ioc.service-queues", "ioc.telemetry")
    return {name: kafka.fresh_topic("replay", PARTITIONS) for name in names}


def consumed(kafka: Cluster, topics: list[str]) -> dict[TopicPartition, list[Row]]:
    """Read topics with a client that shares nothing with the product."""
    with KafkaConsumer(bootstrap_servers=kafka.bootstrap, group_id=None) as consumer:
        places = [TopicPartition(topic, partition) for topic in topics for partition in range(PARTITIONS)]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends = consumer.end_offsets(places)
        found: dict[TopicPartition, list[Row]] = {place: [] for place in places}
        while any(consumer.position(place) < ends[place] for place in places):
            for place, records in consumer.poll(timeout_ms=500).items():
                found[place] += [(r.key, r.timestamp, r.value, tuple(r.headers)) for r in records]
    return found


def is_punctuation(row: Row) -> bool:
    """Tell our marks from the recording's records."""
    return row[2] is not None and PUNCTUATION.encode() in row[2]


def test_replay_delivers_every_record_once_to_the_partition_of_its_key(kafka: Cluster, tmp_path: Path) -> None:
    """Keys, timestamps, values, headers: all as recorded, poison and tombstones included, in order per key."""
    topics = fresh_topics(kafka)
    rows = recorded(tmp_path / "r.ndjson.zst", topics)
    recording = Recording(tmp_path / "r.ndjson.zst")
    summary = replay_to_kafka(kafka.config, recording.chunks(), recording.outline(), ReplayOptions())
    assert (summary.records, summary.refused) == (len(rows), 0)
    found = consumed(kafka, list(topics.values()))
    events = {place: [row for row in seen if not is_punctuation(row)] for place, seen in found.items()}
    assert sorted(map(repr, (row for seen in events.values() for row in seen))) == sorted(map(repr, rows))
    for place, seen in events.items():
        assert [row[1] for row in seen] == sorted(row[1] for row in seen)
        assert all(row[0] is None or partition_of(row[0], PARTITIONS) == place.partition for row in seen)


def test_every_partition_begins_and_ends_with_a_punctuation(kafka: Cluster, tmp_path: Path) -> None:
    """Also the partitions that no key goes to."""
    topics = fresh_topics(kafka)
    recorded(tmp_path / "r.ndjson", topics)
    recording = Recording(tmp_path / "r.ndjson")
    replay_to_kafka(kafka.config, recording.chunks(), recording.outline(), ReplayOptions())
    for seen in consumed(kafka, list(topics.values())).values():
        assert [is_punctuation(row) for row in (seen[0], seen[-1])] == [True, True]
        assert sum(map(is_punctuation, seen)) == 2


def test_what_is_recorded_again_is_what_was_replayed(kafka: Cluster, tmp_path: Path) -> None:
    """The round trip through Kafka keeps each partition's records and their order."""
    topics = fresh_topics(kafka)
    recorded(tmp_path / "in.ndjson.gz", topics)
    recording = Recording(tmp_path / "in.ndjson.gz")
    replay_to_kafka(kafka.config, recording.chunks(), recording.outline(), ReplayOptions(close_after_ms=None))
    with RecordingWriter(tmp_path / "out.ndjson.gz") as writer:
        record(kafka.config, list(topics.values()), writer, RecordOptions(until_end=True))

    def columns(path: Path, partitions: int | None) -> dict[tuple[str, int], list[Row]]:
        held: dict[tuple[str, int], list[Row]] = {}
        for batch in Recording(path).batches(partitions=partitions):
            held.setdefault((batch.topic, batch.partition), []).extend(
                zip(batch.keys, batch.timestamps_ms, batch.values, batch.headers, strict=True)
            )
        return held

    assert columns(tmp_path / "out.ndjson.gz", None) == columns(tmp_path / "in.ndjson.gz", PARTITIONS)


def test_recording_starts_at_an_instant_and_stops_at_a_limit(kafka: Cluster, tmp_path: Path) -> None:
    """The first record is the first at or after the instant."""
    topics = fresh_topics(kafka)
    rows = recorded(tmp_path / "in.ndjson", topics)
    recording = Recording(tmp_path / "in.ndjson")
    replay_to_kafka(kafka.config, recording.chunks(), recording.outline(), ReplayOptions(close_after_ms=None))
    middle_ms = rows[len(rows) // 2][1]
    with RecordingWriter(tmp_path / "out.ndjson") as writer:
        written = record(kafka.config, [topics["ioc.telemetry"]], writer, RecordOptions(middle_ms, max_records=5))
    stamps = [stamp for chunk in Recording(tmp_path / "out.ndjson").chunks() for stamp in chunk.timestamps_ms]
    assert written == len(stamps) == 5
    assert min(stamps) >= middle_ms


def test_records_that_the_broker_refuses_are_counted_and_the_rest_delivered(kafka: Cluster, tmp_path: Path) -> None:
    """The command says how many and exits with 4."""
    topic = kafka.fresh_topic("small", 1, max_message_bytes="2000")
    good = Chunk([topic], [0], [0], [1_772_384_400_000], [b"k"], [b"{}"], [()])
    large = Chunk([topic], [0], [1], [1_772_384_400_001], [b"k"], [random.Random(1).randbytes(10_000)], [()])
    with RecordingWriter(tmp_path / "r") as writer:
        writer.write(large)
    with RecordingWriter(tmp_path / "s") as writer:
        writer.write(good)
    environment = {"IOC_KAFKA_BOOTSTRAP": kafka.bootstrap}
    refused = CliRunner().invoke(replay_command, [str(tmp_path / "r"), "--no-punctuation"], env=environment)
    assert isinstance(refused.exception, KafkaUnavailable)
    assert refused.exception.exit_code == 4
    assert "1 of 1 records were refused" in str(refused.exception)
    taken = CliRunner().invoke(replay_command, [str(tmp_path / "s")], env=environment)
    assert taken.exit_code == 0
    assert "1 records" in taken.stderr


def test_recording_a_topic_that_is_not_there_says_so(kafka: Cluster, tmp_path: Path) -> None:
    """And creates none."""
    with RecordingWriter(tmp_path / "r") as writer, pytest.raises(KafkaUnavailable, match="no such topic: nowhere"):
        record(kafka.config, ["nowhere"], writer, RecordOptions(until_end=True))
