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
        self.scatters: dict[tuple[bool, int], tuple[float, float]] = {}
        self.base = (0.0, 0.0)
        self.scatter = (0.0, 0.0)
        self.counted, self.foreseen = 0.0, 0.0  # what came of late, and what was to be expected but for the level
        self.days = dict.fromkeys(range(7), (0.0, 0.0))  # what came on Mondays, and was to be expected of any day
        self.phase: float | None = None
        self.off = 1 / 12  # mean square of how far values lie off their phase
        self.together = NaiveTogether(24.0)
        self.sides = NaiveSides(NaivePrior(0.008, 0.8, above=5.0))
        self.sums = [0.0, 0.0]

    def observe(self, at_ms: int, local_ms: int, value: float) -> tuple[float, float, float]:
        """Score one count, then learn it."""
        if not 0.0 <= value <= 1e12:
            return 1.0, 1.0, math.nan
        if self.first is None:
            self.first = at_ms
        n = self.count
        gap = self.together.gap(at_ms, n)
        key, hourly, common, visits = self._usual(local_ms)
        level = min(max((self.counted + 1000.0) / (self.foreseen + 1000.0), 1 / 30), 30.0)
        today = datetime.fromtimestamp(local_ms / 1000, UTC).weekday()
        came, foreseen = self.days[today]
        any_day = 24 * self.base[0] / max(self.base[1], 1e-9) + 100
        ratio = (any_day + came) / (any_day + foreseen)
        mean = max(hourly * level * ratio, 1e-6)
        own, squares = self.scatters.get(key, (0.0, 0.0))
        dispersion = max((own + 20 * mean**2 * common) / (squares + 20 * mean**2), 0.05**2)
        dispersion += (dispersion + 1 / mean) / (visits + 1)
        week = min(max(self.together.pace / 3_600_000, 1 / 60), 1.0) * (1 - math.exp(-1 / 168))
        known = visits >= 2.0
        variance = self.together.cautious(n)
        for side, factor in enumerate((1.5, 1 / 1.5)):
            size = 1.0 / dispersion
            likely = value * math.log(factor) - (value + size) * math.log((size + factor * mean) / (size + mean))
            gain = min(max(likely, -2.5), 2.5) / variance if known else 0.0
            added = (0.0 if gap else self.sums[side] * (1 - week)) + gain
            self.sums[side] = min(max(added, 0.0), self.sides.sides[side].most())
        ready = known and n >= 100 and at_ms - self.first >= 14 * 86_400_000
        high = low = 1.0
        if ready:
            nats = 0.5 * 0.25 * mean / (1.0 + dispersion * mean)
            high, low = self.sides.judge((self.sums[0], self.sums[1]), min(nats, 1.0) / variance)
        spread = math.sqrt(mean + dispersion * mean * mean)
        score = min(max((value - mean) / spread, -3.0), 3.0) if known else 0.0
        self.together.learn(score, n, min(high, low))
        residual = min(max(value - mean, -3.0 * spread - 3.0), 3.0 * spread + 3.0)
        self.counted = (1 - week) * self.counted + (mean + residual if known else 0.0)
        self.foreseen = (1 - week) * self.foreseen + (mean / level if known else 0.0)
        forgotten = 0.7 * week
        self.days[today] = (
            came - forgotten * came + (mean + residual if known else 0.0),
            foreseen - forgotten * foreseen + (mean / ratio if known else 0.0),
        )
        beyond = residual**2 / (1 + 1 / max(visits, 1.0)) - mean
        news = (beyond, mean**2) if known else (0.0, 0.0)
        self.scatter = 0.999 * self.scatter[0] + news[0], 0.999 * self.scatter[1] + news[1]
        self.scatters[key] = 0.99 * own + news[0], 0.99 * squares + news[1]
        self._learn(key, (mean + residual if known else value) / (level * ratio))
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
            mean = self._bent(local_ms, shift, mean, base)
        prior = 20 * base * base + 1e-6
        dispersion = (self.scatter[0] + 0.1 * prior) / (self.scatter[1] + prior)
        visits = self.bins.get(key, (0.0, 0.0))[1]
        return key, mean, dispersion, visits

    def _bent(self, local_ms: int, shift: float, here: float, base: float) -> float:
        """Read the parabola that has the means of three hours, that of this one at the mean square of places in it."""
        beside = []
        for hour in (-3_600_000, 3_600_000):
            key = self._key(local_ms + hour)
            beside.append(self._mean(key, base) if self.bins.get(key, (0.0, 0.0))[1] >= 1.0 else here)
        bend = (beside[0] + beside[1]) / 2 - here
        found = here - bend * self.off + shift * (beside[1] - beside[0]) / 2 + bend * shift * shift
        self.off += (shift * shift - self.off) / 100
        return max(found, min(here, *beside) / 2)

    @staticmethod
    def _key(local_ms: int) -> tuple[bool, int]:
        local = datetime.fromtimestamp(local_ms / 1000, UTC)
        return local.weekday() >= 5, local.hour

    def _mean(self, key: tuple[bool, int], base: float) -> float:
        total, visits = self.bins.get(key, (0.0, 0.0))
        lean = 1 / (1 + visits)
        return (total + lean * base) / (visits + lean)

    def _learn(self, key: tuple[bool, int], taught: float) -> None:
        keep = math.exp(-1 / 30)
        total, seen = self.bins.get(key, (0.0, 0.0))
        self.bins[key] = keep * total + taught, keep * seen + 1
        keep = math.exp(-1 / 1500)
        self.base = keep * self.base[0] + taught, keep * self.base[1] + 1
