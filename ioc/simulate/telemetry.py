"""Telemetry of the simulated province: one metric per mast, server, link and application, every 5 minutes."""

from collections.abc import Iterator

import numpy as np

from ioc.simulate.flow import MINUTE_MS, SECOND_MS, Floats, Flow, flow, head, rfc3339, stamps
from ioc.simulate.province import Equipment, Province
from streams.events.fields import Location
from streams.events.telemetry import AssetKind, MetricKind, ObservationData, TelemetryObservation
from streams.topics import TELEMETRY

_SLOTS = 288
_SLOT_MS = 5 * MINUTE_MS
_PERSISTENCE = 0.9
_NOISE = 0.05
_DELAY_S = 0.8
# kind: metric, UCUM unit, hour of the peak, how much of the level swings with the day
_METRICS = {
    "bts": ("throughput", "Mbit/s", 20.0, 0.6),
    "server": ("cpu_load", "%", 10.0, 0.3),
    "link": ("latency", "ms", 21.0, 0.15),
    "application": ("requests", "1", 9.5, 0.8),
}


class Telemetry:
    """All equipment of a province; `day` gives what it sends in one day."""

    def __init__(self, seed: int, province: Province) -> None:
        self._seed = seed
        self._equipment = province.equipment
        self._tenant = province.tenant

    def day(self, number: int, first_ms: int) -> Flow:
        """Return the observations of one day."""
        random = np.random.default_rng([self._seed, 4, number])
        return flow(TELEMETRY, self._observations(random, first_ms)).delayed(random, _DELAY_S)

    def _observations(self, random: np.random.Generator, first_ms: int) -> Iterator[tuple[int, TelemetryObservation]]:
        for row, asset in enumerate(self._equipment):
            at_ms = first_ms + _SLOT_MS * np.arange(_SLOTS) + (row * 53 % 300) * SECOND_MS
            readings = np.round(_readings(random, asset), 3).tolist()
            place = Location(lat=asset.lat, lon=asset.lon, accuracy_m=20)
            source = f"/vn/{self._tenant}/telemetry/{asset.id}"
            metric, unit, _, _ = _METRICS[asset.kind]
            for when_ms, stamp, time, value in zip(
                at_ms.tolist(), stamps(at_ms), rfc3339(at_ms), readings, strict=True
            ):
                data = ObservationData(
                    tenant=self._tenant,
                    unit_code=asset.unit.code,
                    location=place,
                    asset_id=asset.id,
                    asset_kind=AssetKind(asset.kind),
                    metric=metric,
                    value=value,
                    unit=unit,
                    interval_s=300.0,
                    kind=MetricKind.GAUGE,
                )
                yield (
                    when_ms,
                    TelemetryObservation(**head(f"{asset.id}-{metric}-{stamp}", source, time, asset.id), data=data),
                )


def _readings(random: np.random.Generator, asset: Equipment) -> Floats:
    """Return a day's readings: a daily swing times slow, persistent noise."""
    _, _, peak, swing = _METRICS[asset.kind]
    hours = np.arange(_SLOTS) / 12.0
    shocks = random.normal(0.0, _NOISE * np.sqrt(1 - _PERSISTENCE**2), _SLOTS)
    weights = _PERSISTENCE ** np.arange(_SLOTS)
    drift = np.convolve(shocks, weights)[:_SLOTS]
    readings: Floats = asset.level * (1 + swing * np.cos((hours - peak) * np.pi / 12)) * np.exp(drift)
    return readings
