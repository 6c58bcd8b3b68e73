"""Online space-time scan of counts: which neighbouring units, over which last intervals, are most above expectation."""

from typing import NamedTuple

import numpy as np

from detectors import peaks
from detectors.arrays import Floats, Ints, Scores
from detectors.bank import DAY_MS, HOUR_MS, NEVER, Column, Held, Table
from detectors.blocks import LEAST, AreaBlock, Flags, check_block, in_rounds
from detectors.regions import checked_neighbours, likelihood_ratio

__all__ = ["AreaBlock", "AreaScan", "AreaScanParameters", "Clusters"]

_LARGEST = 1e9
_MOST_NOISE = 4.0
_CELLS = 1_000_000  # of the regions of all rows at once: bounds the memory


class AreaScanParameters(NamedTuple):
    """Parameters of `AreaScan`.

    Attributes
    ----------
    windows : int
        Regions reach over the last 1, 2, … of so many intervals.
    interval_h : float
        Length of an interval, hours: what is longer ago than ``windows`` of them is in no window.
    slots : int
        Hours of the rhythm that the kind's units have in common: 168 (week), 24 (day) or 1 (none).
    quiet_days : float
        Age before which nothing is said, days.
    memory_days : float
        Memory of each unit's rate and of the rhythm, days (e-fold).
    unit_count, slot_count : float
        Counts that a unit's or a slot's prior is worth: the mean unit, and no rhythm.
    usual_noise, noise_sd : float
        Squared coefficient of variation of a unit's counts beyond Poisson's before it is known, and its uncertainty.
    clip_sd : float
        A count teaches at most this many standard deviations of a count that varies by half of itself.
    """

    windows: int = 6
    interval_h: float = 1.0
    slots: int = 168
    quiet_days: float = 14.0
    memory_days: float = 60.0
    unit_count: float = 1.0
    slot_count: float = 10.0
    usual_noise: float = 0.05
    noise_sd: float = 0.1
    clip_sd: float = 3.0

    def validated(self) -> "AreaScanParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        for name, value in self._asdict().items():
            if not 0.0 < value < np.inf:
                raise ValueError(f"area_scan.{name} must be above 0 and finite, is {value}")
        if self.slots not in (1, 24, 168):
            raise ValueError(f"area_scan.slots must be 1, 24 or 168, is {self.slots}")
        return self


class Clusters(NamedTuple):
    """What the scan says of each observation, and of which region; (n,) float64 each, NaN where nothing is said.

    Attributes
    ----------
    p_high, expected : (n,) float64
        As in `detectors.arrays.Scores`: of the whole scan, and of the most striking region.
    observed : (n,) float64
        Count in that region.
    centre, reach : (n,) float64
        Its units are the first ``reach`` of the neighbours of unit ``centre``, which is one of them.
    window : (n,) float64
        Its intervals are the last so many.
    statistic : (n,) float64
        Logarithm of the likelihood ratio that is largest there; 0: nothing is above expectation.
    """

    p_high: Floats
    expected: Floats
    observed: Floats
    centre: Floats
    reach: Floats
    window: Floats
    statistic: Floats


