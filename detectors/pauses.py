"""How far pauses of a queue reach beyond chance: how many are long, and how soon these end, rung by rung.

A pause's surprise, in nats, is exponential with mean 1 if calls come at random. Where counters serve several queues or
go away for a while, pauses come in lengths of their own, and no one mean describes what lies beyond. So the rate at
which long pauses end per nat is learned (`detectors.rungs`), and a rung that few pauses have reached is like the one
before it.

The state of m tails: ``long``, (3, m), pauses seen (saturating), share of long ones, their number (saturating);
``rungs``, (m, 6, 2), pauses that ended on each rung, and nats spent there.
"""

import numpy as np

from detectors.arrays import Floats, Ints
from detectors.rungs import Belief, log_survival

LONG = 2.3
"""Surprise from which on a pause is long, nats: one in ten if calls come at random."""
PRIOR = (20.0, 0.1, 5.0)
"""``long`` at first: a young queue is given time."""
RUNGS = (6, 2)
"""Shape of ``rungs`` of one tail, 0 at first."""
_LOW = np.array([0.0, 1.0, 2.0, 4.0, 8.0, 16.0])  # where rungs begin, nats above LONG
_WIDTH = np.diff(_LOW, append=np.inf)
_TAUGHT = np.minimum(_WIDTH, 16.0)  # a stall teaches that there are long pauses, not how long
_BELIEF = Belief(5.0, 1.0, 1.0, 1.0 / 1.5)
_MOST_PAUSES = 2000.0
_LEAST_SHARE = 0.02
_MOST_LONG = 200.0
_LOWEST = -690.0


def log_tail(surprise: Floats, long: Floats, rungs: Floats) -> Floats:
    """Return the log of the probability of a pause of at least this surprise, (m,): 0 below `LONG`, at least -690.

    Examples
    --------
    In a young queue, and where half of the hundred long pauses ended within a nat, the others not before six.

    >>> young = np.array([PRIOR] * 2).T, np.zeros((2, *RUNGS))
    >>> np.exp(log_tail(np.array([2.2, 6.9]), *young)).round(3).tolist()
    [1.0, 0.006]
    >>> rungs = [[50, 75], [0, 50], [0, 100], [50, 100], [0, 0], [0, 0]]
    >>> known = np.array([[1000.0, 0.1, 100.0]] * 2).T, np.array([rungs] * 2)
    >>> np.exp(log_tail(np.array([6.3, 8.3]), *known)).round(3).tolist()
    [0.044, 0.029]
    """
    over = surprise - LONG
    reached = int(np.searchsorted(_LOW, over.max(initial=0.0)))
    within = np.clip(over - _LOW[:reached, None], 0.0, _WIDTH[:reached, None])
    ended, exposed = rungs.T[:, :reached]
    log = np.log(long[1]) + log_survival(ended, exposed, within, _BELIEF)
    return np.where(over > 0.0, np.clip(log, _LOWEST, 0.0), 0.0)


def learn(surprise: Floats, rows: Ints, long: Floats, rungs: Floats) -> None:
    """Learn pauses that are over, (m,), of the queues in these rows of the whole state, none twice."""
    above = surprise > LONG
    seen, share = np.minimum(long[0, rows] + 1.0, _MOST_PAUSES), long[1, rows]
    long[0, rows] = seen
    long[1, rows] = np.maximum(share + (above - share) / seen, _LEAST_SHARE)
    far = np.flatnonzero(above)
    if len(far):
        _learn_ends(surprise[far] - LONG, rows[far], long[2], rungs)


def _learn_ends(over: Floats, rows: Ints, number: Floats, rungs: Floats) -> None:
    """Learn where long pauses ended."""
    full = number[rows] >= _MOST_LONG
    number[rows] += ~full
    within = np.clip(over[:, None] - _LOW, 0.0, _TAUGHT)
    ended = within > 0.0
    ended[:, :-1] &= within[:, 1:] == 0.0
    kept = np.where(full, 1.0 - 1.0 / _MOST_LONG, 1.0)[:, None, None]
    rungs[rows] = rungs[rows] * kept + np.stack([ended, within], axis=2)
