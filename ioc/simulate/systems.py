"""Systems of the simulated province besides its equipment: signatures, documents, meetings, open data, apps."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np

from ioc.simulate.flow import MINUTE_MS, SECOND_MS, Floats, Flow, flow, head, rfc3339, stamps
from ioc.simulate.province import Province
from streams.events.telemetry import AssetKind, MetricKind, ObservationData, TelemetryObservation
from streams.topics import TELEMETRY

_SLOTS = 96
_SLOT_MS = 15 * MINUTE_MS
_DELAY_S = 0.8
_PERSISTENCE = 0.8

Shape = Literal["level", "share", "count", "total", "steady"]


class _Metric(NamedTuple):
    """A metric of a system: how it moves, its level, the hour of its peak, how much of it swings, how much is noise.

    A ``level`` is a gauge, a ``share`` one that can't exceed 1, a ``count`` what came about in a slot, a ``total`` a
    counter that grows by ``level`` a day, ``steady`` what doesn't change.
    """

    kind: AssetKind
    name: str
    unit: str
    shape: Shape
    level: float
    peak: float = 10.0
    swing: float = 0.0
    noise: float = 0.02


_SYSTEMS: tuple[tuple[str, tuple[_Metric, ...]], ...] = (
    ("VM-01", (_Metric(AssetKind.VM, "cpu_load", "%", "level", 28.0, 10.0, 0.3, 0.05),)),
    ("VM-02", (_Metric(AssetKind.VM, "memory_used", "%", "level", 61.0, 10.0, 0.05),)),
    ("IOT-01", (_Metric(AssetKind.IOT_SENSOR, "temperature", "Cel", "level", 22.0, 14.0, 0.2),)),
    ("IOT-02", (_Metric(AssetKind.IOT_SENSOR, "water_level", "m", "level", 3.4),)),
    (
        "SIGN-01",
        (
            _Metric(AssetKind.SIGNATURE_SERVICE, "signed_share", "1", "share", 0.93, noise=0.01),
            _Metric(AssetKind.SIGNATURE_SERVICE, "signatures", "1", "count", 45.0, 10.0, 0.9),
        ),
    ),
    (
        "IOFFICE-01",
        (
            _Metric(AssetKind.DOCUMENT_EXCHANGE, "documents", "1", "count", 60.0, 10.0, 0.9),
            _Metric(AssetKind.DOCUMENT_EXCHANGE, "exchange_delay", "s", "level", 20.0, 10.0, 0.2, 0.1),
        ),
    ),
    (
        "MEETING-01",
        (
            _Metric(AssetKind.MEETING_BRIDGE, "sessions", "1", "count", 8.0, 9.0, 0.8),
            _Metric(AssetKind.MEETING_BRIDGE, "connected_share", "1", "share", 0.97, noise=0.01),
        ),
    ),
    ("REPORT-01", (_Metric(AssetKind.REPORT_SYSTEM, "reports_submitted_share", "1", "share", 0.88, noise=0.01),)),
    ("APP-01", (_Metric(AssetKind.APP_ACCOUNT, "accounts", "1", "total", 40.0),)),
    (
        "OPENDATA-01",
        (
            _Metric(AssetKind.DATA_PORTAL, "datasets", "1", "steady", 126.0),
            _Metric(AssetKind.DATA_PORTAL, "downloads_count", "1", "count", 12.0, 14.0, 0.7),
        ),
    ),
    ("CERT-01", (_Metric(AssetKind.SECURITY_TEAM, "members_on_duty", "1", "steady", 6.0),)),
)
_ACCOUNTS = 90_000


class Systems:
    """All systems of a province; `day` gives what they tell in one day. They draw from streams of their own."""

    def __init__(self, seed: int, province: Province) -> None:
        self._seed = seed
        self._tenant = province.tenant

    def day(self, number: int, first_ms: int) -> Flow:
        """Return the observations of one day."""
        random = np.random.default_rng([self._seed, 12, number])
        return flow(TELEMETRY, self._observations(random, number, first_ms)).delayed(random, _DELAY_S)

    def _observations(
        self, random: np.random.Generator, number: int, first_ms: int
    ) -> Iterator[tuple[int, TelemetryObservation]]:
        for row, (name, metrics) in enumerate(_SYSTEMS):
            asset = f"{name}-{self._tenant}"
            at_ms = first_ms + _SLOT_MS * np.arange(_SLOTS) + (row * 71 % 900) * SECOND_MS
            for metric in metrics:
                values = _values(random, metric, number)
                for when_ms, stamp, time, value in zip(
                    at_ms.tolist(), stamps(at_ms), rfc3339(at_ms), values.tolist(), strict=True
                ):
                    event_id = f"{asset}-{metric.name}-{stamp}"
                    told = head(event_id, f"/vn/{self._tenant}/telemetry/{asset}", time, asset)
                    yield when_ms, TelemetryObservation(**told, data=self._data(asset, metric, value))

    def _data(self, asset: str, metric: _Metric, value: float) -> ObservationData:
        return ObservationData(
            tenant=self._tenant,
            asset_id=asset,
            asset_kind=metric.kind,
            metric=metric.name,
            value=value,
            unit=metric.unit,
            interval_s=900.0,
            kind=MetricKind.COUNTER if metric.shape == "total" else MetricKind.GAUGE,
        )


def _values(random: np.random.Generator, metric: _Metric, number: int) -> Floats:
    """Return a day's values of a metric."""
    shocks = random.normal(0.0, metric.noise * np.sqrt(1 - _PERSISTENCE**2), _SLOTS)
    drift = np.convolve(shocks, _PERSISTENCE ** np.arange(_SLOTS))[:_SLOTS]
    hours = np.arange(_SLOTS) / 4.0
    usual = metric.level * (1.0 + metric.swing * np.cos((hours - metric.peak) * np.pi / 12))
    match metric.shape:
        case "count":
            return random.poisson(usual * np.exp(drift)).astype(np.float64)
        case "total":
            joined = np.sort(random.uniform(0.0, _SLOTS, round(metric.level)))
            return _ACCOUNTS + metric.level * number + np.searchsorted(joined, np.arange(_SLOTS)).astype(np.float64)
        case "steady":
            return np.full(_SLOTS, metric.level)
        case "share":
            return np.clip(usual * np.exp(drift), 0.0, 1.0).round(4)
        case "level":
            return (usual * np.exp(drift)).round(3)