class AreaScan(Held):
    """Expectation-based Poisson scan over nested neighbourhoods of all units of a map, and over the last windows.

    Expected is a unit's own rate times a rhythm that all units of the kind share; both fade. Where a unit's counts vary
    more than Poisson's, count and expectation are divided by how much more. The statistic is the largest log likelihood
    ratio C log(C/B) + B - C of any region with C counted and B expected; how large it usually gets is learned from its
    own history (`detectors.peaks`): nothing is simulated. A surge of the whole map raises regions too: judge it first.

    Parameters
    ----------
    neighbours : (units, k) int64
        Row i: unit i itself, then those nearest to it (see `detectors.regions.nearest`). The map is one province's:
        its units share a rhythm and the scan has one tail.
    parameters : AreaScanParameters, optional

    Raises
    ------
    ValueError
        ``neighbours`` isn't such an array, or a parameter is out of range.

    References
    ----------
    M. Kulldorff, "Prospective time periodic geographical disease surveillance using a scan statistic", 2001,
    doi:10.1111/1467-985X.00186. D. B. Neill, "Expectation-based scan statistics for monitoring spatial time series
    data", 2009, doi:10.1016/j.ijforecast.2008.12.002.

    Examples
    --------
    Nine units along a road; after five weeks the fourth to sixth have twice their usual counts.

    >>> from detectors.regions import nearest
    >>> bank = AreaScan(nearest(np.zeros(9), np.arange(9) / 10, 3))
    >>> bank.resize(1)
    >>> hours = np.arange(24 * 35) * 3_600_000
    >>> counts = 8.0 + (np.arange(len(hours))[:, None] * 5 + np.arange(9) * 7) % 11 % 4
    >>> counts[-3:, 3:6] *= 2.0
    >>> found = bank.scan(AreaBlock(np.zeros(len(hours), np.int64), hours, hours, counts))
    >>> bool(found.p_high[-1] < 1e-6), [int(each[-1]) for each in (found.centre, found.reach, found.window)]
    (True, [4, 3, 3])
    """

    name = "area_scan"
    version = 2

    def __init__(self, neighbours: Ints, parameters: AreaScanParameters | None = None) -> None:
        self.parameters = (parameters or AreaScanParameters()).validated()
        self.neighbours = checked_neighbours(neighbours, self.name)
        units, windows = len(neighbours), self.parameters.windows
        self._table = Table(
            self.name,
            {
                "first_ms": Column((), np.int64, NEVER),
                "last_ms": Column((windows,), np.int64, NEVER),
                "counted": Column((windows, units)),
                "hoped": Column((windows, units)),
                "count": Column((units,)),
                "exposure": Column((units,)),
                "surplus": Column((units,)),
                "squares": Column((units,)),
                "slot_count": Column((self.parameters.slots,)),
                "slot_expected": Column((self.parameters.slots,)),
                "level": Column((3,), fill=np.array(peaks.LEVEL_PRIOR)),
                "tail": Column((4,), fill=np.array(peaks.MAXIMUM_PRIOR)),
            },
        )

    def update(self, block: AreaBlock) -> Scores:
        """Score every observation, then learn it: `scan` without the region.

        Raises
        ------
        ValueError
            A column has the wrong dtype or shape, a series is outside the bank, or time runs backwards.
        """
        found = self.scan(block)
        return Scores(found.p_high, np.ones(len(found.p_high)), found.expected)

    def scan(self, block: AreaBlock) -> Clusters:
        """Score every observation and tell its most striking region, then learn it; raises as `update`."""
        check_block(self.name, block, {"counts": (np.float64, (len(self.neighbours),))}, self.size)
        known = np.any(_known(block.counts), axis=1)
        return Clusters(*in_rounds(block, known, self._step, (1.0, *[np.nan] * 6)))

    def _step(self, block: AreaBlock) -> Clusters:
        rows, table = block.series, self._table
        known = _known(block.counts)
        counts = np.where(known, block.counts, 0.0)
        rhythm, slot = self._rhythm(block)
        expected = np.where(known, self._rates(rows) * rhythm[:, None], 0.0)
        first = table.ints("first_ms")
        first[rows] = np.where(first[rows] == NEVER, block.at_ms, first[rows])
        ready = block.at_ms - first[rows] >= self.parameters.quiet_days * DAY_MS
        before_ms = table.ints("last_ms")[rows, 0]
        self._remember(block, counts, expected)
        best = self._best(rows)
        level, tail = table.floats("level")[rows], table.floats("tail")[rows]
        p = peaks.maximum_tail(best.statistic, level, tail)
        speaks = ready & peaks.knows_level(level)
        some = np.flatnonzero(ready)
        level, tail = level[some], tail[some]
        peaks.learn_maximum(best.statistic[some], p[some], level, tail, best.window[some])
        table.floats("level")[rows[some]] = level
        table.floats("tail")[rows[some]] = tail
        taught = self._taught(counts, expected, ready)
        weight = np.where(speaks & (p < peaks.SUSPICIOUS), peaks.SUSPICIOUS_WEIGHT, 1.0)
        self._learn_noise(rows, taught, expected, np.where(ready, weight, 0.0))
        self._learn(block._replace(counts=taught), before_ms, known, rhythm, slot)
        said = [np.where(speaks, column, np.nan) for column in best[1:]]
        return Clusters(np.where(speaks, np.maximum(p, LEAST), 1.0), *said)

    def _rates(self, rows: Ints) -> Floats:
        """Return each unit's usual count of an interval, (m, units), shrunk to that of the mean unit."""
        count, exposure = self._table.floats("count")[rows], self._table.floats("exposure")[rows]
        prior = self.parameters.unit_count
        mean = (count.sum(axis=1) + 0.5) / (exposure.sum(axis=1) + 1.0)
        rates: Floats = (count + prior) / (exposure + (prior / mean)[:, None])
        return rates

    def _rhythm(self, block: AreaBlock) -> tuple[Floats, Ints]:
        """Return how the present slot compares with the mean one, and which it is."""
        slot = block.local_ms // HOUR_MS % self.parameters.slots
        prior, table = self.parameters.slot_count, self._table
        counted = table.floats("slot_count")[block.series, slot] + prior
        return counted / (table.floats("slot_expected")[block.series, slot] + prior), slot

    def _remember(self, block: AreaBlock, counts: Floats, expected: Floats) -> None:
        """Shift the last intervals by one and forget those that are too long ago."""
        rows, table = block.series, self._table
        last = table.ints("last_ms")
        last[rows] = np.concatenate([block.at_ms[:, None], last[rows, :-1]], axis=1)
        oldest = block.at_ms - int((self.parameters.windows - 0.5) * self.parameters.interval_h * HOUR_MS)
        recent = (last[rows] >= oldest[:, None])[:, :, None]
        for name, new in (("counted", counts), ("hoped", expected)):
            ring = table.floats(name)
            ring[rows] = np.where(recent, np.concatenate([new[:, None], ring[rows, :-1]], axis=1), 0.0)

    def _best(self, rows: Ints) -> Clusters:
        """Return the region with the largest likelihood ratio of each row; ties go to the first."""
        table, shape = self._table, (self.parameters.windows, *self.neighbours.shape)
        found = np.empty((6, len(rows)))
        step = max(_CELLS // (shape[0] * shape[1] * shape[2]), 1)
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            counted, hoped = table.floats("counted")[part], table.floats("hoped")[part]
            spread = 1.0 + self._noise(part)[:, None] * hoped
            ratio = likelihood_ratio(self._sums(counted / spread), self._sums(hoped / spread))
            at = ratio.argmax(axis=1)
            window, unit, more = np.unravel_index(at, shape)
            inside = (np.arange(shape[0]) <= window[:, None])[:, :, None] & (np.arange(shape[2]) <= more[:, None])[
                :, None
            ]
            units = self.neighbours[unit][:, None]
            observed, expected = (
                np.where(inside, np.take_along_axis(ring, units, axis=2), 0.0).sum(axis=(1, 2))
                for ring in (counted, hoped)
            )
            statistic = ratio[np.arange(len(part)), at]
            found[:, start : start + step] = (expected, observed, unit, more + 1.0, window + 1.0, statistic)
        return Clusters(np.ones(len(rows)), *found)

    def _noise(self, rows: Ints) -> Floats:
        """Return the squared coefficient of variation of each unit's counts beyond Poisson's, (m, units)."""
        weight = 2.0 / self.parameters.noise_sd**2
        surplus = self._table.floats("surplus")[rows] + weight * self.parameters.usual_noise
        noise: Floats = surplus / (self._table.floats("squares")[rows] + weight)
        return np.clip(noise, 0.0, _MOST_NOISE)

    def _sums(self, ring: Floats) -> Floats:
        """Return the sums over all regions, (m, windows * units * k)."""
        by_window = np.cumsum(ring, axis=1)
        regions = np.cumsum(by_window[:, :, self.neighbours], axis=3)
        return regions.reshape(len(ring), -1)

    def _taught(self, counts: Floats, expected: Floats, ready: Flags) -> Floats:
        """Return the counts clipped to what they may teach; the first ones teach all that they are."""
        limit = expected + self.parameters.clip_sd * np.sqrt(expected + 0.25 * expected**2) + 1.0
        taught: Floats = np.where(ready[:, None], np.minimum(counts, limit), counts)
        return taught

    def _learn_noise(self, rows: Ints, counts: Floats, expected: Floats, weight: Floats) -> None:
        """Learn squared residuals beyond Poisson's; each counts by the variance that it has itself."""
        spread = 1.0 + self._noise(rows) * expected
        counts_for = weight[:, None] / (spread * spread)
        residual = counts - expected
        self._table.floats("surplus")[rows] += counts_for * (residual * residual - expected)
        self._table.floats("squares")[rows] += counts_for * expected * expected

    def _learn(self, block: AreaBlock, before_ms: Ints, known: Flags, rhythm: Floats, slot: Ints) -> None:
        """Learn rates given the rhythm, and the rhythm given the rates; both fade with time."""
        rows, table, counts = block.series, self._table, block.counts
        hoped = np.where(known, self._rates(rows), 0.0).sum(axis=1)
        gap = np.where(before_ms == NEVER, 0, block.at_ms - np.where(before_ms == NEVER, 0, before_ms))
        fade = np.exp(-(gap / DAY_MS) / self.parameters.memory_days)[:, None]
        table.floats("surplus")[rows] *= fade
        table.floats("squares")[rows] *= fade
        table.floats("count")[rows] = fade * table.floats("count")[rows] + counts
        table.floats("exposure")[rows] = fade * table.floats("exposure")[rows] + np.where(known, rhythm[:, None], 0.0)
        for name, new in (("slot_count", counts.sum(axis=1)), ("slot_expected", hoped)):
            column = table.floats(name)
            column[rows] *= fade
            column[rows, slot] += new


def _known(counts: Floats) -> Flags:
    with np.errstate(invalid="ignore"):
        known: Flags = (counts >= 0.0) & (counts <= _LARGEST)
    return known
