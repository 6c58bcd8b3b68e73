"""Turn standard scores into tail probabilities that hold on the series' own history: peaks over a threshold, online.

Scores are read as nats of surprise: minus the log of a normal's tail. Where scores are normal, what lies beyond a
threshold is then exponential with mean 1, and so it is of the largest of several dependent scores (the Gumbel case of
peaks over threshold: Davison and Smith 1990, doi:10.1111/j.2517-6161.1990.tb01796.x). No series is just so. Therefore
the share of time above ``START`` is learned, and beyond it the rate at which peaks end per nat (`detectors.rungs`): a
tail that becomes heavier is taken to go on so. The probability is predictive: what is unknown widens it. Below
``START`` a body close to the normal's meets the tail.

What a score teaches never depends on the score itself, or quiet series would be learned wrongly: all count fully, but
after a suspicious one the next count next to nothing, until one isn't suspicious.
"""

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Floats, Ints
from detectors.bank import Column, Table
from detectors.rungs import Belief, log_survival

START = 2.0
PRIOR_SEEN = 333.0
_PRIOR_ABOVE = 10.0  # of these
_MOST_SEEN = 5000.0
_SLACK = 1.01  # forgetting in steps of one per cent is cheaper
_LEAST_SHARE = 1e-4
_LOW = np.array([0.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0])[:, None]  # where rungs begin, nats above START
_WIDTH = np.diff(_LOW, axis=0, append=1e3)
_RUNG = np.arange(2 * len(_LOW)).reshape(2, -1, 1)
_MOST_PEAKS = 500.0
_SLACK_PEAKS = 1.1
_SUSPICIOUS = float(np.log(1e-3))
_TRUST = 0.05  # after something suspicious
_LOWEST = -690.0
_LARGEST = 37.0  # whose tail is about exp(-690)
# minus the log of the normal's tail: below START it is close to the square of a line (within 0.1); above, to Komatu's
# bound of Mills' ratio (within 0.02)
_OFFSET, _SLOPE = 0.8326, 0.545
_BODY_AT_START = (_OFFSET + _SLOPE * START) ** 2
_KOMATU = 8.0 / np.pi


NORMAL = Belief(10.0, 0.5, 1.0)
"""Like a normal until shown otherwise."""
POWER_LAW = Belief(3.0, 0.3, 0.5)
"""Like a power law from eight nats above ``START`` on, where few normal scores get."""


