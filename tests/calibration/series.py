"""Generators of quiet series, one row of values per step: what calibration and the studies of delays are fed with."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from detectors.arrays import Floats

Rows = Iterator[Floats]
_DISPERSION = 0.05
_SEASON = 30.0  # days


def independent(series: int, length: int, seed: int) -> Rows:
    """Yield independent standard normal rows (series,)."""
    rng = np.random.default_rng(seed)
    for _ in range(length):
        yield rng.normal(size=series)


def autoregressive(series: int, length: int, seed: int, correlation: float = 0.5) -> Rows:
    """Yield rows of first-order autoregressions of variance 1."""
    rng = np.random.default_rng(seed)
    row = rng.normal(size=series)
    for _ in range(length):
        row = correlation * row + np.sqrt(1.0 - correlation**2) * rng.normal(size=series)
        yield row


def heavy(series: int, length: int, seed: int) -> Rows:
    """Yield independent rows of Student's t with three degrees of freedom."""
    rng = np.random.default_rng(seed)
    for _ in range(length):
        yield rng.standard_t(3, size=series)


class Counts(NamedTuple):
    """A kind of counts.

    Attributes
    ----------
    size : float
        The variance is mean + mean² / size; infinite for Poisson's.
    least, most : float
        Levels of the series, spread evenly on the logarithm.
    an_hour : int
        Counts an hour.
    days, seasons : float
        Standard deviations of the logarithm of what the hours of a day have in common, such as its weather, and of a
        slow level that forgets itself in thirty days.
    week : float
        The same of what all Mondays have in common, all Tuesdays, and so on: of each series by itself.
    """

    size: float
    least: float
    most: float
    an_hour: int = 1
    days: float = 0.0
    seasons: float = 0.0
    week: float = 0.0


def counts(series: int, length: int, seed: int, kind: Counts | None = None) -> Iterator[tuple[Floats, Floats]]:
    """Yield counts and their means, with daily and weekly rhythms; by default `USUAL` ones."""
    size, least, most, an_hour, days, seasons, week = kind or USUAL
    rng = np.random.default_rng(seed)
    level = np.exp(rng.uniform(np.log(least), np.log(most), series))
    season, usual, keep = (
        rng.normal(0.0, seasons, series) if seasons else np.zeros(series),
        level,
        np.exp(-1.0 / _SEASON),
    )
    of_week = np.exp(rng.normal(0.0, week, (7, series))) if week else np.ones((7, 1))
    for step in range(length):
        hour = step / an_hour
        if (days or seasons) and step % (24 * an_hour) == 0:
            season = keep * season + rng.normal(0.0, seasons * np.sqrt(1.0 - keep * keep), series)
            level = usual * np.exp(season + rng.normal(0.0, days, series))
        mean = level * (rhythm(hour) * of_week[int(hour // 24) % 7])
        noise = rng.gamma(size, 1.0 / size, series) if np.isfinite(size) else 1.0
        yield rng.poisson(mean * noise).astype(np.float64), mean


def rhythm(hour: float) -> float:
    """Return how an hour after a Monday's midnight compares with the level of a series."""
    return float(1.1 + np.sin((hour % 24 - 9) / 24 * 2 * np.pi)) * (0.6 if hour // 24 % 7 >= 5 else 1.0)


def runs_of_zeros(series: int, length: int, seed: int) -> Iterator[tuple[Floats, Floats]]:
    """Yield rows that are zero in runs, now and then: of each series with odds of its own, none twice the same else.

    Beside them how often a run has lasted at least so long as the present one, 1 where there is none.
    """
    rng = np.random.default_rng(seed)
    starts, goes_on = rng.uniform(0.01, 0.2, series), rng.uniform(0.3, 0.8, series)
    share = starts / (1.0 - goes_on + starts)
    lasted = np.zeros(series)
    for _ in range(length):
        zero = rng.random(series) < np.where(lasted > 0.0, goes_on, starts)
        lasted = np.where(zero, lasted + 1.0, 0.0)
        yield np.where(zero, 0.0, 1.0 + rng.random(series)), np.where(zero, share * goes_on ** (lasted - 1.0), 1.0)


USUAL = Counts(1.0 / _DISPERSION, 1.0, float(np.exp(6.0)))
"""Negative binomial, 1 to 400 an hour."""
