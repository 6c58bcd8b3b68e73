"""The calendar: days that are like another, what detectors make of them, and planned events."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detectors.arrays import Block
from detectors.bank import DAY_MS, HOUR_MS
from detectors.seasonal import SeasonalCounts
from detectors.silence import UNKNOWN, Silence
from ioc.app import Assembly
from ioc.calendar import Days, coming, load_calendar, public_holidays
from ioc.config import Config, Site, load
from ioc.errors import ConfigError
from streams.anomalies import Anomaly, Kind, Series
from streams.calendar import NO_CALENDAR, Calendar
from streams.correlate import Correlator, Rules
from streams.incidents import Severity

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
MONDAY = 20_003  # 2024-10-07
SUNDAY = 6


def counts(days: int, quiet: frozenset[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return local times and hourly counts: a busy weekday, a third of it on Sundays and on the days given."""
    random = np.random.default_rng(11)
    at_ms = (MONDAY * 24 + np.arange(days * 24)) * HOUR_MS
    day = at_ms // DAY_MS
    share = np.where(((day - MONDAY) % 7 == SUNDAY) | np.isin(day, list(quiet)), 0.3, 1.0)
    mean = share * (60 + 50 * np.sin((at_ms / HOUR_MS % 24 - 6) / 24 * 2 * np.pi))
    return at_ms, random.poisson(mean * random.gamma(100.0, 0.01, len(mean))).astype(np.float64)


def lowest(at_ms: np.ndarray, value: np.ndarray, calendar: Calendar) -> np.ndarray:
    """Return what `SeasonalCounts` says of few counts when it reads the days as a calendar says."""
    bank = SeasonalCounts()
    bank.resize(1)
    return bank.update(Block(np.zeros(len(at_ms), np.int64), at_ms, calendar.usual(at_ms), value)).p_low


