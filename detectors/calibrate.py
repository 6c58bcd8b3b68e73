"""Turn standard scores into tail probabilities that hold on the series' own history: peaks over a threshold, online.

Above ``START`` the tail is exponential with a learned rate and mean excess (the Gumbel case of peaks over threshold);
both start from a prior that is a little heavier than the normal's, so a young series is cautious. Below, the normal
body is bent to meet the tail.
"""

from typing import NamedTuple

import numpy as np

from detectors.arrays import Floats

START = 2.0
_PRIOR_RATE = 0.03
_PRIOR_EXCESS = 0.5
_PRIOR_OBSERVATIONS = 200.0
_PRIOR_PEAKS = 20.0
_MOST_OBSERVATIONS = 5000.0
_MOST_PEAKS = 150.0
_CAP = 3.0  # in mean excesses: a holiday or an incident teaches that there are peaks, not how far they reach
_CAP_MEAN = 0.941  # mean of an exponential truncated there, as the fixed point of learning it
_SMALLEST = 1e-300


class Peaks(NamedTuple):
    """State of the tails of m series in k channels; arrays as gathered, written back by the caller.

    Attributes
    ----------
    seen : (m, k) float64
        Observations (saturating).
    rate : (m, k) float64
        Share of scores above ``START``.
    peaks : (m, k) float64
        Scores above ``START`` (saturating).
    excess : (m, k) float64
        Their mean excess.
    """

    seen: Floats
    rate: Floats
    peaks: Floats
    excess: Floats


def fresh() -> tuple[float, float, float, float]:
    """Return what a new series starts with, in the order of `Peaks`."""
    return _PRIOR_OBSERVATIONS, _PRIOR_RATE, _PRIOR_PEAKS, _PRIOR_EXCESS


def tail(z: Floats, peaks: Peaks) -> Floats:
    """Return P(score >= z) as learned so far, (m, k), in [1e-300, 1].

    Examples
    --------
    >>> one = Peaks(*(np.array([[x]]) for x in fresh()))
    >>> float(tail(np.array([[4.0]]), one)[0, 0].round(6))
    0.000696
    """
    over = np.maximum(z - START, 0.0)
    exponent = np.minimum(over * _CAP_MEAN / peaks.excess, 690.0)
    capped = np.clip(z, -8.0, START)
    # the normal tail in logistic form (Bowling et al. 2009, error 1.4e-4), to the power that gives `rate` at START
    body = np.log1p(np.exp(capped * (1.5976 + 0.07056 * capped * capped)))
    p: Floats = np.exp(np.log(peaks.rate) / _BODY_AT_START * -body - exponent)
    return np.maximum(p, _SMALLEST)


def learn(z: Floats, weight: Floats, peaks: Peaks) -> Peaks:
    """Return the state after scores ``z`` (m, k), each counting ``weight`` (m, k) <= 1 independent observations."""
    seen = np.minimum(peaks.seen + weight, _MOST_OBSERVATIONS)
    above = z > START
    rate = peaks.rate + (above - peaks.rate) * (weight / seen)
    step = np.where(above, weight, 0.0)
    count = np.minimum(peaks.peaks + step, _MOST_PEAKS)
    excess = peaks.excess + (np.minimum(z - START, _CAP * peaks.excess) - peaks.excess) * (step / count)
    return Peaks(seen, np.maximum(rate, 1e-4), count, np.maximum(excess, 0.05))


_BODY_AT_START = -float(np.log1p(np.exp(START * (1.5976 + 0.07056 * START * START))))
