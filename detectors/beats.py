"""The tail of gaps between arrivals, counted in usual gaps: one model of arrivals at random and of beats missed.

A *beat* is as long as seven gaps in ten at most are. A gap is long from one and a half beats on, nearer to two beats
than to one, and then goes on for another beat with a chance of its own: exactly so where a regular source misses beats
independently (geometric), and where arrivals come at random (exponential). How many gaps are long and how often they go
on is learned. Both are the same question: whoever misses every tenth beat misses the next one as well every tenth time.
So before long gaps were seen, going on is taken to be as likely as the share of long ones says, and a source that never
misses a beat is missed soon. That prior's weight and the number of long gaps make the predictive tail a power, as in
`detectors.peaks`. Beats end in the middle of what is a beat long, so that there a smooth tail is below the share of
gaps that get so far: the mean of the tail over a beat is handed out, which for gaps at random is next to the same.

The state of m tails is an array (4, m): gaps seen (saturating), share of long ones, their number (saturating), mean of
the beats begun beyond.
"""

import numpy as np

from detectors.arrays import Floats

PRIOR = (10.0, 0.1, 0.1, 1.2)
"""State at first: one gap in ten is long, and next to nothing is known of how long."""
LONG = 1.5
"""Beats from which on a gap is long."""
_WORTH = 8.0  # long gaps, that going on is as likely as the share of long ones says
_MOST_SHARE = 0.5
_LEAST_SHARE = 1e-4
_MOST_SEEN = 5000.0
_MOST_LONG = 500.0
_CAP = 5.0  # in means: an outage teaches that gaps go on, not how far
_LOWEST = -690.0


def log_tail(over: Floats, state: Floats) -> Floats:
    """Return the log of the probability of a gap that exceeds `LONG` by so many beats.

    Parameters
    ----------
    over : (m,) float64
        At least 0.
    state : (4, m) float64

    Returns
    -------
    (m,) float64, from -690 to 0.

    Examples
    --------
    One gap in ten is long, and one in ten of these goes on: each beat more is ten times as rare.

    >>> np.exp(log_tail(np.array([0.5, 1.5]), np.array([[5000.0, 0.1, 500.0, 10 / 9]] * 2).T)).round(4).tolist()
    [0.0391, 0.004]
    """
    number, scale = _going_on(state)
    log: Floats = np.log(_share(state, scale)) - number * np.log1p(over / (number * scale))
    return np.clip(log, _LOWEST, 0.0)


def over_at(p: float, state: Floats) -> Floats:
    """Return by how many beats gaps exceed `LONG` with this probability, at least 0, (m,).

    Examples
    --------
    >>> state = np.array([PRIOR, (5000.0, 0.3, 500.0, 1.5)]).T
    >>> np.exp(log_tail(over_at(1e-6, state), state)).round(9).tolist()
    [1e-06, 1e-06]
    """
    number, scale = _going_on(state)
    over: Floats = number * scale * np.expm1(np.log(_share(state, scale) / p) / number)
    return np.maximum(over, 0.0)


def learn(over: Floats, weight: Floats, state: Floats) -> None:
    """Learn gaps in place: by how many beats each, (m,), was longer than `LONG`, and for how many gaps it counts."""
    seen, share, number, mean = state
    long = over > 0.0
    seen[:] = np.minimum(seen + weight, _MOST_SEEN)
    share[:] = np.maximum(share + (long - share) * (weight / seen), _LEAST_SHARE)
    far = np.flatnonzero(long & (weight > 0.0))
    if len(far):
        begun = np.minimum(np.ceil(over[far]), _CAP * mean[far])
        number[far] = np.minimum(number[far] + weight[far], _MOST_LONG)
        mean[far] += (begun - mean[far]) * (weight[far] / number[far])


def _going_on(state: Floats) -> tuple[Floats, Floats]:
    """Return how many long gaps the chance of going on rests on, and the mean excess of an exponential with it."""
    _, share, long, mean = state
    likely = np.minimum(share, _MOST_SHARE)
    number = long + _WORTH
    more = (long * (mean - 1.0) + _WORTH * (likely / (1.0 - likely))) / number
    return number, 1.0 / np.log1p(1.0 / more)


def _share(state: Floats, scale: Floats) -> Floats:
    """Return the share of long gaps, times the mean of an exponential over a beat by its middle."""
    half = 0.5 / scale
    share: Floats = state[1] * (np.sinh(half) / half)
    return share
