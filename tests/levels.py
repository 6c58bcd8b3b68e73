"""Lives of reports and dossiers written out as lines, and a desk that hands them to a bank of deadlines.

A line is ``03-02 08:00 submitted agency=Sở Xây dựng; due=03-10 17:00``: day and time of 2026 in Vietnam, what happened,
and fields of the event.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from ioc.calendar import Days, special_days
from ioc.levels import FAMILY, Levels
from ioc.service_levels import ServiceLevels
from streams.banks.bank import Bank, Horizon, Measuring
from streams.events import DossierLifecycle, Event, FieldReport
from streams.measures import Labels, Measured
from streams.topics import FIELD_REPORTS, SERVICE_QUEUES

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
LATER = "12-31 00:00"
_FIELDS = {
    "agency": "agency_responsible",
    "category": "service_code",
    "group": "service_group",
    "requested": "requested_datetime",
    "expected": "expected_datetime",
    "until": "extension_until",
    "due": "due_at",
    "received": "received_at",
    "procedure": "procedure_code",
}
_INSTANTS = frozenset({"requested", "expected", "until", "due", "received"})


class Told(NamedTuple):
    """An event and when it happened, in milliseconds since 1970 UTC."""

    at_ms: int
    event: Event


def moment(text: str) -> datetime:
    """Return ``03-02 08:00`` of 2026 in Vietnam."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)


def ms(text: str) -> int:
    """Return it in milliseconds since 1970 UTC."""
    return int(moment(text).timestamp()) * 1000


def report(line: str, name: str = "PA-1", number: int = 0) -> Told:
    """Return one step of a report."""
    return _told(line, FieldReport, {"service_request_id": name}, f"{name}/{line}/{number}")


def dossier(line: str, name: str = "HS-1", number: int = 0) -> Told:
    """Return one step of a dossier."""
    return _told(line, DossierLifecycle, {"dossier_id": name, "office_id": "VP-1"}, f"{name}/{line}/{number}")


def _told(line: str, kind: type[Event], data: dict[str, Any], event_id: str) -> Told:
    day, clock, action, *rest = line.split(" ", 3)
    data |= {"tenant": "11", "unit_code": "03127", "action": action}
    for pair in "".join(rest).split("; ") if rest else ():
        field, _, value = pair.partition("=")
        name = "agency" if kind is DossierLifecycle and field == "agency" else _FIELDS.get(field, field)
        data[name] = moment(value).isoformat() if field in _INSTANTS else int(value) if field == "rating" else value
    if action == "extended":
        data["extension_reason"] = "chờ thiết bị"
    when = moment(f"{day} {clock}")
    head = {"specversion": "1.0", "id": event_id, "source": "/vn/11/test", "time": when.isoformat()}
    tag = str(kind.__struct_config__.tag)
    return Told(int(when.timestamp()) * 1000, msgspec.convert({**head, "type": tag, "data": data}, kind))


def fresh(settings: ServiceLevels, topic: str) -> Bank:
    """Return a bank of deadlines of Vietnam."""
    return Levels(settings, special_days(Days(), "VN", ""), ZONE).banks(topic)[FAMILY]


class Desk:
    """Hands events to a bank and adds up what it measures."""

    def __init__(self, topic: str = FIELD_REPORTS, settings: ServiceLevels | None = None) -> None:
        self._topic, self._settings = topic, settings or ServiceLevels()
        self.bank = fresh(self._settings, topic)
        self.counted: dict[str, dict[Labels, float]] = {}
        self.standing: dict[str, dict[Labels, float]] = {}

    def take(self, told: Iterable[Told]) -> None:
        """Hand over a batch."""
        batch = list(told)
        at_ms = np.array([at for at, _ in batch], np.int64)
        self.bank.read([event for _, event in batch])
        self.bank.observe(np.arange(len(batch)), at_ms, at_ms)

    def pass_time(self, until_ms: int) -> None:
        """Let the watermark come to an instant."""
        assert self.bank.close(Horizon(until_ms, until_ms)) == []
        assert isinstance(self.bank, Measuring)
        measured: Measured = self.bank.measured()
        for family, counts in measured.counted.items():
            sums = self.counted.setdefault(family, {})
            for labels, count in counts.items():
                sums[labels] = sums.get(labels, 0.0) + count
        self.standing |= {family: dict(figures) for family, figures in measured.standing.items()}

    def restart(self) -> None:
        """Go on from a snapshot in a fresh bank."""
        blocks = self.bank.snapshot()
        self.bank = fresh(self._settings, self._topic)
        self.bank.restore({name: bytes(bytearray(block)) for name, block in blocks.items()})

    def outcomes(self, level: str) -> dict[str, int]:
        """Return how often each outcome of a level was counted, without those that were not."""
        found: dict[str, int] = {}
        for labels, count in self.counted.get("agency_deadlines", {}).items():
            if labels[2] == level and count:
                found[labels[3]] = found.get(labels[3], 0) + int(count)
        for labels, count in self.counted.get("deadlines_unknown", {}).items():
            if labels[1] == level and count:
                found["unknown"] = int(count)
        return found

    def open(self, level: str) -> dict[str, int]:
        """Return the open ones of a level by phase, without the phases in which there are none."""
        figures: Mapping[Labels, float] = self.standing.get("deadlines_open", {})
        return {labels[2]: int(number) for labels, number in figures.items() if labels[1] == level and number}

    def total(self, family: str) -> dict[Labels, int]:
        """Return what was counted of a family, by the labels behind the tenant, without zeros."""
        return {labels[1:]: int(count) for labels, count in self.counted.get(family, {}).items() if count}


def lived(*lines: str, until: str = LATER, settings: ServiceLevels | None = None) -> Desk:
    """Return the desk after the life of one report."""
    desk = Desk(FIELD_REPORTS, settings)
    desk.take(report(line) for line in lines)
    desk.pass_time(ms(until))
    return desk


def filed(*lines: str, until: str = LATER, settings: ServiceLevels | None = None) -> Desk:
    """Return the desk after the life of one dossier."""
    desk = Desk(SERVICE_QUEUES, settings)
    desk.take(dossier(line) for line in lines)
    desk.pass_time(ms(until))
    return desk
