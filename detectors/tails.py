"""Tail probabilities of the usual distributions in pure NumPy, vectorised, accurate far out in the tail.

Densities come from Loader's saddle-point form (C. Loader, "Fast and accurate computation of binomial probabilities",
2000), which doesn't cancel; tails are that density times a continued fraction by the modified Lentz method (1976).
"""

from collections.abc import Callable

import numpy as np

from detectors.arrays import Floats

# Chebyshev coefficients of log(erfcx(x) / t) in 2t - 1, t = 2 / (2 + x), x >= 0: interpolated at 40 nodes from a
# reference erfcx, truncated where they reach rounding; relative error of erfc below 1e-14 from 0 to the underflow.
_ERFC = (
    -0.6513268598908546,
    0.6419697923564902,
    0.019476473204185954,
    -0.0095615147868088,
    -0.0009465953444818487,
    0.0003668394978525336,
    4.252332480699783e-05,
    -2.0278578112531423e-05,
    -1.6242900046314902e-06,
    1.303655835283024e-06,
    1.5626441296490157e-08,
    -8.523809635896384e-08,
    6.529054230597354e-09,
    5.059343743951672e-09,
    -9.913638465697262e-10,
    -2.2736647564691738e-10,
    9.646837773047423e-11,
    2.394046072495826e-12,
    -6.884759429226506e-12,
    8.933076500738935e-13,
    3.124833725109966e-13,
    -1.1171064073778326e-13,
)
_TINY = 1e-300
_SLOW = 1e-3  # nearer to 1 than this the fraction takes too many terms to be worth the digits
_CANCELLED = 0.01  # a complement below this has lost digits and is worked out from its own side
_NONE = 1e-9  # a count below this is none
_STIRLING = 8.0  # from here on Stirling's series with six terms is exact to rounding
_EPS = 1e-15
_SERIES_TERMS = (24, 256)
_SERIES_CELLS = 200_000
_MOST_TERMS = 20_000


def normal_sf(z: Floats) -> Floats:
    """Return P(Z >= z) of the standard normal.

    Parameters
    ----------
    z : (…,) float64
        Standard scores; beyond 38 the result underflows to 0.

    Examples
    --------
    >>> normal_sf(np.array([0.0, 1.96])).round(4).tolist()
    [0.5, 0.025]
    """
    z = np.asarray(z, dtype=np.float64)
    x = np.abs(z) / np.sqrt(2.0)
    t = 2.0 / (2.0 + x)
    d = np.zeros_like(x)
    dd = np.zeros_like(x)
    twice = 4.0 * t - 2.0
    for coefficient in _ERFC[:0:-1]:
        d, dd = twice * d - dd + coefficient, d
    scaled = t * np.exp(0.5 * twice * d - dd + _ERFC[0])
    with np.errstate(under="ignore"):
        upper = 0.5 * scaled * np.exp(-x * x)
    tail: Floats = np.where(z >= 0.0, upper, 1.0 - upper)
    return tail


def gamma_sf(x: Floats, shape: Floats) -> Floats:
    """Return P(X >= x) of the gamma distribution with ``shape`` and scale 1.

    Work grows as sqrt(shape) and ends at 20,000 terms: enough for shapes of five million, beyond that digits are lost.

    Parameters
    ----------
    x : (…,) float64
        At least 0.
    shape : (…,) float64
        Above 0; broadcast with ``x``.
    """
    return _gamma(x, shape)[1]


def gamma_cdf(x: Floats, shape: Floats) -> Floats:
    """Return P(X <= x) of the gamma distribution with ``shape`` and scale 1."""
    return _gamma(x, shape)[0]


def poisson_sf(count: Floats, mean: Floats) -> Floats:
    """Return P(N >= count) of the Poisson distribution: the tail that *includes* the count.

    Examples
    --------
    >>> poisson_sf(np.array([0.0, 1.0, 3.0]), np.array([0.5])).round(6).tolist()
    [1.0, 0.393469, 0.014388]
    """
    count, mean = np.broadcast_arrays(*_floats(count, mean))
    some = count > _NONE
    return np.where(some, _gamma(mean, np.where(some, count, 1.0))[0], 1.0)


def poisson_cdf(count: Floats, mean: Floats) -> Floats:
    """Return P(N <= count) of the Poisson distribution; ``count`` at least 0."""
    count, mean = np.broadcast_arrays(*_floats(count, mean))
    return _gamma(mean, count + 1.0)[1]


