"""Working time: how much of it lies between two instants, and which instant lies so much of it behind another."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np

from detectors.arrays import Ints

_DAY_MS = 24 * 3_600_000
_WEEK = 7
_THURSDAY = 3  # 1970-01-01

Hours = tuple[tuple[int, int], ...]
"""When work begins and ends on a day, in milliseconds since its midnight; in order, not touching."""


class WorkingTime:
    """The working hours of a stretch of days, summed up beforehand, so that every question is one search.

    Outside the stretch there is no working time. All times are milliseconds since 1970 UTC, all lengths milliseconds.

    Parameters
    ----------
    hours : sequence of 7 Hours
        Working hours by day of the week, Monday first.
    first_day : int
        The first day, counted from 1970-01-01 (local).
    like : (days,) int64
        Which day of the week each day is like, 0 = Monday: a public holiday is like a Sunday.
    offset_ms : (days,) int64 or int
        Offset of the wall clock from UTC on each day.

    Examples
    --------
    >>> office = ((int(7.5 * 3_600_000), int(11.5 * 3_600_000)), (int(13.5 * 3_600_000), 17 * 3_600_000))
    >>> work = WorkingTime((*[office] * 5, (), ()), 20_003, week_of(20_003, 14), 0)  # from Monday, 2024-10-07
    >>> friday_4_pm = (20_007 * 24 + 16) * 3_600_000
    >>> due = work.after(friday_4_pm, 2 * 3_600_000)
    >>> (due - friday_4_pm) / 3_600_000  # Monday at half past eight
    64.5
    >>> work.between(friday_4_pm, due) / 3_600_000
    2.0
    """

    def __init__(self, hours: Sequence[Hours], first_day: int, like: Ints, offset_ms: Ints | int) -> None:
        midnight = (first_day + np.arange(len(like))) * _DAY_MS - offset_ms
        parts = [
            (midnight[like == weekday, None] + np.array(edges, np.int64).reshape(-1, 1, 2)).reshape(-1, 2)
            for weekday, edges in enumerate(hours)
            if edges
        ]
        spans = np.concatenate([np.empty((0, 2), np.int64), *parts])
        spans = spans[np.argsort(spans[:, 0])]
        if (spans[1:, 0] < spans[:-1, 1]).any():
            raise ValueError("working hours: two stretches of work overlap; they must lie within their day, in order")
        self._starts: Ints = np.ascontiguousarray(spans[:, 0])
        self._until: Ints = np.concatenate([[0], np.cumsum(spans[:, 1] - spans[:, 0])])  # worked before each stretch
        self._start_list: list[int] = self._starts.tolist()
        self._until_list: list[int] = self._until.tolist()
        lengths = [sum(end - start for start, end in edges) for edges in hours if edges]
        self.day_ms = sum(lengths) // len(lengths) if lengths else 0
        """What a working day is when deadlines are counted in days: the mean of the days of the week with work."""

    def between(self, start_ms: int, end_ms: int) -> int:
        """Return the working time between two instants; negative if they stand the other way round."""
        return self._worked(end_ms) - self._worked(start_ms)

    def after(self, start_ms: int, work_ms: int) -> int:
        """Return the earliest instant that lies so much working time behind ``start_ms`` (before it, if negative).

        Nothing to work is the instant itself. Beyond the known days it is their last working instant, or their first.
        """
        if work_ms == 0 or not self._start_list:
            return start_ms
        goal = min(max(self._worked(start_ms) + work_ms, 0), self._until_list[-1])
        place = max(bisect_left(self._until_list, goal) - 1, 0)
        return self._start_list[place] + goal - self._until_list[place]

    def _worked(self, at_ms: int) -> int:
        """Return the working time before an instant, from the first day on."""
        place = bisect_right(self._start_list, at_ms)
        if place == 0:
            return 0
        begun = self._until_list[place - 1] + at_ms - self._start_list[place - 1]
        return min(begun, self._until_list[place])

    def between_all(self, start_ms: Ints, end_ms: Ints) -> Ints:
        """Return `between` of (n,) pairs of instants."""
        return self._worked_all(end_ms) - self._worked_all(start_ms)

    def after_all(self, start_ms: Ints, work_ms: Ints) -> Ints:
        """Return `after` of (n,) instants and lengths."""
        if len(self._starts) == 0:
            return start_ms
        goal = np.clip(self._worked_all(start_ms) + work_ms, 0, self._until[-1])
        place = np.maximum(np.searchsorted(self._until, goal) - 1, 0)
        found: Ints = np.where(work_ms == 0, start_ms, self._starts[place] + goal - self._until[place])
        return found

    def _worked_all(self, at_ms: Ints) -> Ints:
        place = np.searchsorted(self._starts, at_ms, side="right")
        last = np.maximum(place - 1, 0)
        if len(self._starts) == 0:
            return np.zeros(len(at_ms), np.int64)
        begun = np.minimum(self._until[last] + at_ms - self._starts[last], self._until[place])
        worked: Ints = np.where(place == 0, 0, begun)
        return worked


def week_of(first_day: int, days: int) -> Ints:
    """Return the day of the week of consecutive days, 0 = Monday.

    Examples
    --------
    >>> week_of(0, 5).tolist()  # 1970-01-01 was a Thursday
    [3, 4, 5, 6, 0]
    """
    week: Ints = (np.arange(days) + first_day + _THURSDAY) % _WEEK
    return week
