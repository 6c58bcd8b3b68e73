"""Every detector by name, with a factory at its default parameters: what contract tests and configuration go by."""

from collections.abc import Callable
from types import MappingProxyType

from detectors.arrays import Detector
from detectors.flatline import Flatline
from detectors.level import Level
from detectors.queueing import PredictedWait, QueueBank, StalledCounter
from detectors.rare import RareCounts
from detectors.seasonal import SeasonalCounts
from detectors.silence import Silence

DETECTORS: MappingProxyType[str, Callable[[], Detector]] = MappingProxyType(
    {
        Flatline.name: Flatline,
        Level.name: Level,
        RareCounts.name: RareCounts,
        SeasonalCounts.name: SeasonalCounts,
        Silence.name: Silence,
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