def nb_sf(count: Floats, mean: Floats, size: Floats) -> Floats:
    """Return P(N >= count) of the negative binomial with ``mean`` and variance mean + mean²/size.

    Parameters
    ----------
    count, mean, size : (…,) float64
        Count at least 0, mean and size above 0; broadcast together.

    Examples
    --------
    >>> nb_sf(np.array([1.0, 4.0]), np.array([0.5]), np.array([1.0])).round(6).tolist()
    [0.333333, 0.012346]
    """
    count, mean, size = np.broadcast_arrays(*_floats(count, mean, size))
    some = count > _NONE
    share = mean / (mean + size)
    return np.where(some, _beta(share, size / (mean + size), np.where(some, count, 1.0), size), 1.0)


def nb_cdf(count: Floats, mean: Floats, size: Floats) -> Floats:
    """Return P(N <= count) of the negative binomial with ``mean`` and variance mean + mean²/size."""
    count, mean, size = np.broadcast_arrays(*_floats(count, mean, size))
    return _beta(size / (mean + size), mean / (mean + size), size, count + 1.0)


def beta_cdf(x: Floats, a: Floats, b: Floats) -> Floats:
    """Return P(X <= x) of the beta distribution (the regularised incomplete beta function), 0 <= x <= 1."""
    x, a, b = np.broadcast_arrays(*_floats(x, a, b))
    return _beta(x, 1.0 - x, a, b)


def _floats(*arrays: Floats) -> list[Floats]:
    return [np.asarray(array, dtype=np.float64) for array in arrays]


def stirling_error(n: Floats) -> Floats:
    """Return log(n!) minus Stirling's approximation, n > 0: its series, for small n at n + 8 and brought back."""
    low = n < _STIRLING
    small = np.where(low, n, 1.0)
    at = np.where(low, small + _STIRLING, n)
    i2 = 1.0 / (at * at)
    tail = (1 / 12 - i2 * (1 / 360 - i2 * (1 / 1260 - i2 * (1 / 1680 - i2 * (1 / 1188 - i2 * 691 / 360360))))) / at
    pairs = small * (small + 9.0)
    product = (pairs + 8.0) * (pairs + 14.0) * (pairs + 18.0) * (pairs + 20.0)  # (n + 1)(n + 2)…(n + 8)
    far = small + _STIRLING
    back = (far + 0.5) * np.log(far) - _STIRLING - np.log(product) - (small + 0.5) * np.log(small)
    return tail + np.where(low, back, 0.0)


def deviance(observed: Floats, mean: Floats) -> Floats:
    """Return observed*log(observed/mean) + mean - observed without cancellation, for mean > 0."""
    u = (mean - observed) / observed
    return observed * (u - np.log1p(u))


def _gamma(x: Floats, shape: Floats) -> tuple[Floats, Floats]:
    x, shape = np.broadcast_arrays(*_floats(x, shape))
    flat, a = x.ravel(), shape.ravel()
    lower = np.zeros(flat.shape)
    upper = np.ones(flat.shape)
    inside = np.flatnonzero(flat > 0.0)
    flat, a = flat[inside], a[inside]
    with np.errstate(under="ignore"):
        density = np.exp(-stirling_error(a) - deviance(a, flat)) / np.sqrt(2.0 * np.pi * a)
        left = flat < a + 1.0
        p = np.empty(len(flat))
        q = np.empty(len(flat))
        p[left] = density[left] * _gamma_series(flat[left], a[left])
        q[left] = 1.0 - p[left]
        right = ~left
        q[right] = density[right] * a[right] * _gamma_fraction(flat[right], a[right])
        p[right] = 1.0 - q[right]
    lower[inside], upper[inside] = p, q
    return np.clip(lower, 0.0, 1.0).reshape(x.shape), np.clip(upper, 0.0, 1.0).reshape(x.shape)


def _gamma_series(x: Floats, a: Floats) -> Floats:
    total = np.ones(len(x))
    term = np.ones(len(x))
    for n in range(1, _MOST_TERMS):
        term = term * x / (a + n)
        term[term <= _EPS * total] = 0.0  # done: a result must not depend on its neighbours in the array
        total += term
        if not term.any():
            break
    return total


def _lentz(b: Floats, step: Callable[[int], tuple[Floats, Floats]]) -> Floats:
    """Sum the continued fraction 1/(b+ a1/(b1+ a2/(b2+ …))) with (a_n, b_n) = step(n) by the modified Lentz method."""
    c = np.full(len(b), 1.0 / _TINY)
    d = 1.0 / np.where(np.abs(b) < _TINY, _TINY, b)
    h = d
    going = np.ones(len(b), dtype=np.bool_)  # a result must not depend on its neighbours in the array
    for n in range(1, _MOST_TERMS):
        an, bn = step(n)
        d = an * d + bn
        d = 1.0 / np.where(np.abs(d) < _TINY, _TINY, d)
        c = bn + an / c
        c = np.where(np.abs(c) < _TINY, _TINY, c)
        factor = d * c
        h = np.where(going, h * factor, h)
        going &= np.abs(factor - 1.0) > _EPS
        if not going.any():
            break
    return h


