"""What differs between declared topics and those of a cluster, without a cluster."""

import msgspec
import pytest

from ioc.topics import Change, Present, plan, wanted_settings
from streams.topics import Topic, declared

TOPIC = Topic("t", "key", 4, retention_ms=60_000)


def as_declared(topic: Topic, partitions: int | None = None, replication: int = 1) -> Present:
    """Return the topic as a cluster would have it after apply."""
    settings = tuple(sorted(wanted_settings(topic, "declared").items()))
    return Present(topic.name, topic.partitions if partitions is None else partitions, replication, settings)


def test_an_empty_cluster_gets_every_topic_in_the_order_declared() -> None:
    """Creation is all there is to do."""
    topics = declared(4)
    changes = plan(topics, (), 1, "declared")
    assert [change.action for change in changes] == ["create"] * len(topics)
    assert [change.topic for change in changes] == [topic.name for topic in topics]


def test_a_cluster_as_declared_needs_nothing() -> None:
    """Apply twice changes nothing the second time."""
    topics = declared(4)
    assert plan(topics, [as_declared(topic) for topic in topics], 1, "declared") == ()


def test_too_few_partitions_grow_and_too_many_are_left() -> None:
    """Kafka can't take partitions away without losing records."""
    (grown,) = plan([TOPIC], [as_declared(TOPIC, partitions=2)], 1, "declared")
    assert grown == Change("t", "grow", "partitions", "2", "4")
    (left,) = plan([TOPIC], [as_declared(TOPIC, partitions=8)], 1, "declared")
    assert left == Change("t", "leave", "partitions", "8", "4")


def test_another_replication_is_shown_and_left() -> None:
    """Replicas are moved by the operator of the cluster."""
    (left,) = plan([TOPIC], [as_declared(TOPIC, replication=1)], 3, "declared")
    assert left == Change("t", "leave", "replication", "1", "3")


def test_a_setting_that_differs_or_is_missing_is_set() -> None:
    """The effective value counts, wherever it comes from."""
    present = as_declared(TOPIC)
    settings = dict(present.settings) | {"retention.ms": "1"}
    del settings["max.message.bytes"]
    present = msgspec.structs.replace(present, settings=tuple(settings.items()))
    changes = plan([TOPIC], [present], 1, "declared")
    assert set(changes) == {
        Change("t", "set", "retention.ms", "1", "60000"),
        Change("t", "set", "max.message.bytes", "unset", "1048576"),
    }


def test_topics_of_others_are_none_of_our_business() -> None:
    """A shared cluster has more topics than ours."""
    other = Present("other", 1, 1, ())
    assert plan([TOPIC], [as_declared(TOPIC), other], 1, "declared") == ()


def test_keeping_lifts_age_limits_and_leaves_compaction() -> None:
    """Recordings are older than any retention; compacted topics have none."""
    settings = {topic.name: wanted_settings(topic, "keep") for topic in declared(1)}
    assert {each.get("retention.ms") for each in settings.values()} == {"-1", None}
    assert settings["ioc.incidents"]["cleanup.policy"] == "compact"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (Change("t", "create", "topic", "", "4 partitions"), "+ t: 4 partitions"),
        (Change("t", "set", "retention.ms", "1", "2"), "~ t: retention.ms 1 -> 2"),
        (Change("t", "grow", "partitions", "2", "4"), "~ t: partitions 2 -> 4; keys move: "),
        (Change("t", "leave", "partitions", "8", "4"), "! t: partitions 8 -> 4; left as it is: "),
    ],
)
def test_every_change_reads_as_one_line(change: Change, line: str) -> None:
    """The consequence stands beside the change."""
    assert str(change).startswith(line)
    assert "\n" not in str(change)
