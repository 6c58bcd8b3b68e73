"""Naive twin of `ExposedCounts`: one series, plain Python; the negative binomial by SciPy's incomplete beta."""

import math
from datetime import UTC, datetime

from scipy import special

from tests.contract.naive_peaks import NaivePeaks

DAY = 86_400_000


class NaiveExposed:
    """Counts out of something."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.seen = 0
        self.bins: dict[tuple[bool, int], tuple[float, float]] = {}
        self.base = (0.0, 0.0)
        self.scatter = (0.0, 0.0)
        self.zeros = (0.0, 0.0)
        self.turn = 0.0
        self.deep = NaivePeaks(100.0, math.exp(-3.0), 20.0, 0.993)

    def observe(self, at_ms: int, local_ms: int, count: float, exposure: float) -> tuple[float, float, float]:
        """Score one count, then learn it."""
        if not (0.0 <= count <= 1e9 and 1e-12 < exposure <= 1e12):
            return 1.0, 1.0, math.nan
        self.first = at_ms if self.first is None else self.first
        ready = at_ms - self.first >= 14 * DAY and self.seen >= 30
        local = datetime.fromtimestamp(local_ms // 1000, UTC)
        key = local.weekday() >= 5, local.hour
        counted, exposed = self.bins.get(key, (0.0, 0.0))
        rate = (self.base[0] + 0.5) / (self.base[1] or exposure)
        shape = counted + 3.0
        mean = min(max(shape / (exposed + 3.0 / rate) * exposure, 1e-9), 1e9)
        size = 1.0 / (max((self.scatter[0] + 1.0) / (self.scatter[1] + 10.0), 0.0) + 1.0 / shape)
        idle = min((self.zeros[0] + 0.4) / (self.zeros[1] + 20.0), 0.95)
        p_high, p_low = self._high(count, mean, size, idle, ready), 1.0
        if count < mean:
            p_low = idle + (1.0 - idle) * float(special.betainc(size, count + 1.0, size / (mean + size)))
        self._learn(key, (count, exposure), (mean, size, shape, idle), p_high, ready)
        self.seen += 1
        return (p_high, p_low, mean) if ready else (1.0, 1.0, math.nan)

    def _high(self, count: float, mean: float, size: float, idle: float, ready: bool) -> float:
        self.turn = (self.turn + 0.618) % 1.0
        at_least = between = 1.0
        if count > mean:
            share = mean / (mean + size)
            at_least = max((1.0 - idle) * float(special.betainc(count, size, share)), 1e-300)
            more = max((1.0 - idle) * float(special.betainc(count + 1.0, size, share)), 1e-300)
            between = more + self.turn * (at_least - more)
        p = math.exp(self.deep.log_corrected(at_least, 3.0))
        if ready:
            self.deep.learn(-math.log(between) - 3.0, 0.1 if p < 1e-4 else 1.0)
            self.deep.share, self.deep.excess = min(self.deep.share, 0.15), min(self.deep.excess, 1.5)
        return p

    def _learn(
        self,
        key: tuple[bool, int],
        observed: tuple[float, float],
        usual: tuple[float, float, float, float],
        p: float,
        ready: bool,
    ) -> None:
        count, exposure = observed
        mean, size, shape, idle = usual
        none = (size / (size + mean)) ** size
        asleep = idle / (idle + (1.0 - idle) * none) if count == 0.0 else 0.0
        weight = (1.0 - asleep) * (-1.0 / (2.0 * math.log(p)) if ready and p < 0.005 else 1.0)
        fade = math.exp(-weight / 30.0)
        old = self.bins.get(key, (0.0, 0.0))
        self.bins[key] = fade * old[0] + weight * count, fade * old[1] + weight * exposure
        fade = math.exp(-weight / 1000.0)
        self.base = fade * self.base[0] + weight * count, fade * self.base[1] + weight * exposure
        off = min(count - mean, 4.0 * math.sqrt(mean * (1.0 + mean / size)) + 1.0)
        beyond = off**2 - mean - mean * mean / shape
        worth = weight / (1.0 + mean / size) ** 2 if ready else 0.0
        self.scatter = fade * self.scatter[0] + worth * beyond, fade * self.scatter[1] + worth * mean * mean
        fade = math.exp(-1.0 / 1000.0)
        self.zeros = fade * self.zeros[0] + asleep, fade * self.zeros[1] + 1.0