def test_a_holiday_is_no_drop_where_the_calendar_knows_it() -> None:
    """Three weekdays like Sundays in the tenth week: alarms without the calendar, and none with it."""
    free = frozenset(MONDAY + 63 + day for day in (1, 2, 3))
    at_ms, value = counts(80, free)
    on = np.isin(at_ms // DAY_MS, list(free))
    without, with_it = lowest(at_ms, value, NO_CALENDAR), lowest(at_ms, value, Calendar(dict.fromkeys(free, SUNDAY)))
    assert without[on].min() < 1e-6
    assert with_it[on].min() > 1e-4
    assert with_it[~on].min() > 1e-6


def test_a_drop_on_a_holiday_is_found_all_the_same() -> None:
    """A Sunday's usual counts are known."""
    free = frozenset({MONDAY + 64})
    at_ms, value = counts(80, free)
    dead = (at_ms // DAY_MS == MONDAY + 64) & (at_ms // HOUR_MS % 24 >= 10)
    value[dead] = 0.0
    assert lowest(at_ms, value, Calendar(dict.fromkeys(free, SUNDAY)))[dead].min() < 1e-4  # measured: 9e-6


def test_times_move_by_whole_days_and_only_on_special_ones() -> None:
    """Monday and Sunday of one week, and the hours of the wall clock stay."""
    calendar = Calendar({MONDAY: SUNDAY, MONDAY + 6: SUNDAY, MONDAY + 5: 4})
    local = (MONDAY * 24 + np.arange(8 * 24)) * HOUR_MS
    moved = (calendar.usual(local) - local) // DAY_MS
    assert moved[::24].tolist() == [-1, 0, 0, 0, 0, -1, 0, 0]
    assert (np.diff(moved.reshape(8, 24), axis=1) == 0).all()
    assert calendar.usual(local // HOUR_MS, HOUR_MS).tolist() == (calendar.usual(local) // HOUR_MS).tolist()
    assert np.shares_memory(calendar.usual(local[24:96]), local)


def test_blocks_may_be_cut_anywhere() -> None:
    """A block that holds a special day reads the others as a block without."""
    calendar = Calendar({MONDAY + 2: SUNDAY})
    local = (MONDAY * 24 + np.arange(7 * 24)) * HOUR_MS
    parts = [calendar.usual(part) for part in np.array_split(local, 13)]
    assert np.concatenate(parts).tolist() == calendar.usual(local).tolist()
    assert calendar.usual(local[:0]).tolist() == []


def office(days: int) -> Block:
    """Return the readings of an office, every five minutes from 8 to 17 on five days a week."""
    minutes = [(MONDAY + day) * 1440 + minute for day in range(days) if day % 7 < 5 for minute in range(480, 1020, 5)]
    at_ms = np.array(minutes, np.int64) * 60_000
    return Block(np.zeros(len(at_ms), np.int64), at_ms, at_ms, np.zeros(len(at_ms)))


def test_an_office_that_is_closed_on_a_holiday_is_not_silent() -> None:
    """The holiday lies ahead of its last reading: the deadline moves to the day after."""
    holiday = MONDAY + 29  # a Tuesday
    deadlines = {}
    for name, usual in (("without", None), ("with", Calendar({holiday: SUNDAY}).usual)):
        bank = Silence(usual=usual)
        bank.resize(1)
        bank.update(office(29))
        deadlines[name] = int(bank.deadlines()[0])
    assert deadlines["without"] // DAY_MS == holiday
    assert deadlines["with"] // DAY_MS == holiday + 1
    assert UNKNOWN not in deadlines.values()


@pytest.mark.parametrize("first", [date(2024, 3, 25), date(2024, 10, 21)])
def test_a_holiday_at_a_clock_change_is_read_on_the_wall_clock(first: date) -> None:
    """Of the hours from Monday on, those of the Sunday on which the clock changes are moved, all 23 or 25 of them."""
    zone = ZoneInfo("Europe/Warsaw")
    start = datetime.combine(first, datetime.min.time(), zone).astimezone(UTC)
    moments = [start + timedelta(hours=hour) for hour in range(7 * 24 + 2)]
    local = np.array([moment.timestamp() * 1000 for moment in moments], np.int64)
    local += np.array([int((m.astimezone(zone).utcoffset() or timedelta()).total_seconds()) for m in moments]) * 1000
    sunday = first.toordinal() - date(1970, 1, 1).toordinal() + 6
    moved = Calendar({sunday: 2}).usual(local) != local
    assert moved.tolist() == (local // DAY_MS == sunday).tolist()
    assert moved.sum() == (23 if first.month == 3 else 25)


def test_tet_is_known_by_default() -> None:
    """Vietnam's holidays, by the lunar calendar too."""
    names = {holiday.day: holiday.name for holiday in public_holidays("VN", "")}
    assert "Lunar New Year" in names[date(2026, 2, 17)]
    assert date(2027, 4, 30) in names
    local = np.array([datetime(2026, 2, 17, 8, tzinfo=UTC).timestamp() * 1000], np.int64)
    assert (Assembly(Config()).calendar.usual(local) - local).tolist() == [-2 * DAY_MS]


def test_a_part_of_a_country_has_holidays_of_its_own() -> None:
    """Auckland's anniversary."""
    there = {holiday.day for holiday in public_holidays("NZ", "AUK")}
    assert date(2020, 1, 27) in there - {holiday.day for holiday in public_holidays("NZ", "")}


SETTINGS = """
[calendar.days]
2026-02-14 = "friday"
2026-02-17 = "usual"

[[calendar.events]]
name = "Lễ hội Hoa Ban"
start = 2026-03-13T19:00:00+07:00
end = 2026-03-14
units = ["03127"]
families = ["camera.*"]
"""


def settings(tmp_path: Path, text: str = SETTINGS) -> Config:
    """Return the settings of a file."""
    path = tmp_path / "ioc.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, {})


def test_days_are_overridden_and_the_next_ones_are_told(tmp_path: Path) -> None:
    """A working Saturday is like a Friday, and one day of Tết as usual."""
    days = settings(tmp_path).calendar
    told = list(coming(days, "VN", "", date(2026, 2, 10), 3))
    assert told[0] == "2026-02-14 as configured (like a friday)"
    assert told[1].startswith("2026-02-16 ")
    assert told[2].startswith("2026-02-18 ")
    calendar = load_calendar(days, "VN", "", ZONE)
    local = np.array([datetime(2026, 2, day, 8, tzinfo=UTC).timestamp() * 1000 for day in (14, 17, 18)], np.int64)
    assert ((calendar.usual(local) - local) // DAY_MS).tolist() == [-1, 0, -3]


def test_without_holidays_every_day_is_itself() -> None:
    """A switch, also as an environment variable."""
    days = load(None, {"IOC_CALENDAR_HOLIDAYS": "false"}).calendar
    assert days == Days(holidays=False)
    assert list(coming(days, "VN", "", date(2026, 2, 10))) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[site]\ncountry = "VX"', "site.country: 'VX'"),
        ('[site]\ncountry = "NZ"\nsubdivision = "AKL"', "AUK"),
        ('[calendar.days]\n"17.2.2026" = "sunday"', "17.2.2026.*2026-02-17"),
        ('[calendar.days]\n2026-02-17 = "holiday"', "holiday"),
        ('[[calendar.events]]\nname = "X"\nstart = "soon"\nend = 2026-03-14', "'soon' is neither date nor time"),
        ('[[calendar.events]]\nname = "X"\nstart = 2026-03-15\nend = 2026-03-14', "not behind its start"),
    ],
)
def test_what_is_no_day_is_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    """At the start, with what there is instead."""
    with pytest.raises(ConfigError, match=words):
        Assembly(settings(tmp_path, text))


def anomaly(kind: Kind, unit: str, entity: str, at: datetime) -> Anomaly:
    """Return the beginning of an episode."""
    at_ms = int(at.timestamp() * 1000)
    return Anomaly(
        id=f"{kind.value}-{entity}",
        at_ms=at_ms,
        detector="test",
        version=1,
        kind=kind,
        series=Series("11", unit, "camera.count", entity, "person"),
        start_ms=at_ms,
        end_ms=at_ms,
        expires_ms=at_ms + DAY_MS,
        open=True,
        p=1e-9,
        observed=900.0,
        expected=90.0,
    )


def test_what_a_planned_event_brings_is_one_incident_of_its_name(tmp_path: Path) -> None:
    """In its unit, families, kinds and time; a dead camera there, or a surge elsewhere, is told as ever."""
    config = settings(tmp_path)
    correlator = Correlator(Rules(), load_calendar(config.calendar, "VN", "", ZONE))
    within = datetime(2026, 3, 14, 20, tzinfo=ZONE)
    for number in range(5):
        correlator.touch(anomaly(Kind.SURGE, "03127", f"CAM-{number}", within + timedelta(minutes=number)))
    correlator.touch(anomaly(Kind.STUCK, "03127", "CAM-7", within))
    correlator.touch(anomaly(Kind.SURGE, "03334", "CAM-8", within))
    correlator.touch(anomaly(Kind.SURGE, "03127", "CAM-9", within + timedelta(hours=4)))
    correlator.settle(int((within + timedelta(hours=5)).timestamp() * 1000))
    cases = {(case.rule, len(case.members)): case for case in correlator.memory.cases.values()}
    assert sorted(cases) == [("planned_event", 5), ("sensor_stuck", 1), ("sensor_surge", 1)]
    planned = cases["planned_event", 5]
    assert (planned.severity, planned.unit_code, planned.scope) == (Severity.WARNING, "03127", "Lễ hội Hoa Ban")


def test_check_names_the_next_holidays(tmp_path: Path) -> None:
    """And how many events are planned."""
    site = Site()
    told = list(coming(settings(tmp_path).calendar, site.country, site.subdivision, date(2026, 12, 20)))
    assert told[0] == "2027-01-01 New Year's Day (like a sunday)"
