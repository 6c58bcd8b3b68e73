"""Naive twin of the queue detectors: one queue, plain Python, one snapshot at a time."""

import math
from typing import NamedTuple

DAY = 86_400_000


class Snapshot(NamedTuple):
    """One reading of one queue."""

    at_ms: int
    local_ms: int
    waiting: float
    counters: float
    stated_s: float
    served: float
    is_open: bool


class NaiveQueue:
    """One queue: its pace, its stall, and what both detectors say."""

    def __init__(self, threshold_s: float = 900.0) -> None:
        self.threshold_s = threshold_s
        self.before: Snapshot | None = None
        self.served = math.nan
        self.services = 0.0
        self.busy_s = 0.0
        self.alive: int | None = None
        self.stalled: int | None = None
        self.came = 0

    def observe(self, now: Snapshot) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return (p_high, expected) of the predicted wait and of the stalled counter, then learn."""
        if not (math.isfinite(now.waiting) and math.isfinite(now.counters) and now.waiting >= 0 and now.counters >= 0):
            return (1.0, math.nan), (1.0, math.nan)
        before = self.before
        seconds = 0.0 if before is None else max(now.at_ms - before.at_ms, 0) / 1000
        same_day = before is not None and before.local_ms // DAY == now.local_ms // DAY
        linked = same_day and 0 < seconds <= 1800 and now.is_open
        waited, counters = (0.0, 0.0) if before is None else (before.waiting, before.counters)
        stated = now.stated_s > 0
        ticket = now.served - self.served
        numbered = 0 <= ticket <= 3 + max(counters, 1) * seconds / 20
        shrunk = max(waited - now.waiting, 0.0)
        called = ticket if numbered else (math.nan if stated else shrunk)
        progress = ticket > 0 if numbered else shrunk > 0
        came = linked and now.waiting + (ticket if numbered else 0) > waited
        if not linked or progress or now.waiting == 0 or self.stalled is None:
            self.stalled, self.came = now.at_ms, 0
        else:
            self.came += came
        if not same_day:
            self.alive = None
        if linked and (progress or came):
            self.alive = now.at_ms
        service = min(max(now.stated_s, 20.0), 7200.0) if stated else 600.0
        worth = max(self.services, min(self.busy_s / service, 40))
        known = worth + 2
        observed = self.busy_s / max(self.services, 0.5) if self.busy_s > 0 else service
        pace = 1 / math.exp((worth * math.log(observed) + 2 * math.log(service)) / known)
        lively = self.alive is not None and (now.at_ms - self.alive) / 1000 <= 7200 and now.is_open
        verdicts = self._wait(now, lively, pace, known), self._stall(now, lively, pace, known)
        useful = linked and waited > 0 and now.waiting > 0 and counters > 0 and not math.isnan(called)
        if useful:
            exposure = counters * seconds
            fade = math.exp(-min(max(exposure * pace, called) / 40, 50))
            self.services, self.busy_s = fade * self.services + called, fade * self.busy_s + exposure
        last = now.at_ms if before is None else max(now.at_ms, before.at_ms)
        self.before = now._replace(at_ms=last)
        self.served = self.served if math.isnan(now.served) else now.served
        return verdicts

    def _wait(self, now: Snapshot, lively: bool, pace: float, known: float) -> tuple[float, float]:
        if not (lively and now.waiting > 0 and now.counters > 0):
            return 1.0, math.nan
        mean = (now.waiting + 1) / (max(now.counters, 1) * pace)
        shape = 1 / (1 / (now.waiting + 1) + 1 / known)
        z = ((self.threshold_s / mean) ** (1 / 3) - (1 - 1 / (9 * shape))) * math.sqrt(9 * shape)
        return max(0.5 * math.erfc(-z / math.sqrt(2)), 1e-300), mean

    def _stall(self, now: Snapshot, lively: bool, pace: float, known: float) -> tuple[float, float]:
        assert self.stalled is not None
        paused = (now.at_ms - self.stalled) / 1000
        median = math.log(2) / pace
        if not (lively and now.waiting > 0 and self.came > 0 and paused > 3 * median):
            return 1.0, math.nan
        return max((1 + paused * pace / known) ** -known, math.exp(-690)), median
