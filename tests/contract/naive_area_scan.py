"""Naive twin of `AreaScan`: one kind of counts on a small map, plain Python."""

import math

from tests.contract.naive_peaks import NaiveMaximum

HOUR = 3_600_000


class NaiveAreaScan:
    """Counts of one kind; ``near`` says for each unit which are nearest, itself first."""

    def __init__(self, near: list[list[int]]) -> None:
        self.near = near
        self.first_ms: int | None = None
        self.rows: list[tuple[int, list[float], list[float]]] = []
        self.count = [0.0] * len(near)
        self.exposure = [0.0] * len(near)
        self.surplus = [0.0] * len(near)
        self.squares = [0.0] * len(near)
        self.slot_count = [0.0] * 168
        self.slot_expected = [0.0] * 168
        self.maximum = NaiveMaximum()

    def rates(self) -> list[float]:
        """Return the usual count of each unit."""
        mean = (sum(self.count) + 0.5) / (sum(self.exposure) + 1.0)
        return [
            (count + 1.0) / (exposed + 1.0 / mean) for count, exposed in zip(self.count, self.exposure, strict=True)
        ]

    def noise(self) -> list[float]:
        """Return how much each unit varies beyond Poisson."""
        both = zip(self.surplus, self.squares, strict=True)
        return [min(max((surplus + 200.0 * 0.05) / (squares + 200.0), 0.0), 4.0) for surplus, squares in both]

    def observe(self, at_ms: int, local_ms: int, counts: list[float]) -> tuple[float, float, float]:
        """Score one interval, then learn it."""
        known = [0.0 <= count <= 1e9 for count in counts]
        if not any(known):
            return 1.0, 1.0, math.nan
        slot = local_ms // HOUR % 168
        rhythm = (self.slot_count[slot] + 10.0) / (self.slot_expected[slot] + 10.0)
        hoped = [rate * rhythm if some else 0.0 for rate, some in zip(self.rates(), known, strict=True)]
        counted = [count if some else 0.0 for count, some in zip(counts, known, strict=True)]
        if self.first_ms is None:
            self.first_ms = at_ms
        ready = at_ms - self.first_ms >= 14 * 24 * HOUR
        before = self.rows[0][0] if self.rows else at_ms
        self.rows = [row for row in [(at_ms, counted, hoped), *self.rows][:6] if row[0] >= at_ms - 5.5 * HOUR]
        statistic, expected, window = self._best()
        p, speaks = 1.0, False
        if ready:
            speaks = self.maximum.seen >= 50
            p = self.maximum.judge(statistic, window)
        cells = list(zip(counted, hoped, known, strict=True))
        self._learn(cells, ready, (at_ms - before) / (24 * HOUR), (slot, rhythm, 0.1 if p < 1e-4 else 1.0))
        return (p, 1.0, expected) if speaks else (1.0, 1.0, math.nan)

    def _best(self) -> tuple[float, float, int]:
        best, noise = (-1.0, 0.0, 1), self.noise()
        for window in range(1, 7):
            for near in self.near:
                for reach in range(1, len(near) + 1):
                    cells = [
                        (row[1][unit], row[2][unit], noise[unit]) for row in self.rows[:window] for unit in near[:reach]
                    ]
                    c = sum(count / (1.0 + v * hoped) for count, hoped, v in cells)
                    b = sum(hoped / (1.0 + v * hoped) for _, hoped, v in cells)
                    ratio = c * math.log(c / b) + b - c if c > b else 0.0
                    if ratio > best[0] + 1e-12:
                        best = (ratio, sum(hoped for _, hoped, _ in cells), window)
        return max(best[0], 0.0), best[1], best[2]

    def _learn(
        self, cells: list[tuple[float, float, bool]], ready: bool, days: float, now: tuple[int, float, float]
    ) -> None:
        counted, hoped, known = zip(*cells, strict=True)
        slot, rhythm, weight = now
        taught = [
            min(c, b + 3.0 * math.sqrt(b + b * b / 4) + 1.0) if ready else c
            for c, b in zip(counted, hoped, strict=True)
        ]
        taught = [count if some else 0.0 for count, some in zip(taught, known, strict=True)]
        if ready:
            for unit, (count, e, v) in enumerate(zip(taught, hoped, self.noise(), strict=True)):
                self.surplus[unit] += weight * ((count - e) ** 2 - e) / (1.0 + v * e) ** 2
                self.squares[unit] += weight * (e / (1.0 + v * e)) ** 2
        total = sum(rate for rate, some in zip(self.rates(), known, strict=True) if some)
        fade = math.exp(-days / 60.0)
        self.count = [fade * old + new for old, new in zip(self.count, taught, strict=True)]
        self.exposure = [fade * old + (rhythm if some else 0.0) for old, some in zip(self.exposure, known, strict=True)]
        self.surplus = [fade * old for old in self.surplus]
        self.squares = [fade * old for old in self.squares]
        self.slot_count = [fade * old for old in self.slot_count]
        self.slot_expected = [fade * old for old in self.slot_expected]
        self.slot_count[slot] += sum(taught)
        self.slot_expected[slot] += total
