"""One real Kafka for all integration tests of a process, and topics that no other test knows."""

import itertools
import os
from collections.abc import Iterator

import pytest
from msgspec import Struct

from ioc.broker import EmbeddedKafka
from ioc.config import Kafka
from ioc.topics import administering

_numbers = itertools.count()


class Cluster(Struct, frozen=True):
    """A running broker: tests share it, so they make topics of their own and never stop it."""

    broker: EmbeddedKafka

    @property
    def bootstrap(self) -> str:
        """Address for `bootstrap.servers`."""
        return self.broker.bootstrap

    @property
    def config(self) -> Kafka:
        """The cluster as the product's configuration names it."""
        return Kafka(bootstrap=self.broker.bootstrap)

    def fresh_name(self, stem: str = "test") -> str:
        """Return a name that nothing else has, for a topic or a group."""
        return f"{stem}-{os.getpid()}-{next(_numbers)}"

    def fresh_topic(self, stem: str = "test", partitions: int = 1, **settings: str) -> str:
        """Create a topic under a fresh name and return the name; ``max_message_bytes="100"`` sets max.message.bytes."""
        name = self.fresh_name(stem)
        configs = {key.replace("_", "."): value for key, value in settings.items()}
        request = {name: {"num_partitions": partitions, "replication_factor": 1, "configs": configs}}
        with administering(self.config) as admin:
            admin.create_topics(request, wait_for_metadata=True)
        return name


@pytest.fixture(scope="session")
def kafka() -> Iterator[Cluster]:
    """Start the shared broker; it keeps records of any age."""
    with EmbeddedKafka() as broker:
        yield Cluster(broker)
