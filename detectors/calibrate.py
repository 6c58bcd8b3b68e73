"""Turn standard scores into tail probabilities that hold on the series' own history: peaks over a threshold, online.

Above ``START`` the tail is exponential with a learned rate and mean excess (the Gumbel case of peaks over threshold);
both start from a prior that is a little heavier than the normal's, so a young series is cautious. Below, a body close
to the normal's meets the tail.

The state of k channels of one series is an array (4, k): observations seen (saturating), share of scores above
``START``, number of them (saturating), their mean excess.
"""

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Floats

START = 2.0
PRIOR = (200.0, 0.03, 20.0, 0.5)
_MOST_OBSERVATIONS = 5000.0
_MOST_PEAKS = 150.0
_LEAST_RATE = 1e-4
_LEAST_EXCESS = 0.05
_CAP = 3.0  # in mean excesses: a holiday or an incident teaches that there are peaks, not how far they reach
_CAP_MEAN = 0.941  # mean of an exponential truncated there, as the fixed point of learning it
_LOWEST = -690.0
# minus the log of the normal's tail, below START, is close to the square of a line (within 0.1)
_OFFSET, _SLOPE = 0.8326, 0.545
_BODY_AT_START = (_OFFSET + _SLOPE * START) ** 2


def fresh(channels: int) -> Floats:
    """Return the state of a new series, (4, channels)."""
    return np.repeat(np.array(PRIOR)[:, None], channels, axis=1)


def log_tail(z: Floats, state: Floats) -> Floats:
    """Return the log of P(score >= z) as learned so far.

    Parameters
    ----------
    z : (m, k) float64
        Standard scores.
    state : (m, 4, k) float64
        As in the module's description.

    Returns
    -------
    (m, k) float64, from -690 to 0.

    Examples
    --------
    >>> float(log_tail(np.array([[4.0]]), fresh(1)[None])[0, 0].round(3))
    -7.271
    """
    capped = np.minimum(z, START)
    line = np.maximum(capped * _SLOPE + _OFFSET, 0.0)
    body = np.log(state[:, 1]) * (line * line * (1.0 / _BODY_AT_START))
    log = body - (z - capped) * _CAP_MEAN / state[:, 3]
    return np.maximum(log, _LOWEST)


def learn(z: Floats, weight: Floats, state: Floats) -> None:
    """Learn scores in place.

    Parameters
    ----------
    z : (m, k) float64
        Standard scores.
    weight : (m, k) float64
        Independent observations that each counts for, 0 to 1.
    state : (m, 4, k) float64
        Changed in place: hand in what was gathered, write it back.
    """
    seen = np.minimum(state[:, 0] + weight, _MOST_OBSERVATIONS)
    above = z > START
    state[:, 0] = seen
    state[:, 1] = np.maximum(state[:, 1] + (above - state[:, 1]) * (weight / seen), _LEAST_RATE)
    row: NDArray[np.intp]
    channel: NDArray[np.intp]
    row, channel = np.nonzero(above)
    if len(row) == 0:
        return
    step, excess = weight[row, channel], state[row, 3, channel]
    count = np.minimum(state[row, 2, channel] + step, _MOST_PEAKS)
    over = np.minimum(z[row, channel] - START, _CAP * excess)
    state[row, 2, channel] = count
    state[row, 3, channel] = np.maximum(excess + (over - excess) * (step / count), _LEAST_EXCESS)
