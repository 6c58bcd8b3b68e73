"""Naive twins of `detectors.excursions` and `detectors.standardise`: one series, plain Python."""

import math
from typing import NamedTuple

START = 3.5


class NaivePrior(NamedTuple):
    """Share of time above the start, mean height of peaks above it, how many peaks and how much time were there."""

    share: float
    height: float
    peaks: float = 20.0
    above: float = 15.0


class NaiveEvidence:
    """Evidence of one side, the excursion that it is on, and what earlier ones taught."""

    def __init__(self, prior: NaivePrior) -> None:
        self.above = prior.above
        self.seen = prior.above / prior.share
        self.peaks = prior.peaks
        self.heights = prior.peaks * prior.height * 0.993
        self.excursion: list[tuple[float, float]] = []  # evidence and weight

    def most(self) -> float:
        """Return the evidence beyond which nothing is added: where the tail is 1e-8, were it not for the least."""
        reach = max(18.4 + math.log(self.above / self.seen), 1.0)
        return START + (math.exp(reach / self.peaks) - 1.0) * self.heights / 0.993

    def log_p(self, nats: float) -> float:
        """Return the log of the tail probability."""
        share = math.log(self.above / self.seen)
        if nats <= START:
            return share * nats / START
        return max(share - self.peaks * math.log(1.0 + (nats - START) * 0.993 / self.heights), -690.0)

    def learn(self, nats: float, weight: float) -> None:
        """Follow an excursion; learn it when it is over. Calm observations are excursions without a peak."""
        self.excursion.append((nats, weight))
        if nats >= START / 2:
            return
        peak = max(each for each, _ in self.excursion)
        part = sum(weight for each, weight in self.excursion if each > START)
        share = 1.0
        if part > 0.0:
            share = min(10.0 / part, 1.0) * (0.1 if self.log_p(peak) < -13.8 else 1.0)
            self.heights += share * min(peak - START, 5.0 * self.heights / self.peaks)
            self.peaks += share
        self.above += share * part
        self.seen += share * sum(weight for _, weight in self.excursion)
        self.excursion = []
        if self.seen > 15_150.0:
            fade = 15_000.0 / self.seen
            self.above, self.peaks, self.heights = (fade * each for each in (self.above, self.peaks, self.heights))
            self.seen *= fade


class NaiveSides:
    """Evidence for a rise and for a fall."""

    def __init__(self, prior: NaivePrior) -> None:
        self.sides = (NaiveEvidence(prior), NaiveEvidence(prior))

    def judge(self, nats: tuple[float, float], weight: float) -> tuple[float, float]:
        """Return both tails, then learn."""
        high, low = (math.exp(side.log_p(each)) for side, each in zip(self.sides, nats, strict=True))
        for side, each in zip(self.sides, nats, strict=True):
            side.learn(each, weight)
        return high, low


class NaiveTogether:
    """Long-run variance of scores, and long gaps."""

    def __init__(self, taper: float = 8.0) -> None:
        self.taper = taper
        self.variance = 1.0
        self.recent = 0.0
        self.last: int | None = None
        self.pace = 0.0

    def cautious(self, count: int) -> float:
        """Return the variance to divide by."""
        known = min(count + 1, 2000)
        return max(self.variance, 1.0) * (1.0 + 2.0 / math.sqrt(known) + 60.0 / known)

    def learn(self, score: float, count: int, p: float) -> None:
        """Learn one score."""
        if count >= 20:
            weight = 0.02 if p < 1e-3 else 1.0
            product = score * score + 2.0 * self.taper * score * self.recent
            self.variance += (product - self.variance) * weight / min(count + 1, 2000)
        self.recent += (score - self.recent) / self.taper

    def gap(self, at_ms: int, count: int) -> bool:
        """Say whether this follows a long gap, and learn the interval."""
        if self.last is None or count == 0:
            self.last = at_ms
            return False
        gap = max(at_ms - self.last, 0)
        self.last = max(self.last, at_ms)
        long = gap > 12 * self.pace and gap > 3 * 86_400_000
        believed = gap if count == 1 else min(gap, max(4 * self.pace, 1000.0))
        self.pace += (believed - self.pace) / min(count, 100)
        if long:
            self.recent = 0.0
        return long


class NaiveGauge:
    """Level and noise of one gauge."""

    def __init__(self, level_memory: float, noise_memory: float) -> None:
        self.level_memory = level_memory
        self.noise_memory = noise_memory
        self.count = 0
        self.level = 0.0
        self.size = 0.0
        self.scale = 0.0

    def look(self, value: float) -> tuple[float, float, float]:
        """Return clipped score, level and noise as they were before, then learn the value."""
        n = self.count
        level = value if n == 0 else self.level
        noise = max(self.scale, 1e-3 * max(self.size, abs(level)), 1e-12)
        score = min(max((value - level) / noise, -3.0), 3.0)
        moved = (value - level if n < 20 else score * noise) / min(n + 1, self.level_memory)
        self.level = level + moved
        if n < 20:
            self.scale += 0.0 if n == 0 else (abs(value - self.level) * 1.25 - self.scale) / n
        else:
            surprise = min(score * score, 2.25) / 0.7785 - 1.0
            self.scale = noise * math.sqrt(1.0 + surprise / min(n + 1, self.noise_memory))
        self.size += (abs(value) - self.size) / min(n + 1, self.noise_memory)
        self.count += 1
        return score, level, noise
