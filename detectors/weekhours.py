"""Usual counts by hour of the week, each shrunk to wider kinds of hours: weekdays or weekends, the day, all."""

from typing import NamedTuple

from detectors.arrays import Floats, Ints
from detectors.bank import HOUR_MS

WEEK = 168
BINS = WEEK + 48 + 24 + 1
"""Hours of the week, of weekdays and weekends, of the day, and all."""
_SATURDAY = 120
_MONDAY = 72  # 1970-01-01 was a Thursday: hour 0 of the week is Monday 00:00


class Bins(NamedTuple):
    """Where a round's hours lie in the state, the widest kind last: hours of the day, the kind of day, the week.

    Numbers, and a slice of series, where the round has one hour and its series follow each other: then state is read
    as views. Otherwise (m,) arrays of int64.
    """

    place: Ints | slice
    week: Ints | int
    kind: Ints | int
    day: Ints | int
    of_day: Ints | int


def bins_at(place: Ints | slice, rows: Ints, local_ms: Ints) -> tuple[Bins, Floats]:
    """Return where hours lie in the state, and where in its hour each observation lies, 0 to 1."""
    first, last = int(local_ms.min()) // HOUR_MS, int(local_ms.max()) // HOUR_MS
    part: Floats
    if first == last and isinstance(place, slice):
        part = (local_ms - first * HOUR_MS) / HOUR_MS
        return bins_of_week(place, (first + _MONDAY) % WEEK), part
    hour = local_ms // HOUR_MS
    part = (local_ms - hour * HOUR_MS) / HOUR_MS
    return bins_of_week(rows, (hour + _MONDAY) % WEEK), part


def bins_of_week(place: Ints | slice, week: Ints | int) -> Bins:
    """Return where hours of the week lie in the state."""
    of_day = week % 24
    weekend = 24 * (week >= _SATURDAY)
    return Bins(place, week, of_day + weekend + WEEK, of_day + (WEEK + 48), of_day)


def shrunk(hours: Floats, bins: Bins, base: Floats) -> tuple[Floats, Floats]:
    """Return the usual count of hours, and the visits it rests on.

    Each hour is shrunk to that of the next wider kind, and the widest to ``base``; other weekdays' visits count half.

    Parameters
    ----------
    hours : (2, BINS, size) float64
        Weighted sums of counts, and their weights.
    bins : Bins
        Which of them.
    base : (m,) float64
        Mean count of all hours.

    Examples
    --------
    >>> import numpy as np
    >>> hours = np.zeros((2, BINS, 1))
    >>> bins = bins_of_week(np.array([0]), 30)
    >>> hours[:, bins.week] = [[60.0], [6.0]]
    >>> [each.tolist() for each in shrunk(hours, bins, np.array([2.0]))]
    [[8.0], [6.0]]
    """
    total, visits = hours[:, bins.day, bins.place]
    usual = total + base
    usual /= visits + 1.0
    total, others = hours[:, bins.kind, bins.place]
    usual *= 2.0
    usual += total
    usual /= others + 2.0
    total, visits = hours[:, bins.week, bins.place]
    usual *= 2.0
    usual += total
    usual /= visits + 2.0
    return usual, visits + 0.5 * others
