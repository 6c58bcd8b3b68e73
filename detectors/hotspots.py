"""Online space-time scan of points: around which new report have more distinct people reported than is usual there."""

from typing import NamedTuple

import numpy as np

from detectors import peaks
from detectors.arrays import Floats, Ints, Scores
from detectors.bank import HOUR_MS, NEVER, Column, Held, Table
from detectors.blocks import LEAST, PointBlock, check_block, in_rounds

__all__ = ["Hotspot", "HotspotParameters", "Hotspots", "PointBlock"]

_COLUMNS = {"lat": (np.float64, ()), "lon": (np.float64, ()), "reporter": (np.int64, ())}
_KM_PER_DEGREE = 111.195
_MOST_LAT, _MOST_LON = 90.0, 180.0
_LONG_AGO_MS = 10**15
_CELLS = 200_000  # of reports at once: bounds the memory


class HotspotParameters(NamedTuple):
    """Parameters of `Hotspot`.

    Attributes
    ----------
    radii_km : tuple of float
        Circles around the new report, kilometres.
    windows_h : tuple of float
        Windows that end with it, hours.
    remembered : int
        Reports that a series remembers: the pattern in space that is usual for it.
    quiet_reports : float
        Reports before which nothing is said.
    least_reporters : float
        Fewer distinct reporters are no cluster.
    """

    radii_km: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 5.0)
    windows_h: tuple[float, ...] = (1.0, 3.0, 8.0, 24.0)
    remembered: int = 128
    quiet_reports: float = 30.0
    least_reporters: float = 3.0

    def validated(self) -> "HotspotParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        for name in ("radii_km", "windows_h"):
            values = getattr(self, name)
            if not values or not all(0.0 < value < np.inf for value in values) or list(values) != sorted(values):
                raise ValueError(f"hotspot.{name} must be ascending values above 0, is {values}")
        for name in ("remembered", "quiet_reports", "least_reporters"):
            if not 1.0 <= getattr(self, name) < np.inf:
                raise ValueError(f"hotspot.{name} must be at least 1 and finite, is {getattr(self, name)}")
        return self


class Hotspots(NamedTuple):
    """What the scan says of each report, and of which circle around it; (n,) float64, NaN where nothing is said.

    Attributes
    ----------
    p_high, expected : (n,) float64
        As in `detectors.arrays.Scores`: of the whole scan, and of the most striking circle.
    observed : (n,) float64
        Distinct reporters in it, the new one included, as in ``expected``.
    radius_km, window_h : (n,) float64
        Its size; it ends with the report.
    statistic : (n,) float64
        Logarithm of the likelihood ratio that is largest there; 0: no circle with enough reporters has
        more than expected.
    """

    p_high: Floats
    expected: Floats
    observed: Floats
    radius_km: Floats
    window_h: Floats
    statistic: Floats


