"""Families of arrivals and calls: gaps of sources with a daily rhythm, and pauses of queues."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from detectors.arrays import Block, Floats
from detectors.queueing import QueueBlock, StalledCounter
from detectors.silence import Silence
from tests.calibration.family import HOUR_MS, MONDAY_MS, Family, Tails

_SETTLED_DAYS = 15
_MINUTE_MS = HOUR_MS // 60
_DAY_MS = 24 * HOUR_MS
_DAY, _NIGHT = 1.4, 0.3  # arrivals compared with the mean hour
_QUEUES = (300, 8, 40)  # queues, days that don't count, days in all
_SNAPSHOT_MIN, _OFFICE_H, _SERVICE_MIN = 2, 10, 10.0
_AWAY = (0.05, 15.0)  # of calls, for so many snapshots


class _Sources(NamedTuple):
    """How many sources, arrivals of each, a day, and whether they are regular but for 3 to 20 % of their beats."""

    number: int
    arrivals: int
    per_day: float
    regular: bool


def _gaps(kind: _Sources, seed: int, size: float) -> Iterator[Tails]:
    """Yield tails of the gaps of sources with a daily rhythm.

    Beats are up to a tenth early or late, so that gaps come in no steps: an exact tail would be uniform.
    """
    sources, arrivals, per_day, regular = kind
    rng, number = np.random.default_rng(seed), max(round(sources * size), 20)
    missed = 10 ** rng.uniform(-1.5, -0.7, number)
    bank, at_h = Silence(), np.zeros(number)
    bank.resize(number)
    for step in range(arrivals):
        beats = rng.geometric(1.0 - missed)
        gap = beats + rng.uniform(-0.1, 0.1, number) if regular else rng.exponential(size=number)
        at_h = _after(at_h, gap * 24.0 / per_day)
        order = np.argsort(at_h, kind="stable")
        now = MONDAY_MS + (at_h[order] * HOUR_MS).astype(np.int64)
        p = bank.update(Block(order, now, now, np.zeros(number))).p_high
        if step >= _SETTLED_DAYS * per_day:
            yield Tails(p, np.ones(number), order)


def _after(at_h: Floats, gap: Floats) -> Floats:
    """Return the times at which so many mean hours have gone by, faster by day and slower by night."""
    going = np.ones(len(at_h), np.bool_)
    while going.any():
        hour = np.floor(at_h + 1e-9)
        pace = np.where((hour % 24 >= 7) & (hour % 24 < 20), _DAY, _NIGHT)
        rest = (hour + 1.0 - at_h) * pace
        ends = going & (rest >= gap)
        at_h = np.where(ends, at_h + gap / pace, np.where(going, hour + 1.0, at_h))
        gap = gap - np.where(going, np.minimum(rest, gap), 0.0)
        going &= ~ends
    return at_h


def _pauses(shared: bool, seed: int, size: float) -> Iterator[Tails]:
    """Yield the least tail of each pause of queues at one or two counters, whose calls come at random.

    Where counters are shared, a call in twenty takes them away for three more services: pauses come in two lengths.
    """
    share, away_for = _AWAY if shared else (0.0, 0.0)
    queues, settled, days = _QUEUES
    rng, number = np.random.default_rng(seed), max(round(queues * size), 20)
    counters = np.where(np.arange(number) % 2, 2.0, 1.0)
    chance = counters * _SNAPSHOT_MIN / _SERVICE_MIN  # calls per snapshot
    bank, rows = StalledCounter(), np.arange(number)
    bank.resize(number)
    for day in range(days):
        waiting: Floats = np.full(number, 20.0)
        served, still = np.zeros(number), np.zeros(number)
        least, length = np.ones(number), np.zeros(number)
        for step in range(60 * _OFFICE_H // _SNAPSHOT_MIN):
            calls = np.where(still > 0.0, 0.0, rng.poisson(chance)).astype(np.float64)
            away = (calls > 0.0) & (rng.random(number) < share) if shared else np.zeros(number, np.bool_)
            still = np.maximum(np.where(away, away_for, still - 1.0), 0.0)
            served += calls
            waiting = np.maximum(waiting + rng.poisson(chance) - calls, 5.0)
            now = np.full(number, MONDAY_MS + day * _DAY_MS + 7 * HOUR_MS + step * _SNAPSHOT_MIN * _MINUTE_MS)
            stated = np.full(number, 60.0 * _SERVICE_MIN)
            p = bank.update(QueueBlock(rows, now, now, waiting, counters, stated, served.copy(), counters > 0.0)).p_high
            over = calls > 0.0
            if day >= settled and step:
                back = np.exp(-chance * np.maximum(length - away_for, 0.0))
                truth = (1.0 - share) * np.exp(-chance * length) + share * back
                yield Tails(least[over], np.ones(int(over.sum())), rows[over], truth[over])
            least, length = np.where(over, 1.0, np.minimum(least, p)), np.where(over, 0.0, length + 1.0)


def _silence(name: str, kind: _Sources) -> Family:
    return Family("silence", name, ("high",), partial(_gaps, kind), f"{_SETTLED_DAYS} days")


FAMILIES = (
    _silence("at random, 20 a day", _Sources(600, 2500, 20.0, regular=False)),
    _silence("at random, 200 a day", _Sources(300, 9000, 200.0, regular=False)),
    _silence("regular, 20 a day, beats missed", _Sources(600, 2500, 20.0, regular=True)),
    _silence("regular, 96 a day, beats missed", _Sources(300, 5000, 96.0, regular=True)),
    Family("stalled_counter", "calls at random", ("high",), partial(_pauses, False), "8 days"),
    Family("stalled_counter", "counters called away", ("high",), partial(_pauses, True), "8 days"),
)
