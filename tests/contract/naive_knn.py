"""Naive twin of `Nearest`: all values of one series, and every distance worked out anew."""

import math

from tests.contract.naive_spot import SILENT, NaivePeaks, Triple


class NaiveNearest:
    """Shapes of nineteen values against those of the last 512."""

    def __init__(self) -> None:
        self.peaks = NaivePeaks(2.0, -0.1, 200.0)
        self.singles = NaivePeaks()
        self.values: list[float] = []
        self.mean = self.step = 0.0

    def observe(self, at_ms: int, local_ms: int, value: float) -> Triple:
        """Score one value, then learn it."""
        del at_ms, local_ms
        if not abs(value) <= 1e150:
            return SILENT
        step = self.step
        self.values.append(self._clipped(value))
        triple = self._judge(value, step)
        before, left = ([self.values[0]] * 20 + self.values)[-21:-19]
        self.singles.tail(min(abs(left - before), abs(left - self.mean)))
        return triple

    def _judge(self, value: float, step: float) -> Triple:
        ready = self.peaks.count >= 150
        shape = self.values[-19:]
        found = []
        for lag in range(1, min(512, len(self.values) - 19) + 1):
            earlier = self.values[-19 - lag : -lag]
            found.append((math.dist(shape, earlier), self.values[-1 - lag]))
        if len(found) < 20:
            return SILENT
        nearest = min(found, key=lambda pair: pair[0])[1]
        distance = sum(away for away, _ in sorted(found)[:10]) / 10.0
        if distance <= 1e-6 * step:
            distance = 0.0
        p = self.peaks.tail(distance)
        if p == 1.0:
            return 1.0, 1.0, value if ready else math.nan
        expected_singles = self.singles.odds(distance) * self.singles.count
        p = max(p, 19.0 * expected_singles / max(self.singles.count, 1.0) * math.exp(-expected_singles))
        return (p, 1.0, nearest) if value >= nearest else (1.0, p, nearest)

    def _clipped(self, value: float) -> float:
        n = len(self.values)
        mean = value if n == 0 else self.mean
        far = 1e3 * self.step if self.step > 0.0 else math.inf
        clipped = min(max(value, mean - far), mean + far)
        self.mean = mean + (clipped - mean) / min(n + 1, 500)
        self.step += (abs(clipped - mean) - self.step) / min(n + 1, 500)
        return clipped
