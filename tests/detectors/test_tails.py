"""Tails agree with scipy to ten digits, from the body to where doubles end."""

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy import special, stats

from detectors import tails
from detectors.arrays import Floats

FAR = 1e-290  # below this scipy's own betainc is off by up to 1.3e-10 (checked with 40 digits)


def agrees(found: Floats, truth: ArrayLike) -> bool:
    """Say whether relative errors stay below 1e-10 wherever the truth is above 1e-290."""
    exact = np.asarray(truth, dtype=np.float64)
    kept = exact > FAR
    assert kept.sum() > len(exact) / 2
    return bool((np.abs(found[kept] - exact[kept]) <= 1e-10 * exact[kept]).all())


def test_the_normal_tail_agrees_with_scipy() -> None:
    """From far below zero to 37 standard deviations above it."""
    z = np.linspace(-10.0, 37.0, 5001)
    assert agrees(tails.normal_sf(z), stats.norm.sf(z))


def test_gamma_tails_agree_with_scipy() -> None:
    """Shapes from 0.5 to 20,000, up to eight deviations to either side."""
    rng = np.random.default_rng(1)
    shape = 10 ** rng.uniform(-0.3, 4.3, 1500)
    x = shape * np.exp(rng.normal(0.0, 1.0, 1500) * np.minimum(1.0, 8.0 / np.sqrt(shape)))
    assert agrees(tails.gamma_sf(x, shape), special.gammaincc(shape, x))
    assert agrees(tails.gamma_cdf(x, shape), special.gammainc(shape, x))


def test_poisson_tails_agree_with_scipy() -> None:
    """The upper tail includes the count itself; so does the lower."""
    rng = np.random.default_rng(2)
    mean = 10 ** rng.uniform(-3, 3, 1500)
    count = np.floor(mean + np.sqrt(mean) * rng.exponential(3.0, 1500)) + 1.0
    assert agrees(tails.poisson_sf(count, mean), special.gammainc(count, mean))
    assert agrees(tails.poisson_cdf(count, mean), special.gammaincc(count + 1.0, mean))


def test_negative_binomial_tails_agree_with_scipy() -> None:
    """Means from 0.001 to 1,000, sizes from 0.05 to 1,000, far into both tails."""
    rng = np.random.default_rng(3)
    mean, size = 10 ** rng.uniform(-3, 3, 3000), 10 ** rng.uniform(-1.3, 3, 3000)
    spread = np.sqrt(mean + mean * mean / size)
    count = np.floor(mean + spread * rng.exponential(4.0, 3000)) + 1.0
    q, p = mean / (mean + size), size / (mean + size)
    assert agrees(tails.nb_sf(count, mean, size), special.betainc(count, size, q))
    low = np.floor(mean * rng.uniform(0.0, 1.0, 3000))
    assert agrees(tails.nb_cdf(low, mean, size), special.betainc(size, low + 1.0, p))


def test_the_beta_distribution_agrees_with_scipy() -> None:
    """Both parameters from 0.1 to 1,000."""
    rng = np.random.default_rng(4)
    a, b, x = 10 ** rng.uniform(-1, 3, 3000), 10 ** rng.uniform(-1, 3, 3000), rng.uniform(0.0, 1.0, 3000)
    assert agrees(tails.beta_cdf(x, a, b), special.betainc(a, b, x))


def test_tails_at_the_edges_are_exact() -> None:
    """No count is certain, nothing lies below zero, and all of a beta below one."""
    zero, one = np.zeros(1), np.ones(1)
    assert tails.poisson_sf(zero, one)[0] == 1.0
    assert tails.nb_sf(zero, one, one)[0] == 1.0
    assert tails.gamma_cdf(zero, one)[0] == 0.0
    assert tails.gamma_sf(zero, one)[0] == 1.0
    assert (tails.beta_cdf(zero, one, one)[0], tails.beta_cdf(one, one, one)[0]) == (0.0, 1.0)


def test_underflow_is_zero_and_no_warning() -> None:
    """Warnings are errors here: what is below the smallest double is 0."""
    assert tails.normal_sf(np.array([60.0]))[0] == 0.0
    assert tails.poisson_sf(np.array([1e4]), np.array([1e-3]))[0] == 0.0
    assert tails.nb_sf(np.array([1e5]), np.array([1e-3]), np.array([50.0]))[0] == 0.0


@pytest.mark.parametrize("tail", [tails.gamma_sf, tails.poisson_sf])
def test_a_tail_does_not_depend_on_its_neighbours(tail: object) -> None:
    """One value alone has the same bits as among others that need more terms."""
    assert callable(tail)
    rng = np.random.default_rng(5)
    x, y = rng.uniform(1.0, 300.0, 200).round(), rng.uniform(1.0, 300.0, 200)
    together = tail(x, y)
    assert all(tail(x[i : i + 1], y[i : i + 1])[0] == together[i] for i in range(200))
