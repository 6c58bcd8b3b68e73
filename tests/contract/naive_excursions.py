"""Naive twins of `detectors.excursions` and `detectors.standardise`: one series, plain Python."""

import math

from tests.contract.naive_calibrate import NaiveTail

START = math.log(1 / 0.03)


class NaiveEvidence:
    """Evidence of one side, and its learned tail."""

    def __init__(self) -> None:
        self.tail = NaiveTail()

    def most(self) -> float:
        """Return the evidence beyond which nothing is added."""
        return START + max(20.7 + math.log(self.tail.rate), 1.0) * self.tail.excess / 0.5

    def p(self, nats: float) -> float:
        """Return the tail probability."""
        if nats < START:
            return math.exp(nats / START * math.log(self.tail.rate))
        return math.exp(self.tail.log_p(2.0 + (nats - START) / 2))

    def learn(self, nats: float, weight: float) -> None:
        """Learn from evidence that counts for ``weight`` independent observations."""
        self.tail.learn(2.0 + (nats - START) / 2, weight)


class NaiveSides:
    """Evidence for a rise and for a fall, judged together."""

    def __init__(self) -> None:
        self.sides = (NaiveEvidence(), NaiveEvidence())

    def judge(self, nats: tuple[float, float], weight: float) -> tuple[float, float]:
        """Return both tails, then learn."""
        high, low = (side.p(each) for side, each in zip(self.sides, nats, strict=True))
        for side, each in zip(self.sides, nats, strict=True):
            side.learn(each, weight * (0.02 if min(high, low) < 1e-4 else 1.0))
        return high, low


class NaiveTogether:
    """Long-run variance of scores, and long gaps."""

    def __init__(self) -> None:
        self.variance = 1.0
        self.recent = 0.0
        self.last: int | None = None
        self.pace = 0.0

    def cautious(self, count: int) -> float:
        """Return the variance to divide by."""
        return max(self.variance, 1.0) * (1.0 + 2.0 / math.sqrt(min(count + 1, 2000)))

    def learn(self, score: float, count: int, p: float) -> None:
        """Learn one score."""
        if count >= 20:
            weight = 0.02 if p < 1e-3 else 1.0
            product = score * score + 2.0 * 8.0 * score * self.recent
            self.variance += (product - self.variance) * weight / min(count + 1, 2000)
        self.recent += (score - self.recent) / 8.0

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
