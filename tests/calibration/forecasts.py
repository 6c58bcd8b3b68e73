"""How often forecasts of short waits come true in simulated queues: ``python -m tests.calibration.forecasts``.

Whoever joins a queue of memoryless services behind ``waiting`` others waits for as many calls and one more; the calls
are simulated, so the forecast "at most a quarter of an hour with probability p" can be held against what happened.
"""

from collections.abc import Iterator

import click
import numpy as np

from detectors.arrays import Floats
from detectors.queueing import PredictedWait, QueueBlock
from tests.calibration.family import HOUR_MS, MONDAY_MS

_QUEUES, _DAYS, _OFFICE_H, _SNAPSHOT_S = 300, 12, 10, 300.0
_SETTLED_DAYS = 2
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


def by_decile(seed: int, queues: int = _QUEUES, days: int = _DAYS) -> list[tuple[int, float, float]]:
    """Return, of each tenth of the probabilities, how many forecasts, their mean, and the share that came true."""
    said, true = (np.concatenate(parts) for parts in zip(*forecasts(seed, queues, days), strict=True))
    tenth = np.minimum((10.0 * said).astype(np.int64), 9)
    groups = [tenth == each for each in range(10)]
    return [(int(group.sum()), float(said[group].mean()), float(true[group].mean())) for group in groups]


@click.command()
def main() -> None:
    """Print the deciles."""
    for number, said, true in by_decile(1):
        click.echo(f"{number:9,} forecasts of {said:.2f} on average: {true:.2f} came true")


if __name__ == "__main__":
    main()
