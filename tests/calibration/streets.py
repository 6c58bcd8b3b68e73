"""Prints on which days of which streets a detector told how much: ``python -m tests.calibration.streets seasonal``.

One street in one week, or one day of all streets, is one event, however many hours are told: it says which part of a
rate is that. And how days differ beyond weekdays and weekends: as days of the week do, and by themselves.
"""

from collections import Counter

import click
import numpy as np

from detectors.arrays import Floats, Ints
from tests.calibration.recordings import AUCKLAND, UNNOTED, WEEKS, below, days_of_streets

_LEAST = 10  # hours
_AROUND = 14  # days before and after: the level
_MANY_DAYS = 100
_THURSDAY, _WEEKEND = 3, 5  # 1970-01-01; Saturday, of days counted from Monday on


@click.command()
@click.argument("detector", type=click.Choice(["seasonal", "count_cusum", "flatline"]))
@click.option("--level", default=1e-3, show_default=True, help="Tails at most so large.")
@click.option("--high", is_flag=True, help="Rises instead of falls.")
def main(detector: str, level: float, high: bool) -> None:
    """Print hours told of quiet days, of those without public note and of ordinary weeks: by street, by day."""
    for name in (AUCKLAND, UNNOTED, WEEKS):
        told, number = below(detector, name, level, high=high)
        streets, days = Counter[str](), Counter[str]()
        for (day, sensor), hours in told.items():
            streets[sensor] += hours
            days[f"{day:%Y-%m-%d}"] += hours
        click.echo(f"{name}: {told.total()} told, {level * number:.0f} are nominal")
        for ranked in (streets, days):
            most = ", ".join(f"{each} {hours}" for each, hours in ranked.most_common() if hours >= _LEAST)
            click.echo(f"  {most}")
    click.echo("street, share of days' variance that days of the week are, standard deviation and skewness of the rest")
    for street, whole, count in days_of_streets():
        if len(whole) >= _MANY_DAYS:
            share, spread, skewness = _days(whole, count)
            click.echo(f"  {street} {share:5.2f} {spread:6.3f} {skewness:5.1f}")


def _days(day: Ints, count: Floats) -> tuple[float, float, float]:
    """Return how much of the variance of logarithms, about those of their kind and fortnight, days of the week are."""
    name = (day + _THURSDAY) % 7
    weekend, log = name >= _WEEKEND, np.log(np.maximum(count, 1.0))
    alike = (np.abs(day[:, None] - day) <= _AROUND) & (weekend[:, None] == weekend)
    away = log - (alike @ log) / alike.sum(axis=1)
    rest = away - np.array([away[name == each].mean() for each in range(7)])[name]
    spread = float(rest.std())
    return 1.0 - spread**2 / float(away.var()), spread, float((rest**3).mean()) / spread**3


if __name__ == "__main__":
    main()
