"""Online space-time scan of points: around which new report have more distinct people reported than is usual there."""

from typing import NamedTuple

import numpy as np

from detectors import peaks
from detectors.arrays import Floats, Ints, Scores
from detectors.bank import HOUR_MS, NEVER, Column, Held, Table
from detectors.blocks import LEAST, Flags, PointBlock, check_block, in_rounds
from detectors.regions import likelihood_ratio

__all__ = ["Hotspot", "HotspotParameters", "Hotspots", "PointBlock"]

_COLUMNS = {"lat": (np.float64, ()), "lon": (np.float64, ()), "reporter": (np.int64, ())}
_KM_PER_DEGREE = 111.195
_MOST_LAT, _MOST_LON = 90.0, 180.0
_FAR_KM = 1e9
_CELLS = 500_000  # of reports times radii at once: bounds the memory


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
        Distinct reporters in it.
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

    Expected are the distinct reporters of the window wherever they are, times the share of all remembered reports that
    lie in the circle (the space-time permutation): towns report more, and so do rainy days, and neither is a cluster.
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
    version = 1

    def __init__(self, parameters: HotspotParameters | None = None) -> None:
        self.parameters = (parameters or HotspotParameters()).validated()
        ring = (self.parameters.remembered,)
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
        peaks.learn_maximum(best.statistic[some], p[some], level, tail)
        table.floats("level")[rows[some]] = level
        table.floats("tail")[rows[some]] = tail
        said = [np.where(speaks, column, np.nan) for column in best[1:]]
        return Hotspots(np.where(speaks, np.maximum(p, LEAST), 1.0), *said)

    def _best(self, rows: Ints) -> Hotspots:
        """Return the circle with the largest likelihood ratio of each row; ties go to the shortest, then smallest."""
        radii, windows = np.array(self.parameters.radii_km), np.array(self.parameters.windows_h)
        found = np.empty((5, len(rows)))
        step = max(_CELLS // (self.parameters.remembered * (len(radii) + 1)), 1)
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            observed, expected = self._counted(part)
            ratio = likelihood_ratio(observed, expected) * (observed >= self.parameters.least_reporters)
            at = ratio.reshape(len(part), -1).argmax(axis=1)
            row, (window, radius) = np.arange(len(part)), np.unravel_index(at, (len(windows), len(radii)))
            chosen = (row, window, radius)
            columns = (expected[chosen], observed[chosen], radii[radius], windows[window], ratio[chosen])
            found[:, start : start + step] = columns
        return Hotspots(np.ones(len(rows)), *found)

    def _counted(self, rows: Ints) -> tuple[Floats, Floats]:
        """Return distinct reporters, and those expected, around the newest report, (m, windows, radii) each."""
        table = self._table
        at, reporter = table.ints("at_ms")[rows], table.ints("reporter")[rows]
        some = at != NEVER
        distance = _distance_km(table.floats("lat")[rows], table.floats("lon")[rows])
        radii = np.array([*self.parameters.radii_km, _FAR_KM])
        inside = some[:, None, :] & (distance[:, None, :] <= radii[:, None])
        age_h = (at[:, :1] - np.where(some, at, at[:, :1])) / HOUR_MS
        recent = age_h[:, None, :] <= np.array(self.parameters.windows_h)[:, None]
        new = _first_of_reporter(reporter, inside)
        distinct = (recent[:, :, None, :] & new[:, None, :, :]).sum(axis=3).astype(np.float64)
        reports = inside.sum(axis=2).astype(np.float64)
        share = reports[:, None, :-1] / reports[:, None, -1:]
        return distinct[:, :, :-1], distinct[:, :, -1:] * share


def _distance_km(lat: Floats, lon: Floats) -> Floats:
    """Return distances from the first point of each row; on the plane that touches there, good to 50 km."""
    north = lat - lat[:, :1]
    east = np.abs(lon - lon[:, :1])
    east = np.minimum(east, 360.0 - east) * np.cos(np.radians(lat[:, :1]))
    distance: Floats = _KM_PER_DEGREE * np.sqrt(north * north + east * east)
    return np.where(np.isnan(distance), np.inf, distance)


def _first_of_reporter(reporter: Ints, inside: Flags) -> Flags:
    """Return which reports, of those inside, are the newest of their reporter; (m, circles, reports)."""
    order = np.argsort(reporter, axis=1, kind="stable")  # newest first among those of one reporter
    ordered = np.take_along_axis(reporter, order, axis=1)
    begins = np.ones(ordered.shape, np.bool_)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    position = np.arange(ordered.shape[1])
    group = np.maximum.accumulate(np.where(begins, position, 0), axis=1)[:, None, :]
    sorted_inside = np.take_along_axis(inside, order[:, None, :], axis=2)
    before: Ints = np.cumsum(sorted_inside, axis=2) - sorted_inside
    first = sorted_inside & (before == np.take_along_axis(before, np.broadcast_to(group, before.shape), axis=2))
    back = np.argsort(order, axis=1, kind="stable")
    return np.take_along_axis(first, back[:, None, :], axis=2)
