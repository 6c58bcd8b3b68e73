"""The section ``[service_levels]``: working hours, deadlines with their citations, objectives, closed sets."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal

from msgspec import Meta, Struct

from ioc.categories import CATEGORIES
from ioc.procedures import PROCEDURES
from streams.levels.clock import Allowance
from streams.levels.rules import DOSSIER, RECEIPT, RESOLUTION, Rule
from streams.levels.waits import WaitTargets
from streams.working_time import Hours

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_STRETCH = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")
_OFFICE = ("07:30-11:30", "13:30-17:00")
_AGENCIES = tuple(dict.fromkeys(each.agency for each in (*CATEGORIES, *PROCEDURES)))
_CATEGORIES = tuple(dict.fromkeys(category.group for category in CATEGORIES))

Amount = Annotated[float, Meta(gt=0, le=10_000)]
Share = Annotated[float, Meta(ge=0.5, lt=1)]
Label = Annotated[str, Meta(min_length=1, max_length=128)]
Citation = Annotated[str, Meta(min_length=1, max_length=512)]
Capacity = Annotated[int, Meta(ge=1)]


def _day(written: str) -> int:
    """Return when a day began, in milliseconds since 1970 there."""
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise ValueError(f"effective_from: {written!r} is no date; write it as 2025-07-01") from None
    return (datetime.combine(day, time(), UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _hours(day: str, stretches: tuple[str, ...]) -> Hours:
    """Return the stretches of work of a day of the week."""
    hours: list[tuple[int, int]] = []
    for written in stretches:
        match = _STRETCH.fullmatch(written)
        numbers = [int(part) for part in match.groups()] if match else [24, 0, 0, 0]
        start, end = (hour * _HOUR_MS + minute * 60_000 for hour, minute in (numbers[:2], numbers[2:]))
        after = hours[-1][1] if hours else 0
        if max(numbers[1], numbers[3]) > 59 or not after <= start < end <= _DAY_MS:  # noqa: PLR2004 - minutes
            raise ValueError(
                f"{day}: {written!r} is no stretch of work behind the one before; write 07:30-11:30, 24:00 at most"
            )
        hours.append((start, end))
    return tuple(hours)


class Within(Struct, frozen=True, forbid_unknown_fields=True):
    """How long something may take, in exactly one unit.

    ``hours`` run day and night; ``working_hours`` and ``working_days`` only while offices work.
    """

    hours: Amount | None = None
    working_hours: Amount | None = None
    working_days: Amount | None = None

    def __post_init__(self) -> None:
        """Check that one unit is given."""
        given = [each for each in (self.hours, self.working_hours, self.working_days) if each is not None]
        if len(given) != 1:
            raise ValueError(
                f"give one of hours, working_hours and working_days, not {len(given)}; write {{ working_days = 7 }}"
            )

    def allowance(self, working_day_ms: int) -> Allowance:
        """Return it in milliseconds, a working day as long as it is here."""
        if self.hours is not None:
            return Allowance(round(self.hours * _HOUR_MS), working=False)
        if self.working_hours is not None:
            return Allowance(round(self.working_hours * _HOUR_MS), working=True)
        return Allowance(round((self.working_days or 0.0) * working_day_ms), working=True)


class WorkingHours(Struct, frozen=True, forbid_unknown_fields=True):
    """When offices work, by day of the week; public holidays are like Sundays, ``calendar.days`` names exceptions."""

    monday: tuple[str, ...] = _OFFICE
    tuesday: tuple[str, ...] = _OFFICE
    wednesday: tuple[str, ...] = _OFFICE
    thursday: tuple[str, ...] = _OFFICE
    friday: tuple[str, ...] = _OFFICE
    saturday: tuple[str, ...] = ()
    sunday: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that every day can be read, and that somebody works at all."""
        if not any(self.week()):
            raise ValueError('no day has working hours; write monday = ["07:30-11:30", "13:30-17:00"]')

    def week(self) -> tuple[Hours, ...]:
        """Return the hours of every day of the week, Monday first."""
        return tuple(_hours(name, getattr(self, name)) for name in self.__struct_fields__)


