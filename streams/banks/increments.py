"""Turns readings of counters that only count up into what was counted between two readings, resets included."""

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Floats, Ints

READING = 3
"""What is kept of a counter's last reading: what it showed, when (ms), and how long after an earlier one (ms)."""
_MISSED = 1.5  # times the last gap: in a longer one readings were missed, and what it counted is that of several


def increments(series: Ints, at_ms: Ints, total: Floats, last: Floats) -> Floats:
    """Return what each counter counted since its previous reading, and keep the last readings in ``last``.

    A reading below the previous one is a reset: what it shows was counted since. The first reading of a counter says
    nothing; nor does one behind a gap that is half as long again as the one before: it would look like a surge. Two
    readings at one time are no gap.

    Parameters
    ----------
    series : (n,) int64
        Row of each reading, several of one row in their order.
    at_ms : (n,) int64
        When it was read.
    total : (n,) float64
        What the counter showed.
    last : (rows, 3) float64
        The last reading of every row (`READING`), NaN where there was none; updated in place.

    Returns
    -------
    (n,) float64
        Increments; NaN for a first reading and behind a gap.

    Examples
    --------
    >>> last = np.full((1, READING), np.nan)
    >>> at_ms = np.array([0, 60, 120, 180, 360, 420])
    >>> total = np.array([100.0, 130.0, 130.0, 7.0, 90.0, 120.0])
    >>> increments(np.zeros(6, np.int64), at_ms, total, last).tolist(), last.tolist()
    ([nan, 30.0, 0.0, 7.0, nan, 30.0], [[120.0, 420.0, 60.0]])
    """
    if len(series) == 0:
        return np.empty(0)
    order = np.argsort(series, kind="stable")
    rows, shown, at = series[order], total[order], at_ms[order].astype(np.float64)
    first = np.r_[True, rows[1:] != rows[:-1]]
    before, since = _shifted(shown, first, last[rows, 0]), _shifted(at, first, last[rows, 1])
    gap = at - since
    usual = _lasting(gap, first, last[rows, 2])
    gap_before = _shifted(usual, first, last[rows, 2])
    missed = gap > _MISSED * gap_before
    counted = np.where(missed, np.nan, np.where(shown < before, shown, shown - before))
    final = np.r_[first[1:], True]
    last[rows[final]] = np.stack([shown, at, usual], axis=1)[final]
    result: Floats = np.empty(len(counted))
    result[order] = counted
    return result


def _lasting(gap: Floats, first: NDArray[np.bool_], kept: Floats) -> Floats:
    """Return gaps, those of no time replaced by the one before them."""
    some = gap != 0.0
    source = np.maximum.accumulate(np.where(some | first, np.arange(len(gap)), 0))
    lasting: Floats = np.where(some, gap, kept)[source]
    return lasting


def _shifted(column: Floats, first: NDArray[np.bool_], kept: Floats) -> Floats:
    """Return of each reading what the one before held: the previous in order, or what is kept of the row."""
    before: Floats = np.where(first, kept, np.r_[np.nan, column[:-1]])
    return before
