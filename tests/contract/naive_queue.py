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


class Pace(NamedTuple):
    """How fast a counter calls, on how many services that rests, and whether the queue is alive."""

    per_s: float
    known: float
    lively: bool


class Stretch(NamedTuple):
    """What happened between two snapshots of one queue: time of its counters, time, calls."""

    busy_s: float
    seconds: float
    called: float


def until_last(called: float, expected: float) -> float:
    """Return the share of a stretch up to its last call: the quotient of two of Kummer's series, cut short."""

    def kummer(b: float, powers: int) -> float:
        return sum(math.prod(expected / (b + i) for i in range(n)) for n in range(powers + 1))

    return called / (called + 1) * kummer(called + 2, 4) / kummer(called + 1, 5)


class NaiveQueue:
    """One queue: its pace and since when nobody was called."""

    def __init__(self, threshold_s: float = 900.0) -> None:
        self.threshold_s = threshold_s
        self.before: Snapshot | None = None
        self.served = math.nan
        self.services = 0.0
        self.busy_s = 0.0
        self.alive: int | None = None
        self.stalled: int | None = None
        self.came = 0
        self.linked = False
        self.seconds = 0.0

    def observe(self, now: Snapshot) -> tuple[float, float]:
        """Return (p_high, expected), then learn."""
        if not (0 <= now.waiting <= 1e9 and 0 <= now.counters <= 1e9):
            return 1.0, math.nan
        if abs(now.served) > 1e15:
            now = now._replace(served=math.nan)
        before = self.before
        seconds = 0.0 if before is None else max(now.at_ms - before.at_ms, 0) / 1000
        same_day = before is not None and before.local_ms // DAY == now.local_ms // DAY
        linked = same_day and 0 < seconds <= 1800 and now.is_open
        waited, counters = (0.0, 0.0) if before is None else (before.waiting, before.counters)
        stated = now.stated_s > 0
        ticket = now.served - self.served
        numbered = 0 <= ticket <= 3 + max(counters, 1) * seconds / 20
        shrunk = max(waited - now.waiting, 0.0)
        called = max(ticket, shrunk) if numbered else (math.nan if stated else shrunk)
        progress = (numbered and ticket > 0) or shrunk > 0
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
        observed = max(self.busy_s / max(self.services, 0.5), 1e-6) if self.busy_s > 0 else service
        pace = 1 / math.exp((worth * math.log(observed) + 2 * math.log(service)) / (worth + 2))
        known = self.services + 2
        lively = self.alive is not None and (now.at_ms - self.alive) / 1000 <= 7200 and now.is_open
        self.linked, self.seconds = linked, seconds
        verdict = self.judge(now, Pace(pace, known, lively))
        if linked and waited > 0 and counters > 0 and not math.isnan(called):
            exposure = counters * seconds
            expected = exposure * pace
            share = 1.0 if now.waiting > 0 else until_last(called, expected)
            sd = math.sqrt(expected + expected * expected / known)
            self.teach(now, pace, Stretch(share * exposure, seconds, min(called, expected + 3 * (1 + sd))))
        elif self.stalled == now.at_ms:
            self.forget_pause()
        last = now.at_ms if before is None else max(now.at_ms, before.at_ms)
        self.before = now._replace(at_ms=last)
        self.served = self.served if math.isnan(now.served) else now.served
        return verdict

    def judge(self, now: Snapshot, pace: Pace) -> tuple[float, float]:
        """Say what the detector says."""
        raise NotImplementedError

    def teach(self, now: Snapshot, pace_per_s: float, stretch: Stretch) -> None:
        """Learn how many were called since the last snapshot."""
        del now
        self.learn(stretch.busy_s, pace_per_s, stretch.called)

    def learn(self, exposure: float, pace_per_s: float, called: float) -> float:
        """Count services and the time they took; return by how much the past faded."""
        fade = math.exp(-min(max(exposure * pace_per_s, called) / 40, 50))
        self.services, self.busy_s = fade * self.services + called, fade * self.busy_s + exposure
        return fade

    def forget_pause(self) -> None:
        """Forget the pause that nobody's call has ended."""


