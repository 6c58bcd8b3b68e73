"""Counts false incidents on quiet stretches (outside labels, holidays, clock changes) per 100 series and week.

An incident is quiet by the day on which it starts. False is what no label explains and nothing in the recording
confirms: no later number of a queue, no standstill, no stop of a feed, no day of nothing of a sensor told to be dead.
What was observed is read from the recording itself; nothing of the product is used but its incidents.
"""

import gzip
import json
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import holidays

from tests.recordings.claims import CLAIMS, judge
from tests.recordings.dead import was_dead
from tests.recordings.labelled import CAMERAS, QUEUES, SITES, Found, Label, file, labels, run
from tests.recordings.waits import fell_silent, outcome, stood_still

_OWN = frozenset({"sensor-dead", "data-fault:clock", "stuck-queue"})
"""Kinds of labels that are about the sensor or queue that they name and leave the others as quiet as they were."""
_INTERNAL = frozenset({"staff", "counter", "camera"})
_CONFIRMED = frozenset({"long", "never called"})
_A_WEEK = 7.0


class Rate(NamedTuple):
    """False incidents, and what was observed on quiet stretches."""

    false: tuple[Found, ...]
    confirmed: int
    series: int
    series_weeks: float

    @property
    def per_100_weeks(self) -> float:
        """False incidents per 100 series and week."""
        return 100.0 * len(self.false) / self.series_weeks


class Quiet:
    """Which days of a recording are quiet, for all series or for some."""

    def __init__(self, recording: str) -> None:
        mine = [label for label in labels().values() if label.recording == recording]
        self.zone = next(iter(mine)).start.tzinfo or ZoneInfo("UTC")
        site = SITES[recording]
        years = range(min(label.start.year for label in mine) - 1, max(label.start.year for label in mine) + 2)
        self._free = set(holidays.country_holidays(site.country, subdiv=site.subdivision or None, years=years))
        patterns = {claim.label: claim.series for claim in CLAIMS if claim.series != ("",)}
        self._own = [(label, patterns[label.name]) for label in mine if label.kind in _OWN and label.name in patterns]
        owned = {label.name for label, _ in self._own}
        self._all = [label for label in mine if label.name not in owned]
        self._known: dict[date, bool] = {}

    def day(self, moment: datetime) -> date:
        """Return the local day of a moment."""
        return moment.astimezone(self.zone).date()

    def has(self, day: date, series: str) -> bool:
        """Whether a day is quiet for a series."""
        if day not in self._known:
            self._known[day] = not (day in self._free or self._changes(day) or self._labelled(day, self._all))
        return self._known[day] and not self._labelled(
            day, [label for label, patterns in self._own if any(re.search(each, series) for each in patterns)]
        )

    def _changes(self, day: date) -> bool:
        begin = datetime.combine(day, time(), self.zone)
        end = datetime.combine(day + timedelta(days=1), time(), self.zone)
        return begin.utcoffset() != end.utcoffset()

    @staticmethod
    def _labelled(day: date, some: list[Label]) -> bool:
        return any(label.start.date() <= day <= label.end.date() for label in some)


@cache
def false_rate(recording: str) -> Rate:
    """Return the false incidents of a recording on quiet stretches, and what was observed in them."""
    quiet, incidents = Quiet(recording), run(recording).incidents
    answers = [judge(claim, labels()[claim.label], incidents) for claim in CLAIMS if not claim.absent]
    explained = {id(each) for answer in answers for each in answer.incidents}
    beyond = [
        each
        for each in incidents
        if id(each) not in explained and quiet.has(quiet.day(each.start), each.evidence[0].series)
    ]
    confirmed = [each for each in beyond if _confirmed(each, recording)]
    chosen = {id(each) for each in confirmed}
    days = _observed(recording, quiet)
    return Rate(
        false=tuple(each for each in beyond if id(each) not in chosen),
        confirmed=len(confirmed),
        series=len(days),
        series_weeks=sum(len(each) for each in days.values()) / _A_WEEK,
    )


def _confirmed(incident: Found, recording: str) -> bool:
    """Whether later readings of the queue, the feed or the sensor show that an incident was right."""
    if recording == CAMERAS:
        return incident.rule == "sensor_stuck" and was_dead(incident)
    if recording != QUEUES:
        return False
    if incident.rule == "queue_wait":
        return outcome(incident) in _CONFIRMED
    if incident.rule == "area_outage":
        return fell_silent(incident)
    return incident.rule == "queue_stalled" and stood_still(incident)


def _observed(recording: str, quiet: Quiet) -> dict[str, set[date]]:
    """Return the quiet days on which each series was observed; of reports all days from its first one on."""
    days: dict[str, set[date]] = {}
    for series, day in _days(recording, quiet):
        days.setdefault(series, set()).add(day)
    whole = set().union(*days.values())
    kept = {
        series: {day for day in (whole if series.startswith("report") else seen) if day >= min(seen)}
        for series, seen in days.items()
    }
    return {series: {day for day in seen if quiet.has(day, series)} for series, seen in kept.items()}


def _days(recording: str, quiet: Quiet) -> Iterator[tuple[str, date]]:
    offsets: dict[int, date] = {}
    with gzip.open(file(recording)) as lines:
        for line in lines:
            record = json.loads(line)
            hour = record["ts"] // 3_600_000
            if hour not in offsets:
                offsets[hour] = quiet.day(datetime.fromtimestamp(hour * 3600, ZoneInfo("UTC")))
            series = _series(json.loads(record["payload"])["data"])
            if series is not None:
                yield series, offsets[hour]


def _series(data: dict[str, object]) -> str | None:
    """Return the name of the series that an event belongs to, None if it is none that is judged."""
    unit = data.get("unit_code")
    if "camera_id" in data:
        return f"camera.count/{unit}/{data['camera_id']}/{data.get('object_class')}"
    if "office_id" in data:
        return f"queue.state/{unit}/{data['office_id']}/{data.get('queue_line')} {data.get('queue_id')}"
    if data.get("action") == "submitted" and data.get("channel") not in _INTERNAL:
        return f"report.count/{unit}/{data.get('service_code')}"
    return None


def sentence(recording: str) -> str:
    """Return the figures as a sentence for the page."""
    rate = false_rate(recording)
    by_rule: dict[str, int] = {}
    for each in rate.false:
        by_rule[each.rule] = by_rule.get(each.rule, 0) + 1
    shares = ", ".join(
        f"{rule} {count}" for rule, count in sorted(by_rule.items(), key=lambda pair: (-pair[1], pair[0]))
    )
    told = f" ({shares})" if shares else ""
    seen = f" {rate.confirmed} more came true by later readings." if rate.confirmed else ""
    return (
        f"On quiet stretches {len(rate.false)} incidents are false{told}, in {rate.series_weeks:,.1f} weeks of "
        f"{rate.series} series: **{rate.per_100_weeks:.2f} per 100 series and week**.{seen}"
    )
