"""Naive twin of `detectors.peaks`: one tail, plain Python."""

import math


class NaivePeaks:
    """How often a threshold is exceeded and by how much."""

    def __init__(self, seen: float, share: float, number: float, excess: float) -> None:
        self.seen, self.share, self.number, self.excess = seen, share, number, excess

    def log_p(self, over: float) -> float:
        """Return the log of the probability of being over the threshold by that much."""
        per_mean = over * 0.993 / self.excess
        return max(math.log(self.share) - self.number * math.log1p(per_mean / self.number), -690.0)

    def log_corrected(self, tail: float, start: float) -> float:
        """Return the log of a theoretical tail as it has turned out to be in this series."""
        depth = -math.log(tail)
        return self.log_p(depth - start) if depth > start else depth / start * math.log(min(self.share, 1.0))

    def learn(self, over: float, weight: float = 1.0, among: float | None = None, alike: float = 1.0) -> None:
        """Take in one statistic minus the threshold, the first of so many that is told, one of so many that go up."""
        among = weight if among is None else among
        self.seen = min(self.seen + among, 5000.0)
        hit = over > 0.0
        self.share = max(self.share + (weight * hit - self.share * among) / max(self.seen, 1.0), 1e-4)
        if hit:
            self.number = min(self.number + weight / alike, 500.0)
            step = (min(over, 5.0 * self.excess) - self.excess) * (weight / alike) / self.number
            self.excess = max(self.excess + step, 0.05)


class NaiveMaximum:
    """The largest statistic of many regions against what it usually is."""

    def __init__(self) -> None:
        self.seen, self.mean, self.deviation = 0.0, 0.0, 0.0
        self.peaks = NaivePeaks(50.0, 0.036, 20.0, 0.85)

    def judge(self, statistic: float, alike: float) -> float:
        """Return the probability of a maximum at least as large, then learn it; 1 while little is known."""
        threshold = max(self.mean + 2.8 * self.deviation, 0.5)
        over = (statistic - threshold) / max(self.deviation, 1.0)
        p = 1.0
        if statistic > 0.0 and self.seen >= 50:
            p = math.exp(self.peaks.log_p(max(over, 0.0)))
            if over <= 0.0:
                rate = -math.log(1.0 - min(self.peaks.share, 0.999))
                p = max(1.0 - math.exp(-rate * math.exp(min(-over * 0.993 / self.peaks.excess, 50.0))), p)
        weight = 0.1 if p < 1e-4 else 1.0
        if self.seen >= 20:
            self.peaks.learn(over, weight, alike=alike)
        moved = statistic - self.mean
        if self.seen >= 20:
            reach = 5.0 * self.deviation + 0.5
            moved = min(max(moved, -reach), reach)
        self.seen = min(self.seen + weight, 1000.0)
        self.deviation += (abs(moved) - self.deviation) * weight / self.seen
        self.mean += moved * weight / self.seen
        return p
