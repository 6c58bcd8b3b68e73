"""Rare reports of every kind that `detectors.rare` believes in, before it has seen a series: its tails on the mean.

A predictive tail is right on the mean of what is believed. Where a series lies at an end of it, such as one whose
reports never come in clumps, no tail is right before that has shown, and none can be: ``python -m
tests.calibration.kinds`` prints by how much what is rare differs between two kinds that a few reports don't tell apart.
"""

from collections.abc import Iterator
from functools import partial

import click
import numpy as np
from scipy.stats import nbinom, poisson

from detectors.arrays import Block
from detectors.rare import RareCounts
from tests.calibration.family import Family, Tails
from tests.calibration.steps import by_day, clumped
from tests.calibration.units import head, high_of_reports

_DAY = 24
_SERIES, _SETTLED, _LENGTH = 4000, 60 * _DAY, 200 * _DAY
_SHAPE = 10.0  # reports that an hour of the day is known by
_WEEK = 4.0  # reports that a weekday is known by
_FREE = 1.5  # shape of the gamma that clumps and dispersions are drawn from
_CLUMP, _DISPERSION = 0.3, 0.3  # their means


def _every_kind(least: float, seed: int, size: float) -> Iterator[Tails]:
    """Yield tails of all panes, those without a report as 1, of series of ``least`` to ten times that a day."""
    rng, number = np.random.default_rng(seed), max(round(_SERIES * size), 20)
    rate = least * 10.0 ** rng.uniform(0.0, 1.0, number)
    clump = rng.gamma(_FREE, _CLUMP / _FREE, number)
    spread = rng.gamma(_FREE, _DISPERSION / _FREE, number)
    hours = rng.dirichlet([_SHAPE * by_day(hour) / _DAY for hour in range(_DAY)], number).T
    weekdays = rng.gamma(_WEEK, 1.0 / _WEEK, (7, number))
    bank, rows, today = RareCounts(), np.arange(number), np.ones(number)
    bank.resize(number)
    bank.update(Block(*head(number, 0), np.zeros(number)))
    for step in range(1, _LENGTH):
        if step % _DAY in {0, 1}:
            today = weekdays[step // _DAY % 7] * rng.gamma(1.0 / spread, spread)
        count = clumped(rng, rate * today * hours[step % _DAY] / (1.0 + clump), clump)
        p = high_of_reports(bank, step, count)
        if step >= _SETTLED:
            yield Tails(p, np.ones(number), rows)


FAMILIES = tuple(
    Family("rare", f"{name}, of every kind believed in", ("high",), partial(_every_kind, least), "60 days")
    for name, least in (("0.1 to 1 reports a day", 0.1), ("1 to 10 a day", 1.0), ("10 to 100 a day", 10.0))
)


@click.command()
@click.option("--per-day", default=0.3, show_default=True, help="Reports a day.")
def main(per_day: float) -> None:
    """Print how often an hour by day holds two, three or four reports: of a kind without clumps, and of one with."""
    mean = per_day / _DAY * by_day(12)
    for number in (2, 3, 4):
        alone = float(poisson.sf(number - 1, mean))
        groups = np.arange(1, number + 1)
        more = nbinom.sf(number - 1 - groups, groups, 1.0 / (1.0 + _CLUMP))
        clumps = mean / (1.0 + _CLUMP)
        together = float((poisson.pmf(groups, clumps) * more).sum() + poisson.sf(number, clumps))
        click.echo(f"{number} in an hour: {alone:.1e} alone, {together:.1e} in clumps, {together / alone:,.0f} times")


if __name__ == "__main__":
    main()
