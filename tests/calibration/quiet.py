"""Which stretches of the recordings are quiet: declared from labels and calendars, never from what detectors say.

Not quiet are the windows of labels, whole public holidays and days on which clocks change. Windows less than three days
apart are joined, for what lies between two storms is no usual day; so are Christmas and New Year. Nothing before
``SINCE`` counts: detectors learn. Nothing from ``UNTIL`` on counts.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Ints
from tests.recordings.labelled import CAMERAS, QUEUES, REPORTS, labels

ZONES = {CAMERAS: "Pacific/Auckland", REPORTS: "America/New_York", QUEUES: "Europe/Warsaw"}
SINCE = {CAMERAS: date(2019, 3, 1), REPORTS: date(2015, 1, 22), QUEUES: date(2020, 1, 7)}
UNTIL = {CAMERAS: date(2020, 3, 1), REPORTS: date(2015, 4, 1), QUEUES: date(2020, 1, 11)}
"""Auckland: before New Zealand's first case of COVID-19 was told (28 February 2020)."""
_HOLIDAYS = {  # 29 December joins Christmas to New Year
    CAMERAS: "2019-04-19 2019-04-20 2019-04-21 2019-04-22 2019-04-25 2019-06-03 2019-10-28 2019-12-25 2019-12-26"
    " 2019-12-29 2020-01-01 2020-01-02 2020-01-27 2020-02-06",
    REPORTS: "2015-02-16",
    QUEUES: "",
}
_CLOCKS = {CAMERAS: "2019-04-07 2019-09-29", REPORTS: "2015-03-08", QUEUES: ""}
_ALONE = frozenset({"A6", "A8", "W8", "W9"})  # of one sensor, or of a wrong clock: not of the recording's life
_JOINED = timedelta(days=3)

Window = tuple[datetime, datetime]


def unquiet(recording: str) -> list[Window]:
    """Return the windows that are not quiet, in order, joined."""
    zone = ZoneInfo(ZONES[recording])
    days = [datetime.fromisoformat(day).replace(tzinfo=zone) for day in _days(recording)]
    windows = [(day, day + timedelta(days=1)) for day in days]
    named = [label for label in labels().values() if label.recording == recording and label.name not in _ALONE]
    joined: list[Window] = []
    for start, end in sorted([*windows, *((label.start, label.end) for label in named)]):
        if joined and start - joined[-1][1] < _JOINED:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _days(recording: str) -> list[str]:
    return [*_HOLIDAYS[recording].split(), *_CLOCKS[recording].split()]


def is_quiet(recording: str, at_ms: Ints) -> NDArray[np.bool_]:
    """Say which times, (n,) in ms since 1970 UTC, are quiet."""
    zone = ZoneInfo(ZONES[recording])
    first, last = (datetime(day.year, day.month, day.day, tzinfo=zone) for day in (SINCE[recording], UNTIL[recording]))
    quiet = (at_ms >= _ms(first)) & (at_ms < _ms(last))
    for start, end in unquiet(recording):
        quiet &= (at_ms < _ms(start)) | (at_ms > _ms(end))
    return quiet


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
