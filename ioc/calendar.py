"""Makes the calendar: public holidays of the site's country, days named in the configuration, and planned events."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import holidays
from msgspec import Struct

from ioc.errors import ConfigError
from streams.anomalies import Kind
from streams.calendar import Calendar, Planned

_EPOCH = date(1970, 1, 1).toordinal()
_YEARS = range(1990, 2051)
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SUNDAY = 6
_EXPECTED = (Kind.SURGE, Kind.DROP, Kind.RISE, Kind.FALL, Kind.REPORT_SURGE, Kind.LONG_WAIT)

Like = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "usual"]


class Event(Struct, frozen=True, forbid_unknown_fields=True):
    """A planned event: what is found in it is folded into one incident of its name.

    ``start`` and ``end`` are dates (the end's day included) or times, in the site's zone unless they name an offset.
    ``units`` are unit codes (none: the whole province), ``families`` patterns of the families in ``watching.series``,
    ``kinds`` what is to be expected.
    """

    name: str
    start: str
    end: str
    units: tuple[str, ...] = ()
    families: tuple[str, ...] = ("*",)
    kinds: tuple[Kind, ...] = _EXPECTED


class Days(Struct, frozen=True, forbid_unknown_fields=True):
    """Which days are not what their day of the week says, and what is planned.

    ``holidays``: whether public holidays of ``site.country`` are read as Sundays. ``days``: by date the day of the week
    that it is like, for example a working Saturday like a friday; ``usual`` undoes a holiday.
    """

    holidays: bool = True
    days: dict[str, Like] = {}
    events: tuple[Event, ...] = ()


class Holiday(NamedTuple):
    """A public holiday and its name."""

    day: date
    name: str


@cache
def public_holidays(country: str, subdivision: str, years: range = _YEARS) -> tuple[Holiday, ...]:
    """Return the public holidays of a country, or of one of its parts, in order.

    Raises
    ------
    ConfigError
        Country or subdivision is unknown; the message names what there is.

    Examples
    --------
    >>> [str(holiday.day) for holiday in public_holidays("VN", "", range(2026, 2027))][:3]
    ['2026-01-01', '2026-02-16', '2026-02-17']
    """
    known = holidays.list_supported_countries()
    if country not in known:
        raise ConfigError(f"site.country: {country!r} is no country with known holidays; use a code like VN, or NZ")
    parts = known[country]
    if subdivision and subdivision not in parts:
        there = ", ".join(parts) or "none; leave it out"
        raise ConfigError(f"site.subdivision: {subdivision!r} is no part of {country}; there are {there}")
    found = holidays.country_holidays(country, subdiv=subdivision or None, years=years)
    return tuple(Holiday(day, name) for day, name in sorted(found.items()))


def special_days(days: Days, country: str, subdivision: str) -> dict[int, int]:
    """Return, by day since 1970-01-01, the day of the week (0 = Monday) that a special day is like.

    Raises
    ------
    ConfigError
        Country, subdivision or a date can't be read.
    """
    free = public_holidays(country, subdivision) if days.holidays else ()
    like = {_number(holiday.day): _SUNDAY for holiday in free}
    for written, weekday in days.days.items():
        number = _number(_date(written, "calendar.days"))
        if weekday == "usual":
            like.pop(number, None)
        else:
            like[number] = _WEEK.index(weekday)
    return like


def load_calendar(days: Days, country: str, subdivision: str, zone: ZoneInfo) -> Calendar:
    """Return the calendar of a site.

    Raises
    ------
    ConfigError
        Country, subdivision, a date or a time can't be read, or an event ends before it starts.
    """
    like = special_days(days, country, subdivision)
    return Calendar(like, [_planned(event, zone) for event in days.events])


def coming(days: Days, country: str, subdivision: str, today: date, count: int = 3) -> Iterator[str]:
    """Yield the next days that are like another, from ``today`` on, in words."""
    names: dict[date, str] = {}
    if days.holidays:
        years = range(today.year, today.year + 2)
        names = {holiday.day: holiday.name for holiday in public_holidays(country, subdivision, years)}
    said = {_date(written, "calendar.days"): weekday for written, weekday in days.days.items()}
    ahead = [day for day in sorted(names.keys() | said.keys()) if day >= today and said.get(day) != "usual"]
    for day in ahead[:count]:
        yield f"{day} {names.get(day) or 'as configured'} (like a {said.get(day, 'sunday')})"


def _number(day: date) -> int:
    return day.toordinal() - _EPOCH


def _date(written: str, where: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise ConfigError(f"{where}: {written!r} is no date; write it as 2026-02-17") from None


def _planned(event: Event, zone: ZoneInfo) -> Planned:
    where = f"calendar.events, {event.name!r}"
    start, end = _instant(event.start, where, zone), _instant(event.end, where, zone, last=True)
    if end <= start:
        raise ConfigError(f"{where}: its end, {event.end}, is not behind its start, {event.start}")
    return Planned(event.name, _ms(start), _ms(end), event.units, event.families, frozenset(event.kinds))


def _instant(written: str, where: str, zone: ZoneInfo, *, last: bool = False) -> datetime:
    """Return a time; of a date its beginning, or its end."""
    try:
        if len(written) == len("2026-02-17"):
            day = date.fromisoformat(written) + timedelta(days=int(last))
            return datetime.combine(day, time(), zone)
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise ConfigError(
            f"{where}: {written!r} is neither date nor time; write 2026-02-17 or 2026-02-17T19:00:00+07:00"
        ) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _ms(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))


def plain(tree: Mapping[str, object]) -> dict[str, object]:
    """Return a tree of TOML with its dates and times as text, as settings take them."""
    return {key: _plain(value) for key, value in tree.items()}


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return plain(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date | time) else value
