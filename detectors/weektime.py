"""Usual counts by hour of weekdays and of weekends, their slow level, and how much counts scatter about them.

Streets have slow seasons: sums of counts against a fixed usual wander ever further, so that no long-run variance is
theirs (on Auckland's quiet days it is 6, 9, 15, 20 at tapers of 24, 72, 168, 400 hours). Against a level that follows
within a week or so it is 6 at all of them.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import phase
from detectors.arrays import Block, Floats, Ints
from detectors.bank import DAY_MS, HOUR_MS, Column, Table

_BINS = 48  # hours of weekdays, hours of weekends
_SATURDAY = 2  # 1970-01-01 was a Thursday
_LEAST_VISITS = 2.0
_LEAST_MEAN = 1e-6
_BASE_MEMORY = 50.0  # in memories of a bin: the overall mean only steadies bins that were hardly visited
_LEVEL_PRIOR = 1000.0  # counts that a level of 1 is worth: what deviates by a few per cent may be chance
_LARGEST_FACTOR = 30.0  # a dead sensor must not blow up the profile
_PRIOR_DISPERSION = 0.1
_PRIOR_OBSERVATIONS = 20.0
_SCATTER_MEMORY = 1000.0  # observations
_HOUR_MEMORY = 100.0  # visits of an hour, for its own scatter
_HOUR_PRIOR = 20.0  # visits that the scatter of all hours is worth for one
_ALWAYS_BELIEVED = 3.0  # counts beyond the clip: of rare counts a few more are nothing odd


class Usual(NamedTuple):
    """What was usual for each observation of a round: (m,) each, but ``bins`` (m,) places in the flattened profile.

    Attributes
    ----------
    bins : int64
        Place of the hour.
    hours, sums : float64
        (2, 2, m) and (3, 2, m): copies of the fading sums of the hour, and of all.
    mean, dispersion : float64
        Of the negative binomial with variance mean + dispersion * mean², widened by how little is known of the hour.
    factor : float64
        The slow level, as a multiple of what is usual for the hour; part of the mean.
    visits : float64
        Observations that the hour's mean rests on.
    known : bool
        Whether these are enough.
    """

    bins: Ints
    hours: Floats
    sums: Floats
    mean: Floats
    dispersion: Floats
    factor: Floats
    visits: Floats
    known: NDArray[np.bool_]


class WeekTime:
    """The arithmetic of usual counts on the table of a bank.

    Parameters
    ----------
    table : Table
        Has `columns`.
    memory_visits : float
        Visits of an hour after which its memory fades (e-fold).
    clip_sd : float
        A count teaches at most this many standard deviations, or three counts more where those are few.
    least_relative_sd : float
        Floor of the relative scatter: no series is trusted to be steadier.
    """

    def __init__(self, table: Table, memory_visits: float, clip_sd: float, least_relative_sd: float) -> None:
        self._table = table
        self._fade = float(np.exp(-1.0 / memory_visits))
        self._fade_base = float(np.exp(-1.0 / (_BASE_MEMORY * memory_visits)))
        self._clip_sd = clip_sd
        self._least = least_relative_sd**2

    @staticmethod
    def columns() -> dict[str, Column]:
        """Return the state of one series."""
        return {
            # fading sums by hour: counts and visits; squared residuals beyond Poisson's, and squared means
            "hours": Column((_BINS, 2, 2)),
            # of all: counts and visits; counts of late and their hours' means; the squares again
            "sums": Column((3, 2)),
            **phase.columns(),
        }

    def usual(self, block: Block) -> Usual:
        """Return what is usual at the round's times; only the phase within the hour is learned."""
        rows, table = block.series, self._table
        hour = block.local_ms // HOUR_MS
        bins = _bins(rows, hour)
        sums, hours = table.across("sums", rows), self._of(bins)
        (total, weight), (counted, foreseen), (beyond, squares) = sums
        visits = hours[0, 1]
        base = total / np.maximum(weight, 1e-9)
        mean = _mean(hours[0], base)
        mean = self._between(rows, hour, (block.local_ms - hour * HOUR_MS) / HOUR_MS, mean, base)
        factor = (counted + _LEVEL_PRIOR) / (foreseen + _LEVEL_PRIOR)
        factor = np.minimum(np.maximum(factor, 1.0 / _LARGEST_FACTOR), _LARGEST_FACTOR)
        mean = np.maximum(mean * factor, _LEAST_MEAN)
        prior = _PRIOR_OBSERVATIONS * base * base + _LEAST_MEAN
        dispersion = (beyond + _PRIOR_DISPERSION * prior) / (squares + prior)
        prior = _HOUR_PRIOR * mean * mean
        dispersion = (hours[1, 0] + dispersion * prior) / (hours[1, 1] + prior)
        dispersion = np.maximum(dispersion, self._least)
        dispersion += (dispersion + 1.0 / mean) / (visits + 1.0)
        return Usual(bins, hours, sums, mean, dispersion, factor, visits, visits >= _LEAST_VISITS)

    def learn(self, block: Block, usual: Usual, keep: Floats) -> None:
        """Teach hour, mean, and, where the hour is known, by clipped counts, level and scatter.

        ``keep`` (m,) is the share of the level's memory that is kept.
        """
        mean, hours, sums = usual.mean, usual.hours, usual.sums
        variance = mean + usual.dispersion * mean * mean
        reach = self._clip_sd * np.sqrt(variance) + _ALWAYS_BELIEVED
        residual = np.minimum(np.maximum(block.value - mean, -reach), reach)
        taught = np.where(usual.known, mean + residual, block.value) / usual.factor
        known = np.where(usual.known, 1.0, 0.0)
        # the mean of so many visits is off by some of the scatter itself
        beyond = known * (residual * residual / (1.0 + 1.0 / np.maximum(usual.visits, 1.0)) - mean)
        squares = known * mean * mean
        hours[0] *= self._fade
        hours[0, 0] += taught
        hours[0, 1] += 1.0
        hours[1] *= 1.0 - 1.0 / _HOUR_MEMORY
        hours[1, 0] += beyond
        hours[1, 1] += squares
        sums[0] *= self._fade_base
        sums[0, 0] += taught
        sums[0, 1] += 1.0
        sums[1] *= keep
        sums[1, 0] += known * (mean + residual)
        sums[1, 1] += known * mean / usual.factor
        sums[2] *= 1.0 - 1.0 / _SCATTER_MEMORY
        sums[2, 0] += beyond
        sums[2, 1] += squares
        self._table.floats("hours").reshape(-1, 4)[usual.bins] = hours.reshape(4, -1).T
        self._table.put("sums", block.series, sums)

    def _of(self, bins: Ints) -> Floats:
        """Return a copy of the fading sums of hours, (2, 2, m)."""
        chosen = self._table.floats("hours").reshape(-1, 4).take(bins, axis=0)
        return np.ascontiguousarray(chosen.T).reshape(2, 2, -1)

    def _between(self, rows: Ints, hour: Ints, part: Floats, usual: Floats, base: Floats) -> Floats:
        """Follow the rhythm within the hour, for observations off where they usually lie in it."""
        shift, off = phase.follow(self._table.floats("phase"), rows, part)
        if len(off) == 0:
            return usual
        chosen, own = rows[off], usual[off]
        before, after = (self._beside(chosen, hour[off] + step, own, base[off]) for step in (-1, 1))
        usual = usual.copy()
        usual[off] = phase.bent(self._table.floats("phase_square"), chosen, shift[off], (before, own, after))
        return usual

    def _beside(self, rows: Ints, hour: Ints, own: Floats, base: Floats) -> Floats:
        """Return the usual count of a neighbouring hour, or that of the hour itself where the other isn't known."""
        beside = self._of(_bins(rows, hour))[0]
        return np.where(beside[1] >= 1.0, _mean(beside, base), own)


def _mean(hours: Floats, base: Floats) -> Floats:
    """Return the usual count of hours, whose sums and visits are (2, m), leaning on ``base`` while hardly visited."""
    total, visits = hours
    lean = 1.0 / (1.0 + visits)
    usual: Floats = (total + lean * base) / (visits + lean)
    return usual


def _bins(rows: Ints, hour: Ints) -> Ints:
    """Return the places of hours since 1970 in the flattened profile, (m,)."""
    weekend = (hour // (DAY_MS // HOUR_MS) - _SATURDAY) % 7 < 2  # noqa: PLR2004 - Saturday and Sunday
    return hour % 24 + np.where(weekend, 24, 0) + rows * _BINS