class Tails:
    """The learned tails of both sides of a bank's score; the state is `columns` of the bank's table.

    Parameters
    ----------
    table : Table
        Holds the arrays of `columns`.
    longest : float
        Mean excess that a series is believed at most, nats: beyond it, it is not the tail that is long.
    belief : Belief
        What is believed of what was hardly seen.

    Examples
    --------
    >>> table = Table("example", columns())
    >>> table.resize(1)
    >>> score, worth = np.array([[4.0], [-4.0]]), np.zeros(1)
    >>> log = Tails(table).judge(slice(0, 1), score, np.array([0]), worth, worth)
    >>> log.round(3).tolist()
    [[-9.463], [-0.0]]
    """

    def __init__(self, table: Table, longest: float = np.inf, belief: Belief = NORMAL) -> None:
        self._table = table
        self._longest = longest
        self._belief = belief

    def trust(self, place: Ints | slice) -> Floats:
        """Return what the next observation may teach, from what came before it: 1, or little while suspicious, (m,)."""
        return self._table.floats("tail_trust")[place]

    def seen(self, place: Ints | slice) -> Floats:
        """Return how much was seen, the prior's `PRIOR_SEEN` included; it saturates, (m,)."""
        return self._table.floats("tail_seen")[place]

    def judge(
        self, place: Ints | slice, score: Floats, peaks: NDArray[np.intp], worth: Floats, share: Floats
    ) -> Floats:
        """Return the log of P(score >= what was seen), as learned so far, then learn.

        Parameters
        ----------
        place : slice or (m,) int64
            Series, none twice.
        score : (2, m) float64
            Standard scores of both sides.
        peaks : (k,) intp
            Where the flattened scores lie above ``START``: `above`.
        worth : (m,) float64
            What each observation counts for where shares of time are learned; 0 teaches nothing.
        share : (k,) float64
            Independent peaks that each peak counts for, 0 to 1.

        Returns
        -------
        (2, m) float64, from -690 to 0.
        """
        seen, above = self._table.floats("tail_seen"), self._table.floats("tail_above")
        log = np.empty(score.shape)
        np.divide(above[:, place], seen[place], out=log)
        np.log(log, out=log)
        log *= _body(score)
        seen[place] += worth
        trust = self._table.floats("tail_trust")
        trust[place] = 1.0
        if len(peaks):
            side, at = np.divmod(peaks, score.shape[1])
            rows = at + place.start if isinstance(place, slice) else place[at]
            number = side * above.shape[1] + rows
            flat = log.reshape(-1)
            beyond = self._beyond(number, _nats(score.reshape(-1)[peaks]) - _AT_START, share)
            beyond += flat[peaks]
            flat[peaks] = np.maximum(beyond, _LOWEST, out=beyond)
            above.reshape(-1)[number] += worth[at]
            trust[rows[beyond < _SUSPICIOUS]] = _TRUST
        full = np.flatnonzero(seen[place] > _SLACK * _MOST_SEEN)
        if len(full):
            rows = full + place.start if isinstance(place, slice) else place[full]
            above[:, rows] = np.maximum(above[:, rows] * (_MOST_SEEN / seen[rows]), _LEAST_SHARE * _MOST_SEEN)
            seen[rows] = _MOST_SEEN
        return log

    def _beyond(self, number: Ints, over: Floats, share: Floats) -> Floats:
        """Return the log of the share of peaks that rise by ``over`` (k,) nats above the start, and teach the rungs."""
        counts, rungs = (self._table.floats(name).reshape(-1) for name in ("tail_peaks", "tail_rungs"))
        reached = int(np.searchsorted(_LOW[:, 0], over.max()))
        places = _RUNG[:, :reached] * len(counts) + number  # NumPy is ten times faster at one index than at three
        kept = rungs.take(places)
        within = over - _LOW[:reached]
        np.minimum(np.maximum(within, 0.0, out=within), _WIDTH[:reached], out=within)
        log = log_survival(kept[0], kept[1], within, self._belief, self._longest)
        ended = within > 0.0
        ended[:-1] &= within[1:] == 0.0
        kept[0] += share * ended
        kept[1] += share * within
        rungs[places] = kept
        count = counts.take(number) + share
        counts[number] = count
        full = number[count > _SLACK_PEAKS * _MOST_PEAKS]
        if len(full):
            rungs[_RUNG * len(counts) + full] *= _MOST_PEAKS / counts[full]
            counts[full] = _MOST_PEAKS
        return log


def columns() -> dict[str, Column]:
    """Return the state of the tails of one series, for a `Table`."""
    return {
        "tail_seen": Column(fill=PRIOR_SEEN),
        "tail_above": Column((2,), fill=_PRIOR_ABOVE, series_last=True),
        "tail_trust": Column(fill=1.0),
        "tail_peaks": Column((2,), series_last=True),
        "tail_rungs": Column((2, len(_LOW), 2), series_last=True),  # peaks that ended on each, nats spent there; sides
    }


def above(score: Floats) -> NDArray[np.intp]:
    """Return where the flattened scores are peaks.

    Examples
    --------
    >>> above(np.array([[0.0, 2.5], [3.0, -2.5]])).tolist()
    [1, 2]
    """
    return np.flatnonzero(score > START)


def _body(score: Floats) -> Floats:
    """Return the log of the normal's tail as a share of that at ``START``, up to which it is taken."""
    line = np.minimum(score, START)
    line *= _SLOPE
    line += _OFFSET
    np.maximum(line, 0.0, out=line)
    line *= line
    line *= 1.0 / _BODY_AT_START
    return line


def _nats(score: Floats) -> Floats:
    """Return minus the log of the normal's tail beyond scores of ``START`` or more."""
    capped = np.minimum(score, _LARGEST)
    square = capped * capped
    nats: Floats = 0.5 * square + np.log(capped + np.sqrt(square + _KOMATU))
    return nats


_AT_START = float(_nats(np.array(START)))
