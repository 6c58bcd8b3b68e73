"""Turn standard scores into tail probabilities that hold on the series' own history: peaks over a threshold, online.

Above ``START`` the tail is exponential with a learned rate and mean excess (the Gumbel case of peaks over threshold:
A. C. Davison and R. L. Smith, "Models for exceedances over high thresholds", 1990,
doi:10.1111/j.2517-6161.1990.tb01796.x); both start from a prior that is a little heavier than the normal's, so a
young series is cautious. Below, a body close to the normal's meets the tail.

The state of k channels of one series is an array (4, k): observations seen (saturating), share of scores above
``START``, number of them (saturating), their mean excess.
"""

import numpy as np

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
    score, rate, excess = z.T, state[:, 1].T, state[:, 3].T  # NumPy's loops run along the last axis: over the series
    capped = np.minimum(score, START)
    line = capped * _SLOPE
    line += _OFFSET
    np.maximum(line, 0.0, out=line)
    line *= line
    line *= 1.0 / _BODY_AT_START
    line *= np.log(rate)
    beyond = np.subtract(score, capped, out=capped)
    beyond *= _CAP_MEAN
    beyond /= excess
    line -= beyond
    return np.maximum(line, _LOWEST, out=line).T


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

    Notes
    -----
    Both functions are several times as fast on transposed arrays, (k, m) and (4, k, m) in memory.
    """
    score, worth = z.T, weight.T  # as in `log_tail`
    count, rate, peaks, excess = (state[:, number].T for number in range(4))
    count += worth
    np.minimum(count, _MOST_OBSERVATIONS, out=count)
    above = score > START
    step = above.astype(np.float64)
    step -= rate
    step *= worth / count
    rate += step
    np.maximum(rate, _LEAST_RATE, out=rate)
    at = np.flatnonzero(above)
    if len(at) == 0:
        return
    place = np.divmod(at, above.shape[1])
    share, mean = worth[place], excess[place]
    number = np.minimum(peaks[place] + share, _MOST_PEAKS)
    over = np.minimum(score[place] - START, _CAP * mean)
    peaks[place] = number
    excess[place] = np.maximum(mean + (over - mean) * (share / number), _LEAST_EXCESS)
