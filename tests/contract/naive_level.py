"""Naive twin of `Level`: one gauge, plain Python."""

import math

from tests.contract.naive_calibrate import NaiveTails


class NaiveLevel:
    """One gauge against its recent level."""

    def __init__(self) -> None:
        self.count = 0
        self.level = 0.0
        self.size = 0.0
        self.scale = 0.0
        self.tails = NaiveTails(heavy=True)

    def observe(self, at_ms: int, local_ms: int, value: float) -> tuple[float, float, float]:
        """Score one value, then learn it."""
        del at_ms, local_ms
        if not abs(value) <= 1e150:
            return 1.0, 1.0, math.nan
        level = value if self.count == 0 else self.level
        noise = max(self.scale, 1e-3 * max(self.size, abs(level)), 1e-12)
        z = min(max((value - level) / noise, -1e6), 1e6)
        ready = self.count >= 60
        worth = self.tails.trust if ready else 0.0
        p_high, p_low = (math.exp(log) for log in self.tails.judge((z, -z), worth, (worth, worth)))
        n = self.count
        distance = abs(value - level) * 1.25
        if n < 20:
            self.level = level + (value - level) / (n + 1)
            self.scale = 0.0 if n == 0 else self.scale + (distance - self.scale) / max(n, 1)
        else:
            reach = 3.0 * noise / 20.0
            self.level = level + min(max((value - level) / 20.0, -reach), reach)
            surprise = min(z * z, 2.25) / 0.7785 - 1.0
            self.scale = noise * math.sqrt(1.0 + surprise / min(n + 1, 200))
        self.size += (abs(value) - self.size) / min(n + 1, 200)
        self.count += 1
        return (p_high, p_low, level) if ready else (1.0, 1.0, math.nan)
