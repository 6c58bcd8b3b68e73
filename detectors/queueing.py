"""Queues at counters: the wait that a newcomer has ahead, and queues in which nobody is called."""

import numpy as np
from numpy.typing import NDArray

from detectors import pauses
from detectors.arrays import Floats, Ints
from detectors.bank import Column
from detectors.pace import Moved, QueueBank, QueueBlock, QueueParameters
from detectors.tails import normal_sf

__all__ = ["PredictedWait", "QueueBank", "QueueBlock", "QueueParameters", "StalledCounter"]

_TAUGHT_PAUSE = 20.0  # expected calls; a longer pause teaches no more, or a stall would become the pace


class PredictedWait(QueueBank):
    """How sure it is that a newcomer waits longer than the threshold.

    The wait is the time in which the tickets ahead and the newcomer's own are called by the open counters: Gamma
    distributed, wider by the uncertainty of the pace. ``p_high`` is the probability that it is *at most* the threshold
    (by Wilson and Hilferty's cube root), ``expected`` the mean wait in seconds. Silent without people waiting, without
    open counters, and on readings in which nothing has moved today.

    References
    ----------
    E. B. Wilson and M. M. Hilferty, "The distribution of chi-square", 1931, doi:10.1073/pnas.17.12.684.

    Examples
    --------
    >>> bank = PredictedWait()
    >>> bank.resize(1)
    >>> minutes = np.arange(0, 60, 5) * 60_000
    >>> waiting = np.linspace(2, 40, 12).round()
    >>> two, stated = np.full(12, 2.0), np.full(12, 300.0)
    >>> block = QueueBlock(np.zeros(12, np.int64), minutes, minutes, waiting, two, stated, np.arange(12.0) * 2, two > 0)
    >>> scores = bank.update(block)
    >>> bool(scores.p_high[2] > 0.1), bool(scores.p_high[-1] < 1e-3)
    (True, True)
    """

    name = "predicted_wait"
    version = 2

    def _judge(self, moved: Moved) -> tuple[Floats, Floats]:
        block = moved.block
        speaks = (block.waiting > 0.0) & (block.counters_open > 0.0) & self._alive(moved)
        ahead = block.waiting + 1.0
        mean = ahead / (np.maximum(block.counters_open, 1.0) * moved.pace)
        shape = 1.0 / (1.0 / ahead + 1.0 / moved.pace_known)
        ninth = 1.0 / (9.0 * shape)
        z = (np.cbrt(self.parameters.threshold_s / mean) - (1.0 - ninth)) / np.sqrt(ninth)
        return np.where(speaks, normal_sf(-z), 1.0), np.where(speaks, mean, np.nan)


class StalledCounter(QueueBank):
    """People wait and keep coming, and nobody is called: with open counters, or with none.

    ``p_high`` is the probability of so long a pause at the queue's own pace, once it is longer than ``pause_factor``
    median service times and somebody has come since; ``expected`` is the median service time in seconds. The pace is
    that of one counter times the counters that are open, at most as many as usually are; without any it is that of
    one. Counters that serve several queues call each queue more rarely, and that is what is learned. How far pauses
    reach beyond chance is learned too (`detectors.pauses`); a pause teaches when it is over. Readings without any
    change for ``patience_s`` are stale (a closed day, or after hours) and say nothing.
    """

    name = "stalled_counter"
    version = 4

    def __init__(self, parameters: QueueParameters | None = None) -> None:
        super().__init__(
            parameters,
            {
                "waited_s": Column(),  # as busy_s, of the whole queue: their ratio is how many counters are usual
                "pause_busy_s": Column(),  # of the present pause, not yet learned
                "pause_s": Column(),
                "long": Column((3,), fill=np.array(pauses.PRIOR), series_last=True),
                "rungs": Column(pauses.RUNGS),
                "missed_s": Column(),  # of the present pause, times the counters that could have called
            },
        )

    def _judge(self, moved: Moved) -> tuple[Floats, Floats]:
        rows, block, table = moved.rows, moved.block, self._table
        since = table.ints("stalled_ms")[rows]
        over = since == block.at_ms
        before_s = table.floats("missed_s")[rows]
        ended = np.flatnonzero(over & moved.connected & (table.floats("waiting")[rows] > 0.0))
        if len(ended):
            surprise = _surprise(before_s, moved, ended)
            pauses.learn(surprise, rows[ended], table.floats("long"), table.floats("rungs"))
        missed_s = np.where(over, 0.0, before_s + moved.seconds * self._calling(rows))
        table.floats("missed_s")[rows] = missed_s
        median_s = np.log(2.0) / moved.pace
        speaks = (block.waiting > 0.0) & (table.floats("came")[rows] > 0.0) & self._alive(moved)
        speaks &= (block.at_ms - since) / 1000.0 > self.parameters.pause_factor * median_s
        p, asked = np.ones(len(rows)), np.flatnonzero(speaks)
        if len(asked):
            long, rungs = table.floats("long")[:, rows[asked]], table.floats("rungs")[rows[asked]]
            p[asked] = np.exp(pauses.log_tail(_surprise(missed_s, moved, asked), long, rungs))
        return p, np.where(speaks, median_s, np.nan)

    def _calling(self, rows: Ints) -> Floats:
        """Return how many counters should have called since the last snapshot."""
        table = self._table
        waited_s = table.floats("waited_s")[rows]
        usual = np.where(waited_s > 0.0, table.floats("busy_s")[rows] / np.maximum(waited_s, 1.0), 1.0)
        return np.maximum(np.minimum(table.floats("counters")[rows], usual), 1.0)

    def _teach(self, moved: Moved, busy_s: Floats, called: Floats) -> Floats:
        rows, table = moved.rows, self._table
        over = table.ints("stalled_ms")[rows] == moved.block.at_ms
        seconds = np.where(busy_s > 0.0, moved.seconds, 0.0)
        busy_s = busy_s + table.floats("pause_busy_s")[rows]
        seconds = seconds + table.floats("pause_s")[rows]
        table.floats("pause_busy_s")[rows] = np.where(over, 0.0, busy_s)
        table.floats("pause_s")[rows] = np.where(over, 0.0, seconds)
        share = np.minimum(_TAUGHT_PAUSE / np.maximum(busy_s * moved.pace, 1.0), 1.0)
        learned = np.where(called > 0.0, np.minimum(share * np.maximum(called, 1.0), 1.0), 0.0)
        fade = super()._teach(moved, learned * busy_s, called)
        table.floats("waited_s")[rows] = fade * table.floats("waited_s")[rows] + learned * seconds
        return fade


def _surprise(missed_s: Floats, moved: Moved, chosen: NDArray[np.intp]) -> Floats:
    """Return minus the log of the probability of a pause if calls came at random, at a pace that is itself uncertain.

    The pace's Gamma posterior makes the pause's tail a power instead of an exponential.
    """
    known = moved.pace_known[chosen]
    surprise: Floats = known * np.log1p(missed_s[chosen] * moved.pace[chosen] / known)
    return surprise