class Objectives(Struct, frozen=True, forbid_unknown_fields=True):
    """The share that is to be on time, by level; of the waits, that is to end within 15 and 30 minutes.

    At least a half: below, the alerts' ceilings would page who keeps the objective.
    """

    report_receipt: Share = 0.95
    report_resolution: Share = 0.9
    dossier: Share = 0.95
    wait_15: Share = 0.8
    wait_30: Share = 0.95


class ReportDeadline(Struct, frozen=True, forbid_unknown_fields=True):
    """Deadlines of reports that are submitted on ``effective_from`` or later, and who set them.

    ``category`` is a service code or service group (empty: all), ``agency`` who is responsible (empty: all). The rule
    that says most of a report holds: its code, then its group, then its agency; of equals the latest.
    """

    effective_from: str
    citation: Citation
    category: str = ""
    agency: str = ""
    receipt: Within | None = None
    resolution: Within | None = None

    def __post_init__(self) -> None:
        """Check the day, and that a deadline is set."""
        _day(self.effective_from)
        if self.receipt is None and self.resolution is None:
            raise ValueError("sets neither receipt nor resolution; write resolution = { working_days = 7 }")


class Reports(Struct, frozen=True, forbid_unknown_fields=True):
    """Deadlines of field reports: what holds where ``deadlines`` say nothing, and the deadlines of the province.

    ``expected_datetime``: whether the first one that a report is given is its deadline before any rule, or is ignored.
    ``remembered`` reports are kept per partition.
    """

    receipt: Within = Within(hours=24.0)
    resolution: Within = Within(working_days=7.0)
    citation: Citation = "default of this software; no regulation: name your province's in deadlines"
    expected_datetime: Literal["first", "ignored"] = "first"
    deadlines: tuple[ReportDeadline, ...] = ()
    remembered: Capacity = 20_000


class DossierDeadline(Struct, frozen=True, forbid_unknown_fields=True):
    """How long a procedure may take where an event tells no ``due_at``, from a day on, and who set it."""

    effective_from: str
    citation: Citation
    within: Within
    procedure: str = ""
    agency: str = ""

    def __post_init__(self) -> None:
        """Check the day."""
        _day(self.effective_from)


class Dossiers(Struct, frozen=True, forbid_unknown_fields=True):
    """Deadlines of dossiers whose events tell no ``due_at``; ``remembered`` dossiers are kept per partition."""

    deadlines: tuple[DossierDeadline, ...] = ()
    remembered: Capacity = 20_000


class ServiceLevels(Struct, frozen=True, forbid_unknown_fields=True):
    """What service is held against. Agencies and categories that are not named are shown as "other"."""

    agencies: Annotated[tuple[Label, ...], Meta(max_length=64)] = _AGENCIES
    categories: Annotated[tuple[Label, ...], Meta(max_length=30)] = _CATEGORIES
    working_hours: WorkingHours = WorkingHours()
    objectives: Objectives = Objectives()
    reports: Reports = Reports()
    dossiers: Dossiers = Dossiers()
    waits: WaitTargets = WaitTargets()


def report_rules(reports: Reports, working_day_ms: int, offset_ms: int) -> Iterator[Rule]:
    """Yield the rules of reports; days begin ``offset_ms`` before those of UTC."""
    yield Rule(RECEIPT, reports.receipt.allowance(working_day_ms))
    yield Rule(RESOLUTION, reports.resolution.allowance(working_day_ms))
    for each in reports.deadlines:
        since_ms = _day(each.effective_from) - offset_ms
        for level, within in ((RECEIPT, each.receipt), (RESOLUTION, each.resolution)):
            if within is not None:
                yield Rule(level, within.allowance(working_day_ms), each.category, each.agency, since_ms)


def dossier_rules(dossiers: Dossiers, working_day_ms: int, offset_ms: int) -> Iterator[Rule]:
    """Yield the rules of dossiers; days begin ``offset_ms`` before those of UTC."""
    for each in dossiers.deadlines:
        since_ms = _day(each.effective_from) - offset_ms
        yield Rule(DOSSIER, each.within.allowance(working_day_ms), each.procedure, each.agency, since_ms)
