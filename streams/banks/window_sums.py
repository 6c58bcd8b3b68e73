"""Adds values up per series in windows of the wall clock, for detectors that want fewer and larger counts."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Block, Ints
from detectors.bank import NEVER, Column, Held, Table


class Sums(NamedTuple):
    """Windows that are over, (n,) each, in event-time order of what ended them.

    Attributes
    ----------
    where : (n,) int64
        Place in the block of the observation that ended the window: the first of its series behind it.
    start_ms : (n,) int64
        Event time of the window's first observation.
    block : Block
        Series, event time of the end, start of the window on the wall clock, and the sum.
    """

    where: NDArray[np.intp]
    start_ms: Ints
    block: Block


_NONE = np.empty(0, np.int64)
_NOTHING = Sums(_NONE, _NONE, Block(_NONE, _NONE, _NONE, np.empty(0)))


class WindowSums(Held):
    """Sums of each series' values in the window it is in.

    A window is over when its series reports in another one; a series that falls silent leaves its last window open.
    The sum is NaN where it can't be known: of the first window, whose beginning wasn't seen, and of one with a NaN in
    it. What else is missing is taken for nothing, as one can't tell cameras that count nothing from those that skip.

    Parameters
    ----------
    width_ms : int
        Width of a window; it divides a day.

    Examples
    --------
    >>> sums = WindowSums(3_600_000)
    >>> sums.resize(1)
    >>> at_ms = np.arange(13) * 1_200_000
    >>> over = sums.add(Block(np.zeros(13, np.int64), at_ms, at_ms, np.arange(13.0)))
    >>> over.where.tolist(), over.block.value.tolist()
    ([3, 6, 9, 12], [nan, 12.0, 21.0, 30.0])
    """

    def __init__(self, width_ms: int) -> None:
        self.width_ms = width_ms
        self._table = Table(
            "window_sums",
            {"window": Column((), np.int64, NEVER), "start_ms": Column((), np.int64, NEVER), "sum": Column()},
        )

    def add(self, block: Block) -> Sums:
        """Add a block's values, and return the windows that these ended."""
        if block.one_round:
            return self._add(np.arange(len(block.series)), block)
        told = [_NOTHING, *(self._add(where, part) for where, part in block.rounds())]
        where = np.concatenate([each.where for each in told])
        order = np.argsort(where)
        start_ms = np.concatenate([each.start_ms for each in told])
        columns = zip(*(each.block for each in told), strict=True)
        return Sums(where[order], start_ms[order], Block(*(np.concatenate(column)[order] for column in columns)))

    def _add(self, where: NDArray[np.intp], part: Block) -> Sums:
        """Add one round, no series twice."""
        windows, starts, sums = self._table.ints("window"), self._table.ints("start_ms"), self._table.floats("sum")
        rows = part.series
        window = part.local_ms // self.width_ms
        held = windows[rows]
        changed = np.flatnonzero(held != window)
        begun = held[changed] != NEVER
        ended = changed[begun]
        gone = rows[ended]
        block = Block(gone, part.at_ms[ended], held[ended] * self.width_ms, sums[gone])
        over = Sums(where[ended], starts[gone], block)
        fresh = rows[changed]
        windows[fresh], starts[fresh] = window[changed], part.at_ms[changed]
        sums[fresh] = np.where(begun, 0.0, np.nan)
        sums[rows] += part.value
        return over
