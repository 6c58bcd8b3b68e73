"""What the speed of detectors is measured on: one observation per series and step, of kinds that every bank knows."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from detectors.arrays import Block, Floats, Ints
from detectors.blocks import AnyBlock, AreaBlock, CountBlock, PointBlock, RosterBlock, ShareBlock, TailBlock
from detectors.queueing import QueueBlock

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS
_MONDAY_MS = 1_699_833_600_000 // _DAY_MS * _DAY_MS
_SEED = 11
_PLACES = 64  # of a roster, as `Outage` has by default
_UNITS = 6  # along the road of `detectors.registry`
_TAILS = 3  # detectors that are combined
_SNAPSHOTS = 120  # of a queue, per day

AnyFeed = Callable[[Ints, int], Block | QueueBlock | AnyBlock]


class Feed(NamedTuple):
    """How a bank is fed.

    Attributes
    ----------
    blocks : Callable
        Takes the kind of each series, (m,) int64, and the number of the step; returns a block of one observation each.
        Series of one kind have the same level and rhythm, and observations of their own.
    settled : int
        Steps of which two thirds are enough for a bank of default parameters to speak.
    """

    blocks: AnyFeed
    settled: int


def _counts(kinds: Ints, step: int) -> Block:
    """Return hourly negative-binomial counts of levels 1 to 400, with daily and weekly rhythms."""
    return _hourly(kinds, step, 10.0 ** (kinds % 53 / 20.0))


def _rare(kinds: Ints, step: int) -> Block:
    """Return hourly counts of which most are zero."""
    return _hourly(kinds, step, 0.05 + kinds % 10 / 10.0)


def _hourly(kinds: Ints, step: int, level: Floats) -> Block:
    rng = _random(kinds, step)
    rhythm = 1.1 + np.sin(_phase(kinds) + step / 24 * 2 * np.pi)
    weekend = 0.6 if step // 24 % 7 >= 5 else 1.0
    value = rng.poisson(level * rhythm * weekend * rng.gamma(20.0, 0.05, len(kinds)))
    return Block(*_at(kinds, step * _HOUR_MS), value.astype(np.float64))


def _gauges(kinds: Ints, step: int) -> Block:
    """Return gauges every five minutes: a daily rhythm and normal noise."""
    at_ms = step * 5 * _MINUTE_MS
    value = 20.0 + kinds % 30 + 5.0 * np.sin(_phase(kinds) + at_ms / _DAY_MS * 2 * np.pi)
    return Block(*_at(kinds, at_ms), value + _random(kinds, step).normal(size=len(kinds)))


def _arrivals(kinds: Ints, step: int) -> Block:
    """Return arrivals some ten minutes apart, in random order."""
    rng = _random(kinds, step)
    late_ms = np.sort(rng.integers(0, 5 * _MINUTE_MS, len(kinds)))
    _, at_ms, _ = _at(kinds, step * 10 * _MINUTE_MS)
    at_ms = at_ms + late_ms
    return Block(rng.permutation(len(kinds)), at_ms, at_ms, np.ones(len(kinds)))


def _queues(kinds: Ints, step: int) -> QueueBlock:
    """Return snapshots every five minutes of ten-hour days: people wait at one to six counters that call steadily."""
    day, snapshot = divmod(step, _SNAPSHOTS)
    counters = (1 + kinds % 6).astype(np.float64)
    waiting = _random(kinds, step).poisson(1.0 + kinds % 17).astype(np.float64)
    served: Floats = np.floor(counters * (0.1 + kinds % 7 / 20.0) * 5.0 * snapshot)
    stated = np.full(len(kinds), 300.0)
    head = _at(kinds, day * _DAY_MS + 7 * _HOUR_MS + snapshot * 5 * _MINUTE_MS)
    return QueueBlock(*head, waiting, counters, stated, served, counters > 0.0)


def _shares(kinds: Ints, step: int) -> ShareBlock:
    """Return hourly hits of 20 to 200 trials, 2 to 40 % of them."""
    rng = _random(kinds, step)
    trials = rng.integers(20, 200, len(kinds))
    hits = rng.binomial(trials, 0.02 + kinds % 20 / 50.0)
    return ShareBlock(*_at(kinds, step * _HOUR_MS), hits.astype(np.float64), trials.astype(np.float64))


def _exposed(kinds: Ints, step: int) -> CountBlock:
    """Return hourly counts, some hundred levels, of 1 to 8 counters that are open."""
    exposure = _random(kinds, step).integers(1, 9, len(kinds)).astype(np.float64)
    counts = _hourly(kinds, step, 10.0 ** (kinds % 53 / 20.0) / 4.0 * exposure)
    return CountBlock(counts.series, counts.at_ms, counts.local_ms, counts.value, exposure)


def _rosters(kinds: Ints, step: int) -> RosterBlock:
    """Return hourly sweeps over units of 4 to 64 sensors, each silent 0.5 to 5 % of the time."""
    silent = (_random(kinds, step).random((len(kinds), _PLACES)) < 0.005 * (1 + kinds[:, None] % 10)).astype(np.float64)
    there = np.arange(_PLACES) < 4 + kinds[:, None] % 61
    return RosterBlock(*_at(kinds, step * _HOUR_MS), np.where(there, silent, np.nan))


def _areas(kinds: Ints, step: int) -> AreaBlock:
    """Return hourly counts of 0.1 to 10 an hour in every unit."""
    rate = 10.0 ** ((kinds[:, None] + np.arange(_UNITS)) % 21 / 10.0 - 1.0)
    rhythm = 1.1 + np.sin(_phase(kinds) + step / 24 * 2 * np.pi)
    counts = _random(kinds, step).poisson(rate * rhythm[:, None])
    return AreaBlock(*_at(kinds, step * _HOUR_MS), counts.astype(np.float64))


def _points(kinds: Ints, step: int) -> PointBlock:
    """Return a report an hour of each category, around one of five towns, in random order."""
    rng = _random(kinds, step)
    order = rng.permutation(len(kinds))
    _, at_ms, _ = _at(kinds, step * _HOUR_MS)
    at_ms = at_ms + np.sort(rng.integers(0, _HOUR_MS, len(kinds)))
    town = 0.1 * rng.integers(0, 5, len(kinds))
    lat, lon = (base + town + rng.normal(0.0, 0.01, len(kinds)) for base in (21.0, 103.0))
    return PointBlock(order, at_ms, at_ms, lat, lon, rng.integers(0, 10_000, len(kinds)))


def _tails(kinds: Ints, step: int) -> TailBlock:
    """Return the tails of three detectors that agree more or less."""
    rng = _random(kinds, step)
    high = 0.5 * (rng.random((len(kinds), 1)) + rng.random((len(kinds), _TAILS)))
    high = np.minimum(np.maximum(high, 1e-9), 1.0 - 1e-9)
    return TailBlock(*_at(kinds, step * 5 * _MINUTE_MS), high, 1.0 - high)


def _one_tail(kinds: Ints, step: int) -> Block:
    """Return a uniform tail."""
    return Block(*_at(kinds, step * 5 * _MINUTE_MS), 1.0 - _random(kinds, step).random(len(kinds)))


def _phase(kinds: Ints) -> Floats:
    """Return where in its day each kind begins: every update then has all times of day, as a day of updates has."""
    return (kinds % 24).astype(np.float64) / 24.0 * (2.0 * np.pi)


def _random(kinds: Ints, step: int) -> np.random.Generator:
    return np.random.default_rng((_SEED, len(kinds), step))


def _at(kinds: Ints, since_ms: int) -> tuple[Ints, Ints, Ints]:
    """Return series, at_ms and local_ms of one observation of each series."""
    at_ms = np.full(len(kinds), _MONDAY_MS + since_ms)
    return np.arange(len(kinds)), at_ms, at_ms


COUNTS = Feed(_counts, 24 * 22)
GAUGES = Feed(_gauges, 12 * 24 * 22)
OF_DETECTOR: dict[str, Feed] = {
    "area_scan": Feed(_areas, 24 * 22),
    "count_cusum": COUNTS,
    "ensemble": Feed(_tails, 300),
    "exposed": Feed(_exposed, 24 * 22),
    "flatline": COUNTS,
    "hotspot": Feed(_points, 300),
    "outage": Feed(_rosters, 24 * 22),
    "predicted_wait": Feed(_queues, 6 * _SNAPSHOTS),
    "proportion": Feed(_shares, 300),
    "rare": Feed(_rare, 24 * 22),
    "refractory": Feed(_one_tail, 300),
    "seasonal": COUNTS,
    "silence": Feed(_arrivals, 600),
    "stalled_counter": Feed(_queues, 6 * _SNAPSHOTS),
}
"""Feeds of the detectors that aren't of gauges."""
