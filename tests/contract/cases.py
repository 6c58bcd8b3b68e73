"""The detectors under contract: how to make one, what to feed it, and its naive twin."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from detectors.arrays import Scores
from detectors.queueing import QueueBlock
from detectors.registry import EVERY
from tests.contract import block_feeds, feeds
from tests.contract.blocks import AnyBlock
from tests.contract.naive_area_scan import NaiveAreaScan
from tests.contract.naive_changepoint import NaiveChangePoint
from tests.contract.naive_cusum import NaiveCountCusum, NaiveCusum
from tests.contract.naive_ensemble import NaiveEnsemble, NaiveRefractory
from tests.contract.naive_exposed import NaiveExposed
from tests.contract.naive_flatline import NaiveFlatline
from tests.contract.naive_hotspot import NaiveHotspot
from tests.contract.naive_knn import NaiveNearest
from tests.contract.naive_level import NaiveLevel
from tests.contract.naive_outage import NaiveOutage
from tests.contract.naive_pagehinkley import NaivePageHinkley
from tests.contract.naive_proportion import NaiveProportion
from tests.contract.naive_queue import NaiveQueue, NaiveStall, NaiveWait, Snapshot
from tests.contract.naive_rare import NaiveRare
from tests.contract.naive_seasonal import NaiveSeasonal
from tests.contract.naive_silence import NaiveSilence
from tests.contract.naive_spot import NaiveActivity, NaiveDaily, NaiveEnvelope, NaiveShift, NaiveSpot

Triple = tuple[float, float, float]


class Case(NamedTuple):
    """One detector of the registry."""

    name: str
    make: Callable[[], Any]
    feed: Callable[[], feeds.Feed]
    naive: Callable[[AnyBlock], list[Triple]]

    def fresh(self, size: int = feeds.SERIES) -> Any:
        """Return a cold detector of ``size`` series."""
        detector = self.make()
        detector.resize(size)
        return detector


def joined(parts: list[Scores]) -> Scores:
    """Return the scores of consecutive blocks as one."""
    return Scores(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def same(left: Scores, right: Scores) -> bool:
    """Say whether scores are equal bit for bit."""
    return all(a.tobytes() == b.tobytes() for a, b in zip(left, right, strict=True))


def _by_snapshot(make: Callable[[], NaiveQueue]) -> Callable[[AnyBlock], list[Triple]]:
    def run(block: AnyBlock) -> list[Triple]:
        assert isinstance(block, QueueBlock)
        twins = [make() for _ in range(feeds.SERIES)]
        scored = []
        for series, *rest in zip(*(column.tolist() for column in block), strict=True):
            p, expected = twins[series].observe(Snapshot(*rest))
            scored.append((p, 1.0, expected))
        return scored

    return run


def _each(make: Callable[[], Any]) -> Callable[[AnyBlock], list[Triple]]:
    def run(block: AnyBlock) -> list[Triple]:
        twins = [make() for _ in range(feeds.SERIES)]
        columns = (column.tolist() for column in block)
        return [twins[series].observe(*rest) for series, *rest in zip(*columns, strict=True)]

    return run


def _road() -> NaiveAreaScan:
    return NaiveAreaScan([[0, 1, 2], [1, 0, 2], [2, 1, 3], [3, 2, 4], [4, 3, 5], [5, 4, 3]])


_FEEDS: dict[str, tuple[Callable[[], feeds.Feed], Callable[[AnyBlock], list[Triple]]]] = {
    "activity": (feeds.gauges, _each(NaiveActivity)),
    "area_scan": (block_feeds.areas, _each(_road)),
    "changepoint": (feeds.gauges, _each(NaiveChangePoint)),
    "count_cusum": (feeds.half_hours, _each(NaiveCountCusum)),
    "cusum": (feeds.gauges, _each(NaiveCusum)),
    "daily": (feeds.gauges, _each(NaiveDaily)),
    "ensemble": (block_feeds.detectors_tails, _each(NaiveEnsemble)),
    "envelope": (feeds.gauges, _each(NaiveEnvelope)),
    "exposed": (block_feeds.exposed, _each(NaiveExposed)),
    "flatline": (feeds.counts, _each(NaiveFlatline)),
    "hotspot": (block_feeds.points, _each(NaiveHotspot)),
    "level": (feeds.gauges, _each(NaiveLevel)),
    "nearest": (feeds.gauges, _each(NaiveNearest)),
    "outage": (block_feeds.rosters, _each(NaiveOutage)),
    "pagehinkley": (feeds.gauges, _each(NaivePageHinkley)),
    "predicted_wait": (feeds.queues, _by_snapshot(NaiveWait)),
    "proportion": (block_feeds.shares, _each(NaiveProportion)),
    "rare": (feeds.counts, _each(NaiveRare)),
    "refractory": (block_feeds.tails, _each(NaiveRefractory)),
    "seasonal": (feeds.half_hours, _each(NaiveSeasonal)),
    "shift": (feeds.gauges, _each(NaiveShift)),
    "silence": (feeds.arrivals, _each(NaiveSilence)),
    "spot": (feeds.gauges, _each(NaiveSpot)),
    "stalled_counter": (feeds.queues, _by_snapshot(NaiveStall)),
}

CASES = [Case(name, make, *_FEEDS[name]) for name, make in sorted(EVERY.items())]
