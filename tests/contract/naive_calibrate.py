"""Naive twin of `detectors.calibrate`: one channel of one series, plain Python."""

import math


class NaiveTail:
    """Exponential tail above 2 with learned rate and mean excess."""

    def __init__(self) -> None:
        self.seen = 200.0
        self.rate = 0.03
        self.peaks = 20.0
        self.excess = 0.5

    def log_p(self, z: float) -> float:
        """Return the log tail probability, at least -690."""
        base = (0.8326 + 0.545 * 2.0) ** 2
        if z > 2.0:
            return max(math.log(self.rate) - (z - 2.0) * 0.941 / self.excess, -690.0)
        return math.log(self.rate) * max(0.8326 + 0.545 * z, 0.0) ** 2 / base

    def learn(self, z: float, weight: float) -> None:
        """Learn one score."""
        self.seen = min(self.seen + weight, 5000.0)
        self.rate = max(self.rate + ((1.0 if z > 2.0 else 0.0) - self.rate) * weight / self.seen, 1e-4)
        if z > 2.0:
            self.peaks = min(self.peaks + weight, 150.0)
            over = min(z - 2.0, 3.0 * self.excess)
            self.excess = max(self.excess + (over - self.excess) * weight / self.peaks, 0.05)
