"""Families of quiet stretches of the real recordings, read without the product: counts, reports, arrivals, queues.

A recording has no tails of its own to be held against, so discrete counts are held against the level itself, and real
life has events that nobody labelled: these rates say what a threshold costs, not only whether a tail is right. Streets
are therefore counted three times: on all quiet days, on those of no public note, and in weeks that are ordinary by
their counts alone.
"""

import gzip
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from detectors.arrays import Block, Floats, Ints
from detectors.queueing import QueueBlock
from detectors.registry import EVERY
from ioc.calendar import Days, load_calendar
from tests.calibration.family import HOUR_MS, Family, Side, Tails
from tests.calibration.noted import noted
from tests.calibration.ordinary import ordinary
from tests.calibration.repeats import hindsight
from tests.recordings.labelled import CAMERAS, QUEUES, REPORTS, SITES, file
from tests.recordings.quiet import Quiet

_COUNTED = {
    CAMERAS: (date(2019, 3, 1), date(2020, 3, 1)),
    REPORTS: (date(2015, 1, 22), date(2015, 4, 1)),
    QUEUES: (date(2020, 1, 7), date(2020, 1, 11)),
}
"""From when on detectors have settled, and until when life was usual: New Zealand's first case of COVID-19 was told on
28 February 2020. Which days between are quiet, labels and calendars say (`tests.recordings.quiet`)."""
AUCKLAND = "Auckland 2019, hourly counts of 19 sensors"
UNNOTED = "Auckland 2019, days of no public note of 19 sensors"
WEEKS = "Auckland 2019, ordinary weeks of 19 sensors"
_AUCKLAND_ZONE = ZoneInfo("Pacific/Auckland")
_DAY_MS = 24 * HOUR_MS
_OWN_CHANNELS = frozenset({"staff", "counter", "camera"})
_SLOT_MS = 30_000
_DIGITS_AT_END = re.compile(r"[0-9]{1,9}$")
_ROWS = 5000  # a call


class _Record(Struct):
    ts: int
    payload: str


class _Data(Struct):
    """What is read of all three kinds of payload."""

    camera_id: str = ""
    count: float = 0.0
    action: str = ""
    channel: str = ""
    service_code: str = ""
    office_id: str = ""
    queue_id: str | None = None
    queue_line: str | None = None
    tickets_waiting: float | None = None
    counters_open: float | None = None
    mean_service_s: float | None = None
    ticket_served: str | None = None
    service_status: str = ""


class _Event(Struct):
    time: datetime
    data: _Data


class Observed(NamedTuple):
    """Observations in order of time: rows, times, wall-clock times, (n,) each; values (k, n)."""

    series: Ints
    at_ms: Ints
    local_ms: Ints
    values: Floats


def _events(recording: str) -> Iterator[tuple[int, _Event]]:
    """Yield ingest time and event of every record but punctuation."""
    record, event = msgspec.json.Decoder(_Record), msgspec.json.Decoder(_Event)
    with gzip.open(file(recording)) as lines:
        for line in lines:
            each = record.decode(line)
            yield each.ts, event.decode(each.payload)


def _observed(rows: list[tuple[str, int, int, tuple[float, ...]]]) -> tuple[Observed, list[str]]:
    """Return observations in order of time, and the names of their series in order of first appearance."""
    names = {name: place for place, name in enumerate(dict.fromkeys(row[0] for row in rows))}
    at_ms = np.array([row[1] for row in rows], np.int64)
    order = np.argsort(at_ms, kind="stable")
    series, local = (
        np.array(column, np.int64) for column in ([names[row[0]] for row in rows], [row[2] for row in rows])
    )
    values = np.array([row[3] for row in rows], np.float64).T
    return Observed(series[order], at_ms[order], local[order], values[:, order]), list(names)


def _times(event: _Event) -> tuple[int, int]:
    """Return event time and wall-clock time, ms."""
    offset = event.time.utcoffset()
    at_ms = round(event.time.timestamp() * 1000)
    return at_ms, at_ms + (0 if offset is None else round(offset.total_seconds() * 1000))


