"""What steps of counts leave to a detector of rare reports that knows all: ``python -m tests.calibration.steps``.

Five windows are judged as `detectors.rare` judges them, by the generator's own tails, and the least is made exact by
how often it is so small. Whatever lies between two steps is told at the rarer one: a rate below nominal that no
detector can better.
"""

import click
import numpy as np
from scipy.stats import poisson

from detectors.arrays import Floats
from detectors.rare import WINDOWS
from tests.calibration.counts import by_day
from tests.calibration.family import LEVELS

_DAY = 24
_SERIES, _HOURS, _BURN_IN = 4000, 4000, 24


def window_tails(per_day: float, most: int) -> Floats:
    """Return P(N >= n) of the window that ends with each hour of the day, (hours, windows, n): Poisson's."""
    rate = np.array([per_day / _DAY * by_day(hour) for hour in range(_DAY)])
    means = [[rate[(hour - np.arange(width)) % _DAY].sum() for width in WINDOWS] for hour in range(_DAY)]
    return np.asarray(poisson.sf(np.arange(most + 1) - 1, np.array(means)[:, :, None]))


def least_tails(per_day: float, seed: int) -> tuple[Floats, int]:
    """Return the least true tail of every pane with reports, and how many panes there were."""
    rng, most = np.random.default_rng(seed), int(per_day * 3 + 60)
    tails, ring, found = window_tails(per_day, most), np.zeros((_DAY, _SERIES), np.int64), []
    for step in range(_HOURS):
        ring[step % _DAY] = rng.poisson(per_day / _DAY * by_day(step), _SERIES)
        some = np.flatnonzero(ring[step % _DAY])
        if step >= _BURN_IN:
            back = np.cumsum(ring[(step - np.arange(_DAY)) % _DAY][:, some], axis=0)[np.array(WINDOWS) - 1]
            of_window = np.arange(len(WINDOWS))[:, None]
            found.append(tails[step % _DAY, of_window, np.minimum(back, most)].min(axis=0))
    return np.concatenate(found), _SERIES * (_HOURS - _BURN_IN)


@click.command()
@click.option("--seed", default=7, show_default=True, help="Of the random numbers.")
def main(seed: int) -> None:
    """Print the rates of a detector that knows everything over nominal ones, at 1e-2, 1e-3, 1e-4, 1e-5."""
    for per_day in (0.3, 3.0, 30.0):
        least, panes = least_tails(per_day, seed)
        _, number = np.unique(np.log(least).round(6), return_counts=True)
        often = np.r_[0.0, np.cumsum(number) / panes]
        rates = [often[often <= level].max() / level for level in LEVELS]
        click.echo(f"{per_day:4} reports a day  " + "   ".join(f"{rate:.2f}" for rate in rates))


if __name__ == "__main__":
    main()
