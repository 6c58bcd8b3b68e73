"""Naive twin of `Outage`: one unit, plain Python; Clayton's copula by inclusion and exclusion."""

import math
from itertools import combinations

from tests.contract.naive_peaks import NaivePeaks

RUNGS = (0.0, 0.0625, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0)


def at_least(together: int, chances: list[float], frailty: float) -> float:
    """Return the probability that so many or more are silent."""

    def all_heard(who: tuple[int, ...]) -> float:
        if frailty == 0.0:
            return math.prod(1.0 - chances[i] for i in who)
        hazards = [((1.0 - chances[i]) ** -frailty - 1.0) / frailty for i in who]
        return float((1.0 + frailty * sum(hazards)) ** (-1.0 / frailty))

    everybody = range(len(chances))
    terms = []
    for k in range(together, len(chances) + 1):
        for silent in combinations(everybody, k):
            heard = tuple(i for i in everybody if i not in silent)
            terms += [(-1) ** j * all_heard(heard + more) for j in range(k + 1) for more in combinations(silent, j)]
    return min(math.fsum(terms), 1.0)


class NaiveOutage:
    """One unit's roster."""

    def __init__(self) -> None:
        self.last_ms: int | None = None
        self.age_h = 0.0
        self.hours: dict[int, tuple[float, float]] = {}
        self.excess = self.pairs = 0.0
        self.turn = 0.0
        self.deep = NaivePeaks(30.0, math.exp(-2.0), 10.0, 0.993)

    def observe(self, at_ms: int, local_ms: int, roster: list[float]) -> tuple[float, float, float]:
        """Score one sweep, then learn it."""
        del local_ms
        watched = {place: state for place, state in enumerate(roster) if state in (0.0, 1.0)}
        if not watched:
            return 1.0, 1.0, math.nan
        chances = {}
        for place in watched:
            seen, silent = self.hours.get(place, (0.0, 0.0))
            chances[place] = (silent + 0.02 * 24.0) / (seen + 24.0)
        together = int(sum(watched.values()))
        frailty = max((self.excess + 0.1 * 2.0 / 0.09) / (self.pairs + 2.0 / 0.09), 0.0)
        rung = min(RUNGS, key=lambda each: abs(each - frailty))
        speaks = self.age_h >= 336.0 and len(watched) >= 2
        some = together if speaks else 0
        theory = at_least(some, list(chances.values()), rung) if some else 1.0
        p = math.exp(self.deep.log_corrected(theory, 2.0)) if some else 1.0
        elapsed = 0.0
        if self.last_ms is None or at_ms > self.last_ms:
            elapsed = 0.0 if self.last_ms is None else min((at_ms - self.last_ms) / 3_600_000, 1.0)
            self.last_ms = at_ms
        self.age_h += elapsed
        hours = elapsed * (0.1 if p < 1e-4 else 1.0)
        more = at_least(some + 1, list(chances.values()), rung) if some < len(chances) else 0.0
        self.turn = (self.turn + 0.618) % 1.0
        if speaks:
            self.deep.learn(-math.log(max(more + self.turn * (theory - more), 1e-300)) - 2.0, hours / 6.0)
            self._learn_frailty(together, list(chances.values()), frailty, hours)
        fade = math.exp(-hours / 336.0)
        for place, state in watched.items():
            seen, silent = self.hours.get(place, (0.0, 0.0))
            self.hours[place] = (fade * seen + hours, fade * silent + hours * state)
        return p, 1.0, math.fsum(chances.values()) if speaks else math.nan

    def _learn_frailty(self, together: int, chances: list[float], frailty: float, hours: float) -> None:
        mean = sum(chances)
        alone = sum(p * (1.0 - p) for p in chances)
        pairs = 2.0 * sum(p * q for p, q in combinations(chances, 2))
        variance = alone + frailty * pairs
        off = min(together - mean, 5.0 * math.sqrt(variance) + 1.0)
        counts = hours / 6.0 * pairs / variance**2
        fade = math.exp(-hours / 2160.0)
        self.excess = fade * self.excess + counts * (off**2 - alone)
        self.pairs = fade * self.pairs + counts * pairs
