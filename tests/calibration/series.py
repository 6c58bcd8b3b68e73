"""Generators of quiet series, one row of values per step: what calibration and the studies of delays are fed with."""

from collections.abc import Iterator

import numpy as np

from detectors.arrays import Floats

Rows = Iterator[Floats]
_DISPERSION = 0.05


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


def counts(series: int, length: int, seed: int) -> Iterator[tuple[Floats, Floats]]:
    """Yield hourly negative-binomial counts and their means, with daily and weekly rhythms.

    Levels are 1 to 400 an hour, the variance is mean + mean² / `SIZE`.
    """
    rng = np.random.default_rng(seed)
    level = np.exp(rng.uniform(0.0, 6.0, series))
    for hour in range(length):
        rhythm = 1.1 + np.sin((hour % 24 - 9) / 24 * 2 * np.pi)
        mean = level * rhythm * (0.6 if hour // 24 % 7 >= 5 else 1.0)
        yield rng.poisson(mean * rng.gamma(SIZE, 1.0 / SIZE, series)).astype(np.float64), mean


SIZE = 1.0 / _DISPERSION
"""Size parameter of the counts."""
