"""All event types: one union that decodes in a single pass, and what the codec must know of each type."""

from collections.abc import Callable, Sequence
from typing import Any

from streams.envelope import Envelope
from streams.events.camera import CameraAnalytics, CameraHealth
from streams.events.control import Punctuation
from streams.events.dossier import DossierLifecycle
from streams.events.fieldreport import FieldReport
from streams.events.kpi import KpiFigure
from streams.events.queue import QueueCounter, QueueSnapshot, QueueTicket
from streams.events.telemetry import TelemetryObservation
from streams.topics import CAMERA_EVENTS, FIELD_REPORTS, SERVICE_QUEUES, TELEMETRY

__all__ = [
    "EVENT_TYPES",
    "KEY_FIELD",
    "TYPES_OF_TOPIC",
    "CameraAnalytics",
    "CameraHealth",
    "DossierLifecycle",
    "Event",
    "FieldReport",
    "KpiFigure",
    "Punctuation",
    "QueueCounter",
    "QueueSnapshot",
    "QueueTicket",
    "TelemetryObservation",
    "data_keys",
    "record_key",
    "topic_of",
]

Event = (
    CameraAnalytics
    | CameraHealth
    | FieldReport
    | QueueTicket
    | QueueSnapshot
    | QueueCounter
    | DossierLifecycle
    | TelemetryObservation
    | KpiFigure
    | Punctuation
)

TYPES_OF_TOPIC: dict[str, tuple[type[Envelope], ...]] = {
    CAMERA_EVENTS: (CameraAnalytics, CameraHealth),
    FIELD_REPORTS: (FieldReport,),
    SERVICE_QUEUES: (QueueTicket, QueueSnapshot, QueueCounter, DossierLifecycle),
    TELEMETRY: (TelemetryObservation, KpiFigure),
}
"""Which event types a source topic carries, besides `Punctuation`, which may stand on each."""

KEY_FIELD: dict[str, str] = {
    CAMERA_EVENTS: "camera_id",
    FIELD_REPORTS: "unit_code",
    SERVICE_QUEUES: "office_id",
    TELEMETRY: "asset_id",
}
"""Which field of ``data`` is the record key of a source topic."""

EVENT_TYPES: tuple[type[Envelope], ...] = (*(t for types in TYPES_OF_TOPIC.values() for t in types), Punctuation)

_DATA_KEYS: dict[str, Callable[[Sequence[Any]], list[str]]] = {  # spelt out: attrgetter takes half as long again
    CAMERA_EVENTS: lambda events: [event.data.camera_id for event in events],
    FIELD_REPORTS: lambda events: [event.data.unit_code for event in events],
    SERVICE_QUEUES: lambda events: [event.data.office_id for event in events],
    TELEMETRY: lambda events: [event.data.asset_id for event in events],
}

_TOPIC_OF = {event_type: topic for topic, types in TYPES_OF_TOPIC.items() for event_type in types}


def topic_of(event: Event) -> str | None:
    """Return the source topic of an event; None for a `Punctuation`, which belongs to every one."""
    return _TOPIC_OF.get(type(event))


def record_key(event: Event) -> bytes | None:
    """Return the key that the event's record must have; None for a `Punctuation`."""
    topic = topic_of(event)
    return None if topic is None else data_keys(topic, [event])[0].encode()


def data_keys(topic: str, events: Sequence[Event]) -> list[str]:
    """Return the record key of every event of one source topic (none of them a `Punctuation`)."""
    return _DATA_KEYS[topic](events)
