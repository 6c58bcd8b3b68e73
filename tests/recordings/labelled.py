"""Finds the recordings, reads their labels, and runs `ioc detect`'s fold over each once."""

import csv
import os
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from ioc.app import Assembly
from ioc.config import Config, Site
from ioc.detection import Detection
from ioc.recording import Recording
from ioc.tallies import Ledger
from streams.topics import INCIDENTS

QUEUES = "queues-warsaw-offices-2020-01"
REPORTS = "field-reports-boston-2015-q1"
CAMERAS = "cameras-auckland-2019-2020"
ALL = (QUEUES, REPORTS, CAMERAS)

SITES = {
    QUEUES: Site(country="PL"),
    REPORTS: Site(country="US", subdivision="MA"),
    CAMERAS: Site(country="NZ", subdivision="AUK"),
}
"""Whose public holidays count in each recording: the only difference of configuration."""


def site_settings(recording: str) -> dict[str, str]:
    """Return the same as settings of a worker or a command: `site_country` and so on."""
    return {f"site_{name}": getattr(SITES[recording], name) for name in ("country", "subdivision")}


_BESIDE = Path(__file__).parents[3] / "shared" / "data" / "recordings"


class Label(Struct, frozen=True):
    """Something known to have happened, from `labels.csv`."""

    recording: str
    name: str
    start: datetime
    end: datetime
    kind: str
    scope: str
    what: str


class Piece(Struct, frozen=True):
    """One contribution to an incident: a series and when it deviated."""

    series: str
    start: datetime
    end: datetime


class Found(Struct, frozen=True):
    """One incident in its last state; ``told`` is when its first revision was told, in event time."""

    rule: str
    start: datetime
    end: datetime | None
    told: datetime
    series: tuple[str, ...]
    evidence: tuple[Piece, ...]

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Whether the incident lasted at any time of a window."""
        return self.start <= end and (self.end is None or self.end >= start)


class Run(Struct, frozen=True):
    """What was found in one recording; ``lines`` are what `ioc detect` prints, in no order."""

    ledger: Ledger
    lines: tuple[str, ...]
    incidents: tuple[Found, ...]


def directory() -> Path | None:
    """Return where the recordings are: RECORDINGS_DIR, else beside the checkout; None where they are not."""
    place = Path(os.environ.get("RECORDINGS_DIR") or _BESIDE)
    return place if (place / "labels.csv").is_file() else None


def present() -> Path:
    """Return where the recordings are.

    Raises
    ------
    FileNotFoundError
        They aren't there.
    """
    place = directory()
    if place is None:
        raise FileNotFoundError(f"no recordings in {_BESIDE}; name their directory in RECORDINGS_DIR")
    return place


def file(recording: str) -> Path:
    """Return the file of a recording."""
    return present() / f"{recording}.ndjson.gz"


@cache
def labels() -> dict[str, Label]:
    """Return all labels by name; their times are local, with their zone."""
    with (present() / "labels.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {row["label"]: _label(row) for row in rows}


def _label(row: dict[str, str]) -> Label:
    zone = ZoneInfo(row["timezone"])
    start, end = (datetime.fromisoformat(row[name]).replace(tzinfo=zone) for name in ("start_local", "end_local"))
    return Label(row["recording"], row["label"], start, end, row["kind"], row["scope"], row["what"])


class _Incident(Struct):
    """What is read of an incident's JSON."""

    id: str
    rule: str
    status: str
    start: datetime
    end: datetime | None
    updated: datetime
    series: tuple[str, ...]
    evidence: tuple[Piece, ...]


@cache
def run(recording: str) -> Run:
    """Fold a recording; the result is kept for the process."""
    detection = Detection(Assembly(Config(site=SITES[recording])))
    last: dict[str, _Incident] = {}
    lines: dict[str, str] = {}
    told: dict[str, datetime] = {}
    for record in detection.run(Recording(file(recording)).batches()):
        if record.topic == INCIDENTS:
            incident = msgspec.json.decode(record.value, type=_Incident)
            last[incident.id] = incident
            lines[incident.id] = record.value.decode()
            told.setdefault(incident.id, incident.updated)
    found = [
        Found(each.rule, each.start, each.end, told[name], each.series, each.evidence)
        for name, each in last.items()
        if each.status != "suppressed"
    ]
    return Run(detection.ledger, tuple(lines.values()), tuple(sorted(found, key=lambda each: (each.start, each.rule))))
