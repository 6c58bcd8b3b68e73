"""Naive twin of `PageHinkley`: one series, the sums and their least values as Hinkley wrote them, plain Python."""

import math

from tests.contract.naive_excursions import NaiveGauge, NaivePrior, NaiveSides, NaiveTogether


class NaivePageHinkley:
    """Sums of one series and how far they are above their least values."""

    def __init__(self) -> None:
        self.gauge = NaiveGauge(2000, 1000)
        self.together = NaiveTogether()
        self.sides = NaiveSides(NaivePrior(0.018, 0.9))
        self.sums = [0.0, 0.0]
        self.least = [0.0, 0.0]

    def observe(self, at_ms: int, local_ms: int, value: float) -> tuple[float, float, float]:
        """Score one value, then learn it."""
        del local_ms
        if not abs(value) <= 1e150:
            return 1.0, 1.0, math.nan
        n = self.gauge.count
        score, level, _ = self.gauge.look(value)
        if self.together.gap(at_ms, n) or n < 20:
            self.least = list(self.sums)
        variance = self.together.cautious(n)
        for side, sign in enumerate((1.0, -1.0)):
            self.sums[side] += 0.4 * (sign * score - 0.2) / variance
            self.least[side] = min(self.least[side], self.sums[side])
            self.least[side] = max(self.least[side], self.sums[side] - self.sides.sides[side].most())
        high = low = 1.0
        if n >= 200:
            above = self.sums[0] - self.least[0], self.sums[1] - self.least[1]
            high, low = self.sides.judge(above, min(0.5 * 0.4 * 0.4 / variance, 1.0))
        self.together.learn(score, n, min(high, low))
        return high, low, level if n >= 200 else math.nan
