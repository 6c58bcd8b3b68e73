"""The calendar: which days are like another day of the week, and what is planned where; made by `ioc.calendar`."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

import numpy as np
from msgspec import Struct

from detectors.arrays import Ints
from streams.anomalies import Anomaly, Kind

DAY_MS = 24 * 3_600_000
_WEEK = 7
_THURSDAY = 3  # 1970-01-01


class Planned(Struct, frozen=True):
    """An event known beforehand, from ``start_ms`` until ``end_ms`` in event time.

    ``units`` are the unit codes that it touches (none: the whole province), ``families`` patterns of the families of
    series, ``kinds`` what is expected of them.
    """

    name: str
    start_ms: int
    end_ms: int
    units: tuple[str, ...]
    families: tuple[str, ...]
    kinds: frozenset[Kind]

    def expects(self, anomaly: Anomaly) -> bool:
        """Whether an anomaly that begins now is what was to be expected."""
        series = anomaly.series
        return (
            self.start_ms <= anomaly.start_ms < self.end_ms
            and anomaly.kind in self.kinds
            and (not self.units or series.unit_code in self.units)
            and any(fnmatchcase(series.family, pattern) for pattern in self.families)
        )


class Calendar:
    """Days that are like another day of the week: a public holiday is like a Sunday, a working Saturday like a Friday.

    Parameters
    ----------
    like : Mapping[int, int]
        By day since 1970-01-01 (local) the day of the week, 0 = Monday, that it is like.
    planned : sequence of Planned
        What is planned, in the order in which it is looked through.

    Examples
    --------
    >>> wednesday = 20_005 * DAY_MS + 8 * 3_600_000
    >>> moved = Calendar({20_005: 6}).usual(np.array([wednesday, wednesday + DAY_MS]))
    >>> ((moved - [wednesday, wednesday + DAY_MS]) // DAY_MS).tolist()
    [-3, 0]
    """

    def __init__(self, like: Mapping[int, int] | None = None, planned: Sequence[Planned] = ()) -> None:
        self.planned = tuple(planned)
        back = {day: (day + _THURSDAY - weekday) % _WEEK for day, weekday in (like or {}).items()}
        days = sorted(day for day, by in back.items() if by)
        self._days = np.array(days, np.int64)
        self._back = np.array([back[day] for day in days], np.int64)

    def usual(self, local: Ints, step_ms: int = 1) -> Ints:
        """Return local times moved to the last day that their day is like, at the same time of day.

        Detectors that know a rhythm of the week read a special day by it.

        Parameters
        ----------
        local : (…) int64
            Times on wall clocks since 1970 there, in steps of ``step_ms``; not written to.
        step_ms : int
            Divides a day.
        """
        if local.size == 0 or len(self._days) == 0:
            return local
        a_day = DAY_MS // step_ms
        first, last = int(local.min()) // a_day, int(local.max()) // a_day
        if np.searchsorted(self._days, first) == np.searchsorted(self._days, last, side="right"):
            return local
        day = local // a_day
        place = np.minimum(np.searchsorted(self._days, day), len(self._days) - 1)
        moved: Ints = local - np.where(self._days[place] == day, self._back[place] * a_day, 0)
        return moved

    def expecting(self, anomaly: Anomaly) -> Planned | None:
        """Return the planned event that explains an anomaly, None if none does."""
        return next((event for event in self.planned if event.expects(anomaly)), None)


NO_CALENDAR = Calendar()
