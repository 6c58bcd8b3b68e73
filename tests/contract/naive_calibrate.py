"""Naive twin of `detectors.calibrate`: both sides of one series, plain Python."""

import math
from dataclasses import dataclass, field

BEGINS = [0.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0]
WIDTHS = [2.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 1000.0]


def surprise(score: float) -> float:
    """Return minus the log of the normal's tail beyond a score of 2 or more, by Komatu's bound."""
    z = min(score, 37.0)
    return z * z / 2 + math.log(z + math.sqrt(z * z + 8 / math.pi))


@dataclass
class Side:
    """The peaks of one side: how many, where they ended, and what they spent on each rung."""

    above: float = 10.0
    peaks: float = 0.0
    ended: list[float] = field(default_factory=lambda: [0.0] * 8)
    spent: list[float] = field(default_factory=lambda: [0.0] * 8)

    def log_survival(self, over: float, longest: float, *, heavy: bool) -> float:
        """Return the log of the share of peaks that rise by ``over`` nats."""
        weight, least, far = (3.0, 0.3, 0.5) if heavy else (10.0, 0.5, 1.0)
        log = 0.0
        rates = [1.0]
        expected = 1.0
        for rung, (begin, width) in enumerate(zip(BEGINS, WIDTHS, strict=True)):
            if over <= begin:
                break
            peaks = self.ended[rung] + weight
            exposure = min(self.spent[rung] + weight / expected, peaks * longest)
            log -= peaks * math.log1p(min(over - begin, width) / exposure)
            rates.append(peaks / exposure)
            most = far if rung >= 2 else 1.0
            trend = min(max(rates[-1] / rates[-2], least), most) if rung > 0 else 1.0
            expected = rates[-1] * trend
        return log

    def learn(self, over: float, share: float) -> None:
        """Let one peak teach the rungs that it reached."""
        for rung, (begin, width) in enumerate(zip(BEGINS, WIDTHS, strict=True)):
            if over > begin:
                self.spent[rung] += share * min(over - begin, width)
                if over <= begin + width:
                    self.ended[rung] += share
        self.peaks += share
        if self.peaks > 550.0:
            fade = 500.0 / self.peaks
            self.ended, self.spent = ([fade * each for each in those] for those in (self.ended, self.spent))
            self.peaks = 500.0


class NaiveTails:
    """Tails of the scores of one series, upwards and downwards."""

    def __init__(self, longest: float = math.inf, *, heavy: bool = False) -> None:
        self.longest = longest
        self.heavy = heavy
        self.seen = 333.0
        self.trust = 1.0
        self.sides = Side(), Side()

    def judge(self, scores: tuple[float, float], worth: float, shares: tuple[float, float]) -> tuple[float, float]:
        """Return the logs of both tails, then learn."""
        logs = []
        for side, score, share in zip(self.sides, scores, shares, strict=True):
            start = 0.8326 + 0.545 * 2.0
            log = math.log(side.above / self.seen) * max(0.8326 + 0.545 * min(score, 2.0), 0.0) ** 2 / start**2
            if score > 2.0:
                over = surprise(score) - surprise(2.0)
                log = max(log + side.log_survival(over, self.longest, heavy=self.heavy), -690.0)
                side.learn(over, share)
                side.above += worth
            logs.append(log)
        self.trust = 0.05 if min(logs) < math.log(1e-3) else 1.0
        self.seen += worth
        if self.seen > 5050.0:
            for side in self.sides:
                side.above = max(side.above * 5000.0 / self.seen, 0.5)
            self.seen = 5000.0
        return logs[0], logs[1]
