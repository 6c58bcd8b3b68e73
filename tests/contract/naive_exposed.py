"""Naive twin of `ExposedCounts`: one series, plain Python; the negative binomial by SciPy's incomplete beta."""

import math
from datetime import UTC, datetime

from scipy import special

from tests.contract.naive_peaks import NaivePeaks

DAY = 86_400_000
SLOW = math.exp(-1.0 / 1000.0)


class NaiveExposed:
    """Counts out of something."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.seen = 0
        self.bins: dict[tuple[bool, int], tuple[float, float]] = {}
        self.base = (0.0, 0.0)
        self.scatter = {"some": (0.0, 0.0), "none": (0.0, 0.0)}
        self.odds = 0.0
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
        visits = exposed * self.zeros[1] / (self.base[1] or 1.0)
        unsure = 1.0 + (1.0 - 3.0 / shape) ** 2 / max(visits, 1.0)
        over = {
            name: max((beyond + 1.0) / (square + 10.0), 0.0) * unsure + 1.0 / shape
            for name, (beyond, square) in self.scatter.items()
        }
        share = min((self.zeros[0] + 0.4) / (self.zeros[1] + 20.0), 0.95)
        doubt, belief = min(math.exp(self.odds), 1.0), math.exp(self.odds) / (math.exp(self.odds) + 9.0)
        whole = mean * (1.0 - doubt * share)
        idle, size = belief * share, 1.0 / (belief * over["some"] + (1.0 - belief) * over["none"])
        mean = whole / (1.0 - idle)
        worlds = {"some": (whole / (1.0 - share), over["some"], share), "none": (whole, over["none"], 0.0)}
        p_high, p_low = self._high(count, mean, size, idle, ready), 1.0
        if count < mean:
            p_low = idle + (1.0 - idle) * float(special.betainc(size, count + 1.0, size / (mean + size)))
        calm = -1.0 / (2.0 * math.log(p_high)) if ready and p_high < 0.005 else 1.0
        asleep = self._weigh(count, worlds, calm, shape, ready)
        self._learn(key, (count, exposure), (1.0 - doubt * asleep) * calm)
        self.zeros = SLOW * self.zeros[0] + asleep, SLOW * self.zeros[1] + 1.0
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

    def _weigh(
        self, count: float, worlds: dict[str, tuple[float, float, float]], calm: float, shape: float, ready: bool
    ) -> float:
        """Learn both worlds' scatter and which one holds; return how likely this zero is idle where some are."""
        zero, asleep = {}, 0.0
        for name, (mean, over, share) in worlds.items():
            zero[name] = min(max(share + (1.0 - share) * (1.0 + mean * over) ** (-1.0 / over), 1e-15), 1.0 - 1e-15)
            if count == 0.0:
                asleep = max(asleep, share / zero[name])
        for name, (mean, over, _) in worlds.items():
            weight = calm * (1.0 - asleep) if name == "some" else calm
            off = min(count - mean, 4.0 * math.sqrt(mean * (1.0 + mean * over)) + 1.0)
            beyond = off**2 - mean - mean * mean / shape
            worth = weight / (1.0 + mean * over) ** 2 if ready else 0.0
            fade, old = math.exp(-weight / 1000.0), self.scatter[name]
            self.scatter[name] = fade * old[0] + worth * beyond, fade * old[1] + worth * mean * mean
        if ready:
            some, none = (zero[name] if count == 0.0 else 1.0 - zero[name] for name in ("some", "none"))
            self.odds = min(max(self.odds + math.log(some / none), -7.0), 7.0)
        return asleep

    def _learn(self, key: tuple[bool, int], observed: tuple[float, float], weight: float) -> None:
        fade, old = math.exp(-weight / 30.0), self.bins.get(key, (0.0, 0.0))
        self.bins[key] = fade * old[0] + weight * observed[0], fade * old[1] + weight * observed[1]
        fade = math.exp(-weight / 1000.0)
        self.base = fade * self.base[0] + weight * observed[0], fade * self.base[1] + weight * observed[1]
