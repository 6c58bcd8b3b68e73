"""Tails learned beyond a threshold: how often a statistic gets there, and how far it then reaches, at most so surely.

The excess over the threshold is exponential (the Gumbel case of peaks over a threshold). Its mean rests on so many
peaks, and that uncertainty makes the predictive tail a power: (1 + excess / (n mean)) to the minus n. The state of one
tail is an array (4,): observations seen (saturating), share of them above the threshold, number of peaks (saturating),
mean excess.

`maximum_tail` and `learn_maximum` keep a threshold of their own, for statistics whose level isn't known before, such as
a maximum over many regions: the tail of such maxima is Gumbel's (A. M. Abrams, K. Kleinman and M. Kulldorff, "Gumbel
based p-value approximations for spatial scan statistics", 2010, doi:10.1186/1476-072X-9-61).
"""

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Floats

MAXIMUM_PRIOR = (50.0, 0.036, 20.0, 0.85)  # observations, share, peaks, mean excess
LEVEL_PRIOR = (0.0, 0.0, 0.0)
_MOST_SEEN = 5000.0
_MOST_PEAKS = 500.0
_LEAST_SHARE = 1e-4
_CAP = 5.0  # in mean excesses: an incident teaches that there are peaks, not how far they reach
_CAP_MEAN = 0.993  # mean of an exponential truncated there, as the fixed point of learning it
_LEAST_EXCESS = 0.05
_LOWEST = -690.0
_MOST_LEVEL = 1000.0
_ABOVE = 2.8  # mean deviations above its mean a Gumbel variable is once in 28 times
_CLIP = 5.0  # in mean deviations
_YOUNG = 20.0  # observations from which on the level is good enough to learn peaks above it
_ENOUGH = 50.0
SUSPICIOUS, SUSPICIOUS_WEIGHT = 1e-4, 0.1  # so long an incident, so little it is learned as usual
LEAST_THRESHOLD = 0.5  # a statistic that is usually nothing: what counts begins here


def log_tail(over: Floats, state: Floats) -> Floats:
    """Return the log of the probability of exceeding the threshold by ``over``.

    Parameters
    ----------
    over : (m,) float64
        At least 0.
    state : (m, 4) float64

    Returns
    -------
    (m,) float64, from -690 to 0.

    Examples
    --------
    >>> float(log_tail(np.array([10.0]), np.array([[200.0, 0.05, 50.0, 1.0]]))[0].round(2))
    -12.05
    """
    share, peaks, excess = state[:, 1], state[:, 2], state[:, 3] / _CAP_MEAN
    log: Floats = np.log(share) - peaks * np.log1p(over / (peaks * excess))
    return np.maximum(log, _LOWEST)


def log_corrected(tail: Floats, start: float, state: Floats) -> Floats:
    """Return the log of a theoretical tail, corrected by how often and how far below exp(-start) it has been.

    Its depth, minus the logarithm, is exponential with mean 1 when theory is right: a statistic like any other.

    Parameters
    ----------
    tail : (m,) float64
        In (0, 1].
    start : float
        Depth from which on it is learned: the threshold.
    state : (m, 4) float64
        `prior(start)` at first.

    Returns
    -------
    (m,) float64, from -690 to 0.
    """
    depth = -np.log(tail)
    body = np.minimum(depth / start, 1.0) * np.log(np.minimum(state[:, 1], 1.0))
    return np.where(depth > start, log_tail(np.maximum(depth - start, 0.0), state), body)


def learn(
    over: Floats, weight: Floats, state: Floats, among: Floats | None = None, alike: Floats | None = None
) -> None:
    """Learn, in place, by how much observations exceeded the threshold; those below it only count.

    Parameters
    ----------
    over : (m,) float64
        Statistic minus threshold.
    weight : (m,) float64
        Independent observations that each counts for, 0 to 1.
    state : (m, 4) float64
        Changed in place: hand in what was gathered, write it back.
    among : (m,) float64, optional
        Observations that there were since the last one, this one included, where those that are nothing aren't told.
    alike : (m,) float64, optional
        How many neighbouring ones exceed it for the same reason: together they are one peak.
    """
    above = over > 0.0
    among = weight if among is None else among
    step = np.where(above, weight, 0.0)
    state[:, 0] = np.minimum(state[:, 0] + among, _MOST_SEEN)
    state[:, 1] = np.maximum(state[:, 1] + (step - state[:, 1] * among) / np.maximum(state[:, 0], 1.0), _LEAST_SHARE)
    step = step if alike is None else step / alike
    state[:, 2] = np.minimum(state[:, 2] + step, _MOST_PEAKS)
    capped = np.clip(over, 0.0, _CAP * state[:, 3])
    state[:, 3] = np.maximum(state[:, 3] + (capped - state[:, 3]) * (step / state[:, 2]), _LEAST_EXCESS)


def maximum_tail(statistic: Floats, level: Floats, state: Floats) -> Floats:
    """Return P(maximum >= statistic) as learned so far: Gumbel's up to the threshold, the predictive tail beyond it.

    Parameters
    ----------
    statistic : (m,) float64
        At least 0; 0 has probability 1.
    level : (m, 3) float64
        Observations (saturating), mean, mean deviation.
    state : (m, 4) float64

    Returns
    -------
    (m,) float64, above 0 and at most 1.
    """
    over = _over(statistic, level)
    below = np.minimum(over, 0.0) * (_CAP_MEAN / state[:, 3])
    body = -np.expm1(np.log1p(-np.minimum(state[:, 1], 0.999)) * np.exp(np.minimum(-below, 50.0)))
    tail = np.exp(log_tail(np.maximum(over, 0.0), state))
    return np.where(statistic > 0.0, np.where(over > 0.0, tail, np.maximum(body, tail)), 1.0)


def learn_maximum(statistic: Floats, tail: Floats, level: Floats, state: Floats, alike: Floats) -> None:
    """Learn a statistic in place: its level, and its peaks once the level is known; an incident with little weight.

    Parameters
    ----------
    statistic, tail : (m,) float64
        The maximum and what `maximum_tail` says of it.
    level, state : (m, 3), (m, 4) float64
        Changed in place.
    alike : (m,) float64
        As in `learn`.
    """
    weight = np.where(knows_level(level) & (tail < SUSPICIOUS), SUSPICIOUS_WEIGHT, 1.0)
    learn(_over(statistic, level), np.where(level[:, 0] >= _YOUNG, weight, 0.0), state, alike=alike)
    young = level[:, 0] < _YOUNG
    reach = np.where(young, np.inf, _CLIP * level[:, 2] + LEAST_THRESHOLD)
    moved = np.clip(statistic - level[:, 1], -reach, reach)
    level[:, 0] = np.minimum(level[:, 0] + weight, _MOST_LEVEL)
    level[:, 2] += (np.abs(moved) - level[:, 2]) * (weight / level[:, 0])
    level[:, 1] += moved * (weight / level[:, 0])


def knows_level(level: Floats) -> NDArray[np.bool_]:
    """Say whether enough was seen of a statistic to judge how large it is, (m,)."""
    known: NDArray[np.bool_] = level[:, 0] >= _ENOUGH
    return known


def _over(statistic: Floats, level: Floats) -> Floats:
    """Return by how many mean deviations, of 1 or more, a statistic is above the threshold."""
    threshold = np.maximum(level[:, 1] + _ABOVE * level[:, 2], LEAST_THRESHOLD)
    return (statistic - threshold) / np.maximum(level[:, 2], 1.0)
