"""Naive twin of `SeasonalCounts`: one series, plain Python, dictionaries for the bins."""

import math
from datetime import UTC, datetime
from typing import NamedTuple

from tests.contract.naive_calibrate import NaiveTails

HOUR = 3_600_000


class Forecast(NamedTuple):
    """What was expected of one value."""

    mean: float
    factor: float
    spread: float
    visits: float
    ready: bool


class Moment(NamedTuple):
    """One observation of a suspicious stretch, and what it has not taught."""

    hours: float
    likely: float
    scores: tuple[float, float]
    shares: tuple[float, float]


class NaiveSeasonal:
    """One series of counts against its time of week."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.last: int | None = None
        self.bins: dict[tuple[str, int], tuple[float, float]] = {}
        self.mean = (0.0, 0.0)
        self.level = (0.0, 0.0)
        self.noise: dict[int, tuple[float, float]] = {}
        self.phase: float | None = None
        self.width = 1 / 12  # variance of the places in the hour
        self.odd = 0.0
        self.stretch: list[Moment] = []
        self.calm = 0.0
        self.runs = {1.0: 0.0, 8.0: 0.0, 64.0: 0.0}
        independent = {hours: math.tanh(0.5 / hours) for hours in self.runs}
        self.squares = {hours: max(0.57 * math.sqrt(square), square) for hours, square in independent.items()}
        self.tails = NaiveTails(longest=7.0)

    def observe(self, at_ms: int, local_ms: int, value: float) -> tuple[float, float, float]:
        """Score one value, then learn it."""
        if not 0.0 <= value <= 1e12:
            return 1.0, 1.0, math.nan
        if self.first is None or self.last is None:
            self.first, gap = at_ms, 1.0
            self.last = at_ms
        else:
            gap = max(at_ms - self.last, 0) / HOUR
            self.last = max(self.last, at_ms)
        weight = min(max(gap, 1.0 / 60.0), 1.0)
        keys = self._keys(local_ms)
        hour = keys[2][1]
        base = self.mean[0] / max(self.mean[1], 1e-9)
        part = local_ms % HOUR / HOUR
        self.phase = part if self.phase is None else self.phase
        shift = part - self.phase
        self.phase += shift / 100
        usual = self._usual(keys, base)
        if abs(shift) > 0.02:
            usual = self._bent(local_ms, shift, usual, base)
        factor = (self.level[0] + 24 * base + 1e-9) / (self.level[1] + 24 * base + 1e-9)
        factor = min(max(factor, 1 / 30), 30.0)
        mean = max(usual * factor, 0.01)
        spread = math.exp(-2.3 + self.noise.get(hour, (0.0, 0.0))[0] + self.noise.get(24, (0.0, 0.0))[0])
        spread = max(spread, 0.0025)
        visits = self.bins.get(keys[0], (0.0, 0.0))[1] + 0.5 * self.bins.get(keys[1], (0.0, 0.0))[1]
        spread += (spread + 1.0 / mean) / (visits + 1.0)
        known = visits >= 1.5
        ready = at_ms - self.first >= 14 * 24 * HOUR and known
        z = self._z(value, mean, 1.0 / spread)
        high, low = self._judge(z, gap, known)
        self._learn(keys, value, weight, Forecast(mean, factor, spread, visits, ready))
        if visits >= 1.0:
            self._learn_noise(hour, weight, z)
        return (high, low, mean) if ready else (1.0, 1.0, math.nan)

    @staticmethod
    def _keys(local_ms: int) -> list[tuple[str, int]]:
        local = datetime.fromtimestamp(local_ms / 1000, UTC)
        day, hour = local.weekday(), local.hour
        return [("week", day * 24 + hour), ("weekend" if day >= 5 else "weekday", hour), ("hour", hour)]

    def _usual(self, keys: list[tuple[str, int]], base: float) -> float:
        usual = base
        for key, prior in zip(reversed(keys), (1.0, 2.0, 2.0), strict=True):
            total, visits = self.bins.get(key, (0.0, 0.0))
            usual = (total + prior * usual) / (visits + prior)
        return usual

    def _bent(self, local_ms: int, shift: float, own: float, base: float) -> float:
        """Evaluate the a + b x + c x² whose means over the hours at -1, 0 and 1 are the three usual counts."""
        means = []
        for moved in (-HOUR, HOUR):
            keys = self._keys(local_ms + moved)
            means.append(self._usual(keys, base) if self.bins.get(keys[1], (0.0, 0.0))[1] >= 1.0 else own)
        c = (means[0] - 2.0 * own + means[1]) / 2.0
        b = (means[1] - means[0]) / 2.0
        a = own - c * self.width
        self.width += (shift**2 - self.width) / 100
        return max(a + b * shift + c * shift**2, min(*means, own) / 2.0)

    @staticmethod
    def _z(value: float, mean: float, size: float) -> float:
        gain = value * math.log(value / mean) if value > 0.0 else 0.0
        deviance = gain - (value + size) * math.log((value + size) / (mean + size))
        skewed = (1.0 + 2.0 * mean / size) / max(math.sqrt(mean + mean * mean / size), 0.7)
        return math.copysign(math.sqrt(2.0 * max(deviance, 0.0)), value - mean) + skewed / 6.0

    def _judge(self, z: float, gap: float, known: bool) -> tuple[float, float]:
        z = z if known else 0.0
        scores = {0.0: z}
        short = min(gap, 1.0)
        self.odd = self.odd + gap if self.tails.trust < 1.0 else 0.0
        trust = self.tails.trust if self.odd >= 0.75 else 1.0
        self.calm = self.calm + gap if self.tails.trust == 1.0 and self.stretch else 0.0
        if self.calm >= 24.0:
            self._learn_stretch()
            self.calm = 0.0
        taught = trust if known else 0.0
        worth = short * taught
        for hours in self.runs:
            keep, square = math.exp(-gap / hours), self.squares[hours]
            gain = min(1.0 - keep, 4.0 * square / (1.0 + square))
            self.runs[hours] = keep * self.runs[hours] + gain * min(max(z, -5.0), 5.0)
            scores[hours] = self.runs[hours] / math.sqrt(self.squares[hours])
        for hours, run in self.runs.items():
            square = self.squares[hours]
            excess = min(run * run / square, 2.25) / 0.7785 - 1.0
            memory = min(self.tails.seen - 333.0 + 10.0 * hours, 250.0 * hours, 1000.0)
            self.squares[hours] = min(max(square * (1.0 + excess * worth / memory), 0.001), 1.0)
        highest, lowest = max(scores, key=lambda hours: scores[hours]), min(scores, key=lambda hours: scores[hours])
        both = scores[highest], -scores[lowest]
        peaks = min(gap / max(highest, 1.0), 1.0), min(gap / max(lowest, 1.0), 1.0)
        high, low = self.tails.judge(both, worth, (peaks[0] * taught, peaks[1] * taught))
        if known and trust < 1.0 and gap > 0.0:
            kept = 1.0 - trust
            untaught = tuple(kept * peak if score > 2.0 else 0.0 for peak, score in zip(peaks, both, strict=True))
            self.stretch.append(Moment(short * kept, min(high, low), both, (untaught[0], untaught[1])))
        elif min(high, low) < math.log(1e-3):
            self.stretch.append(Moment(0.0, min(high, low), (0.0, 0.0), (0.0, 0.0)))
        return math.exp(high), math.exp(low)

    def _learn_stretch(self) -> None:
        """Learn one peak at most of a stretch that is over, unless it was an incident."""
        if min(each.likely for each in self.stretch) >= math.log(1e-6):
            hours = sum(each.hours for each in self.stretch)
            tops = [max(0.0, *(each.scores[side] for each in self.stretch)) for side in (0, 1)]
            shares = [min(sum(each.shares[side] for each in self.stretch), 1.0) for side in (0, 1)]
            self.tails.judge((tops[0], tops[1]), hours, (shares[0], shares[1]))
        self.stretch = []

    def _learn(self, keys: list[tuple[str, int]], value: float, weight: float, forecast: Forecast) -> None:
        mean, factor, spread, visits, ready = forecast
        reach = 3.0 * math.sqrt(mean + spread * mean * mean)
        robust = min(max(value, mean - reach), mean + reach) if ready else value
        for key, slower in zip(keys, (1.0, 0.4, 0.3), strict=True):
            fade = 1.0 - weight * (1.0 - math.exp(-slower / 10.0))
            total, seen = self.bins.get(key, (0.0, 0.0))
            self.bins[key] = fade * total + robust / factor * weight, fade * seen + weight
        if visits >= 1.0:
            fade = 1.0 - weight * (1.0 - math.exp(-1.0 / 240.0))
            self.level = fade * self.level[0] + robust * weight, fade * self.level[1] + mean / factor * weight
        fade = 1.0 - weight * (1.0 - math.exp(-0.001))
        self.mean = fade * self.mean[0] + robust / factor * weight, fade * self.mean[1] + weight

    def _learn_noise(self, hour: int, weight: float, z: float) -> None:
        surprise = min(z * z, 2.25) / 0.7785 - 1.0
        for key, most, low in ((hour, 50.0, -2.0), (24, 500.0, -7.0)):
            log, seen = self.noise.get(key, (0.0, 0.0))
            seen = min(seen + weight, most)
            self.noise[key] = min(max(log + surprise * weight / (seen + 5.0), low), 2.0), seen
