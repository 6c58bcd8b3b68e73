"""Survival on rungs that double in width: how far something goes on, where no one mean describes how far.

The rate of ends per nat is learned on each rung by itself: a piecewise exponential survival (Friedman 1982,
doi:10.1214/aos/1176345694). A rung that little has reached leans on the ones before it (`Belief`). What is unknown
widens the tail: survival on a rung is a power, (1 + nats / exposure) to the minus ends.
"""

from typing import NamedTuple

import numpy as np

from detectors.arrays import Floats

_FAR = 3  # from this rung on


class Belief(NamedTuple):
    """What a rung that little has reached is taken to be like: how many ends come per nat there.

    On rungs that double in width this rate stays as it is where what lies beyond is exponential, and halves where it is
    a power law's.

    Attributes
    ----------
    ends : float
        How many ends the belief is worth.
    least : float
        From a rung to the next the rate goes on to change as it did last, but not to less than this part.
    most_far : float
        Nor to more than this part from the fourth rung on; nor to more than all of it before.
    first : float
        The rate on the first rung, ends per nat; 1 is a normal score's.
    """

    ends: float
    least: float
    most_far: float
    first: float = 1.0


def log_survival(ended: Floats, exposed: Floats, within: Floats, belief: Belief, longest: float = np.inf) -> Floats:
    """Return the log probability to survive the nats ``within`` rungs.

    Parameters
    ----------
    ended, exposed : (rungs, k) float64
        Ends on each rung, and nats spent there, so far.
    within : (rungs, k) float64
        Nats to survive on each.
    belief : Belief
        What is believed of what was hardly seen.
    longest : float
        Mean that is believed at most, nats.

    Returns
    -------
    (k,) float64

    Examples
    --------
    >>> number = np.array([[50.0], [0.0]]), np.array([[50.0], [0.0]]), np.array([[2.0], [1.0]])
    >>> log_survival(*number, Belief(10.0, 0.5, 1.0)).round(2).tolist()
    [-2.92]
    """
    log = np.zeros(within.shape[1])
    before = prior = np.full(within.shape[1], belief.first)
    for rung, nats in enumerate(exposed):
        ends = ended[rung] + belief.ends
        exposure = np.minimum(nats + belief.ends / prior, ends * longest)
        log -= ends * np.log1p(within[rung] / exposure)
        rate = ends / exposure
        most = 1.0 if rung + 1 < _FAR else belief.most_far
        prior = rate * np.minimum(np.maximum(rate / before, belief.least), most) if rung else rate
        before = rate
    return log
