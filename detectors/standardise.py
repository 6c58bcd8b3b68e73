"""A gauge's own slow level, noise and long-run variance: what the change-point detectors of gauges standardise by.

All three are robust: a residual teaches at most ``clip_sd`` standard deviations. The long-run variance is that of sums
of residuals, per observation: 1 for independent ones, (1 + r) / (1 - r) for a first-order autoregression. It is the
variance plus twice the autocovariances, those at lag j tapered by (1 - 1/taper)^(j-1) (a kernel estimate as in Newey
and West 1987, doi:10.2307/1913610, worked out online).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Block, Floats, Ints
from detectors.bank import DAY_MS, NEVER, Column, Table

_HUBER = 1.5
_HUBER_MEAN = 0.7785  # E min(Z², 1.5²), Z standard normal
_LEAST_NOISE = 1e-12
YOUNG = 20.0  # observations whose plain mean and mean deviation start level and noise
TAPER = 8.0  # observations; a longer one is noisier, a shorter one misses slow noise
_LONG_RUN_MEMORY = 2000.0
_LEAST_LONG_RUN = 1.0  # negative correlation isn't relied on
_GUARD = 2.0  # relative standard error of the long-run variance times the root of the observations
_YOUNG_GUARD = 60.0  # observations: strong correlation is known late
_LONG_GAP = 12.0  # usual intervals
_LONG_GAP_MS = 3 * DAY_MS  # longer than a weekend
_SUSPICIOUS = 1e-3  # below this the long-run variance learns next to nothing
_SUSPICIOUS_WEIGHT = 0.02
_PACE_MEMORY = 100.0
_LEAST_PACE_CAP_MS = 1000.0


class Memory(NamedTuple):
    """How long level and noise remember, in observations (e-fold), and what they believe.

    Attributes
    ----------
    level, noise : float
        Memory of the level and of the noise.
    clip_sd : float
        A residual counts for at most this many standard deviations, in evidence and in learning.
    least_relative_sd : float
        Floor of the noise relative to the level's size: rounding is no noise.
    """

    level: float
    noise: float
    clip_sd: float
    least_relative_sd: float


class Standard(NamedTuple):
    """One round of gauges as their own history sees them: (m,) each.

    Attributes
    ----------
    score : float64
        Clipped standard residuals.
    level, noise : float64
        What was expected, and its standard deviation.
    long_run : float64
        Variance of sums of the scores, per observation; at least 1.
    seen : float64
        Observations before.
    gap : bool
        Whether this is the first after a long gap.
    """

    score: Floats
    level: Floats
    noise: Floats
    long_run: Floats
    seen: Floats
    gap: NDArray[np.bool_]

    def take(self, chosen: NDArray[np.intp]) -> "Standard":
        """Return those of some series."""
        return Standard(
            self.score[chosen],
            self.level[chosen],
            self.noise[chosen],
            self.long_run[chosen],
            self.seen[chosen],
            self.gap[chosen],
        )


def run_columns() -> dict[str, Column]:
    """Return what `long_run` and `long_gap` remember of one series."""
    return {
        "last_ms": Column((), np.int64, NEVER),
        "pace_ms": Column(),
        "recent": Column(),  # mean score of the last observations
        "long_run": Column(fill=1.0),
    }


def columns() -> dict[str, Column]:
    """Return what `standardise` remembers of one series."""
    return {"count": Column(), "level": Column(), "size": Column(), "scale": Column(), **run_columns()}


def standardise(block: Block, table: Table, memory: Memory) -> Standard:
    """Standardise one round (no series twice) by what was known before it, and learn level and noise.

    Parameters
    ----------
    block : Block
        Known values, no series twice.
    table : Table
        Has `columns`; its rows are changed.
    memory : Memory
        How long it remembers.
    """
    place = block.place
    count = table.floats("count").take(block.series)  # a copy, which stays when it is counted
    level, size, scale = (table.at(name, place) for name in ("level", "size", "scale"))
    level = np.where(count == 0.0, block.value, level)
    noise = np.maximum(memory.least_relative_sd * np.maximum(size, np.abs(level)), _LEAST_NOISE)
    np.maximum(noise, scale, out=noise)
    residual = block.value - level
    bound = memory.clip_sd * noise
    score = np.minimum(np.maximum(residual, -bound), bound) / noise
    young = count < YOUNG
    step = np.where(young, residual, score * noise) / np.minimum(count + 1.0, memory.level)
    table.floats("level")[place] = level + step
    apart = np.abs(residual - step) * 1.25  # the mean absolute deviation of a normal, to its sd
    first = np.where(count == 0.0, 0.0, scale + (apart - scale) / np.maximum(count, 1.0))
    surprise = np.minimum(score * score, _HUBER * _HUBER) / _HUBER_MEAN - 1.0
    later = noise * np.sqrt(1.0 + surprise / np.minimum(count + 1.0, memory.noise))
    table.floats("scale")[place] = np.where(young, first, later)
    table.floats("size")[place] = size + (np.abs(block.value) - size) / np.minimum(count + 1.0, memory.noise)
    table.floats("count")[place] = count + 1.0
    gap = long_gap(block, table, count)
    return Standard(score, level, noise, long_run(table, place, count), count, gap)


def long_run(table: Table, place: Ints | slice, count: Floats) -> Floats:
    """Return the long-run variance of scores, (m,), at least 1; cautious after few observations (m,)."""
    variance = np.maximum(table.at("long_run", place), _LEAST_LONG_RUN)
    known = np.minimum(count + 1.0, _LONG_RUN_MEMORY)
    variance *= 1.0 + _GUARD / np.sqrt(known) + _YOUNG_GUARD / known
    return variance


def learn_long_run(
    table: Table, place: Ints | slice, score: Floats, count: Floats, p: Floats, *, taper: float = TAPER
) -> None:
    """Learn the long-run variance from scores (m,) after ``count`` others; hardly where tails p (2, m) are low."""
    recent, variance = table.at("recent", place), table.at("long_run", place)
    suspicious = np.minimum(p[0], p[1]) < _SUSPICIOUS
    weight = np.where(count < YOUNG, 0.0, np.where(suspicious, _SUSPICIOUS_WEIGHT, 1.0))
    product = score * (score + (2.0 * taper) * recent)
    step = weight / np.minimum(count + 1.0, _LONG_RUN_MEMORY)
    table.floats("long_run")[place] = variance + (product - variance) * step
    table.floats("recent")[place] = recent + (score - recent) / taper


def long_gap(block: Block, table: Table, count: Floats) -> NDArray[np.bool_]:
    """Learn the usual interval; say where the last of ``count`` (m,) observations is too long ago to go on from."""
    place = block.place
    last, pace = table.ints("last_ms")[place], table.at("pace_ms", place)
    before = np.where(count == 0.0, block.at_ms, last)
    gap_ms = np.maximum((block.at_ms - before).astype(np.float64), 0.0)
    long = (gap_ms > _LONG_GAP * pace) & (gap_ms > _LONG_GAP_MS)
    cap = np.where(count > 1.0, np.maximum(4.0 * pace, _LEAST_PACE_CAP_MS), np.inf)
    step = (np.minimum(gap_ms, cap) - pace) / np.clip(count, 1.0, _PACE_MEMORY)
    table.floats("pace_ms")[place] = np.where(count == 0.0, 0.0, pace + step)
    table.ints("last_ms")[place] = np.maximum(before, block.at_ms)
    if long.any():
        table.floats("recent")[block.series[long]] = 0.0
    return long