class NaiveWait(NaiveQueue):
    """The wait of a newcomer."""

    def judge(self, now: Snapshot, pace: Pace) -> tuple[float, float]:
        """Wilson and Hilferty's tail of the services ahead."""
        if not (pace.lively and now.waiting > 0 and now.counters > 0):
            return 1.0, math.nan
        mean = (now.waiting + 1) / (max(now.counters, 1) * pace.per_s)
        shape = 1 / (1 / (now.waiting + 1) + 1 / pace.known)
        z = ((self.threshold_s / mean) ** (1 / 3) - (1 - 1 / (9 * shape))) * math.sqrt(9 * shape)
        return max(0.5 * math.erfc(-z / math.sqrt(2)), 1e-300), mean


class NaiveStall(NaiveQueue):
    """Nobody is called."""

    def __init__(self) -> None:
        super().__init__()
        self.waited_s = 0.0
        self.pause: list[tuple[float, float]] = []
        self.missed_s = 0.0
        self.pauses, self.share, self.longs = 20.0, 0.1, 5
        self.ended, self.spent = [0.0] * 6, [0.0] * 6

    def judge(self, now: Snapshot, pace: Pace) -> tuple[float, float]:
        """Learn the pause that is over; judge the one that goes on."""
        assert self.stalled is not None
        if self.stalled == now.at_ms:
            if self.linked and self.before is not None and self.before.waiting > 0:
                self._learn_pause(pace.known * math.log(1 + self.missed_s * pace.per_s / pace.known))
            self.missed_s = 0.0
        else:
            assert self.before is not None
            usual = self.busy_s / max(self.waited_s, 1.0) if self.waited_s > 0 else 1.0
            self.missed_s += self.seconds * max(1.0, min(usual, self.before.counters))
        median = math.log(2) / pace.per_s
        if not (pace.lively and now.waiting > 0 and self.came > 0 and (now.at_ms - self.stalled) / 1000 > 3 * median):
            return 1.0, math.nan
        surprise = pace.known * math.log(1 + self.missed_s * pace.per_s / pace.known)
        if surprise <= 2.3:
            return 1.0, median
        return self._tail(surprise - 2.3), median

    def _tail(self, over: float) -> float:
        """Survive one rung after the other."""
        log, rate, low = math.log(self.share), 2 / 3, 0.0
        for rung, high in enumerate((1.0, 2.0, 4.0, 8.0, 16.0, math.inf)):
            ends, spent = self.ended[rung] + 5, self.spent[rung] + 5 / rate
            log += ends * (math.log(spent) - math.log(spent + min(max(over - low, 0.0), high - low)))
            rate, low = ends / spent, high
        return math.exp(min(max(log, -690.0), 0.0))

    def _learn_pause(self, surprise: float) -> None:
        above = surprise > 2.3
        self.pauses = min(self.pauses + 1, 2000)
        self.share = max(self.share + (above - self.share) / self.pauses, 0.02)
        if not above:
            return
        if self.longs < 200:
            self.longs += 1
        else:
            self.ended, self.spent = ([0.995 * kept for kept in column] for column in (self.ended, self.spent))
        over, low = surprise - 2.3, 0.0
        for rung, high in enumerate((1.0, 2.0, 4.0, 8.0, 16.0, 32.0)):
            self.spent[rung] += min(over, high) - low
            if over <= high or rung == 5:
                self.ended[rung] += 1
                break
            low = high

    def teach(self, now: Snapshot, pace_per_s: float, stretch: Stretch) -> None:
        """Hold the time of a pause back until it ends; then let it count as at most twenty calls missed."""
        called = stretch.called
        self.pause.append((stretch.busy_s, stretch.seconds if stretch.busy_s > 0 else 0.0))
        if called > 0:
            busy, waited = (sum(column) for column in zip(*self.pause, strict=True))
            share = min(max(called, 1.0) * min(20 / max(busy * pace_per_s, 1.0), 1.0), 1.0)
            fade = self.learn(share * busy, pace_per_s, called)
            self.waited_s = fade * self.waited_s + share * waited
        if self.stalled == now.at_ms:
            self.forget_pause()

    def forget_pause(self) -> None:
        """Start afresh."""
        self.pause = []
