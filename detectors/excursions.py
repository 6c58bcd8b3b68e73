"""Tails of evidence in nats: exponential by theory at first, then as far as the series' own quiet excursions reach.

Evidence is a log likelihood ratio for a change, kept at 0 or above. Where its model holds, P(evidence >= x) in a quiet
series is at most exp(-x), up to a constant: for the CUSUM by Wald's identity (Lorden 1971, doi:10.1214/aoms/1177693055;
constants in Siegmund 1985, doi:10.1007/978-1-4757-1862-1), for posterior odds by Markov's inequality. No model holds
exactly, so the rate of excursions beyond ``START`` and their mean excess are learned by `calibrate`, from a prior that
is this exponential. Excursions last: an observation counts as a fraction of an independent one.
"""

import numpy as np
from numpy.typing import NDArray

from detectors import calibrate
from detectors.arrays import Floats
from detectors.bank import Column

START = -float(np.log(calibrate.PRIOR[1]))  # nats; the prior's rate is exp(-START)
TAIL = Column((4, 2), fill=calibrate.fresh(2))
_SCORE_PER_NAT = calibrate.PRIOR[3]  # so that the prior's mean excess is one nat
_FLOOR = 20.7  # nats; -log(1e-9)
_SUSPICIOUS = 1e-4  # below this the tails learn next to nothing
_SUSPICIOUS_WEIGHT = 0.02


def log_tail(nats: Floats, tails: Floats) -> Floats:
    """Return the log of P(evidence >= nats), as learned so far.

    Parameters
    ----------
    nats : (2, m) float64
        Evidence for a rise and for a fall, at least 0.
    tails : (4, 2, m) float64
        State of `calibrate`, the series last.

    Returns
    -------
    (2, m) float64, from -690 to 0; 0 where there is no evidence.

    Examples
    --------
    >>> log_tail(np.array([[1.0], [11.5]]), calibrate.fresh(2)[..., None]).round(2).tolist()
    [[-1.0], [-11.03]]
    """
    beyond = np.maximum(nats - START, 0.0)
    far = calibrate.log_tail((calibrate.START + _SCORE_PER_NAT * beyond).T, tails.transpose(2, 0, 1)).T
    log: Floats = far * np.minimum(nats * (1.0 / START), 1.0)
    return log


def judge(nats: Floats, ready: NDArray[np.bool_], weight: Floats, tails: Floats) -> Floats:
    """Score evidence, then teach the tails of the series that are ready.

    Parameters
    ----------
    nats : (2, m) float64
        Evidence for a rise and for a fall, at least 0.
    ready : (m,) bool
        Whether the series is known well enough to be judged.
    weight : (m,) float64
        Independent observations that this one counts for, 0 to 1.
    tails : (4, 2, m) float64
        State of `calibrate`, the series last; changed in place.

    Returns
    -------
    (2, m) float64: tail probabilities; 1 where not ready.
    """
    p = np.where(ready, np.exp(log_tail(nats, tails)), 1.0)
    suspicious = np.minimum(p[0], p[1]) < _SUSPICIOUS
    taught = np.where(ready, np.where(suspicious, _SUSPICIOUS_WEIGHT * weight, weight), 0.0)
    score = calibrate.START + _SCORE_PER_NAT * (nats - START)
    calibrate.learn(score.T, np.stack([taught, taught]).T, tails.transpose(2, 0, 1))
    return p


def saturation(tails: Floats) -> Floats:
    """Return the evidence beyond which nothing is added, (2, m) nats: where the learned tail is about 1e-9.

    More would only delay the return after a change has passed.
    """
    most: Floats = START + np.maximum(_FLOOR + np.log(tails[1]), 1.0) * tails[3] * (1.0 / _SCORE_PER_NAT)
    return most
