"""Which weeks of a street are ordinary, by its counts alone and without any detector: for what nobody labelled."""

import warnings

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Floats

_CHANGED = 1.5  # times the usual, or the usual divided by it
_BEFORE = 4  # weeks
_HALF = 3  # days on either side: a week
_LEAST = 1.0  # usual count of an hour, below which it has no ratio


def ordinary(counts: Floats, free: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say which days of which sensors lie in the middle of an ordinary week.

    A week is ordinary that has no special day, no day without a count, and of whose hours half or more are within a
    factor of 1.5 of the same hours of the four weeks before: a week with a third fewer people, or half as many again,
    is what detectors are to tell. What one day or one hour did doesn't matter, or quiet tails would be cut off. Special
    days spread by three days, as people bridge them and sums of hours still hold them.

    Parameters
    ----------
    counts : (sensors, days, 24) float64
        Counts; NaN where there is none.
    free : (sensors, days) bool
        Days that labels or calendars call special: they are no usual ones for later weeks either.

    Returns
    -------
    (sensors, days) bool; False where nothing is known of the weeks before.

    Examples
    --------
    >>> usual = np.full((1, 70, 24), 100.0)
    >>> usual[0, 42:56] = 60.0
    >>> np.flatnonzero(~ordinary(usual, np.zeros((1, 70), bool))[0, 10:])[[0, -1]].tolist()
    [32, 45]
    >>> usual[0, 42:56] = 70.0
    >>> bool(ordinary(usual, np.zeros((1, 70), bool))[0, 10:].all())
    True
    """
    lived = np.where(free[:, :, None], np.nan, counts)
    days = lived.shape[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # medians of nothing are NaN, and NaN is not ordinary
        before = np.stack([_shifted(lived, 7 * week) for week in range(1, _BEFORE + 1)])
        usual = np.nanmedian(before, axis=0)
        ratio = np.where(usual >= _LEAST, lived / usual, np.nan)
        around = [np.nanmedian(ratio[:, max(day - _HALF, 0) : day + _HALF + 1], axis=(1, 2)) for day in range(days)]
    week = np.stack(around, axis=1)
    special = free | (counts == 0.0).all(axis=2)
    near = np.stack([special[:, max(day - _HALF, 0) : day + _HALF + 1].any(axis=1) for day in range(days)], axis=1)
    found: NDArray[np.bool_] = (week >= 1.0 / _CHANGED) & (week <= _CHANGED) & ~near
    return found


def _shifted(counts: Floats, days: int) -> Floats:
    """Return what was counted so many days before, NaN before the first one."""
    earlier = np.full_like(counts, np.nan)
    earlier[:, days:] = counts[:, :-days]
    return earlier
