"""Naive twin of `Silence`: one source, plain Python, arithmetic quarter by quarter of an hour."""

import math
from datetime import UTC, datetime

from tests.contract.naive_peaks import NaivePeaks

HOUR = 3_600_000
QUARTER = 900_000


def bin_of(local_ms: int) -> tuple[bool, int]:
    """Return (weekend, quarter of the day) of a local time."""
    local = datetime.fromtimestamp(local_ms // 1000, UTC)
    return local.weekday() >= 5, local.hour * 4 + local.minute // 15


class NaiveBeats:
    """How long gaps of one source are, in beats."""

    def __init__(self) -> None:
        self.beat = 1.2
        self.long = NaivePeaks(10.0, 0.1, 0.1, 1.2)

    def tail(self, expected: float) -> float:
        """Return how rarely a gap lasts so long: long at all, then beat after beat."""
        over = expected / self.beat - 1.5
        if over <= 0.0:
            return 1.0
        goes_on = min(self.long.share, 0.5)
        known = self.long.number * (self.long.excess - 1.0)
        weight = self.long.number + 8.0
        odds = (known + 8.0 * goes_on / (1.0 - goes_on)) / weight
        rate = math.log(1.0 + 1.0 / odds)
        mean_by_middle = (math.exp(rate / 2) - math.exp(-rate / 2)) / rate
        log = math.log(self.long.share * mean_by_middle) - weight * math.log(1.0 + over * rate / weight)
        return math.exp(min(max(log, -690.0), 0.0))

    def learn(self, expected: float, weight: float, arrivals: int) -> None:
        """Learn one gap."""
        if expected <= 0.0:
            return
        self.long.learn(math.ceil(expected / self.beat - 1.5), weight)
        pace = max(1 / (arrivals + 10), 0.005) * weight
        self.beat = max(self.beat * math.exp(pace * (7 / 3 if expected > self.beat else -1.0)), 0.3)


class NaiveSilence:
    """One source that should speak now and then."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.last = 0
        self.arrivals = 0
        self.log_median = math.nan
        self.beats = NaiveBeats()
        self.bins: dict[tuple[bool, int], tuple[float, float]] = {}

    def observe(self, at_ms: int, local_ms: int, value: float) -> tuple[float, float, float]:
        """Score the gap that ends, then learn it."""
        if math.isnan(value):
            return 1.0, 1.0, math.nan
        if self.first is None:
            self.first = self.last = at_ms
            self._arrive(local_ms)
            return 1.0, 1.0, math.nan
        gap = max(at_ms - self.last, 0)
        parts = self._parts(self.last + local_ms - at_ms, gap)
        expected = sum(self._pace(key) * part / QUARTER for key, part in parts)
        median = 1.0 if math.isnan(self.log_median) else math.exp(self.log_median)
        ready = self.arrivals >= 20 and self.last - self.first >= 48 * HOUR
        p = self.beats.tail(expected) if ready else 1.0
        if gap > 0:
            weight = 0.1 if p < 1e-4 else 1.0
            for key, part in parts:
                visits = part / QUARTER * weight
                fade = math.exp(-visits / 15)
                seen, lived = self.bins.get(key, (0.0, 0.0))
                self.bins[key] = fade * seen, fade * lived + visits
            self._arrive(self.last + gap + local_ms - at_ms)
            self._learn(math.log(gap / 1000), expected, weight)
        self.last += gap
        return p, 1.0, median if ready else math.nan

    def _arrive(self, local_ms: int) -> None:
        seen, lived = self.bins.get(bin_of(local_ms), (0.0, 0.0))
        self.bins[bin_of(local_ms)] = seen + 1, lived
        self.arrivals += 1

    def _pace(self, key: tuple[bool, int]) -> float:
        seen, lived = self.bins.get(key, (0.0, 0.0))
        return seen / lived if lived >= 1.5 else 0.0

    @staticmethod
    def _parts(local_ms: int, gap: int) -> list[tuple[tuple[bool, int], int]]:
        parts: list[tuple[tuple[bool, int], int]] = []
        while gap > 0 and len(parts) < 864:
            part = min(gap, QUARTER - local_ms % QUARTER)
            parts.append((bin_of(local_ms), part))
            local_ms += part
            gap -= part
        return parts

    def _learn(self, log_gap: float, expected: float, weight: float) -> None:
        if math.isnan(self.log_median):
            self.log_median = log_gap
        else:
            side = (log_gap > self.log_median) - (log_gap < self.log_median)
            self.log_median += max(1 / self.arrivals, 0.02) * weight * side
        self.beats.learn(expected, weight, self.arrivals)
