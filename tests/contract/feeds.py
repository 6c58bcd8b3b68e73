"""Seeded blocks with everything that detectors meet: rhythms, gaps, outliers, dead runs, NaN, repeated times."""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Block, Floats, Ints
from detectors.blocks import AreaBlock, CountBlock, PointBlock, RosterBlock, ShareBlock, TailBlock
from detectors.queueing import QueueBlock

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_699_999_200_000
OFFSET = 7 * HOUR
SERIES = 6


class Feed(NamedTuple):
    """One recording as a single block, in event-time order, over ``SERIES`` series."""

    block: Block | QueueBlock | CountBlock | ShareBlock | RosterBlock | AreaBlock | PointBlock | TailBlock


@cache
def counts(days: int = 22, seed: int = 1) -> Feed:
    """Return hourly counts with a daily rhythm, a storm, a dead series, gaps, negatives and NaN."""
    rng = np.random.default_rng(seed)
    hours = np.arange(days * 24)
    rhythm = 1.0 + np.sin((hours % 24 - 9) / 24 * 2 * np.pi)
    level = np.array([0.05, 0.5, 5.0, 40.0, 300.0, 20.0])[:, None]
    value = rng.poisson(level * rhythm * rng.gamma(20.0, 0.05, (SERIES, len(hours)))).astype(float)
    value[3, -60:-40] *= 4.0
    value[4, -90:-20] *= 0.15
    value[5, -80:] = 0.0
    value[2, 300:330] = 7.0
    value[1, 500] = np.nan
    value[2, 501] = -3.0
    value[3, 502] = np.inf
    keep = rng.random(value.shape) > 0.05
    keep[4, 200:260] = False
    return Feed(_block(hours * HOUR, value, keep))


@cache
def half_hours(days: int = 17, seed: int = 7) -> Feed:
    """Return half-hourly and hourly counts with steep mornings, off the hour and jittered, a surge and a drop."""
    rng = np.random.default_rng(seed)
    events = []
    for series, (step, late) in enumerate([(30, 0), (30, 7), (60, 0), (60, 20), (30, 29), (60, 59)]):
        minutes = np.arange(0, days * 1440, step) + late + (rng.integers(0, 9, days * 1440 // step) if late else 0)
        clock = minutes / 60 % 24
        level = (3.0 + 40.0 * series) * (0.1 + np.exp(-0.5 * (clock - 8.0) ** 2) + 0.5 * (clock > 16))
        value = rng.poisson(level * rng.gamma(20.0, 0.05, len(minutes))).astype(float)
        value[(minutes > (days - 1) * 1440 + 420) & (minutes < (days - 1) * 1440 + 600)] *= 0.1 if series % 2 else 6.0
        keep = rng.random(len(minutes)) > 0.03
        events += [(int(m) * MINUTE, series, v) for m, v in zip(minutes[keep], value[keep], strict=True)]
    events.sort()
    at, rows, values = (np.array(column) for column in zip(*events, strict=True))
    at_ms = at.astype(np.int64) + START
    return Feed(Block(rows.astype(np.int64), at_ms, at_ms + OFFSET, values.astype(np.float64)))


@cache
def gauges(seed: int = 2) -> Feed:
    """Return five-minute gauges: noise, a ramp, a step, a constant, huge and tiny values."""
    rng = np.random.default_rng(seed)
    steps = np.arange(700)
    value = rng.normal(0.0, 1.0, (SERIES, len(steps)))
    value[1] = value[1] * 1e-9 + 5.0
    value[2] = value[2] * 1e6 + steps * 1e4
    value[3, 450:] += 12.0
    value[4] = 21.5
    value[5, 100::97] = np.nan
    value[0, 680] = 1e140
    keep = rng.random(value.shape) > 0.02
    return Feed(_block(steps * 5 * MINUTE, value, keep))


@cache
def arrivals(seed: int = 3) -> Feed:
    """Return arrivals: regular, jittered, irregular, by day only, with two outages and repeated times."""
    rng = np.random.default_rng(seed)
    events: list[tuple[int, int, float]] = []
    for series, (gap_s, jitter) in enumerate(
        [(600, 0.0), (600, 0.2), (900, 1.0), (1800, 1.0), (600, 0.1), (3600, 0.3)]
    ):
        at = 0.0
        while at < 10 * 86_400:
            at += gap_s * (1.0 - jitter) + (rng.exponential(gap_s * jitter) if jitter else 0.0)
            hour = (at / 3600 + START / HOUR + 7) % 24
            outage = (5.3 * 86_400 < at < 5.6 * 86_400) or (series % 2 == 0 and 7 * 86_400 < at < 8.5 * 86_400)
            if outage or (series == 4 and not 7 <= hour < 19):
                continue
            events.extend([(int(at * 1000), series, 1.0)] * (2 if rng.random() < 0.02 else 1))
    events.sort()
    at_ms, rows, values = (np.array(column) for column in zip(*events, strict=True))
    values[200] = np.nan
    at_ms = at_ms.astype(np.int64) + START
    return Feed(Block(rows.astype(np.int64), at_ms, at_ms + OFFSET, values.astype(np.float64)))


@cache
def queues(seed: int = 4) -> Feed:
    """Return five-minute snapshots of queues over six days: rushes, no counters, closed days, unknown readings."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[int, int, float, float, float, float, bool]] = []
    for series in range(SERIES):
        waiting, served = 0, 0
        for step in range(5 * 288):
            day, minute = divmod(step * 5, 1440)
            if not 420 <= minute < 1140 or rng.random() < 0.02:
                continue
            counters = 0 if (series == 1 and day == 2) else 1 + series % 3
            come = rng.poisson(1.2 + series * 0.4 if minute < 900 and day != 4 else 0.0)
            go = min(waiting + come, rng.poisson(counters * 0.9))
            waiting, served = (0, 0) if minute < 425 else (waiting + come - go, served + go)
            known = np.nan if series == 5 or rng.random() < 0.1 else float(served)
            stated = float(rng.choice([0.0, 300.0, 3600.0]))
            shown = np.nan if rng.random() < 0.01 else float(waiting)
            rows.append((series, step * 5 * MINUTE, shown, float(counters), stated, known, rng.random() > 0.01))
    rows.sort(key=lambda row: (row[1], row[0]))
    series_, at, waiting_, counters_, stated_, served_, open_ = (np.array(column) for column in zip(*rows, strict=True))
    at = START - START % DAY + at.astype(np.int64)
    stated_ = stated_.astype(np.float64)
    return Feed(QueueBlock(series_.astype(np.int64), at, at, waiting_, counters_, stated_, served_, open_))


def _block(times: Ints, value: Floats, keep: NDArray[np.bool_]) -> Block:
    step, series = np.nonzero(keep.T)
    at_ms = START + times[step].astype(np.int64)
    return Block(series.astype(np.int64), at_ms, at_ms + OFFSET, value[series, step])
