"""How often forecasts of short waits come true in simulated queues: ``python -m tests.calibration.forecasts``.

Whoever joins a queue of memoryless services behind ``waiting`` others waits for as many calls and one more; the calls
are simulated, so the forecast "at most a quarter of an hour with probability p" can be held against what happened.
Either in queues that seldom are empty, each with counters of its own, or in offices whose counters take who came first
of five queues, of which most are empty most of the time.
"""

import heapq
from collections.abc import Callable, Iterator

import click
import numpy as np

from detectors.arrays import Floats
from detectors.pace import Flags
from detectors.queueing import PredictedWait, QueueBlock
from tests.calibration.family import HOUR_MS, MONDAY_MS

_QUEUES, _DAYS, _OFFICE_H, _SNAPSHOT_S = 300, 12, 10, 300.0
_SETTLED_DAYS = 2
_LINES, _LEAST_S, _LONGEST_S = 5, 180.0, 900.0
_THRESHOLD_S = 900.0


def forecasts(seed: int, queues: int = _QUEUES, days: int = _DAYS) -> Iterator[tuple[Floats, Floats]]:
    """Yield the forecast probabilities of a wait within the threshold, and 1 where it came true, else 0.

    Services take 3 to 12 minutes, and change by a fifth from day to day; the source states twice that or half of it.
    """
    rng = np.random.default_rng(seed)
    usual_s, counters = rng.uniform(180.0, 720.0, queues), rng.integers(1, 7, queues)
    stated = usual_s * np.where(rng.random(queues) < 0.5, 0.5, 2.0)
    bank, rows = PredictedWait(), np.arange(queues)
    bank.resize(queues)
    steps = int(3600 * _OFFICE_H / _SNAPSHOT_S)
    for day in range(days):
        service_s = usual_s * rng.gamma(25.0, 0.04, queues)
        rate = counters / service_s
        many = int(rate.max() * 3600 * (_OFFICE_H + 4)) + 50
        called_s = rng.exponential(1.0 / rate[:, None], (queues, many)).cumsum(axis=1)
        waiting, before = np.full(queues, 5.0), np.zeros(queues)
        for step in range(steps):
            now_s = (step + 1) * _SNAPSHOT_S
            served = (called_s <= now_s).sum(axis=1).astype(np.float64)
            come = rng.poisson(rate * _SNAPSHOT_S * (1.3 if step % 40 < 20 else 0.8))
            waiting = np.maximum(waiting + come - (served - before), 1.0)
            before = served
            at = np.full(queues, MONDAY_MS + day * 24 * HOUR_MS + 7 * HOUR_MS + int(1000 * now_s))
            block = QueueBlock(rows, at, at, waiting, counters.astype(np.float64), stated, served, counters > 0)
            scores = bank.update(block)
            own = np.minimum((served + waiting).astype(np.int64), many - 1)
            waited_s = called_s[rows, own] - now_s
            if day >= _SETTLED_DAYS:
                told = ~np.isnan(scores.expected)
                yield scores.p_high[told], (waited_s[told] <= _THRESHOLD_S).astype(np.float64)


