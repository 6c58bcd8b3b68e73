"""Usual counts by hour of weekdays and of weekends, exponentially weighted, and how much counts scatter about them."""

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
_PRIOR_DISPERSION = 0.1
_PRIOR_OBSERVATIONS = 20.0
_SCATTER_MEMORY = 1000.0  # observations
_ALWAYS_BELIEVED = 3.0  # counts beyond the clip: of rare counts a few more are nothing odd


class Usual(NamedTuple):
    """What was usual for each observation of a round: (m,) each, but ``bins`` (m,) places in the flattened profile.

    Attributes
    ----------
    bins : int64
        Place of the hour.
    mean, dispersion : float64
        Of the negative binomial with variance mean + dispersion * mean², widened by how little is known of the hour.
    visits : float64
        Observations that the hour's mean rests on.
    known : bool
        Whether these are enough.
    """

    bins: Ints
    mean: Floats
    dispersion: Floats
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
            "profile": Column((_BINS,)),  # weighted sums by hour
            "visits": Column((_BINS,)),  # their weights
            "base": Column((2,)),  # weighted sum and weight of all
            "scatter": Column((2,)),  # sums of squared residuals beyond Poisson's, and of squared means
            "phase": Column(fill=np.nan),  # where in the hour the observations lie on average, hours
        }

    def usual(self, block: Block) -> Usual:
        """Return what is usual at the round's times; only the phase within the hour is learned."""
        rows, table = block.series, self._table
        hour = block.local_ms // HOUR_MS
        bins = _bins(rows, hour)
        sums = table.floats("base").take(rows, axis=0)
        base = sums[:, 0] / np.maximum(sums[:, 1], 1e-9)
        visits = table.floats("visits").ravel().take(bins)
        mean = self._between(rows, hour, (block.local_ms - hour * HOUR_MS) / HOUR_MS, self._at(bins, base), base)
        mean = np.maximum(mean, _LEAST_MEAN)
        scatter = table.floats("scatter").take(rows, axis=0)
        prior = _PRIOR_OBSERVATIONS * base * base + _LEAST_MEAN
        dispersion = (scatter[:, 0] + _PRIOR_DISPERSION * prior) / (scatter[:, 1] + prior)
        dispersion = np.maximum(dispersion, self._least)
        dispersion += (dispersion + 1.0 / mean) / (visits + 1.0)
        return Usual(bins, mean, dispersion, visits, visits >= _LEAST_VISITS)

    def learn(self, block: Block, usual: Usual) -> None:
        """Teach hour, mean and scatter, by clipped counts where the hour is known."""
        rows, table, mean = block.series, self._table, usual.mean
        variance = mean + usual.dispersion * mean * mean
        reach = self._clip_sd * np.sqrt(variance) + _ALWAYS_BELIEVED
        residual = np.minimum(np.maximum(block.value - mean, -reach), reach)
        taught = np.where(usual.known, mean + residual, block.value)
        profile, visits = table.floats("profile").ravel(), table.floats("visits").ravel()
        profile[usual.bins] = self._fade * profile.take(usual.bins) + taught
        visits[usual.bins] = self._fade * usual.visits + 1.0
        base = table.floats("base")
        base[rows] = self._fade_base * base.take(rows, axis=0) + np.stack([taught, np.ones(len(rows))], axis=1)
        # the mean of so many visits is off by some of the scatter itself
        beyond = residual * residual / (1.0 + 1.0 / np.maximum(usual.visits, 1.0)) - mean
        seen = np.where(usual.known, 1.0, 0.0)[:, None] * np.stack([beyond, mean * mean], axis=1)
        scatter = table.floats("scatter")
        scatter[rows] = (1.0 - 1.0 / _SCATTER_MEMORY) * scatter.take(rows, axis=0) + seen

    def _at(self, bins: Ints, base: Floats) -> Floats:
        """Return the usual count of hours, leaning on all hours' mean only while hardly visited."""
        visits = self._table.floats("visits").ravel().take(bins)
        lean = 1.0 / (1.0 + visits)
        usual: Floats = (self._table.floats("profile").ravel().take(bins) + lean * base) / (visits + lean)
        return usual

    def _between(self, rows: Ints, hour: Ints, part: Floats, usual: Floats, base: Floats) -> Floats:
        """Interpolate to the next or previous hour, for observations off where they usually lie in the hour."""
        shift, off = phase.follow(self._table.floats("phase"), rows, part)
        if len(off) == 0:
            return usual
        bins = _bins(rows[off], hour[off] + np.where(shift[off] > 0.0, 1, -1))
        known = self._table.floats("visits").ravel().take(bins) >= 1.0
        usual = usual.copy()
        usual[off] += np.where(known, np.abs(shift[off]), 0.0) * (self._at(bins, base[off]) - usual[off])
        return usual


def _bins(rows: Ints, hour: Ints) -> Ints:
    """Return the places of hours since 1970 in the flattened profile, (m,)."""
    weekend = (hour // (DAY_MS // HOUR_MS) - _SATURDAY) % 7 < 2  # noqa: PLR2004 - Saturday and Sunday
    return hour % 24 + np.where(weekend, 24, 0) + rows * _BINS
