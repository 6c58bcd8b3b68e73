"""Naive twin of `ChangePoint`: one series, a list of runs, plain Python."""

import math

from tests.contract.naive_excursions import NaiveGauge, NaivePrior, NaiveSides, NaiveTogether

PRIOR_WEIGHT, PRIOR_SHAPE, HAZARD, RECENT, MEMORY, PLACES, WEIGHT = 0.1, 2.0, 1 / 500, 60, 500, 31, 0.5


class Run:
    """One hypothesis: a run of this length since its beginning, in units of level and noise."""

    def __init__(self, mass: float) -> None:
        self.mass = mass
        self.mean = 0.0
        self.length = 0.0
        self.spread = PRIOR_SHAPE

    @property
    def shape(self) -> float:
        """Half the degrees of freedom."""
        return PRIOR_SHAPE + self.length / 2

    def log_density(self, value: float) -> float:
        """Return the log density of the Student-t predictive."""
        weight = PRIOR_WEIGHT + self.length
        a, scale = self.shape, self.spread * (weight + 1) / (self.shape * weight)
        log = math.lgamma(a + 0.5) - math.lgamma(a) - 0.5 * math.log(2 * math.pi * a * scale)
        return log - (a + 0.5) * math.log1p((value - self.mean) ** 2 / (2 * a * scale))

    def learn(self, value: float, step: float) -> None:
        """Take so much of an observation into mean and spread."""
        weight, shape = PRIOR_WEIGHT + self.length, self.shape
        self.spread += 0.5 * step * weight / (weight + step) * (value - self.mean) ** 2
        self.mean += step / (weight + step) * (value - self.mean)
        self.length = min(self.length + step, MEMORY)
        self.spread = max(self.spread * self.shape / (shape + step / 2), self.shape)


class NaiveChangePoint:
    """One gauge: the run that began long ago, and those that began recently."""

    def __init__(self) -> None:
        self.gauge = NaiveGauge(500, 500)
        self.together = NaiveTogether()
        self.sides = NaiveSides(NaivePrior(0.045, 0.8, 30.0))
        self.old = Run(1.0)
        self.young: list[Run] = []
        self.unit: tuple[float, float] | None = None

    def observe(self, at_ms: int, local_ms: int, value: float) -> tuple[float, float, float]:
        """Score one value, then learn it."""
        del local_ms
        if not abs(value) <= 1e150:
            return 1.0, 1.0, math.nan
        n = self.gauge.count
        score, level, noise = self.gauge.look(value)
        self.together.gap(at_ms, n)
        variance = self.together.cautious(n)
        center, nats = 0.0, (0.0, 0.0)
        if n >= 20:
            self._convert(level, noise)
            center = sum(run.mass * run.mean for run in [self.old, *self.young])
            residual = min(max((value - level) / noise, -1e6), 1e6)
            self._follow(min(max(residual, center - 3.0), center + 3.0), 1.0 / variance)
            nats = self._evidence()
        high = low = 1.0
        if n >= 150:
            high, low = self.sides.judge(nats, WEIGHT / variance)
        self.together.learn(score, n, min(high, low))
        return high, low, level + noise * center if n >= 150 else math.nan

    def _convert(self, level: float, noise: float) -> None:
        old_level, old_noise = self.unit or (level, noise)
        self.unit = level, noise
        ratio = min(max(old_noise / noise, 1e-3), 1e3)
        moved = min(max((old_level - level) / noise, -1e3), 1e3)
        for run in [self.old, *self.young]:
            run.mean = run.mean * ratio + moved
            run.spread *= ratio * ratio

    def _follow(self, residual: float, step: float) -> None:
        runs = [self.old, *self.young]
        logs = [run.log_density(residual) for run in runs]
        for run, log in zip(runs, logs, strict=True):
            run.mass *= math.exp(max((log - max(logs)) * step, -600.0))
        total = sum(run.mass for run in runs)
        for run in runs:
            run.mass *= (1 - HAZARD * step) / total
            run.learn(residual, step)
        grown = [run for run in self.young if run.length >= RECENT]
        if grown:
            self._join(grown[0])
        elif len(self.young) == PLACES:
            self.young.remove(min(self.young, key=lambda run: run.mass))
        self.young.append(Run(HAZARD * step))

    def _join(self, run: Run) -> None:
        self.young.remove(run)
        total = self.old.mass + run.mass
        share = run.mass / max(total, 1e-290)
        variance = (1 - share) * self.old.spread / self.old.shape + share * run.spread / run.shape
        self.old.mean += share * (run.mean - self.old.mean)
        self.old.length += share * (run.length - self.old.length)
        self.old.spread = variance * self.old.shape
        self.old.mass = total

    def _evidence(self) -> tuple[float, float]:
        prior = 1 - (1 - HAZARD) ** RECENT
        recent = sum(run.mass for run in self.young)
        odds = math.log(max(recent, 1e-290) / max(self.old.mass, 1e-290)) + 4.0 - math.log(prior / 2 / (1 - prior))
        up = sum(run.mass * run.mean for run in self.young) / recent > self.old.mean
        nats = (max(odds, 0.0), 0.0) if up else (0.0, max(odds, 0.0))
        return min(nats[0], self.sides.sides[0].most()), min(nats[1], self.sides.sides[1].most())
