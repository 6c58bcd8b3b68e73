"""Naive twin of `Hotspot`: reports of one kind, plain Python."""

import math

from tests.contract.naive_peaks import NaiveMaximum

RADII = (0.25, 0.5, 1.0, 2.0, 5.0)
WINDOWS = (1.0, 3.0, 8.0, 24.0)


def contrast(c: int, new: int, there: int, old: int) -> float:
    """Return half of the G statistic: how much better two shares describe the circle than one."""
    one = (c + there) / (new + old)
    cells = [(c, new * one), (new - c, new * (1 - one)), (there, old * one), (old - there, old * (1 - one))]
    return math.fsum(observed * math.log(observed / expected) for observed, expected in cells if observed)


class NaiveHotspot:
    """The last 128 reports, newest first."""

    def __init__(self) -> None:
        self.count = 0
        self.reports: list[tuple[int, float, float, int]] = []
        self.maximum = NaiveMaximum()

    def observe(self, at_ms: int, local_ms: int, lat: float, lon: float, reporter: int) -> tuple[float, float, float]:
        """Score one report, then learn it."""
        del local_ms
        if not (abs(lat) <= 90.0 and abs(lon) <= 180.0):
            return 1.0, 1.0, math.nan
        self.reports = [(at_ms, lat, lon, reporter), *self.reports][:128]
        self.count += 1
        statistic, expected, others = self._best()
        if self.count <= 30:
            return 1.0, 1.0, math.nan
        speaks = self.maximum.seen >= 50
        p = self.maximum.judge(statistic, max(others, 1))
        return (p, 1.0, expected) if speaks else (1.0, 1.0, math.nan)

    def _best(self) -> tuple[float, float, int]:
        at_ms, lat, lon, _ = self.reports[0]
        far = [self._km(lat, lon, other[1], other[2]) for other in self.reports]
        ages = [(at_ms - other[0]) / 3_600_000 for other in self.reports]
        columns = (self.reports, far, ages)
        best = (-1.0, 0.0, 0)
        for window in WINDOWS:
            recent = {who[3] for who, age in zip(self.reports, ages, strict=True) if age <= window}
            for radius in RADII:
                c = len({who[3] for who, d, age in zip(*columns, strict=True) if d <= radius and age <= window}) - 1
                before = sum(age > window for age in ages)
                there = sum(age > window and d <= radius for d, age in zip(far, ages, strict=True))
                b = (len(recent) - 1) * (c + there) / max(len(recent) - 1 + before, 1)
                surge = c + 1 >= 3 and c * before > there * (len(recent) - 1)
                ratio = contrast(c, len(recent) - 1, there, before) if surge else 0.0
                if ratio > best[0] + 1e-12:
                    best = (ratio, b + 1, c)
        return max(best[0], 0.0), best[1], best[2]

    @staticmethod
    def _km(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
        east = abs(other_lon - lon)
        return 111.195 * math.hypot(other_lat - lat, min(east, 360.0 - east) * math.cos(math.radians(lat)))
