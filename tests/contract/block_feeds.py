"""Seeded blocks of shares, rosters, areas, points and tails, with everything that their detectors meet."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Block, Ints
from detectors.blocks import AreaBlock, CountBlock, PointBlock, RosterBlock, ShareBlock, TailBlock
from tests.contract.feeds import HOUR, MINUTE, OFFSET, SERIES, START, Feed

UNITS = 6
PLACES = 64
DETECTORS = 3


@cache
def shares(seed: int = 21) -> Feed:
    """Return hourly shares, even and overdispersed, rare and frequent, a surge, a drop, gaps, impossible ones."""
    rng = np.random.default_rng(seed)
    steps = 150
    usual = np.array([0.02, 0.1, 0.3, 0.5, 0.9, 0.05])[:, None]
    trials = rng.integers(1, np.array([30, 80, 120, 20, 60, 9])[:, None], (SERIES, steps)).astype(float)
    size = np.array([1e6, 50.0, 15.0, 1e6, 30.0, 20.0])[:, None]
    hits = rng.binomial(trials.astype(int), rng.beta(usual * size, (1 - usual) * size, (SERIES, steps))).astype(float)
    hits[0, 120:124] = trials[0, 120:124]
    hits[4, 130:134] = 0.0
    hits[1, 60], trials[1, 61], hits[2, 62], trials[3, 63] = np.nan, 0.0, trials[2, 62] + 1.0, np.inf
    hits[5, 64], trials[5, 65] = 0.5, -3.0
    series, at_ms, keep = _grid(np.arange(steps) * HOUR, rng.random((SERIES, steps)) > 0.05)
    return Feed(ShareBlock(series, at_ms, at_ms + OFFSET, hits.T[keep], trials.T[keep]))


@cache
def exposed(seed: int = 29) -> Feed:
    """Return hourly counts of six rates per counter: idle zeros, clumps, an outbreak, a drop, none open, unknown."""
    rng = np.random.default_rng(seed)
    hours = np.arange(24 * 24)
    open_ = rng.integers(1, 9, (SERIES, len(hours))).astype(float)
    rhythm = 1.2 + np.sin((hours % 24 - 9) / 24 * 2 * np.pi)
    rate = np.array([0.05, 0.5, 3.0, 20.0, 1.0, 5.0])[:, None]
    count = rng.poisson(rate * open_ * rhythm * rng.gamma(3.0, 1.0 / 3.0, open_.shape)).astype(float)
    count[4:] *= rng.random((2, len(hours))) > 0.3
    count[:, -30:-20] = np.ceil(6.0 * count[:, -30:-20]) + 2.0
    count[3, -15:] = np.floor(0.05 * count[3, -15:])
    count[0, 60], count[1, 61], count[2, 62] = np.nan, -1.0, np.inf
    open_[3, 63], open_[4, 64], open_[5, 65], open_[0, 66] = 0.0, np.nan, -2.0, np.inf
    series, at_ms, keep = _grid(hours * HOUR, rng.random(count.shape) > 0.05)
    return Feed(CountBlock(series, at_ms, at_ms + OFFSET, count.T[keep], open_.T[keep]))


@cache
def rosters(seed: int = 22) -> Feed:
    """Return sweeps over units of two to five sensors: spells, a common cause, outages, gaps, new sensors."""
    rng = np.random.default_rng(seed)
    hours = 24 * 20
    silent = np.full((SERIES, hours, PLACES), np.nan)
    for unit, sensors in enumerate([2, 3, 4, 5, 4, 3]):
        state = np.zeros(sensors, np.bool_)
        for hour in range(hours):
            common = 6.0 if unit == 4 and hour // 5 % 7 == 0 else 1.0
            state = np.where(state, rng.random(sensors) > 0.4, rng.random(sensors) < common * (0.02 + 0.01 * unit))
            silent[unit, hour, 1 : sensors + 1] = state
    silent[3, 400:406, :5] = 1.0
    silent[2, 450:452, 1:5] = 1.0
    silent[5, :200, 1] = np.nan
    silent[5, 300, :] = np.nan
    silent[1, 301, 2], silent[0, 302, 1] = np.inf, 0.5
    keep = rng.random((SERIES, hours)) > 0.03
    keep[0, 100:130] = False
    times = np.arange(hours) * HOUR
    times[200] = times[199]
    series, at_ms, kept = _grid(times, keep)
    return Feed(RosterBlock(series, at_ms, at_ms + OFFSET, silent.transpose(1, 0, 2)[kept]))


@cache
def areas(seed: int = 23) -> Feed:
    """Return hourly counts of six kinds in six units: a rhythm, quiet and busy kinds, clusters, gaps, unknown units."""
    rng = np.random.default_rng(seed)
    hours = np.arange(24 * 18)
    rhythm = (1.1 + np.sin((hours % 24 - 9) / 24 * 2 * np.pi))[:, None]
    level = 10 ** rng.uniform(-1.5, 2.0, (SERIES, 1, 1)) * rng.uniform(0.3, 3.0, (SERIES, 1, UNITS))
    counts = rng.poisson(level * rhythm * rng.gamma(20.0, 0.05, (SERIES, len(hours), UNITS))).astype(float)
    for kind in range(SERIES):
        counts[kind, -8:-4, 1:4] += 3.0 + 2.0 * level[kind, 0, 1:4].round()
    counts[0, 50, 2], counts[1, 51, :], counts[2, 52, 0], counts[3, 390:400, 5] = np.nan, np.nan, -1.0, np.inf
    keep = rng.random((SERIES, len(hours))) > 0.03
    keep[4, 200:230] = False
    series, at_ms, kept = _grid(hours * HOUR, keep)
    return Feed(AreaBlock(series, at_ms, at_ms + OFFSET, counts.transpose(1, 0, 2)[kept]))


@cache
def points(seed: int = 24) -> Feed:
    """Return reports around towns and between them: clusters of many, one who repeats, unknown places."""
    rng = np.random.default_rng(seed)
    each = 230
    at = np.sort(rng.uniform(0.0, 20 * 24 * 60, (SERIES, each)), axis=1).astype(np.int64)
    town = rng.integers(0, 4, (SERIES, each))
    lat = 21.4 + 0.1 * (town % 2) + rng.normal(0.0, 0.02, (SERIES, each))
    lon = 103.0 + 0.1 * (town // 2) + rng.normal(0.0, 0.02, (SERIES, each))
    reporter = rng.integers(0, 1000, (SERIES, each))
    for series, many in enumerate([4, 5, 6, 8, 10, 5]):
        there = slice(150, 150 + many)
        at[series, there] = at[series, 150]
        lat[series, there] = 21.43 + rng.normal(0.0, 0.0005, many)
        lon[series, there] = 103.07 + rng.normal(0.0, 0.0005, many)
    reporter[5, 150:155] = 7
    lon[2] += 77.0 - 0.05
    lon[2] = np.where(lon[2] > 180.0, lon[2] - 360.0, lon[2])
    lat[0, 20], lon[1, 21], lat[3, 22] = np.nan, np.inf, 91.0
    order = np.lexsort((np.repeat(np.arange(SERIES), each), at.ravel()))
    at_ms = START + at.ravel()[order] * MINUTE
    series_ = np.repeat(np.arange(SERIES), each)[order]
    columns = (lat.ravel()[order], lon.ravel()[order], reporter.ravel()[order])
    return Feed(PointBlock(series_, at_ms, at_ms + OFFSET, *columns))


@cache
def detectors_tails(seed: int = 25) -> Feed:
    """Return tails of three dependent detectors, one of them often without any, with alarms that last."""
    rng = np.random.default_rng(seed)
    steps = 200
    common = rng.random((SERIES, steps, 1)) ** 1.3
    high = np.clip(common * rng.uniform(0.7, 1.4, (SERIES, steps, DETECTORS)), 1e-12, 1.0)
    low = np.clip((1.0 - common) * rng.uniform(0.7, 1.4, (SERIES, steps, DETECTORS)), 1e-12, 1.0)
    high[:, 120:126] *= 1e-7
    low[3, 150:152] = 1e-200
    high[:, ::3, 2] = low[:, ::3, 2] = np.nan
    high[0, 30], high[1, 31, 0], low[2, 32, 1], high[4, 33, 2] = np.nan, 0.0, -1.0, 1.5
    high[5, 34], low[5, 34] = np.nan, np.inf
    series, at_ms, keep = _grid(np.arange(steps) * MINUTE, rng.random((SERIES, steps)) > 0.03)
    return Feed(TailBlock(series, at_ms, at_ms + OFFSET, high.transpose(1, 0, 2)[keep], low.transpose(1, 0, 2)[keep]))


@cache
def tails(seed: int = 26) -> Feed:
    """Return one tail per observation: quiet, alarms, records, ties, and values that are no tails."""
    rng = np.random.default_rng(seed)
    steps = 400
    value = rng.random((SERIES, steps))
    value[:, ::57] = 10.0 ** rng.integers(-14, -6, (SERIES, len(range(0, steps, 57))))
    value[1, 100:110] = 1e-8
    value[2, 50], value[3, 51], value[4, 52], value[5, 53] = np.nan, 0.0, -1.0, 2.0
    series, at_ms, keep = _grid(np.arange(steps) * MINUTE, rng.random((SERIES, steps)) > 0.03)
    return Feed(Block(series, at_ms, at_ms + OFFSET, value.T[keep]))


def _grid(times: Ints, keep: NDArray[np.bool_]) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Return series and times of the observations that are kept, step by step, and their mask."""
    step, series = np.nonzero(keep.T)
    return series.astype(np.int64), START + times[step].astype(np.int64), keep.T
