"""Rare reports as a detector would judge them that knows all: against it rates are held, since counts come in steps.

Five windows are judged as `detectors.rare` judges them, by the generator's own tails, and the least is made exact by
how often it is so small. What lies between two steps is told at the rarer one; ``python -m tests.calibration.steps``
prints what that leaves of each level.
"""

import click
import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

from detectors.arrays import Floats, Ints
from detectors.rare import WINDOWS
from tests.calibration.family import LEVELS

_DAY = 24
_LAST = np.array(WINDOWS) - 1
_SERIES, _HOURS = 400, 4000  # of each rate, that exact tails are counted in
_SAME = 1e-6  # two tails whose logarithms differ by less are one step


def by_day(step: int) -> float:
    """Return how reports of an hour compare with the mean hour's."""
    return 1.68 if 7 <= step % _DAY < 20 else 0.2


def clumped(rng: np.random.Generator, groups: Floats, clump: Floats) -> Ints:
    """Return reports, (m,), of so many ``groups`` on average; ``clump`` more come along with each, geometrically."""
    count: Ints = rng.poisson(groups)
    some = np.flatnonzero(count)
    count[some] += rng.negative_binomial(count[some], 1.0 / (1.0 + clump[some]))
    return count


class Reports:
    """Reports by the hour of series with some rates, and what is known of them who knows all.

    Parameters
    ----------
    rates : (rates,) float64
        Reports a day.
    clump : float
        So many come along with each, geometrically.
    """

    def __init__(self, rates: Floats, clump: float) -> None:
        self._clump = clump
        self._pane = np.array([[rate / _DAY * by_day(hour) for hour in range(_DAY)] for rate in rates]) / (1.0 + clump)
        self._tails = _window_tails(self._pane, clump, int(3.0 * rates.max()) + 80)

    def row(self, rng: np.random.Generator, step: int, rate: Ints) -> Ints:
        """Return the reports of an hour of series, (m,), whose rates are the ``rate``-th."""
        mean = self._pane[rate, step % _DAY]
        return clumped(rng, mean, np.full(len(mean), self._clump)) if self._clump else rng.poisson(mean)

    def least(self, ring: Ints, step: int, some: NDArray[np.intp], rate: Ints) -> Floats:
        """Return the least true tail of the windows that end with an hour, of ``some`` series, (k,).

        ``ring`` (24, m) holds the counts of a day, the hour's own in its place.
        """
        sums = np.cumsum(ring[(step - np.arange(_DAY)) % _DAY][:, some], axis=0)[_LAST]
        most = self._tails.shape[-1] - 1
        of_window = np.arange(len(WINDOWS))[:, None]
        return np.asarray(self._tails[rate[some], step % _DAY, of_window, np.minimum(sums, most)].min(axis=0))

    def often(self, seed: int) -> "Often":
        """Return how often the least tail is so small, counted in long series of each rate."""
        rng, rate = np.random.default_rng(seed), np.repeat(np.arange(len(self._pane)), _SERIES)
        ring, found = np.zeros((_DAY, len(rate)), np.int64), []
        for step in range(_HOURS + _DAY):
            ring[step % _DAY] = self.row(rng, step, rate)
            some = np.flatnonzero(ring[step % _DAY]) if step >= _DAY else np.zeros(0, np.intp)
            found.append((rate[some], self.least(ring, step, some, rate)))
        rates, least = (np.concatenate(column) for column in zip(*found, strict=True))
        return Often([np.sort(np.log(least[rates == each])) for each in range(len(self._pane))])


class Often:
    """How often the least of the windows is as small as it is, per pane: an exact tail.

    Parameters
    ----------
    logs : list of (k,) float64
        Logarithms of least tails that were seen, sorted, of each rate.
    """

    def __init__(self, logs: list[Floats]) -> None:
        self._logs = logs

    def tail(self, least: Floats, rate: Ints) -> Floats:
        """Return the share of panes whose least tail is at most ``least``, (k,); one at least was."""
        found = np.empty(len(least))
        for each, logs in enumerate(self._logs):
            mine = rate == each
            number = np.searchsorted(logs, np.log(least[mine]) + _SAME, side="right")
            found[mine] = np.maximum(number, 1) / (_SERIES * _HOURS)
        return found

    def reached(self, level: float) -> float:
        """Return how often a tail of at most ``level`` can be told, the mean of all rates."""
        steps = [self.tail(np.exp(logs), np.full(len(logs), each)) for each, logs in enumerate(self._logs)]
        return float(np.mean([(tails <= level).sum() / (_SERIES * _HOURS) for tails in steps]))


def _window_tails(pane: Floats, clump: float, most: int) -> Floats:
    """Return P(N >= n) of the windows that end with each hour of the day, (rates, 24, windows, n).

    Poisson's, or that of geometric clumps (Polya and Aeppli), by Panjer's recursion.
    """
    hours = [[pane[:, (hour - np.arange(width)) % _DAY].sum(axis=1) for width in WINDOWS] for hour in range(_DAY)]
    means = np.moveaxis(np.array(hours), -1, 0)[..., None]
    if not clump:
        return np.asarray(poisson.sf(np.arange(most + 1) - 1, means))
    sizes = np.arange(1, most + 1)
    weighted = sizes * (clump / (1.0 + clump)) ** (sizes - 1) / (1.0 + clump)
    density = np.zeros((*means.shape[:-1], most + 1))
    density[..., 0] = np.exp(-means[..., 0])
    for number in sizes:
        before = density[..., number - 1 :: -1][..., :number]
        density[..., number] = means[..., 0] / number * (before @ weighted[:number])
    return np.asarray(np.minimum(np.cumsum(density[..., ::-1], axis=-1)[..., ::-1], 1.0))


@click.command()
@click.option("--seed", default=7, show_default=True, help="Of the random numbers.")
def main(seed: int) -> None:
    """Print the rates of a detector that knows everything over nominal ones, at 1e-2, 1e-3, 1e-4, 1e-5."""
    for per_day in (0.3, 3.0, 30.0):
        often = Reports(np.array([per_day]), 0.0).often(seed)
        rates = [often.reached(level) / level for level in LEVELS]
        click.echo(f"{per_day:4} reports a day  " + "   ".join(f"{rate:.2f}" for rate in rates))


if __name__ == "__main__":
    main()
