"""Naive twins of `Cusum` and `CountCusum`: one series, plain Python."""

import math
from datetime import UTC, datetime

from tests.contract.naive_excursions import NaiveGauge, NaivePrior, NaiveSides, NaiveTogether


class NaiveCusum:
    """Sums of one gauge."""

    def __init__(self) -> None:
        self.gauge = NaiveGauge(500, 500)
        self.together = NaiveTogether()
        self.sides = NaiveSides(NaivePrior(0.017, 0.93))
        self.sums = [0.0, 0.0]

    def observe(self, at_ms: int, local_ms: int, value: float) -> tuple[float, float, float]:
        """Score one value, then learn it."""
        del local_ms
        if not abs(value) <= 1e150:
            return 1.0, 1.0, math.nan
        n = self.gauge.count
        score, level, _ = self.gauge.look(value)
        if self.together.gap(at_ms, n) or n < 20:
            self.sums = [0.0, 0.0]
        variance = self.together.cautious(n)
        for side, sign in enumerate((1.0, -1.0)):
            added = self.sums[side] + (sign * score - 0.5) / variance
            self.sums[side] = min(max(added, 0.0), self.sides.sides[side].most())
        high = low = 1.0
        if n >= 100:
            high, low = self.sides.judge((self.sums[0], self.sums[1]), min(0.5 / variance, 1.0))
        self.together.learn(score, n, min(high, low))
        return high, low, level if n >= 100 else math.nan


class NaiveCountCusum:
    """Sums of one series of counts."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.count = 0
        self.bins: dict[tuple[bool, int], tuple[float, float]] = {}
        self.base = (0.0, 0.0)
        self.scatter = (0.0, 0.0)
        self.phase: float | None = None
        self.together = NaiveTogether(24.0)
        self.sides = NaiveSides(NaivePrior(0.01, 0.85))
        self.sums = [0.0, 0.0]

    def observe(self, at_ms: int, local_ms: int, value: float) -> tuple[float, float, float]:
        """Score one count, then learn it."""
        if not 0.0 <= value <= 1e12:
            return 1.0, 1.0, math.nan
        if self.first is None:
            self.first = at_ms
        n = self.count
        gap = self.together.gap(at_ms, n)
        key, mean, dispersion, visits = self._usual(local_ms)
        known = visits >= 2.0
        variance = self.together.cautious(n)
        for side, factor in enumerate((1.5, 1 / 1.5)):
            size = 1.0 / dispersion
            ratio = value * math.log(factor) - (value + size) * math.log((size + factor * mean) / (size + mean))
            gain = min(max(ratio, -2.5), 2.5) / variance if known else 0.0
            added = (0.0 if gap else self.sums[side]) + gain
            self.sums[side] = min(max(added, 0.0), self.sides.sides[side].most())
        ready = known and n >= 100 and at_ms - self.first >= 14 * 86_400_000
        high = low = 1.0
        if ready:
            nats = 0.5 * 0.25 * mean / (1.0 + dispersion * mean)
            high, low = self.sides.judge((self.sums[0], self.sums[1]), min(nats, 1.0) / variance)
        spread = math.sqrt(mean + dispersion * mean * mean)
        score = min(max((value - mean) / spread, -3.0), 3.0) if known else 0.0
        self.together.learn(score, n, min(high, low))
        self._learn(key, value, mean, 3.0 * spread + 3.0, visits)
        self.count += 1 if known else 0
        return high, low, mean if ready else math.nan

    def _usual(self, local_ms: int) -> tuple[tuple[bool, int], float, float, float]:
        local = datetime.fromtimestamp(local_ms / 1000, UTC)
        key = self._key(local_ms)
        base = self.base[0] / max(self.base[1], 1e-9)
        part = (local.minute * 60 + local.second) / 3600 + local.microsecond / 3.6e9
        self.phase = part if self.phase is None else self.phase
        shift = part - self.phase
        self.phase += shift / 100
        mean = self._mean(key, base)
        if abs(shift) > 0.02:
            beside = self._key(local_ms + (3_600_000 if shift > 0 else -3_600_000))
            if self.bins.get(beside, (0.0, 0.0))[1] >= 1.0:
                mean += abs(shift) * (self._mean(beside, base) - mean)
        mean = max(mean, 1e-6)
        prior = 20 * base * base + 1e-6
        dispersion = max((self.scatter[0] + 0.1 * prior) / (self.scatter[1] + prior), 0.05**2)
        visits = self.bins.get(key, (0.0, 0.0))[1]
        return key, mean, dispersion + (dispersion + 1 / mean) / (visits + 1), visits

    @staticmethod
    def _key(local_ms: int) -> tuple[bool, int]:
        local = datetime.fromtimestamp(local_ms / 1000, UTC)
        return local.weekday() >= 5, local.hour

    def _mean(self, key: tuple[bool, int], base: float) -> float:
        total, visits = self.bins.get(key, (0.0, 0.0))
        lean = 1 / (1 + visits)
        return (total + lean * base) / (visits + lean)

    def _learn(self, key: tuple[bool, int], value: float, mean: float, reach: float, visits: float) -> None:
        residual = min(max(value - mean, -reach), reach)
        known = visits >= 2.0
        taught = mean + residual if known else value
        keep = math.exp(-1 / 30)
        total, seen = self.bins.get(key, (0.0, 0.0))
        self.bins[key] = keep * total + taught, keep * seen + 1
        keep = math.exp(-1 / 1500)
        self.base = keep * self.base[0] + taught, keep * self.base[1] + 1
        self.scatter = 0.999 * self.scatter[0], 0.999 * self.scatter[1]
        if known:
            beyond = residual**2 / (1 + 1 / visits) - mean
            self.scatter = self.scatter[0] + beyond, self.scatter[1] + mean**2
