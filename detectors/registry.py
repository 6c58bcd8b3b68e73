"""Every detector by name, with a factory at its default parameters: what contract tests and configuration go by."""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np

from detectors.arrays import Detector
from detectors.changepoint import ChangePoint
from detectors.cusum import CountCusum, Cusum
from detectors.daily import Daily
from detectors.ensemble import Ensemble, Refractory
from detectors.envelope import Envelope
from detectors.exposed import ExposedCounts
from detectors.flatline import Flatline
from detectors.hotspots import Hotspot
from detectors.knn import Nearest
from detectors.level import Level
from detectors.outage import Outage
from detectors.pagehinkley import PageHinkley
from detectors.proportion import Proportion
from detectors.queueing import PredictedWait, QueueBank, StalledCounter
from detectors.rare import RareCounts
from detectors.regions import nearest
from detectors.scan import AreaScan
from detectors.seasonal import SeasonalCounts
from detectors.shift import Activity, Shift
from detectors.silence import Silence
from detectors.spot import Spot

DETECTORS: MappingProxyType[str, Callable[[], Detector]] = MappingProxyType(
    {
        Activity.name: Activity,
        ChangePoint.name: ChangePoint,
        CountCusum.name: CountCusum,
        Cusum.name: Cusum,
        Daily.name: Daily,
        Envelope.name: Envelope,
        Flatline.name: Flatline,
        Level.name: Level,
        Nearest.name: Nearest,
        PageHinkley.name: PageHinkley,
        RareCounts.name: RareCounts,
        SeasonalCounts.name: SeasonalCounts,
        Shift.name: Shift,
        Silence.name: Silence,
        Spot.name: Spot,
    }
)
"""Detectors of single values, fed with `detectors.arrays.Block`."""

QUEUE_DETECTORS: MappingProxyType[str, Callable[[], QueueBank]] = MappingProxyType(
    {
        PredictedWait.name: PredictedWait,
        StalledCounter.name: StalledCounter,
    }
)
"""Detectors of queue snapshots, fed with `detectors.queueing.QueueBlock`."""


def road() -> AreaScan:
    """Return a scan over six units along a road, each with its two neighbours: a map has no default."""
    return AreaScan(nearest(np.full(6, 21.5), 103.0 + np.arange(6) / 10.0, 3))


COUNT_DETECTORS: MappingProxyType[str, Callable[[], ExposedCounts]] = MappingProxyType(
    {ExposedCounts.name: ExposedCounts}
)
"""Detectors of counts out of something, fed with `detectors.blocks.CountBlock`."""

SHARE_DETECTORS: MappingProxyType[str, Callable[[], Proportion]] = MappingProxyType({Proportion.name: Proportion})
"""Detectors of hits among trials, fed with `detectors.blocks.ShareBlock`."""

ROSTER_DETECTORS: MappingProxyType[str, Callable[[], Outage]] = MappingProxyType({Outage.name: Outage})
"""Detectors of who of a unit is silent, fed with `detectors.blocks.RosterBlock`."""

AREA_DETECTORS: MappingProxyType[str, Callable[[], AreaScan]] = MappingProxyType({AreaScan.name: road})
"""Detectors of counts in all units of a map, fed with `detectors.blocks.AreaBlock`."""

POINT_DETECTORS: MappingProxyType[str, Callable[[], Hotspot]] = MappingProxyType({Hotspot.name: Hotspot})
"""Detectors of reports with places, fed with `detectors.blocks.PointBlock`."""

TAIL_DETECTORS: MappingProxyType[str, Callable[[], Ensemble]] = MappingProxyType({Ensemble.name: Ensemble})
"""Combinations of several detectors' tails, fed with `detectors.blocks.TailBlock`."""

POLICIES: MappingProxyType[str, Callable[[], Detector]] = MappingProxyType({Refractory.name: Refractory})
"""What decides which tails count, fed with `detectors.arrays.Block` whose values are tails."""

EVERY: MappingProxyType[str, Callable[[], Any]] = MappingProxyType(
    {
        **DETECTORS,
        **QUEUE_DETECTORS,
        **COUNT_DETECTORS,
        **SHARE_DETECTORS,
        **ROSTER_DETECTORS,
        **AREA_DETECTORS,
        **POINT_DETECTORS,
        **TAIL_DETECTORS,
        **POLICIES,
    }
)
"""All of them, whatever they are fed with: each is under contract."""
