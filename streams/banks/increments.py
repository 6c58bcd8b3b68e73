"""Turns readings of counters that only count up into what was counted between two readings, resets included."""

import numpy as np

from detectors.arrays import Floats, Ints


def increments(series: Ints, total: Floats, last: Floats) -> Floats:
    """Return what each counter counted since its previous reading, and keep the last readings in ``last``.

    A reading below the previous one is a reset: what it shows was counted since. The first reading of a counter says
    nothing.

    Parameters
    ----------
    series : (n,) int64
        Row of each reading, several of one row in their order.
    total : (n,) float64
        What the counter showed.
    last : (rows,) float64
        The last reading of every row, NaN where there was none; updated in place.

    Returns
    -------
    (n,) float64
        Increments; NaN for a first reading.

    Examples
    --------
    >>> last = np.full(1, np.nan)
    >>> increments(np.zeros(4, np.int64), np.array([100.0, 130.0, 130.0, 7.0]), last).tolist(), last.tolist()
    ([nan, 30.0, 0.0, 7.0], [7.0])
    """
    if len(series) == 0:
        return np.empty(0)
    order = np.argsort(series, kind="stable")
    rows, shown = series[order], total[order]
    before = np.r_[np.nan, shown[:-1]]
    first = np.r_[True, rows[1:] != rows[:-1]]
    before[first] = last[rows[first]]
    counted = np.where(shown < before, shown, shown - before)
    final = np.r_[first[1:], True]
    last[rows[final]] = shown[final]
    result: Floats = np.empty(len(counted))
    result[order] = counted
    return result