class Hotspot(Held):
    """Circles around each new report, over several windows: distinct reporters against the series' own pattern.

    The new report is where the circle is; others of the window, by distinct reporters, lie in it or not, and so did the
    reports before the window. The statistic is the log likelihood ratio of two shares against one (the space-time
    permutation, with both counts uncertain): towns report more, and so do rainy days, and neither is a cluster.
    Distinct reporters on the one side and all reports on the other: who reports ten times makes nothing surprising.
    How large the statistic usually gets, over all circles, is learned from its own history (`detectors.peaks`).

    References
    ----------
    M. Kulldorff et al., "A space-time permutation scan statistic for disease outbreak detection", 2005,
    doi:10.1371/journal.pmed.0020059.

    Examples
    --------
    Reports from all over a province, every two hours; then five people within 200 m and 20 minutes.

    >>> bank = Hotspot()
    >>> bank.resize(1)
    >>> at = np.r_[np.arange(300) * 120, 36_000 + np.arange(5) * 5] * 60_000
    >>> lat = np.r_[21.0 + np.arange(300) * 37 % 101 / 100, 21.5 + np.arange(5) / 2_500]
    >>> lon = np.r_[103.0 + np.arange(300) * 53 % 97 / 100, np.full(5, 103.4)]
    >>> found = bank.scan(PointBlock(np.zeros(305, np.int64), at, at, lat, lon, np.arange(305)))
    >>> bool(found.p_high[-1] < 1e-3), [float(each[-1]) for each in (found.observed, found.radius_km, found.window_h)]
    (True, [5.0, 0.25, 1.0])
    """

    name = "hotspot"
    version = 3

    def __init__(self, parameters: HotspotParameters | None = None) -> None:
        self.parameters = (parameters or HotspotParameters()).validated()
        ring = (self.parameters.remembered,)
        number = np.arange(self.parameters.remembered + 1.0)
        self._plogp = number * np.log(np.maximum(number, 1.0))
        self._table = Table(
            self.name,
            {
                "at_ms": Column(ring, np.int64, NEVER),
                "lat": Column(ring, fill=np.nan),
                "lon": Column(ring, fill=np.nan),
                "reporter": Column(ring, np.int64, 0),
                "count": Column(),
                "level": Column((3,), fill=np.array(peaks.LEVEL_PRIOR)),
                "tail": Column((4,), fill=np.array(peaks.MAXIMUM_PRIOR)),
            },
        )

    def update(self, block: PointBlock) -> Scores:
        """Score every report, then learn it: `scan` without the circle.

        Raises
        ------
        ValueError
            A column has the wrong dtype or length, a series is outside the bank, or time runs backwards.
        """
        found = self.scan(block)
        return Scores(found.p_high, np.ones(len(found.p_high)), found.expected)

    def scan(self, block: PointBlock) -> Hotspots:
        """Score every report and tell the most striking circle around it, then learn it; raises as `update`."""
        check_block(self.name, block, _COLUMNS, self.size)
        with np.errstate(invalid="ignore"):
            known = (np.abs(block.lat) <= _MOST_LAT) & (np.abs(block.lon) <= _MOST_LON)
        return Hotspots(*in_rounds(block, known, self._step, (1.0, *[np.nan] * 5)))

    def _step(self, block: PointBlock) -> Hotspots:
        rows, table = block.series, self._table
        for name in ("at_ms", "lat", "lon", "reporter"):
            ring = table.ints(name) if name in ("at_ms", "reporter") else table.floats(name)
            ring[rows] = np.concatenate([getattr(block, name)[:, None], ring[rows, :-1]], axis=1)
        count = table.floats("count")
        count[rows] += 1.0
        ready = count[rows] > self.parameters.quiet_reports
        best = self._best(rows)
        level, tail = table.floats("level")[rows], table.floats("tail")[rows]
        p = peaks.maximum_tail(best.statistic, level, tail)
        speaks = ready & peaks.knows_level(level)
        some = np.flatnonzero(ready)
        level, tail = level[some], tail[some]
        peaks.learn_maximum(best.statistic[some], p[some], level, tail, np.maximum(best.observed[some] - 1.0, 1.0))
        table.floats("level")[rows[some]] = level
        table.floats("tail")[rows[some]] = tail
        said = [np.where(speaks, column, np.nan) for column in best[1:]]
        return Hotspots(np.where(speaks, np.maximum(p, LEAST), 1.0), *said)

    def _best(self, rows: Ints) -> Hotspots:
        """Return the circle with the largest likelihood ratio of each row; ties go to the shortest, then smallest."""
        radii, windows = np.array(self.parameters.radii_km), np.array(self.parameters.windows_h)
        found = np.empty((5, len(rows)))
        step = max(_CELLS // self.parameters.remembered, 1)
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            observed, reporters, before, reports = self._counted(part)
            all_in, all_out = observed + before, reporters + reports - observed - before
            ratio = self._plogp[observed] + self._plogp[reporters - observed] + self._plogp[before]
            ratio += self._plogp[reports - before] + self._plogp[reporters + reports]
            ratio -= self._plogp[reporters] + self._plogp[reports] + self._plogp[all_in] + self._plogp[all_out]
            enough = observed + 1 >= self.parameters.least_reporters
            ratio = np.where(enough & (observed * reports > before * reporters), np.maximum(ratio, 0.0), 0.0)
            expected = reporters * (all_in / np.maximum(reporters + reports, 1)) + 1.0
            at = ratio.reshape(len(part), -1).argmax(axis=1)
            row, (window, radius) = np.arange(len(part)), np.unravel_index(at, (len(windows), len(radii)))
            chosen = (row, window, radius)
            columns = (expected[chosen], observed[chosen] + 1, radii[radius], windows[window], ratio[chosen])
            found[:, start : start + step] = columns
        return Hotspots(np.ones(len(rows)), *found)

    def _counted(self, rows: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        """Count around the newest report of each row, it and its reporter apart.

        Returns
        -------
        observed, reporters : (m, windows, radii), (m, windows, 1) int64
            Distinct reporters of the window in the circle, and wherever they are.
        before, reports : (m, windows, radii), (m, windows, 1) int64
            Reports before the window in the circle, and wherever they are.
        """
        table, windows = self._table, np.array(self.parameters.windows_h)
        at = table.ints("at_ms")[rows]
        age_h = (at[:, :1] - np.maximum(at, at[:, :1] - _LONG_AGO_MS)) / HOUR_MS
        ring = _above(_distance_km(table.floats("lat")[rows], table.floats("lon")[rows]), self.parameters.radii_km)
        # those come first, but that late reports stand among them; what stands behind a row's own last is in no window
        recent = int(np.flatnonzero((age_h <= windows[-1]).any(axis=0))[-1]) + 1
        shape = (len(rows), len(windows), len(self.parameters.radii_km) + 1)
        window = _above(age_h[:, :recent], self.parameters.windows_h)
        inside = window < len(windows)
        there = np.where(at == NEVER, shape[2], ring)
        everywhere = _summed((shape[0], 1, shape[2]), np.zeros_like(there), there)
        ring = np.where(inside, ring[:, :recent], shape[2])
        before = everywhere - _summed(shape, window, ring)
        order, nearest = _nearer(table.ints("reporter")[rows, :recent], ring, shape[2])
        window, ring = np.take_along_axis(window, order, axis=1), np.take_along_axis(ring, order, axis=1)
        nearest = np.maximum(nearest, ring)  # no nearer than an earlier one: nothing new
        distinct = _summed(shape, window, ring) - _summed(shape, window, nearest)
        return distinct[:, :, :-1] - 1, distinct[:, :, -1:] - 1, before[:, :, :-1], before[:, :, -1:]


def _above(values: Floats, bounds: tuple[float, ...]) -> Ints:
    """Return how many of the bounds each value is above."""
    above = np.zeros(values.shape, np.int64)
    for bound in bounds:
        above += values > bound
    return above


def _summed(shape: tuple[int, int, int], window: Ints, ring: Ints) -> Ints:
    """Count reports up to each window and ring, (m, windows, rings); what lies beyond the last is in none."""
    rows, windows, rings = shape
    cell = (np.arange(rows)[:, None] * (windows + 1) + window) * (rings + 1) + ring
    counts = np.bincount(cell.ravel(), minlength=rows * (windows + 1) * (rings + 1))
    return counts.reshape(rows, windows + 1, rings + 1)[:, :-1, :-1].cumsum(axis=1).cumsum(axis=2)


def _nearer(reporter: Ints, ring: Ints, none: int) -> tuple[Ints, Ints]:
    """Return an order by reporter, newest first, and in it the smallest ring of the same reporter's newer reports."""
    order = np.argsort(reporter, axis=1, kind="stable")
    who = np.take_along_axis(reporter, order, axis=1)
    group = np.zeros(who.shape, np.int64)
    np.cumsum(who[:, 1:] != who[:, :-1], axis=1, out=group[:, 1:])
    falling = (none + 1) * group  # makes the smallest so far that of the reporter alone
    smallest = np.minimum.accumulate(np.take_along_axis(ring, order, axis=1) - falling, axis=1)
    nearest = np.full(who.shape, none)
    nearest[:, 1:] = np.minimum(smallest[:, :-1] + falling[:, 1:], none)
    return order, nearest


def _distance_km(lat: Floats, lon: Floats) -> Floats:
    """Return distances from the first point of each row; on the plane that touches there, good to 50 km."""
    north = lat - lat[:, :1]
    east = np.abs(lon - lon[:, :1])
    east = np.minimum(east, 360.0 - east) * np.cos(np.radians(lat[:, :1]))
    distance: Floats = _KM_PER_DEGREE * np.sqrt(north * north + east * east)
    return np.where(np.isnan(distance), np.inf, distance)