@cache
def _cameras() -> tuple[Observed, list[str]]:
    """Return the hourly counts of all sensors."""
    return _observed([(event.data.camera_id, *_times(event), (event.data.count,)) for _, event in _events(CAMERAS)])


@cache
def _reports() -> tuple[Observed, list[str]]:
    """Return the hourly counts of what citizens reported, by category; hours without a report are left out."""
    hours: dict[tuple[str, int, int], float] = {}
    for _, event in _events(REPORTS):
        if event.data.action == "submitted" and event.data.channel not in _OWN_CHANNELS:
            at_ms, local_ms = _times(event)
            key = (event.data.service_code, at_ms // HOUR_MS * HOUR_MS, local_ms // HOUR_MS * HOUR_MS)
            hours[key] = hours.get(key, 0.0) + 1.0
    return _observed([(*key, (count,)) for key, count in hours.items()])


@cache
def _queues() -> tuple[Observed, list[str]]:
    """Return the readings of 369 queues at the times at which they came: the clocks of many offices are wrong."""
    rows = []
    for ts, event in _events(QUEUES):
        data = event.data
        digits = _DIGITS_AT_END.search(data.ticket_served or "")
        numbers = (data.tickets_waiting, data.counters_open, data.mean_service_s, digits and float(digits[0]))
        values = tuple(np.nan if number is None else number for number in numbers)
        is_open = 0.0 if data.service_status in {"closed", "suspended"} else 1.0
        name = f"{data.office_id}/{data.queue_line} {data.queue_id}"
        rows.append((name, ts, ts + HOUR_MS, (*values, is_open)))  # Warsaw in winter
    return _observed(rows)


def _offices() -> tuple[Observed, list[str]]:
    """Return when offices were heard: the first reading in each half minute."""
    readings, names = _queues()
    offices = {name: place for place, name in enumerate(dict.fromkeys(name.partition("/")[0] for name in names))}
    office = np.array([offices[name.partition("/")[0]] for name in names], np.int64)[readings.series]
    _, first = np.unique(np.stack([office, readings.at_ms // _SLOT_MS]), axis=1, return_index=True)
    kept = np.sort(first)
    heard = Observed(office, readings.at_ms, readings.local_ms, np.ones((1, len(office))))
    return _take(heard, kept), list(offices)


def _take(found: Observed, kept: NDArray[np.bool_] | NDArray[np.intp]) -> Observed:
    return Observed(found.series[kept], found.at_ms[kept], found.local_ms[kept], found.values[:, kept])


def _blocks(found: Observed) -> Iterator[Any]:
    for start in range(0, len(found.series), _ROWS):
        part = slice(start, start + _ROWS)
        head, values = (found.series[part], found.at_ms[part], found.local_ms[part]), found.values[:, part]
        if len(values) == 1:
            yield Block(*head, values[0].copy())
        else:
            waiting, counters, service_s, served, is_open = values.copy()
            yield QueueBlock(*head, waiting, counters, service_s, served, is_open > 0.0)


def _quiet(recording: str, names: list[str], series: Ints, local_ms: Ints) -> NDArray[np.bool_]:
    """Say which observations, (n,), are of a day that is quiet for their series."""
    since, until = _COUNTED[recording]
    calendar = Quiet(recording)
    return _by_day(lambda day, name: since <= day < until and calendar.has(day, name), names, series, local_ms)


def _by_day(true: Callable[[date, str], bool], names: list[str], series: Ints, local_ms: Ints) -> NDArray[np.bool_]:
    """Say of which observations, (n,), something is true by their local day and the name of their series."""
    days, number = np.unique(local_ms // _DAY_MS, return_inverse=True)
    dates = [date(1970, 1, 1) + timedelta(days=int(day)) for day in days]
    table = np.array([[true(day, name) for name in names] for day in dates])
    found: NDArray[np.bool_] = table[number, series]
    return found


def _tails(
    detector: str, recording: str, found: Observed, names: list[str], *, by_hour: bool = False
) -> Iterator[Tails]:
    """Yield what a detector says of quiet observations; it sees all of them.

    Where one collector reads all series they miss the same readings: what is independent are hours, not series.
    """
    bank = EVERY[detector]()
    bank.resize(len(names))
    quiet = _quiet(recording, names, found.series, found.local_ms)
    for block, counts in zip(_blocks(found), np.split(quiet, range(_ROWS, len(quiet), _ROWS)), strict=True):
        scores = bank.update(block)
        apart = (block.at_ms - found.at_ms[0]) // HOUR_MS if by_hour else block.series
        yield Tails(scores.p_high[counts], scores.p_low[counts], apart[counts])


@cache
def _said(detector: str) -> tuple[Floats, Floats]:
    """Return both tails of all counts of the streets, read with the calendar that a worker there has."""
    found, names = _cameras()
    bank, site = EVERY[detector](), SITES[CAMERAS]
    bank.resize(len(names))
    calendar = load_calendar(Days(), site.country, site.subdivision, _AUCKLAND_ZONE)
    lived = found._replace(local_ms=calendar.usual(found.local_ms))
    scores = [bank.update(block) for block in _blocks(lived)]
    return np.concatenate([each.p_high for each in scores]), np.concatenate([each.p_low for each in scores])


@cache
def _ordinary() -> NDArray[np.bool_]:
    """Say which counts, (n,), lie in the middle of a week that is ordinary for their street."""
    found, names = _cameras()
    hour = found.local_ms // HOUR_MS - found.local_ms.min() // _DAY_MS * 24
    days = int(hour.max()) // 24 + 1
    counts = np.full((len(names), days, 24), np.nan)
    counts[found.series, hour // 24, hour % 24] = found.values[0]
    first = date(1970, 1, 1) + timedelta(days=int(found.local_ms.min() // _DAY_MS))
    calendar, dates = Quiet(CAMERAS), [first + timedelta(days=day) for day in range(days)]
    free = np.array([[not calendar.has(day, name) for day in dates] for name in names])
    kept: NDArray[np.bool_] = ordinary(counts, free)[found.series, hour // 24]
    return kept


def _chosen(name: str) -> NDArray[np.bool_]:
    """Say which counts of the streets, (n,), a family is about."""
    found, names = _cameras()
    quiet = _quiet(CAMERAS, names, found.series, found.local_ms)
    if name == WEEKS:
        return quiet & _ordinary()
    if name == UNNOTED:
        return quiet & ~_by_day(noted, names, found.series, found.local_ms)
    return quiet


def below(detector: str, name: str, level: float, *, high: bool) -> tuple[Counter[tuple[date, str]], int]:
    """Return how many tails of a family of streets are at most ``level``, by local day and sensor, and of how many."""
    found, names = _cameras()
    counts, p = _chosen(name), _said(detector)[0 if high else 1]
    at = np.flatnonzero(counts & (p <= level))
    days = [date(1970, 1, 1) + timedelta(days=int(day)) for day in found.local_ms[at] // _DAY_MS]
    return Counter(zip(days, (names[each] for each in found.series[at]), strict=True)), int(counts.sum())


def days_of_streets() -> Iterator[tuple[str, Ints, Floats]]:
    """Yield each street's whole days in ordinary weeks, as days since 1970, and what was counted on each."""
    found, names = _cameras()
    day, chosen = found.local_ms // _DAY_MS, _chosen(WEEKS)
    for number, name in enumerate(names):
        days, place, hours = np.unique(day[chosen & (found.series == number)], return_inverse=True, return_counts=True)
        total = np.bincount(place, found.values[0][chosen & (found.series == number)])
        yield name, days[hours == _DAY_MS // HOUR_MS], total[hours == _DAY_MS // HOUR_MS]


def _of_streets(detector: str, name: str) -> Iterator[Tails]:
    """Yield what is said of counts on quiet days, or of those among them that the name of a family says."""
    found, _ = _cameras()
    counts = _chosen(name)
    high, low = _said(detector)
    known = None
    if detector == "flatline":
        known = hindsight(found.series, found.local_ms // HOUR_MS, found.values[0], counts)[counts]
    yield Tails(high[counts], low[counts], found.series[counts], true_low=known)


def _of_reports(detector: str) -> Iterator[Tails]:
    """Yield what is said of hours with reports; hours without one are observations too, of which nothing is said."""
    found, names = _reports()
    first = np.full(len(names), found.at_ms[0])
    whole = Observed(
        np.r_[np.arange(len(names)), found.series],
        np.r_[first, found.at_ms],
        np.r_[np.full(len(names), found.local_ms[0]), found.local_ms],
        np.c_[np.zeros((1, len(names))), found.values],
    )  # a series begins with a zero, when the stream began
    yield from _tails(detector, REPORTS, whole, names)
    hours = np.arange(found.local_ms[0], found.local_ms[-1], HOUR_MS)
    quiet = _quiet(REPORTS, names, np.zeros(len(hours), np.int64), hours).sum()
    said = np.bincount(found.series[_quiet(REPORTS, names, found.series, found.local_ms)], minlength=len(names))
    silent = np.repeat(np.arange(len(names)), quiet - said)
    yield Tails(np.ones(len(silent)), np.ones(len(silent)), silent)


def _of_pauses(detector: str) -> Iterator[Tails]:
    """Yield the least tail of each pause, from a reading with people waiting until the next call (or the day's end).

    A tail is that of the pause as a whole: readings are no trials of it, of a long pause there are many.
    """
    found, names = _queues()
    bank = EVERY[detector]()
    bank.resize(len(names))
    p_high = np.concatenate([bank.update(block).p_high for block in _blocks(found)])
    order = np.argsort(found.series, kind="stable")
    read = _take(found, order)
    waiting, served, day = read.values[0], read.values[3], read.local_ms // _DAY_MS
    over = np.ones(len(order), np.bool_)
    over[1:] = (np.diff(read.series) != 0) | (np.diff(day) != 0) | (np.abs(np.diff(served)) > 0.0)
    over[1:] |= ~(np.diff(waiting) >= 0.0)
    begins = np.flatnonzero(over | ~(waiting > 0.0))
    least, waits = np.minimum.reduceat(p_high[order], begins), waiting[begins] > 0.0
    series = read.series[begins]
    counts = waits & _quiet(QUEUES, names, series, read.local_ms[begins])
    yield Tails(least[counts], np.ones(int(counts.sum())), series[counts])


def _family(detector: str, name: str, sides: tuple[Side, ...], settled: str) -> Family:
    def run(seed: int, size: float) -> Iterator[Tails]:
        del seed, size  # there is but one recording
        if detector == "rare":
            return _of_reports(detector)
        if detector == "silence":
            return _tails(detector, QUEUES, *_offices(), by_hour=True)
        if detector == "stalled_counter":
            return _of_pauses(detector)
        return _of_streets(detector, name)

    return Family(detector, name, sides, run, settled, recorded=True)


FAMILIES = (
    *(_family("seasonal", name, ("high", "low"), "59 days") for name in (AUCKLAND, UNNOTED, WEEKS)),
    *(_family("flatline", name, ("low",), "59 days") for name in (AUCKLAND, WEEKS)),
    *(_family("count_cusum", name, ("high", "low"), "59 days") for name in (AUCKLAND, UNNOTED, WEEKS)),
    _family("rare", "Boston 2015, hourly reports of 139 categories", ("high",), "21 days"),
    _family("silence", "Warsaw 2020, readings of 21 offices", ("high",), "8 days"),
    _family("stalled_counter", "Warsaw 2020, pauses of 369 queues", ("high",), "8 days"),
)
