"""The embedded Kafka: a real broker from pip packages and jars of Maven, for the demo, the tests and development."""

from ioc.broker.embedded import EmbeddedKafka
from ioc.broker.settings import free_ports

__all__ = ["EmbeddedKafka", "free_ports"]
