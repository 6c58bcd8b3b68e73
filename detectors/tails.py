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
_STIRLING = 15  # from here on Stirling's series with six terms is exact to rounding
_EPS = 1e-15
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
    """Return P(X >= x) of the gamma distribution with ``shape`` and scale 1; work grows as sqrt(shape).

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


def _stirling_error(n: Floats) -> Floats:
    """Return log(n!) minus Stirling's approximation, n > 0."""
    shift = np.zeros_like(n)
    at = n.copy()
    for _ in range(_STIRLING):
        low = at < _STIRLING
        if not low.any():
            break
        shift += np.where(low, (at + 0.5) * np.log1p(1.0 / at) - 1.0, 0.0)
        at = np.where(low, at + 1.0, at)
    i2 = 1.0 / (at * at)
    tail = (1 / 12 - i2 * (1 / 360 - i2 * (1 / 1260 - i2 * (1 / 1680 - i2 * (1 / 1188 - i2 * 691 / 360360))))) / at
    return shift + tail


def _deviance(observed: Floats, mean: Floats) -> Floats:
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
        density = np.exp(-_stirling_error(a) - _deviance(a, flat)) / np.sqrt(2.0 * np.pi * a)
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
    found[~swap] = _beta_tail(x[~swap], y[~swap], a[~swap], b[~swap])
    found[swap] = 1.0 - _beta_tail(y[swap], x[swap], b[swap], a[swap])
    cancelled = np.flatnonzero(swap & (found < _CANCELLED) & (y > _SLOW))
    found[cancelled] = _beta_tail(x[cancelled], y[cancelled], a[cancelled], b[cancelled])
    result[inside] = found
    return np.clip(result, 0.0, 1.0).reshape(shape)


def _beta_tail(x: Floats, y: Floats, a: Floats, b: Floats) -> Floats:
    n = a + b
    log_density = (
        _stirling_error(n) - _stirling_error(a) - _stirling_error(b) - _deviance(a, n * x) - _deviance(b, n * y)
    )
    with np.errstate(under="ignore"):
        return np.exp(log_density) * np.sqrt(b / (2.0 * np.pi * n * a)) * _beta_fraction(x, a, b)


def _beta_fraction(x: Floats, a: Floats, b: Floats) -> Floats:
    def step(n: int) -> tuple[Floats, Floats]:
        m = n // 2
        even = m * (b - m) * x / ((a + (2 * m - 1)) * (a + 2 * m)) if n % 2 == 0 else None
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + (2 * m + 1))) if even is None else even
        return odd, np.ones(len(x))

    return _lentz(np.ones(len(x)), step)
