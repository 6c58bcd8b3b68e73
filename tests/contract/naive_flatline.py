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
    went_on: dict[str, tuple[float, float]] = field(default_factory=dict)
    state: str = "none"
    since: int = 0
    log: float = 0.0
    strayed: bool = False  # has gone on at an unusual hour

    def chance(self, key: tuple[bool, int]) -> float:
        """Return the probability at a time of week: Gamma of shape 1/2 around the share of all, given its visits."""
        usual = (self.overall[0] + 1) / (self.overall[1] + 2)
        hits, visits = self.bins.get(key, (0.0, 0.0))
        return (hits + 0.5) / (visits + 0.5 / usual)

    def begins(self, key: tuple[bool, int]) -> float:
        """Return the same, but 0 of what never was."""
        return self.chance(key) if self.overall[0] > 0 else 0.0

    def kind_of_step(self, *, rare: bool) -> str:
        """Name the step that the run is to take."""
        if not rare:
            return "usual"
        return "further" if self.strayed else "first"

    def goes_on(self, kind: str) -> float:
        """Return the probability that it takes it."""
        first = self.went_on.get("first", (0.0, 0.0))
        about = (first[0] + 1) / (first[1] + 2)
        believed = {"usual": (4.0, 5.0), "first": (1.0, 2.0), "further": (30 * min(about, 0.5), 30.0)}[kind]
        went, might = self.went_on.get(kind, (0.0, 0.0))
        return (went + believed[0]) / (might + believed[1])


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
        share = self.runs[1 if zeros < repeats else 0].begins(key)
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
        marginal = run.chance(key)
        rare = marginal < 0.1
        factor = marginal if run.state == "none" else max(marginal, run.goes_on(run.kind_of_step(rare=rare)))
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
            if inside:
                kind = run.kind_of_step(rare=rare)
                went, might = run.went_on.get(kind, (0.0, 0.0))
                run.went_on[kind] = FADE**0.1 * went + hit, FADE**0.1 * might + 1
        run.strayed = inside and event and (run.strayed or rare)
