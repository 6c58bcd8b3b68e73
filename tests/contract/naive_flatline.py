"""Naive twin of `Flatline`: one series, plain Python."""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime

DAY = 86_400_000
FADE = math.exp(-1 / 60)


@dataclass
class Run:
    """One kind of run (zeros, or a repeated value) and what is known of such runs."""

    overall: tuple[float, float] = (0.0, 0.0)
    bins: dict[tuple[bool, int], tuple[float, float]] = field(default_factory=dict)
    usual: tuple[float, float] = (0.0, 0.0)
    unusual: tuple[float, float] = (0.0, 0.0)
    state: str = "none"
    since: int = 0
    log: float = 0.0
    steps: float = 0.0


class NaiveFlatline:
    """One series that may die or get stuck."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.seen = 0
        self.last = math.nan
        self.mean = math.nan
        self.runs = (Run(), Run())

    def observe(self, at_ms: int, local_ms: int, value: float) -> tuple[float, float, float]:
        """Score one value, then learn it."""
        if not math.isfinite(value):
            return 1.0, 1.0, math.nan
        self.first = at_ms if self.first is None else self.first
        local = datetime.fromtimestamp(local_ms / 1000, UTC)
        key = (local.weekday() >= 5, local.hour)
        ready = at_ms - self.first >= 7 * DAY and self.seen >= 100
        events = (value == 0.0, value != 0.0 and value == self.last)
        parts = [self._score(run, event, key, ready) for run, event in zip(self.runs, events, strict=True)]
        frozen = any(
            log < math.log(1e-4) and (at_ms - run.since if event else 0) < 400 * DAY
            for run, event, (log, _, _) in zip(self.runs, events, parts, strict=True)
        )
        zeros, repeats = (part[0] for part in parts)
        other = self.runs[1 if zeros < repeats else 0].overall
        share = other[0] / other[1] if other[1] > 1 else other[0]
        for run, event, (log, scored, rare) in zip(self.runs, events, parts, strict=True):
            self._learn(run, event, key, rare, frozen)
            before = run.state
            run.state = ("scored" if scored else "unscored") if event else "none"
            if event and before == "none":
                run.since = at_ms
            run.log = log
        expected = self.mean if ready else math.nan
        if not frozen:
            self.mean = value if math.isnan(self.mean) else self.mean + (value - self.mean) / 500
        self.last = value
        self.seen += 1
        least = math.exp(max(zeros, -690.0) if zeros < repeats else max(repeats, -690.0))
        p = min(least + min(least, share), 1.0)
        return 1.0, p, expected

    @staticmethod
    def _score(run: Run, event: bool, key: tuple[bool, int], ready: bool) -> tuple[float, bool, bool]:
        share = (run.overall[0] + 1) / (run.overall[1] + 2)
        hits, visits = run.bins.get(key, (0.0, 0.0))
        marginal = (hits + 2 * share) / (visits + 2)
        rare = marginal < 0.1
        if run.state == "none":
            factor = marginal
        elif rare:
            factor = max(marginal, (run.unusual[0] + 1) / (run.unusual[1] + 2))
        else:
            factor = max(marginal, (run.usual[0] + 4) / (run.usual[1] + 5))
        scored = event and (ready if run.state == "none" else run.state == "scored")
        return (run.log + math.log(factor) if scored else 0.0), scored, rare

    @staticmethod
    def _learn(run: Run, event: bool, key: tuple[bool, int], rare: bool, frozen: bool) -> None:
        hit = 1.0 if event else 0.0
        inside = run.state != "none"
        if not frozen:
            hits, visits = run.bins.get(key, (0.0, 0.0))
            run.bins[key] = FADE * hits + hit, FADE * visits + 1
            run.overall = FADE**0.02 * run.overall[0] + hit, FADE**0.02 * run.overall[1] + 1
            if inside and not rare:
                run.usual = FADE**0.1 * run.usual[0] + hit, FADE**0.1 * run.usual[1] + 1
        if inside and not event and run.steps > 0:
            lasted = min(run.steps, 3.0) if run.log < math.log(1e-4) else run.steps
            run.unusual = 0.98 * run.unusual[0] + lasted, 0.98 * run.unusual[1] + lasted + 1
        run.steps = run.steps + (1.0 if rare else 0.0) if inside and event else 0.0
