"""Studies change-point detectors on generated series: delays, youth, rhythms, counts finer than hourly, speed, state.

Run ``python -m tests.bench.changepoints``; ``delays``, ``young``, ``rhythm``, ``hours`` or ``speed`` alone as
arguments. False alarms of settled series: ``python -m tests.calibration``.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import click
import numpy as np

from detectors.arrays import Block, Floats, Scores
from detectors.changepoint import ChangePoint
from detectors.cusum import CountCusum, Cusum
from detectors.pagehinkley import PageHinkley
from streams.banks.window_sums import WindowSums
from tests.calibration.series import Counts, Rows, autoregressive, counts, independent

_HOUR_MS = 3_600_000
_MONDAY_MS = 1_699_833_600_000 // (24 * _HOUR_MS) * 24 * _HOUR_MS
_LEVELS = np.array([1e-2, 1e-3, 1e-4, 1e-5])
_SHIFTS = (0.5, 1.0, 2.0)
_SPEED_SERIES = 10_000
_WARM_CALLS = 340  # two weeks of hours: all of them speak
_TIMED_CALLS = 30
_DAY = 288  # observations every five minutes
_SETTLED_DAYS, _RHYTHM_DAYS = 5, 14
_COUNTED = {
    "steady": Counts(1.0 / 0.03, 3.0, 400.0, _DAY // 24),
    "days and seasons": Counts(1.0 / 0.03, 3.0, 400.0, _DAY // 24, days=0.15, seasons=0.15),
}
_COUNTED_SERIES, _LEARNED_DAYS, _QUIET_DAYS, _CHANGED_DAYS = 200, 60, 20, 3
_FACTORS = (0.5, 0.7, 1.4, 2.0)


class Study(NamedTuple):
    """How much is generated: series, observations before which nothing counts, observations in all."""

    series: int
    settled: int
    length: int


def scored(bank: Any, rows: Rows, series: int) -> Iterator[Scores]:
    """Yield what a bank says of each row, one an hour from a Monday on."""
    bank.resize(series)
    numbers = np.arange(series)
    for hour, row in enumerate(rows):
        at = np.full(series, _MONDAY_MS + hour * _HOUR_MS)
        yield bank.update(Block(numbers, at, at, row))


def rhythmic(amplitude: float, study: Study) -> Rows:
    """Yield independent normal rows plus a sine of so many standard deviations and 288 observations."""
    for step, row in enumerate(independent(study.series, study.length, 5)):
        yield row + amplitude * np.sin(2.0 * np.pi * (step / _DAY + np.arange(study.series) / study.series))


def rates(bank: Any, rows: Rows, study: Study) -> Floats:
    """Return how many times as frequent tails below each level are as they say, both sides together."""
    below = np.zeros(len(_LEVELS))
    for step, scores in enumerate(scored(bank, rows, study.series)):
        if step >= study.settled:
            for p in (scores.p_high, scores.p_low):
                below += (p[:, None] < _LEVELS).sum(axis=0)
    ratio: Floats = below / (2.0 * study.series * (study.length - study.settled)) / _LEVELS
    return ratio


def delays(bank: Any, shift: float, study: Study, limit: float, rows: Rows | None = None) -> tuple[float, float]:
    """Return the share found, and the mean delay of those, of a shift after ``settled`` observations."""
    first = np.full(study.series, np.nan)
    rows = rows or independent(study.series, study.length, 3)
    moved = (row + shift * (step >= study.settled) for step, row in enumerate(rows))
    for step, scores in enumerate(scored(bank, moved, study.series)):
        if step >= study.settled:
            first = np.where(np.isnan(first) & (scores.p_high < limit), step - study.settled + 1.0, first)
    found = ~np.isnan(first)
    return float(found.mean()), float(first[found].mean()) if found.any() else float("nan")


def speed(bank: Any) -> tuple[float, int]:
    """Return observations per second at 10,000 series per call, best of 30 calls, and bytes of state per series."""
    best = np.inf
    rng = np.random.default_rng(4)
    bank.resize(_SPEED_SERIES)
    numbers = np.arange(_SPEED_SERIES)
    rows = rng.poisson(20.0, (_WARM_CALLS + _TIMED_CALLS, _SPEED_SERIES)).astype(np.float64)
    for hour, row in enumerate(rows):
        at = np.full(_SPEED_SERIES, _MONDAY_MS + hour * _HOUR_MS)
        block = Block(numbers, at, at, row)
        began = time.perf_counter()
        bank.update(block)
        if hour >= _WARM_CALLS:
            best = min(best, time.perf_counter() - began)
    state = sum(array.nbytes for array in bank.state().values())
    return _SPEED_SERIES / best, state // _SPEED_SERIES


_GAUGES: dict[str, tuple[Callable[[], Any], Study]] = {
    "cusum": (Cusum, Study(2000, 5000, 12_000)),
    "pagehinkley": (PageHinkley, Study(1000, 15_000, 30_000)),
    "changepoint": (ChangePoint, Study(400, 3000, 10_000)),
}


def _study_delays() -> None:
    click.echo("share found within 300 observations and mean delay, shifts of 0.5, 1, 2 sd, at p < 1e-4 and < 1e-6")
    for name, (make, study) in _GAUGES.items():
        after = Study(study.series // 4, study.settled, study.settled + 300)
        for limit in (1e-4, 1e-6):
            found = [delays(make(), shift, after, limit) for shift in _SHIFTS]
            click.echo(f"{name:12} {limit:7.0e}  " + "  ".join(f"{share:5.2f} {delay:6.1f}" for share, delay in found))


def _study_young() -> None:
    click.echo("observed / nominal rate at 1e-2 … 1e-5 of young series, autoregressions of 0.8, by observations")
    for name, (make, study) in _GAUGES.items():
        for first, last in ((100, 500), (500, 1500)):
            young = Study(study.series // 2, first, last)
            rows = autoregressive(young.series, last, 5, 0.8)
            ratio = " ".join(f"{each:6.2f}" for each in rates(make(), rows, young))
            click.echo(f"{name:12} {first:4} to {last:4}  {ratio}")


def _study_rhythm() -> None:
    click.echo("cusum under a daily sine at five minutes: rates as above, share of 2 sd found within a day at 1e-6")
    study = Study(300, _SETTLED_DAYS * _DAY, _RHYTHM_DAYS * _DAY)
    after = Study(300, _RHYTHM_DAYS * _DAY, (_RHYTHM_DAYS + 1) * _DAY)
    for amplitude in (0.5, 1.0, 2.0):
        ratio = rates(Cusum(), rhythmic(amplitude, study), study)
        share, delay = delays(Cusum(), 2.0, after, 1e-6, rhythmic(amplitude, after))
        click.echo(f"{amplitude:4} sd  " + " ".join(f"{each:6.2f}" for each in ratio) + f"  {share:5.2f} {delay:6.1f}")


class Hourly:
    """A bank that reads hourly sums, answering like one of single values; neutral where no hour is over."""

    def __init__(self, bank: Any) -> None:
        self._bank = bank
        self._sums = WindowSums(_HOUR_MS)

    def resize(self, size: int) -> None:
        """Grow."""
        self._bank.resize(size)
        self._sums.resize(size)

    def update(self, block: Block) -> Scores:
        """Score what ends an hour."""
        over = self._sums.add(block)
        scores = Scores(*(np.full(len(block.series), fill) for fill in (1.0, 1.0, np.nan)))
        if len(over.where):
            for column, said in zip(scores, self._bank.update(over.block), strict=True):
                column[over.where] = said
        return scores


def counted(bank: Any, kind: Counts, factor: float, days: int) -> Iterator[Scores]:
    """Yield what a bank says of counts every five minutes for so many days behind those learned, changed there."""
    rng, learned = np.random.default_rng(5), _LEARNED_DAYS * _DAY
    numbers = np.arange(_COUNTED_SERIES)
    bank.resize(_COUNTED_SERIES)
    for step, (row, mean) in enumerate(counts(_COUNTED_SERIES, learned + days * _DAY, 3, kind)):
        at = np.full(_COUNTED_SERIES, _MONDAY_MS + step * _HOUR_MS * 24 // _DAY)
        value = row
        if step >= learned and factor > 1.0:
            value = row + rng.poisson(mean * (factor - 1.0))
        elif step >= learned and factor < 1.0:
            value = rng.binomial(row.astype(np.int64), factor).astype(np.float64)
        scores = bank.update(Block(numbers, at, at, value))
        if step >= learned:
            yield scores


def _study_hours() -> None:
    click.echo(
        "count_cusum of counts every five minutes: rates of both sides at 1e-3 … 1e-5, share found within 3 days"
    )
    click.echo(f"at 1e-6 and median delay in hours of changes by {', '.join(map(str, _FACTORS))}")
    for name, kind in _COUNTED.items():
        for reads, make, a_day in (("each count", CountCusum, _DAY), ("sums of hours", _hourly, 24)):
            below = np.zeros(len(_LEVELS))
            for scores in counted(make(), kind, 1.0, _QUIET_DAYS):
                below += (np.concatenate(scores[:2])[:, None] < _LEVELS).sum(axis=0)
            said = 2.0 * _COUNTED_SERIES * _QUIET_DAYS * a_day
            ratio = " ".join(f"{each:8.2f}" for each in (below / said / _LEVELS)[1:])
            found = "  ".join("{:4.2f} {:5.1f}".format(*_found(make(), kind, factor)) for factor in _FACTORS)
            click.echo(f"{name:16} {reads:13} {ratio}  {found}")


def _hourly() -> Hourly:
    return Hourly(CountCusum())


def _found(bank: Any, kind: Counts, factor: float) -> tuple[float, float]:
    """Return the share of series whose change is found, and the median delay, hours; infinite if few are found."""
    first = np.full(_COUNTED_SERIES, np.inf)
    for step, scores in enumerate(counted(bank, kind, factor, _CHANGED_DAYS), 1):
        p = scores.p_high if factor > 1.0 else scores.p_low
        first = np.where((p < 1e-6) & np.isinf(first), step * 24 / _DAY, first)
    return float(np.isfinite(first).mean()), float(np.median(first))


def _study_speed() -> None:
    click.echo("million observations a second at 10,000 series a call, bytes of state per series")
    for make in (Cusum, CountCusum, PageHinkley, ChangePoint):
        per_second, state = speed(make())
        click.echo(f"{make.name:12} {per_second / 1e6:6.2f} {state:6}")


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice(["delays", "young", "rhythm", "hours", "speed"]))
def main(parts: tuple[str, ...]) -> None:
    """Print the figures of docs/decisions/0011-change-points.md."""
    for name, study in (
        ("speed", _study_speed),
        ("delays", _study_delays),
        ("young", _study_young),
        ("rhythm", _study_rhythm),
        ("hours", _study_hours),
    ):
        if not parts or name in parts:
            study()


if __name__ == "__main__":
    main()
