# How kafka-python names what a configuration belongs to.

from collections.abc import Mapping, Sequence

from kafka import KafkaAdminClient as KafkaAdminClient

class ConfigResource:
    name: str
    def __init__(
        self, resource_type: str, name: str, configs: Mapping[str, str] | Sequence[str] | None = None
    ) -> None: ...
