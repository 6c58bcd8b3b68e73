"""The declared topics against those of the cluster: what differs, and making it so without ever losing a record."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource
from kafka.errors import TopicAlreadyExistsError
from msgspec import Struct

from ioc.config import Kafka
from ioc.errors import KafkaUnavailable
from ioc.kafka import client_settings, reaching
from streams.topics import Topic, declared

Retention = Literal["declared", "keep"]
"""``keep`` never deletes by age: Kafka counts age from a record's own timestamp, so a replayed recording of 2015 is
deleted within minutes where records are kept 7 days."""

_ROUNDS = 3


class Present(Struct, frozen=True):
    """A topic as the cluster has it; ``settings`` holds the effective values of the settings that we declare."""

    name: str
    partitions: int
    replication: int
    settings: tuple[tuple[str, str], ...]


class Change(Struct, frozen=True):
    """One difference: ``create`` and ``grow`` and ``set`` are made by apply, ``leave`` only shown."""

    topic: str
    action: Literal["create", "grow", "set", "leave"]
    setting: str
    present: str
    wanted: str

    def __str__(self) -> str:
        """Return one line for people."""
        if self.action == "create":
            return f"+ {self.topic}: {self.wanted}"
        mark = {"grow": "~", "set": "~", "leave": "!"}[self.action]
        note = {
            "grow": "; keys move: series that come to another partition start to learn anew",
            "set": "",
            "leave": "; left as it is: neither partitions nor replicas are ever taken away or moved",
        }[self.action]
        return f"{mark} {self.topic}: {self.setting} {self.present} -> {self.wanted}{note}"


def wanted_settings(topic: Topic, retention: Retention) -> dict[str, str]:
    """Return the settings of the broker for ``topic``, with ``retention.ms = -1`` where nothing is to be deleted.

    Examples
    --------
    >>> wanted_settings(Topic("t", "k", 1, retention_ms=60_000), "keep")["retention.ms"]
    '-1'
    """
    settings = topic.broker_config()
    if retention == "keep" and not topic.compacted:
        settings["retention.ms"] = "-1"
    return settings


def plan(
    topics: Sequence[Topic], present: Sequence[Present], replication: int, retention: Retention
) -> tuple[Change, ...]:
    """Return what differs between the topics declared and those present, in the order of the declaration."""
    by_name = {topic.name: topic for topic in present}
    changes: list[Change] = []
    for topic in topics:
        found = by_name.get(topic.name)
        if found is None:
            changes.append(_creation(topic, replication, retention))
        else:
            changes += _differences(topic, found, replication, retention)
    return tuple(changes)


def _creation(topic: Topic, replication: int, retention: Retention) -> Change:
    settings = " ".join(f"{name}={value}" for name, value in wanted_settings(topic, retention).items())
    return Change(
        topic.name, "create", "topic", "", f"{topic.partitions} partitions x {replication}, key {topic.key}, {settings}"
    )


def _differences(topic: Topic, found: Present, replication: int, retention: Retention) -> Iterator[Change]:
    if found.partitions != topic.partitions:
        action: Literal["grow", "leave"] = "grow" if found.partitions < topic.partitions else "leave"
        yield Change(topic.name, action, "partitions", str(found.partitions), str(topic.partitions))
    if found.replication != replication:
        yield Change(topic.name, "leave", "replication", str(found.replication), str(replication))
    effective = dict(found.settings)
    for name, value in wanted_settings(topic, retention).items():
        if effective.get(name) != value:
            yield Change(topic.name, "set", name, effective.get(name, "unset"), value)


@contextmanager
def administering(kafka: Kafka) -> Iterator[KafkaAdminClient]:
    """Open an admin client, and close it.

    Raises
    ------
    KafkaUnavailable
        No broker answers, or it refuses us.
    """
    with reaching(kafka), KafkaAdminClient(**client_settings(kafka)) as admin:
        yield admin


def read_present(admin: KafkaAdminClient, topics: Sequence[Topic]) -> tuple[Present, ...]:
    """Return those of ``topics`` that the cluster has."""
    wanted = {topic.name: topic for topic in topics}
    described = [entry for entry in admin.describe_topics() if entry["name"] in wanted]
    if not described:
        return ()
    # a resource each and only the settings we declare: the answer for all settings is 30 times as long
    resources = [ConfigResource("topic", entry["name"], list(_setting_names(topics))) for entry in described]
    configs = admin.describe_configs(resources, config_filter="all")["topic"]
    return tuple(
        Present(
            entry["name"],
            len(entry["partitions"]),
            min(len(partition["replica_nodes"]) for partition in entry["partitions"]),
            tuple(sorted((name, str(found["value"])) for name, found in configs[entry["name"]].items())),
        )
        for entry in described
    )


def _setting_names(topics: Sequence[Topic]) -> list[str]:
    return sorted({name for topic in topics for name in topic.broker_config()} | {"retention.ms"})


def plan_topics(kafka: Kafka, partitions: int | None = None, retention: Retention = "declared") -> tuple[Change, ...]:
    """Return what `apply_topics` would change, changing nothing."""
    topics = declared(partitions or kafka.partitions)
    with administering(kafka) as admin:
        return plan(topics, read_present(admin, topics), kafka.replication, retention)


def apply_topics(kafka: Kafka, partitions: int | None = None, retention: Retention = "declared") -> tuple[Change, ...]:
    """Create what is missing, add partitions, set settings; never shrink, move or delete.

    Parameters
    ----------
    kafka : Kafka
        The cluster; its ``replication`` is that of new topics.
    partitions : int or None
        Partitions of each source topic; None takes ``kafka.partitions``.
    retention : "declared" or "keep"
        ``keep`` for recordings and simulations, whose records are older than the declared retention.

    Returns
    -------
    tuple of Change
        What was changed, and what differs but is left.

    Raises
    ------
    KafkaUnavailable
        No broker answers, or it refuses a change; the message is the broker's.
    """
    topics = declared(partitions or kafka.partitions)
    with administering(kafka) as admin:
        first = plan(topics, read_present(admin, topics), kafka.replication, retention)
        changes = first
        for _ in range(_ROUNDS):
            if all(change.action == "leave" for change in changes):
                return first
            _carry_out(admin, topics, changes, kafka.replication, retention)
            # read again: another process may have created a topic meanwhile, with settings of its own
            changes = plan(topics, read_present(admin, topics), kafka.replication, retention)
        if all(change.action == "leave" for change in changes):
            return first
    raise KafkaUnavailable(
        f"kafka.bootstrap = {kafka.bootstrap}: after {_ROUNDS} rounds still differs: {'; '.join(map(str, changes))}"
    )


def _carry_out(
    admin: KafkaAdminClient, topics: Sequence[Topic], changes: Sequence[Change], replication: int, retention: Retention
) -> None:
    by_name = {topic.name: topic for topic in topics}
    missing = [by_name[change.topic] for change in changes if change.action == "create"]
    if missing:
        _create(admin, missing, replication, retention)
    grown = {change.topic: by_name[change.topic].partitions for change in changes if change.action == "grow"}
    if grown:
        admin.create_partitions(grown)
    updates: dict[str, dict[str, str]] = {}
    for change in changes:
        if change.action == "set":
            updates.setdefault(change.topic, {})[change.setting] = change.wanted
    if updates:
        admin.alter_configs([ConfigResource("topic", name, settings) for name, settings in updates.items()])


def _create(admin: KafkaAdminClient, topics: Sequence[Topic], replication: int, retention: Retention) -> None:
    request = {
        topic.name: {
            "num_partitions": topic.partitions,
            "replication_factor": replication,
            "configs": wanted_settings(topic, retention),
        }
        for topic in topics
    }
    try:
        admin.create_topics(request, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        return  # another process was quicker; the others of the request are created all the same