def _gamma_fraction(x: Floats, a: Floats) -> Floats:
    return _lentz(x + 1.0 - a, lambda n: (-n * (n - a), x + (2.0 * n + 1.0) - a))


def _beta(x: Floats, y: Floats, a: Floats, b: Floats) -> Floats:
    """Return the regularised incomplete beta I_x(a, b); y = 1 - x is given so that neither side cancels."""
    shape = x.shape
    x, y, a, b = (np.ravel(array) for array in (x, y, a, b))
    result = np.where(x > 0.0, 1.0, 0.0)
    inside = np.flatnonzero((x > 0.0) & (y > 0.0))
    x, y, a, b = x[inside], y[inside], a[inside], b[inside]
    swap = x * (a + b + 2.0) > a + 1.0  # where the fraction of the other side converges faster
    found = np.empty(len(x))
    direct, swapped = np.flatnonzero(~swap), np.flatnonzero(swap)
    found[direct] = _beta_tail(x[direct], y[direct], a[direct], b[direct])
    if len(swapped):
        found[swapped] = 1.0 - _beta_tail(y[swapped], x[swapped], b[swapped], a[swapped])
        cancelled = np.flatnonzero(swap & (found < _CANCELLED) & (y > _SLOW))
        found[cancelled] = _beta_tail(x[cancelled], y[cancelled], a[cancelled], b[cancelled])
    result[inside] = found
    return np.clip(result, 0.0, 1.0).reshape(shape)


def _beta_tail(x: Floats, y: Floats, a: Floats, b: Floats) -> Floats:
    n = a + b
    whole, left, right = stirling_error(np.stack([n, a, b]))
    log_density = whole - left - right - deviance(a, n * x) - deviance(b, n * y)
    with np.errstate(under="ignore"):
        density: Floats = np.exp(log_density) * np.sqrt(b / (2.0 * np.pi * n * a))
    return density * _beta_sum(x, a, b)


def _beta_sum(x: Floats, a: Floats, b: Floats) -> Floats:
    """Sum the hypergeometric series of the incomplete beta where some terms do; elsewhere its continued fraction."""
    total = np.empty(len(x))
    left = np.arange(len(x))
    for terms in _SERIES_TERMS:
        for part in np.array_split(left, len(left) * terms // _SERIES_CELLS + 1):
            total[part] = _beta_series(x[part], a[part], b[part], terms)
        left = left[np.isnan(total[left])]
        if len(left) == 0:
            return total
    total[left] = _beta_fraction(x[left], a[left], b[left])
    return total


def _beta_series(x: Floats, a: Floats, b: Floats, terms: int) -> Floats:
    """Return the sum of so many terms of the series, all of them positive; NaN where more would count."""
    step = np.arange(1.0, terms + 1.0)
    with np.errstate(under="ignore", over="ignore"):
        ratio = (a + b - 1.0)[:, None] + step
        ratio /= a[:, None] + step
        ratio *= x[:, None]
        worst = np.maximum(ratio[:, -1], x)  # the ratios tend to x from one side: what is left out is geometric
        products = np.cumprod(ratio, axis=1, out=ratio)
        total = products.sum(axis=1) + 1.0
        done = products[:, -1] * worst <= _EPS * (1.0 - worst) * total
    return np.where(done, total, np.nan)


def _beta_fraction(x: Floats, a: Floats, b: Floats) -> Floats:
    """Sum the continued fraction of the incomplete beta by its convergents, two terms a round, scaled each round."""
    whole = a + b
    last_above = last_below = above = 1.0 / (1.0 - whole * x / (a + 1.0))
    found = above
    going = np.ones(len(x), dtype=np.bool_)  # a result must not depend on its neighbours in the array
    for m in range(1, _MOST_TERMS):
        even = a + 2.0 * m
        step = x / even
        term = step * (m * (b - m)) / (even - 1.0)
        last_above, last_below = above + term * last_above, 1.0 + term * last_below
        term = step * (a + m) * (whole + m) / (even + 1.0)
        scale = 1.0 / (last_below - term)
        above, before = (last_above - term * above) * scale, above
        last_above, last_below = last_above * scale, last_below * scale
        found = np.where(going, above, found)
        going &= np.abs(above - before) > _EPS * np.abs(above)
        if not going.any():
            break
    return found
