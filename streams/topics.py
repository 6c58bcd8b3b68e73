"""The topics of the processor, declared once: names, keys, partitions, retention, compaction."""

from msgspec import Struct

CAMERA_EVENTS = "ioc.camera-events"
FIELD_REPORTS = "ioc.field-reports"
SERVICE_QUEUES = "ioc.service-queues"
TELEMETRY = "ioc.telemetry"
ANOMALIES = "ioc.anomalies"
INCIDENTS = "ioc.incidents"
DEAD_LETTERS = "ioc.dead-letters"
LATE_EVENTS = "ioc.late-events"
SNAPSHOTS = "ioc.snapshots"

SOURCES = (CAMERA_EVENTS, FIELD_REPORTS, SERVICE_QUEUES, TELEMETRY)

_DAY_MS = 24 * 3600 * 1000
_MIB = 1024 * 1024


_CLEAN_SOON = {
    "min.cleanable.dirty.ratio": "0.1",
    "segment.bytes": str(64 * _MIB),
    "segment.ms": str(600_000),
    "delete.retention.ms": str(60_000),
}
"""Compacted topics are read whole (snapshots at every assignment): what is superseded should go soon."""


class Topic(Struct, frozen=True):
    """One topic as it is created: ``retention_ms`` is None where the topic is compacted."""

    name: str
    key: str
    partitions: int
    retention_ms: int | None
    max_message_bytes: int = _MIB

    @property
    def compacted(self) -> bool:
        """Whether Kafka keeps the last value per key instead of deleting by age."""
        return self.retention_ms is None

    def broker_config(self) -> dict[str, str]:
        """Return the topic-level settings of the broker."""
        common = {"max.message.bytes": str(self.max_message_bytes), "message.timestamp.type": "CreateTime"}
        if self.retention_ms is None:
            return {**common, "cleanup.policy": "compact", **_CLEAN_SOON}
        return {**common, "cleanup.policy": "delete", "retention.ms": str(self.retention_ms)}


def declared(partitions: int = 4) -> tuple[Topic, ...]:
    """Return every topic; ``partitions`` is that of the source topics, the upper bound of workers in parallel."""
    return (
        Topic(CAMERA_EVENTS, "camera_id", partitions, 7 * _DAY_MS),
        Topic(FIELD_REPORTS, "unit_code", partitions, 30 * _DAY_MS),
        Topic(SERVICE_QUEUES, "office_id", partitions, 7 * _DAY_MS),
        Topic(TELEMETRY, "asset_id", partitions, 7 * _DAY_MS),
        Topic(ANOMALIES, "tenant", 1, 30 * _DAY_MS),
        Topic(INCIDENTS, "incident id", 1, None),
        Topic(DEAD_LETTERS, "origin", 1, 30 * _DAY_MS),
        Topic(LATE_EVENTS, "key of the event", 1, 7 * _DAY_MS),
        Topic(SNAPSHOTS, "stage, partition, block", 1, None),
    )
