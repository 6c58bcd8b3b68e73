"""Usual counts by hour of weekdays and weekends, by day of the week, their slow level, and how much counts scatter.

Streets have slow seasons: sums of counts against a fixed usual wander ever further, so that no long-run variance is
theirs (on Auckland's quiet days it is 6, 9, 15, 20 at tapers of 24, 72, 168, 400 hours). Against a level that follows
within a week or so it is 6 at all of them. Part of that are days of the week, where Fridays are no Mondays and Sundays
no Saturdays: what comes again every week is no noise, and doesn't add up.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import phase
from detectors.arrays import Block, Floats, Ints
from detectors.bank import HOUR_MS, Column, Table

_BINS = 48  # hours of weekdays, hours of weekends
_SATURDAY = 2  # 1970-01-01 was a Thursday
_DAY, _WEEK, _WEEKEND = 24, 7, 2  # hours, days
_LEAST_VISITS = 2.0
_LEAST_MEAN = 1e-6
_BASE_MEMORY = 50.0  # in memories of a bin: the overall mean only steadies bins that were hardly visited
_LEVEL_PRIOR = 1000.0  # counts that a level of 1 is worth: what deviates by a few per cent may be chance
_LARGEST_FACTOR = 30.0  # a dead sensor must not blow up the profile
# What a day of the week like the others of its kind is worth: a day of hours, as days scatter about as much as days of
# the week differ, and counts, as these differ by a tenth and so many counts scatter by that
_DAY_PRIOR_OBSERVATIONS, _DAY_PRIOR_COUNTS = 24.0, 100.0
_FORGET_DAY = 0.7  # of what the level forgets within an hour: where that is a week, ten days of a name are remembered
_PRIOR_DISPERSION = 0.1
_PRIOR_OBSERVATIONS = 20.0
_SCATTER_MEMORY = 1000.0  # observations
_HOUR_MEMORY = 100.0  # visits of an hour, for its own scatter
_HOUR_PRIOR = 20.0  # visits that the scatter of all hours is worth for one
_ALWAYS_BELIEVED = 3.0  # counts beyond the clip: of rare counts a few more are nothing odd


class Usual(NamedTuple):
    """What was usual for each observation of a round: (m,) each, but for the copies of sums.

    Attributes
    ----------
    bins, days : int64
        Places of the hour and of the day of the week in the flattened profile.
    hours, sums, of_day : float64
        (2, 2, m), (3, 2, m), (2, m): copies of the fading sums of the hour, of all, and of the day of the week.
    mean, dispersion, spread : float64
        Of the negative binomial with variance mean + dispersion * mean², widened by how little is known of the hour;
        the variance's root.
    factor, day_factor : float64
        The slow level and the day of the week, as multiples of what is usual for the hour; parts of the mean.
    visits : float64
        Observations that the hour's mean rests on.
    known : bool
        Whether these are enough.
    """

    bins: Ints
    days: Ints
    hours: Floats
    sums: Floats
    of_day: Floats
    mean: Floats
    dispersion: Floats
    spread: Floats
    factor: Floats
    day_factor: Floats
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
            # by day of the week: counts, and what their hours and the level made expect
            "days": Column((2, _WEEK), series_last=True),
            **phase.columns(),
        }

    def usual(self, block: Block) -> Usual:
        """Return what is usual at the round's times; only the phase within the hour is learned."""
        rows, table = block.series, self._table
        hour = block.local_ms // HOUR_MS
        bins, weekday = _bins(rows, hour)
        sums, hours = table.across("sums", rows), self._of(bins)
        by_day = table.floats("days")
        days = weekday * by_day.shape[2] + rows
        of_day = by_day.reshape(2, -1).take(days, axis=1)
        (total, weight), (counted, foreseen), (beyond, squares) = sums
        visits = hours[0, 1]
        base = total / np.maximum(weight, 1e-9)
        mean = _mean(hours[0], base)
        mean = self._between(rows, hour, (block.local_ms - hour * HOUR_MS) / HOUR_MS, mean, base)
        factor = (counted + _LEVEL_PRIOR) / (foreseen + _LEVEL_PRIOR)
        factor = np.minimum(np.maximum(factor, 1.0 / _LARGEST_FACTOR), _LARGEST_FACTOR)
        prior = _DAY_PRIOR_OBSERVATIONS * base + _DAY_PRIOR_COUNTS
        counted, foreseen = of_day + prior
        day_factor = counted / foreseen
        mean = np.maximum(mean * (factor * day_factor), _LEAST_MEAN)
        prior = _PRIOR_OBSERVATIONS * base * base + _LEAST_MEAN
        dispersion = (beyond + _PRIOR_DISPERSION * prior) / (squares + prior)
        prior = _HOUR_PRIOR * mean * mean
        dispersion = (hours[1, 0] + dispersion * prior) / (hours[1, 1] + prior)
        dispersion = np.maximum(dispersion, self._least)
        dispersion += (dispersion + 1.0 / mean) / (visits + 1.0)
        spread = np.sqrt(mean + dispersion * mean * mean)
        known = visits >= _LEAST_VISITS
        return Usual(bins, days, hours, sums, of_day, mean, dispersion, spread, factor, day_factor, visits, known)

    def learn(self, block: Block, usual: Usual, keep: Floats) -> None:
        """Teach hour, mean, and, where the hour is known, by clipped counts, level, day of the week and scatter.

        ``keep`` (m,) is the share of the level's memory that is kept.
        """
        mean, hours, sums = usual.mean, usual.hours, usual.sums
        reach = self._clip_sd * usual.spread + _ALWAYS_BELIEVED
        residual = np.minimum(np.maximum(block.value - mean, -reach), reach)
        taught = np.where(usual.known, mean + residual, block.value) / (usual.factor * usual.day_factor)
        known = usual.known.astype(np.float64)
        counted, foreseen, of_day = known * (mean + residual), known * mean, usual.of_day
        # the mean of so many visits is off by some of the scatter itself
        beyond = known * (residual * residual / (1.0 + 1.0 / np.maximum(usual.visits, 1.0)) - mean)
        squares = foreseen * mean
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
        sums[1, 0] += counted
        sums[1, 1] += foreseen / usual.factor
        of_day *= 1.0 - _FORGET_DAY * (1.0 - keep)
        of_day[0] += counted
        of_day[1] += foreseen / usual.day_factor
        sums[2] *= 1.0 - 1.0 / _SCATTER_MEMORY
        sums[2, 0] += beyond
        sums[2, 1] += squares
        self._table.floats("hours").reshape(-1, 4)[usual.bins] = hours.reshape(4, -1).T
        self._table.put("sums", block.series, sums)
        self._table.floats("days").reshape(2, -1)[:, usual.days] = of_day

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
        beside = self._of(_bins(rows, hour)[0])[0]
        return np.where(beside[1] >= 1.0, _mean(beside, base), own)


def _mean(hours: Floats, base: Floats) -> Floats:
    """Return the usual count of hours, whose sums and visits are (2, m), leaning on ``base`` while hardly visited."""
    total, visits = hours
    lean = 1.0 / (1.0 + visits)
    usual: Floats = (total + lean * base) / (visits + lean)
    return usual


def _bins(rows: Ints, hour: Ints) -> tuple[Ints, Ints]:
    """Return the places of hours since 1970 in the flattened profile, and their days of the week from Saturday on."""
    day = hour // _DAY
    weekday = (day - _SATURDAY) % _WEEK
    return hour - _DAY * day + np.where(weekday < _WEEKEND, _DAY, 0) + rows * _BINS, weekday
