"""Working time against a clock that walks minute by minute, and the laws of adding up."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.working_time import Hours, WorkingTime, week_of

MINUTE_MS = 60_000
DAY_MS = 24 * 3_600_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, DAYS = date(2026, 2, 9), 24  # from a Monday, over Tết and three weekends
FIRST_DAY = FIRST.toordinal() - date(1970, 1, 1).toordinal()
FREE = {date(2026, 2, 16) + timedelta(days=n) for n in range(5)}
WORKED_SATURDAY = date(2026, 2, 28)
OFFICE = ((450, 690), (810, 1020))  # minutes: 07:30 to 11:30, 13:30 to 17:00
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def office(week: tuple[tuple[tuple[int, int], ...], ...] = (OFFICE,) * 5 + ((), ())) -> WorkingTime:
    """Return the working time of Tết 2026, with one working Saturday."""
    like = week_of(FIRST_DAY, DAYS)
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        if day in FREE:
            like[number] = 6
        if day == WORKED_SATURDAY:
            like[number] = 4
    hours: list[Hours] = [tuple((start * MINUTE_MS, end * MINUTE_MS) for start, end in edges) for edges in week]
    return WorkingTime(hours, FIRST_DAY, like, 7 * 3_600_000)


WORK = office()


def is_worked(minute: datetime) -> bool:
    """Whether someone works in the minute that begins now; knows neither tables nor sums."""
    local = minute.astimezone(ZONE)
    day = local.date()
    if not FIRST <= day < FIRST + timedelta(days=DAYS):
        return False
    open_day = day not in FREE and (day.weekday() < 5 or day == WORKED_SATURDAY)
    clock = f"{local:%H:%M}"
    return open_day and ("07:30" <= clock < "11:30" or "13:30" <= clock < "17:00")


def walked(start: datetime, end: datetime) -> int:
    """Count the worked minutes between two instants on whole minutes."""
    minutes = 0
    while start < end:
        minutes += is_worked(start)
        start += timedelta(minutes=1)
    return minutes


def walk_until(start: datetime, minutes: int) -> datetime:
    """Walk until so many minutes were worked."""
    while minutes > 0:
        minutes -= is_worked(start)
        start += timedelta(minutes=1)
    return start


def ms(when: datetime) -> int:
    """Return milliseconds since 1970 UTC."""
    return int((when - EPOCH) / timedelta(milliseconds=1))


few = settings(max_examples=60, deadline=None, derandomize=True)
instants = st.integers(-2 * 1440, (DAYS + 2) * 1440).map(
    lambda minute: datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=ZONE) + timedelta(minutes=minute)
)
times_ms = st.integers((FIRST_DAY - 3) * DAY_MS, (FIRST_DAY + DAYS + 3) * DAY_MS)
in_span = st.integers(FIRST_DAY * DAY_MS, (FIRST_DAY + DAYS // 2) * DAY_MS)
lengths = st.integers(1, 20 * 3_600_000)


@few
@given(instants, instants)
def test_the_time_between_two_instants_is_what_a_walk_from_minute_to_minute_counts(
    one: datetime, two: datetime
) -> None:
    """Nights, lunch, weekends, Tết, a working Saturday, and days outside the table."""
    start, end = min(one, two), max(one, two)
    assert WORK.between(ms(start), ms(end)) == walked(start, end) * MINUTE_MS


@few
@given(st.integers(0, 9 * 1440), st.integers(1, 1200))
def test_the_instant_so_much_later_is_where_the_walk_arrives(minute: int, minutes: int) -> None:
    """The earliest one: at closing time, not at the next opening."""
    start = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=ZONE) + timedelta(minutes=minute)
    assert WORK.after(ms(start), minutes * MINUTE_MS) == ms(walk_until(start, minutes))


@few
@given(times_ms, times_ms, times_ms)
def test_stretches_add_up_and_turn_round(one: int, two: int, three: int) -> None:
    """From one to three is from one to two and on to three; backwards it is negative."""
    assert WORK.between(one, three) == WORK.between(one, two) + WORK.between(two, three)
    assert WORK.between(one, two) == -WORK.between(two, one)


@few
@given(times_ms, times_ms, times_ms)
def test_a_later_end_is_never_less_work(start: int, one: int, two: int) -> None:
    """And never more than the time on the clock."""
    first, last = min(one, two), max(one, two)
    assert 0 <= WORK.between(start, last) - WORK.between(start, first) <= last - first


@few
@given(in_span, lengths, lengths)
def test_going_on_is_the_inverse_of_measuring(start: int, one: int, two: int) -> None:
    """In one step or in two; and back again to the earliest instant with as much work before it."""
    there = WORK.after(start, one)
    assert WORK.between(start, there) == one
    assert WORK.between(start, there - 1) < one
    assert WORK.after(there, two) == WORK.after(start, one + two)
    assert WORK.after(WORK.after(there, two), -two) == there
    assert WORK.after(start, 0) == start


@few
@given(st.lists(st.tuples(times_ms, times_ms, st.integers(-(10**8), 10**8)), min_size=1, max_size=20))
def test_many_at_once_are_the_same_one_by_one(rows: list[tuple[int, int, int]]) -> None:
    """Also at and beyond the edges of the table."""
    start, end, work = np.array(rows, np.int64).T
    assert WORK.between_all(start, end).tolist() == [WORK.between(a, b) for a, b, _ in rows]
    assert WORK.after_all(start, work).tolist() == [WORK.after(a, n) for a, _, n in rows]


def test_a_week_without_work_has_none() -> None:
    """No instant lies any work behind another, and none is invented."""
    idle = office(((),) * 7)
    assert idle.between(0, 10**13) == 0
    assert idle.after(5, 1000) == 5
    assert idle.between_all(np.array([0]), np.array([10**13])).tolist() == [0]
    assert idle.after_all(np.array([5]), np.array([1000])).tolist() == [5]


def test_beyond_the_table_is_its_last_working_instant() -> None:
    """A deadline of a hundred years is no error."""
    last = ms(datetime(2026, 3, 4, 17, tzinfo=ZONE))
    assert WORK.after(FIRST_DAY * DAY_MS, 10**15) == last
    assert WORK.after(last, -(10**15)) == ms(datetime(2026, 2, 9, 7, 30, tzinfo=ZONE))


def test_hours_that_overlap_are_refused() -> None:
    """A minute can't be worked twice."""
    with pytest.raises(ValueError, match="overlap"):
        office((((450, 690), (600, 700)),) * 7)
