# How kafka-python names what a configuration belongs to, and rights.

from collections.abc import Mapping, Sequence
from enum import IntEnum

from kafka import KafkaAdminClient as KafkaAdminClient

class ConfigResource:
    name: str
    def __init__(
        self, resource_type: str, name: str, configs: Mapping[str, str] | Sequence[str] | None = None
    ) -> None: ...

class ResourceType(IntEnum):
    TOPIC = 2
    GROUP = 3

class ACLOperation(IntEnum):
    READ = 3
    WRITE = 4

class ACLPermissionType(IntEnum):
    ALLOW = 3

class ACLResourcePatternType(IntEnum):
    LITERAL = 3
    PREFIXED = 4

class ResourcePattern:
    def __init__(
        self,
        resource_type: ResourceType,
        resource_name: str,
        pattern_type: ACLResourcePatternType = ...,
    ) -> None: ...

class ACL:
    def __init__(
        self,
        principal: str,
        host: str,
        operation: ACLOperation,
        permission_type: ACLPermissionType,
        resource_pattern: ResourcePattern,
    ) -> None: ...
