"""Tails of evidence in nats: exponential by theory at first, then as far as the series' own quiet excursions reach.

Evidence is a log likelihood ratio for a change, kept at 0 or above. Where its model holds, P(evidence >= x) in a quiet
series is at most exp(-x), up to a constant: for the CUSUM by Wald's identity (Lorden 1971, doi:10.1214/aoms/1177693055;
constants in Siegmund 1985, doi:10.1007/978-1-4757-1862-1), for posterior odds by Markov's inequality. No model holds
exactly, so two things are learned: the share of time that evidence spends above ``START``, and how far its excursions
rise above it. An excursion ends when evidence is low again, and teaches then, as one peak, however long it lasted
(declustering: Davison and Smith 1990, doi:10.1111/j.2517-6161.1990.tb01796.x). So no excursion, and no real change,
teaches the tail that it is usual while it is being judged.

Peaks are exponential with an unknown mean; the tail is their predictive distribution, a power: (1 + excess / (n mean))
to the minus n after n peaks, those of a `Prior` included.

The state of one side of a series is an array (7,): weight of the observations seen, and of those above ``START``;
number of peaks and sum of their excesses; weight of the present excursion, of its part above ``START``, and its peak.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Floats, Ints
from detectors.bank import Column

START = 3.5  # nats; what rises above it is a peak
_END = 0.5 * START  # below it an excursion is over
_CAP = 5.0  # in mean excesses: an incident teaches that there are peaks, not how far they reach
_CAP_MEAN = 0.993  # mean of an exponential truncated there, as the fixed point of learning it
_MOST_ABOVE = 10.0  # weight of an excursion, of which most have 1 to 3
_MOST_SEEN = 15_000.0  # weight
_SLACK = 1.01  # forgetting in steps of one per cent is cheaper
_INCIDENT = -13.8  # log 1e-6: an excursion beyond it is hardly learned
_INCIDENT_WEIGHT = 0.1
_LOWEST = -690.0
_FLOOR = 18.4  # nats; -log(1e-8)


class Prior(NamedTuple):
    """What a series is taken to do before it has shown it.

    Attributes
    ----------
    share : float
        Of time that evidence spends above ``START``.
    excess : float
        Mean height of peaks above ``START``, nats.
    peaks : float
        Number of peaks that ``excess`` is worth.
    above : float
        Weight above ``START`` that ``share`` is worth.
    """

    share: float
    excess: float
    peaks: float = 20.0
    above: float = 15.0

    def start(self) -> Floats:
        """Return the state of one side of a new series, (7, 1)."""
        sums = self.above / self.share, self.above, self.peaks, self.peaks * self.excess * _CAP_MEAN
        return np.array([*sums, 0.0, 0.0, 0.0])[:, None]

    def column(self) -> Column:
        """Return the column of both sides."""
        return Column((7, 2), fill=self.start(), series_last=True)


def log_tail(nats: Floats, tails: Floats) -> Floats:
    """Return the log of P(evidence >= nats), as learned so far.

    Parameters
    ----------
    nats : (2, m) float64
        Evidence for a rise and for a fall, at least 0.
    tails : (7, 2, m) float64
        State, the series last.

    Returns
    -------
    (2, m) float64, from -690 to 0; 0 where there is no evidence.

    Examples
    --------
    >>> fresh = np.repeat(Prior(0.02, 1.0).start()[..., None], 2, axis=1)
    >>> log_tail(np.array([[1.75], [11.5]]), fresh).round(2).tolist()
    [[-1.96], [-10.64]]
    """
    log: Floats = np.log(tails[1] / tails[0])
    log *= np.minimum(nats * (1.0 / START), 1.0)
    side, far = _places(nats > START)
    log[side, far] += _log_beyond(nats[side, far] - START, tails[:, side, far])
    np.maximum(log, _LOWEST, out=log)
    return log


def judge(nats: Floats, ready: NDArray[np.bool_], weight: Floats, tails: Floats) -> Floats:
    """Score evidence, then let excursions that are over teach the tails of the series that are ready.

    Parameters
    ----------
    nats : (2, m) float64
        Evidence for a rise and for a fall, at least 0.
    ready : (m,) bool
        Whether the series is known well enough to be judged.
    weight : (m,) float64
        What this observation counts for where shares of time are learned, 0 to 1.
    tails : (7, 2, m) float64
        State, the series last; changed in place.

    Returns
    -------
    (2, m) float64: tail probabilities; 1 where not ready.
    """
    p = np.where(ready, np.exp(log_tail(nats, tails)), 1.0)
    worth = np.where(ready, weight, 0.0)
    seen, _, _, _, lasted, above, top = tails
    lasted += worth
    up = ready & (nats > START)
    above += np.where(up, worth, 0.0)
    np.maximum(top, np.where(up, nats, 0.0), out=top)
    calm = ready & (nats < _END)
    side, over = _places(calm & (top > 0.0))
    tails[:, side, over] = _taught(tails[:, side, over])
    seen += np.where(calm, lasted, 0.0)
    lasted *= np.where(calm, 0.0, 1.0)
    side, full = _places(seen > _SLACK * _MOST_SEEN)
    tails[:4, side, full] *= _MOST_SEEN / seen[side, full]
    return p


def saturated(nats: Floats, tails: Floats) -> Floats:
    """Return evidence, (2, m) nats, kept where its learned tail is about 1e-8: more would only delay the return."""
    side, far = _places(nats > START)
    seen, above, peaks, excess, *_ = tails[:, side, far]
    beyond = np.maximum(_FLOOR + np.log(above / seen), 1.0)
    kept = nats.copy()
    kept[side, far] = np.minimum(kept[side, far], START + excess * (1.0 / _CAP_MEAN) * np.expm1(beyond / peaks))
    return kept


def _places(chosen: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Return sides and series of the chosen, (2, m): what `numpy.nonzero` says, in a quarter of its time."""
    return np.divmod(np.flatnonzero(chosen), chosen.shape[1])


def _log_beyond(over: Floats, sides: Floats) -> Floats:
    """Return the log of the share of peaks that rise by ``over`` (k,) nats or more above ``START``; state (7, k)."""
    log: Floats = -sides[2] * np.log1p(over * _CAP_MEAN / sides[3])
    return log


def _taught(sides: Floats) -> Floats:
    """Return the state (7, k) of sides after the excursion that is over."""
    seen, above, peaks, excess, lasted, part, top = sides
    over = top - START
    incident = np.log(above / seen) + _log_beyond(over, sides) < _INCIDENT
    share = np.minimum(_MOST_ABOVE / part, 1.0) * np.where(incident, _INCIDENT_WEIGHT, 1.0)
    over = np.minimum(over, _CAP * excess / peaks)
    none = np.zeros_like(seen)
    learned = (seen + share * lasted, above + share * part, peaks + share, excess + share * over)
    return np.stack([*learned, none, none, none])
