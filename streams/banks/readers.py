"""How each family of series is read from events: which events, which key, which value, which identity."""

from collections.abc import Sequence

from streams.anomalies import Series
from streams.banks.samples import Reader, Samples
from streams.events import CameraAnalytics, CameraHealth, Event, TelemetryObservation
from streams.events.camera import Rule
from streams.events.telemetry import MetricKind

Pair = tuple[str, str]


def _read_camera_counts(events: Sequence[Event]) -> Samples[Pair]:
    positions, keys, values, plain = [], [], [], Rule.COUNT
    for position, event in enumerate(events):
        if isinstance(event, CameraAnalytics):
            data = event.data
            if data.rule is plain and data.count is not None and data.interval_s is not None:
                positions.append(position)
                keys.append((data.camera_id, data.object_class or ""))
                values.append(float(data.count))
    return Samples(positions, keys, values)


def _identify_camera_count(event: Event) -> Series:
    if not isinstance(event, CameraAnalytics):
        raise TypeError(f"{type(event).__name__} is no camera count")
    data = event.data
    return Series(data.tenant, data.unit_code, "camera.count", data.camera_id, str(data.object_class or ""))


def _read_cameras(events: Sequence[Event]) -> Samples[str]:
    positions, keys = [], []
    for position, event in enumerate(events):
        if isinstance(event, CameraAnalytics | CameraHealth):
            positions.append(position)
            keys.append(event.data.camera_id)
    return Samples(positions, keys, [])


def _identify_camera(event: Event) -> Series:
    if not isinstance(event, CameraAnalytics | CameraHealth):
        raise TypeError(f"{type(event).__name__} is no camera event")
    return Series(event.data.tenant, event.data.unit_code, "camera.signal", event.data.camera_id)


def _read_gauges(events: Sequence[Event]) -> Samples[Pair]:
    positions, keys, values, gauge = [], [], [], MetricKind.GAUGE
    for position, event in enumerate(events):
        if isinstance(event, TelemetryObservation) and event.data.kind is gauge:
            positions.append(position)
            keys.append((event.data.asset_id, event.data.metric))
            values.append(event.data.value)
    return Samples(positions, keys, values)


def _identify_gauge(event: Event) -> Series:
    if not isinstance(event, TelemetryObservation):
        raise TypeError(f"{type(event).__name__} is no telemetry")
    data = event.data
    return Series(data.tenant, data.unit_code or "", "telemetry.value", data.asset_id, data.metric)


def _read_assets(events: Sequence[Event]) -> Samples[str]:
    positions, keys = [], []
    for position, event in enumerate(events):
        if isinstance(event, TelemetryObservation):
            positions.append(position)
            keys.append(event.data.asset_id)
    return Samples(positions, keys, [])


def _identify_asset(event: Event) -> Series:
    if not isinstance(event, TelemetryObservation):
        raise TypeError(f"{type(event).__name__} is no telemetry")
    return Series(event.data.tenant, event.data.unit_code or "", "telemetry.signal", event.data.asset_id)


CAMERA_COUNTS = Reader(_read_camera_counts, _identify_camera_count, tuple[str, str])
CAMERA_SIGNALS = Reader(_read_cameras, _identify_camera, str)
TELEMETRY_GAUGES = Reader(_read_gauges, _identify_gauge, tuple[str, str])
TELEMETRY_SIGNALS = Reader(_read_assets, _identify_asset, str)
