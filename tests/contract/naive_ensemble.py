"""Naive twins of `Ensemble` and `Refractory`: one series, plain Python."""

import math

from tests.contract.naive_peaks import NaivePeaks


def combined(tails: list[float]) -> float:
    """Return the tail of the mean of half-Cauchy variables."""
    heights = [1.0 / math.tan(math.pi / 2 * tail) for tail in tails]
    return 2.0 / math.pi * math.atan2(1.0, math.fsum(heights) / len(heights))


class NaiveEnsemble:
    """Both sides of one series."""

    def __init__(self) -> None:
        self.sides = [NaivePeaks(100.0, 0.1, 10.0, 0.993) for _ in range(2)]

    def observe(self, at_ms: int, local_ms: int, high: list[float], low: list[float]) -> tuple[float, float, float]:
        """Combine the tails of one observation, then learn."""
        del at_ms, local_ms
        valid = [[tail for tail in tails if 0.0 < tail <= 1.0] for tails in (high, low)]
        if not any(valid):
            return 1.0, 1.0, math.nan
        share = self.sides[0].share
        p_high, p_low = (self._side(side, tails) for side, tails in zip(self.sides, valid, strict=True))
        return p_high, p_low, share

    @staticmethod
    def _side(side: NaivePeaks, tails: list[float]) -> float:
        if not tails:
            return 1.0
        together = min(max(combined(tails), 1e-300), 1.0)
        log_p = side.log_corrected(together, -math.log(0.1))
        side.learn(-math.log(together / 0.1), 0.1 if math.exp(log_p) < 1e-5 else 1.0)
        return math.exp(log_p)


class NaiveRefractory:
    """One series of tails."""

    def __init__(self) -> None:
        self.tails: list[float] = []
        self.since_alarm = 10**9

    def observe(self, at_ms: int, local_ms: int, value: float) -> tuple[float, float, float]:
        """Say whether one tail counts."""
        del at_ms, local_ms
        if not 0.0 < value <= 1.0:
            return 1.0, 1.0, math.nan
        bound = self.since_alarm < 100
        record = min(self.tails[-100:]) if bound else math.nan
        counts = not bound or value < record
        self.since_alarm = 0 if counts and value < 1e-6 else self.since_alarm + 1
        self.tails.append(value)
        return max(value, 1e-300) if counts else 1.0, 1.0, record
