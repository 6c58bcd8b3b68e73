"""How each family of series is read from events: which events, which key, which value, which identity."""

from collections.abc import Sequence
from typing import Any

from streams.anomalies import Series
from streams.banks.intake import Reader, Samples
from streams.events import CameraAnalytics, CameraHealth, Event, QueueSnapshot, TelemetryObservation
from streams.events.camera import Rule
from streams.events.telemetry import MetricKind

Pair = tuple[str, str]

_CAMERA_TYPES = frozenset({CameraAnalytics, CameraHealth})
_OFFICE_TYPES = frozenset({QueueSnapshot})
_TELEMETRY_TYPES = frozenset({TelemetryObservation})


def _of_types(events: Sequence[Any], first: int, types: frozenset[type]) -> tuple[Sequence[int], list[Any]]:
    """Return the positions of the events of these types, and their data: all, on their own topic."""
    if types.issuperset(map(type, events)):
        return range(first, first + len(events)), [event.data for event in events]
    chosen = [(position, event.data) for position, event in enumerate(events, first) if type(event) in types]
    return [position for position, _ in chosen], [data for _, data in chosen]


def _read_camera_counts(events: Sequence[Any], first: int) -> Samples[Pair]:
    plain = Rule.COUNT
    positions = [
        position
        for position, event in enumerate(events, first)
        if type(event) is CameraAnalytics and (data := event.data).rule is plain and data.count is not None
    ]
    chosen = [events[position - first].data for position in positions]
    keys = [(data.camera_id, data.object_class or "") for data in chosen]
    return Samples(positions, keys, [data.count for data in chosen], [data.interval_s is None for data in chosen])


def _identify_camera_count(event: Event) -> Series:
    if not isinstance(event, CameraAnalytics):
        raise TypeError(f"{type(event).__name__} is no camera count")
    data = event.data
    return Series(data.tenant, data.unit_code, "camera.count", data.camera_id, str(data.object_class or ""))


def _read_cameras(events: Sequence[Any], first: int) -> Samples[str]:
    positions, chosen = _of_types(events, first, _CAMERA_TYPES)
    return Samples(positions, [data.camera_id for data in chosen], [], [])


def _identify_camera(event: Event) -> Series:
    if not isinstance(event, CameraAnalytics | CameraHealth):
        raise TypeError(f"{type(event).__name__} is no camera event")
    return Series(event.data.tenant, event.data.unit_code, "camera.signal", event.data.camera_id)


def _read_telemetry(events: Sequence[Any], first: int) -> Samples[Pair]:
    positions, chosen = _of_types(events, first, _TELEMETRY_TYPES)
    keys = [(data.asset_id, data.metric) for data in chosen]
    return Samples(
        positions, keys, [data.value for data in chosen], [data.kind is MetricKind.COUNTER for data in chosen]
    )


def _identify_telemetry(event: Event) -> Series:
    if not isinstance(event, TelemetryObservation):
        raise TypeError(f"{type(event).__name__} is no telemetry")
    data = event.data
    return Series(data.tenant, data.unit_code or "", "telemetry.value", data.asset_id, data.metric)


def _read_assets(events: Sequence[Any], first: int) -> Samples[str]:
    positions, chosen = _of_types(events, first, _TELEMETRY_TYPES)
    return Samples(positions, [data.asset_id for data in chosen], [], [])


def _identify_asset(event: Event) -> Series:
    if not isinstance(event, TelemetryObservation):
        raise TypeError(f"{type(event).__name__} is no telemetry")
    return Series(event.data.tenant, event.data.unit_code or "", "telemetry.signal", event.data.asset_id)


def _read_offices(events: Sequence[Any], first: int) -> Samples[str]:
    positions, chosen = _of_types(events, first, _OFFICE_TYPES)
    return Samples(positions, [data.office_id for data in chosen], [], [])


def _identify_office(event: Event) -> Series:
    if not isinstance(event, QueueSnapshot):
        raise TypeError(f"{type(event).__name__} is no queue snapshot")
    return Series(event.data.tenant, event.data.unit_code, "queue.signal", event.data.office_id)


CAMERA_COUNTS = Reader(_read_camera_counts, _identify_camera_count, tuple[str, str])
CAMERA_SIGNALS = Reader(_read_cameras, _identify_camera, str)
TELEMETRY_VALUES = Reader(_read_telemetry, _identify_telemetry, tuple[str, str])
OFFICE_SIGNALS = Reader(_read_offices, _identify_office, str)
TELEMETRY_SIGNALS = Reader(_read_assets, _identify_asset, str)