def shared_forecasts(seed: int, offices: int = 40, days: int = 10) -> Iterator[tuple[Floats, Floats]]:
    """Yield the same for offices of five queues before one to four shared counters, half to nearly fully used.

    Services take 3 to 15 minutes, and change by a fifth from day to day; half of the sources state a minute or an hour.
    """
    rng = np.random.default_rng(seed)
    queues = offices * _LINES
    usual_s, counters = rng.uniform(_LEAST_S, _LONGEST_S, offices), rng.integers(1, 5, offices)
    load, shares = rng.uniform(0.5, 0.95, offices), rng.dirichlet(np.ones(_LINES), offices)
    stated = np.where(rng.random(queues) < 0.5, 0.0, rng.choice([60.0, 3600.0], queues))
    bank, rows = PredictedWait(), np.arange(queues)
    bank.resize(queues)
    open_ = np.repeat(counters, _LINES).astype(np.float64)
    for day in range(days):
        service_s = usual_s * rng.gamma(25.0, 0.04, offices)
        each = [
            _office(rng, counters[i], service_s[i], load[i] * counters[i] / usual_s[i], shares[i])
            for i in range(offices)
        ]
        waiting, served, ahead_s = (np.concatenate(parts, axis=1) for parts in zip(*each, strict=True))
        for step in range(len(waiting)):
            now_ms = MONDAY_MS + day * 24 * HOUR_MS + 7 * HOUR_MS + int(1000 * _SNAPSHOT_S * (step + 1))
            at = np.full(queues, now_ms)
            scores = bank.update(QueueBlock(rows, at, at, waiting[step], open_, stated, served[step], open_ > 0))
            told = ~np.isnan(scores.expected)
            if day >= _SETTLED_DAYS:
                yield scores.p_high[told], (ahead_s[step, told] <= _THRESHOLD_S).astype(np.float64)


def _office(
    rng: np.random.Generator, counters: int, service_s: float, rate: float, shares: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return a day of one office, (snapshots, lines): who waits, the numbers called, a newcomer's wait in seconds."""
    day_s = 3600.0 * _OFFICE_H
    many = rng.poisson(rate * day_s)
    came_s, line = np.sort(rng.uniform(0.0, day_s, many)), rng.choice(_LINES, many, p=shares)
    lasting_s = rng.exponential(service_s, many)
    called_s, free_s = np.empty(many), [0.0] * counters
    times = np.arange(_SNAPSHOT_S, day_s + 1.0, _SNAPSHOT_S)
    waiting, served = np.zeros((len(times), _LINES)), np.zeros((len(times), _LINES))
    ahead_s = np.zeros((len(times), _LINES))
    person = 0
    for step, now_s in enumerate(times):
        while person < many and came_s[person] <= now_s:
            called_s[person] = max(heapq.heappop(free_s), came_s[person])
            heapq.heappush(free_s, called_s[person] + lasting_s[person])
            person += 1
        ahead_s[step] = max(free_s[0] - now_s, 0.0)
        here, called = line[:person], called_s[:person] <= now_s
        served[step] = np.bincount(here[called], minlength=_LINES)
        waiting[step] = np.bincount(here[~called], minlength=_LINES)
    return waiting, np.where(served > 0.0, served, np.nan), ahead_s


def by_decile(pairs: Iterator[tuple[Floats, Floats]]) -> list[tuple[int, float, float]]:
    """Return, of each tenth of the probabilities, how many forecasts, their mean, and the share that came true."""
    said, true = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    tenth = np.minimum((10.0 * said).astype(np.int64), 9)
    return [_group(said, true, tenth == each) for each in range(10)]


def sure(pairs: Iterator[tuple[Floats, Floats]], below: float) -> tuple[int, float, float]:
    """Return the same of those who are sure that it takes longer: of a probability below ``below``."""
    said, true = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    return _group(said, true, said < below)


def _group(said: Floats, true: Floats, group: Flags) -> tuple[int, float, float]:
    return int(group.sum()), float(said[group].mean()), float(true[group].mean())


@click.command()
def main() -> None:
    """Print the deciles, and what an incident begins with."""
    simulated: tuple[tuple[str, Callable[[int], Iterator[tuple[Floats, Floats]]]], ...] = (
        ("own counters, seldom empty", forecasts),
        ("shared counters, often empty", shared_forecasts),
    )
    for name, simulate in simulated:
        click.echo(name)
        pairs = list(simulate(1))
        for number, said, true in [sure(iter(pairs), 0.01), *by_decile(iter(pairs))]:
            click.echo(f"{number:9,} forecasts of {said:.4f} on average: {true:.4f} came true")


if __name__ == "__main__":
    main()
