"""Tails of the Beta-binomial: hits among trials whose chance is itself Beta distributed; exact far out in the tail.

The probability of one count is a ratio of three negative binomial ones, each in Loader's saddle-point form (2000),
which doesn't cancel; a tail is that probability times a sum of positive terms.
"""

import numpy as np

from detectors.arrays import Floats
from detectors.tails import deviance, stirling_error

_SHORT, _LONG = 16, 256  # terms at once
_ENOUGH = 512  # so many terms are enough for most
_NEGLIGIBLE = 1e-17


def beta_binomial_tails(hits: Floats, trials: Floats, a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return P(H >= hits) and P(H <= hits); each includes the count itself.

    Work grows with the terms beyond ``hits`` that count: at most ``trials``, usually a few standard deviations.

    Parameters
    ----------
    hits, trials : (…,) float64
        Whole numbers, 0 <= hits <= trials, trials at least 1.
    a, b : (…,) float64
        Parameters of the chance's Beta distribution, above 0; all four broadcast together.

    Returns
    -------
    p_high, p_low : (…,) float64

    References
    ----------
    J. G. Skellam, "A probability distribution derived from the binomial distribution by regarding the probability of
    success as variable between the sets of trials", 1948, doi:10.1111/j.2517-6161.1948.tb00014.x.

    Examples
    --------
    With a uniform chance all counts are equally likely.

    >>> high, low = beta_binomial_tails(np.array([3.0, 8.0]), np.array([9.0]), np.array([1.0]), np.array([1.0]))
    >>> high.round(9).tolist(), low.round(9).tolist()
    ([0.7, 0.2], [0.4, 0.9])
    """
    hits, trials, a, b = np.broadcast_arrays(*(np.asarray(each, dtype=np.float64) for each in (hits, trials, a, b)))
    shape = hits.shape
    hits, trials, a, b = (each.ravel() for each in (hits, trials, a, b))
    upper = hits * b >= (trials - hits) * a
    hits = np.where(upper, hits, trials - hits)
    a, b = np.where(upper, a, b), np.where(upper, b, a)
    density = _density(hits, trials, a, b)
    beyond = _beyond(hits, trials, a, b)
    with np.errstate(under="ignore"):
        own = np.minimum(density * (1.0 + beyond), 1.0).reshape(shape)
        other = np.clip(1.0 - density * beyond, 0.0, 1.0).reshape(shape)
    upper = upper.reshape(shape)
    return np.where(upper, own, other), np.where(upper, other, own)


def _density(hits: Floats, trials: Floats, a: Floats, b: Floats) -> Floats:
    """Return P(H = hits): of a + b successes' failures those of the first a, given all (Polya's urn)."""
    size = a + b
    success, failure = size / (size + trials), trials / (size + trials)
    log = _log_negative_binomial(hits, a, success, failure) + _log_negative_binomial(trials - hits, b, success, failure)
    with np.errstate(under="ignore"):
        return np.exp(log - _log_negative_binomial(trials, size, success, failure))


def _log_negative_binomial(count: Floats, size: Floats, success: Floats, failure: Floats) -> Floats:
    """Return the log of P(N = count) of failures before ``size`` successes."""
    some = count > 0.0
    n = np.where(some, count, 1.0)
    whole = n + size
    log = stirling_error(whole) - stirling_error(n) - stirling_error(size)
    log = log - deviance(size, whole * success) - deviance(n, whole * failure)
    log = log + 0.5 * np.log(size / (whole * n * (2.0 * np.pi)))
    return np.where(some, log, size * np.log(success))


def _beyond(hits: Floats, trials: Floats, a: Floats, b: Floats) -> Floats:
    """Return P(H > hits) / P(H = hits) by its terms, until what is left can't count.

    The first ones are added to all counts at once; the few counts that need more get them many at a time.
    """
    total = np.zeros(len(hits))
    going = np.flatnonzero(hits < trials)
    at: Floats = hits[going]
    end, a, b, term = trials[going], a[going], b[going], np.ones(len(going))
    done = 0
    while len(going):
        add, terms = (_one_by_one, _SHORT) if done < _ENOUGH else (_side_by_side, _LONG)
        with np.errstate(under="ignore"):
            more, term = add(at, end, a, b, term)
            total[going] += more
        at, done = at + terms, done + terms
        falling = (b >= 1.0) & (term * (end - at) <= _NEGLIGIBLE * total[going])  # one mode, and it is behind us
        left = (at < end) & ~falling
        going = going[left]
        at, end, a, b, term = (each[left] for each in (at, end, a, b, term))
    return total


def _one_by_one(at: Floats, end: Floats, a: Floats, b: Floats, term: Floats) -> tuple[Floats, Floats]:
    """Return the sum of the next `_SHORT` terms and the last of them: a loop over terms, vectors over counts."""
    left, up, down = end - at, a + at, at + 1.0
    total = np.zeros(len(at))
    for _ in range(_SHORT):
        ratio = left * up
        left = np.maximum(left - 1.0, 0.0)
        ratio /= down * (left + b)
        term = term * ratio
        total += term
        up += 1.0
        down += 1.0
    return total, term


def _side_by_side(at: Floats, end: Floats, a: Floats, b: Floats, term: Floats) -> tuple[Floats, Floats]:
    """Return the sum of the next `_LONG` terms and the last of them: a matrix (counts, terms)."""
    j = at[:, None] + np.arange(float(_LONG))
    left = end[:, None] - j
    ratio = np.maximum(left, 0.0) * (a[:, None] + j)
    ratio /= (j + 1.0) * (np.maximum(left - 1.0, 0.0) + b[:, None])
    ratio[:, 0] *= term
    terms = np.cumprod(ratio, axis=1, out=ratio)
    return terms.sum(axis=1), terms[:, -1]
