"""`ioc topics` and `apply_topics` on a real cluster."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from ioc.broker import EmbeddedKafka
from ioc.config import Kafka
from ioc.errors import KafkaUnavailable
from ioc.topics import administering, apply_topics, plan_topics
from streams.topics import declared


@pytest.fixture(scope="module")
def empty() -> Iterator[Kafka]:
    """Start a broker without any of our topics; the tests of this module follow each other on it."""
    with EmbeddedKafka() as broker:
        yield Kafka(bootstrap=broker.bootstrap, partitions=2)


def ioc_topics(kafka: Kafka, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    command = [sys.executable, "-m", "ioc", "topics", *arguments]
    environ = {"IOC_KAFKA_BOOTSTRAP": kafka.bootstrap, "IOC_KAFKA_PARTITIONS": str(kafka.partitions), "PATH": ""}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environ, timeout=60)


def test_list_shows_what_is_missing(empty: Kafka) -> None:
    """Every declared topic has a line."""
    done = ioc_topics(empty)
    assert done.returncode == 0
    rows = [line.split() for line in done.stdout.splitlines()[1:]]
    assert [row[:2] for row in rows] == [[topic.name, "missing"] for topic in declared()]


def test_plan_changes_nothing_and_can_fail_a_pipeline(empty: Kafka) -> None:
    """`--exit-code` is for continuous integration."""
    done = ioc_topics(empty, "plan", "--exit-code")
    assert done.returncode == 7
    assert done.stdout.count("+ ioc.") == len(declared())
    assert len(plan_topics(empty)) == len(declared())


def test_apply_makes_it_so_and_then_nothing_differs(empty: Kafka) -> None:
    """The plan printed is the change made."""
    planned = plan_topics(empty)
    assert apply_topics(empty) == planned
    assert plan_topics(empty) == ()
    done = ioc_topics(empty, "apply")
    assert (done.returncode, done.stdout) == (0, "nothing differs\n")


def test_partitions_grow_and_never_shrink(empty: Kafka) -> None:
    """Asking for fewer is shown, and leaves them."""
    apply_topics(empty, partitions=3)
    left = apply_topics(empty, partitions=1)
    assert {(change.action, change.present) for change in left} == {("leave", "3")}
    done = ioc_topics(empty, "list")
    assert ["ioc.telemetry", "3", "1", "7", "days", "asset_id"] in [line.split() for line in done.stdout.splitlines()]


def test_retention_can_be_lifted_and_set_again(empty: Kafka) -> None:
    """`keep` for a replay of old recordings, `declared` for production."""
    apply_topics(empty, partitions=3, retention="keep")
    assert ioc_topics(empty, "list").stdout.count("for ever") == 7
    apply_topics(empty, partitions=3, retention="declared")
    assert ioc_topics(empty, "list").stdout.count("for ever") == 0


def test_a_cluster_that_refuses_says_why() -> None:
    """Three replicas on one broker: the broker's words reach the user, and no topic is half made."""
    with EmbeddedKafka() as broker:
        kafka = Kafka(bootstrap=broker.bootstrap, replication=3)
        with pytest.raises(KafkaUnavailable, match=r"refuses: .*replica"):
            apply_topics(kafka)
        with administering(kafka) as admin:
            assert admin.list_topics() == []


def test_no_broker_is_exit_code_4_and_one_line() -> None:
    """The address and the way out are in the line."""
    done = ioc_topics(Kafka(bootstrap="127.0.0.1:1"), "plan")
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    assert "127.0.0.1:1" in done.stderr
    assert "ioc broker" in done.stderr
