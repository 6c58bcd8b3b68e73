"""Tails of the generators themselves, from SciPy: what a detector that knows everything would say of counts."""

import numpy as np
from scipy.stats import nbinom, poisson

from detectors.arrays import Floats, Ints


def binomial_tails(value: Floats, mean: Floats, size: float) -> tuple[Floats, Floats]:
    """Return P(N >= value) and P(N <= value) of the negative binomial with variance mean + mean² / size, (m,) each.

    An infinite size is Poisson's.

    Examples
    --------
    >>> high, low = binomial_tails(np.array([0.0, 3.0]), np.array([1.0, 1.0]), 1.0)
    >>> high.round(4).tolist(), low.round(4).tolist()
    ([1.0, 0.125], [0.5, 0.9375])
    >>> [tail.round(4).tolist() for tail in binomial_tails(np.array([3.0]), np.array([1.0]), np.inf)]
    [[0.0803], [0.981]]
    """
    if np.isinf(size):
        return np.asarray(poisson.sf(value - 1.0, mean)), np.asarray(poisson.cdf(value, mean))
    share = size / (size + mean)
    return np.asarray(nbinom.sf(value - 1.0, size, share)), np.asarray(nbinom.cdf(value, size, share))


def binomial_density(value: Ints, mean: Floats, size: float) -> Floats:
    """Return P(N = value) of the same.

    Examples
    --------
    >>> binomial_density(np.array([0, 1]), np.array([1.0]), 1.0).round(4).tolist()
    [0.5, 0.25]
    """
    if np.isinf(size):
        return np.asarray(poisson.pmf(value, mean))
    return np.asarray(nbinom.pmf(value, size, size / (size + mean)))
