"""Naive twin of `Hotspot`: reports of one kind, plain Python."""

import math

from tests.contract.naive_peaks import NaiveMaximum

RADII = (0.25, 0.5, 1.0, 2.0, 5.0)
WINDOWS = (1.0, 3.0, 8.0, 24.0)


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
        statistic, expected = self._best()
        if self.count <= 30:
            return 1.0, 1.0, math.nan
        speaks = self.maximum.seen >= 50
        p = self.maximum.judge(statistic)
        return (p, 1.0, expected) if speaks else (1.0, 1.0, math.nan)

    def _best(self) -> tuple[float, float]:
        at_ms, lat, lon, _ = self.reports[0]
        far = [self._km(lat, lon, other[1], other[2]) for other in self.reports]
        ages = [(at_ms - other[0]) / 3_600_000 for other in self.reports]
        best = (-1.0, 0.0)
        for window in WINDOWS:
            recent = {who[3] for who, age in zip(self.reports, ages, strict=True) if age <= window}
            for radius in RADII:
                here = [i for i, distance in enumerate(far) if distance <= radius]
                c = len({self.reports[i][3] for i in here if ages[i] <= window})
                b = len(recent) * len(here) / len(self.reports)
                ratio = c * math.log(c / b) + b - c if c > b and c >= 3 else 0.0
                if ratio > best[0] + 1e-12:
                    best = (ratio, b)
        return max(best[0], 0.0), best[1]

    @staticmethod
    def _km(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
        east = abs(other_lon - lon)
        return 111.195 * math.hypot(other_lat - lat, min(east, 360.0 - east) * math.cos(math.radians(lat)))
