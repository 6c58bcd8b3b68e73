"""The field reports of the simulated province: what citizens send in, and what becomes of each report."""

import hashlib
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import numpy as np

from ioc.categories import CATEGORIES, CHANNELS, Category
from ioc.simulate.flow import (
    CLOSING_H,
    DAY_MS,
    HOUR_MS,
    LOCAL_OFFSET_MS,
    MINUTE_MS,
    OPENING_H,
    SATURDAY,
    Flow,
    flow,
    head,
    instant,
    join,
    rfc3339_of,
)
from ioc.simulate.plan import Effect, Plan
from ioc.simulate.province import Province
from streams.events.fieldreport import Action, Channel, FieldReport, LifecycleData, Status
from streams.events.fields import Location
from streams.topics import FIELD_REPORTS

_WEEKEND_FACTOR = 0.7
_HOURLY = np.array(
    [2, 1, 1, 1, 2, 5, 12, 22, 30, 28, 24, 19, 15, 18, 22, 23, 22, 20, 18, 17, 15, 11, 7, 4], dtype=float
)
_TO_ASSIGN_H = 3
_SPREAD_DEG = 0.012
_DELAY_S = 2.0
_LEFT_LYING_SHARE, _ASKED_SHARE, _EXTENDED_SHARE, _ENOUGH_SHARE = 0.02, 0.1, 0.5, 0.8


class _Report(NamedTuple):
    id: str
    at_ms: int
    category: Category
    unit_code: str
    lat: float
    lon: float
    channel: str
    text: str
    reporter: str


class Reports:
    """What the province's citizens report; `day` gives reports of one day with all that follows from them."""

    def __init__(self, seed: int, province: Province, plan: Plan) -> None:
        self._seed = seed
        self._province = province
        self._plan = plan
        weights = np.array([category.weight for category in CATEGORIES])
        self._category_shares = weights / weights.sum()
        shares = np.array([share for _, share in CHANNELS])
        self._channel_shares = shares / shares.sum()
        self._places = {unit.code: (unit.lat or 0.0, unit.lon or 0.0) for unit in province.units}

    def day(self, number: int, first_ms: int, day: date) -> Flow:
        """Return the events of the reports submitted on one day; the later steps lie up to weeks ahead."""
        random, office = (np.random.default_rng([self._seed, part, number]) for part in (2, 10))
        usual = self._usual(random, first_ms, day)
        stem = f"PA-{day:%y%m%d}"
        flows = self._flows(random, office, usual, stem, 0)
        planned, planned_office = (np.random.default_rng([self._seed, part, number]) for part in (8, 11))
        added: list[_Report] = []
        for effect in self._plan.of("reports"):
            if first_ms <= effect.start_ms < first_ms + DAY_MS:
                added += self._burst(planned, effect)
        # numbered behind the usual ones, so that a scenario leaves their ids as they are
        flows += self._flows(planned, planned_office, added, stem, len(usual))
        return join(flows)

    def _flows(
        self, random: np.random.Generator, office: np.random.Generator, drawn: list[_Report], stem: str, numbered: int
    ) -> list[Flow]:
        """Return all that happens to some reports, numbered by the time at which they were submitted.

        What an office does besides is drawn apart, and leaves the rest as it is.
        """
        in_order = sorted(drawn, key=lambda report: (report.at_ms, report.unit_code))
        lives = []
        for serial, report in enumerate(in_order, start=numbered + 1):
            named = report._replace(id=f"{stem}-{serial:04d}")
            lives.append((named, _left_lying(office, _life(random, named))))
        usual = [(at_ms, self._event(named, action, at_ms)) for named, life in lives for action, at_ms in life]
        besides = [
            (at_ms, self._event(named, action, at_ms, until_ms))
            for named, life in lives
            for action, at_ms, until_ms in _besides(office, named, life)
        ]
        return [
            flow(FIELD_REPORTS, usual).delayed(random, _DELAY_S),
            flow(FIELD_REPORTS, besides).delayed(office, _DELAY_S),
        ]

    def _usual(self, random: np.random.Generator, first_ms: int, day: date) -> list[_Report]:
        factor = _WEEKEND_FACTOR if day.weekday() >= SATURDAY else 1.0
        number = int(random.poisson(self._province.reports_per_day * factor))
        hours = random.choice(24, number, p=_HOURLY / _HOURLY.sum())
        at_ms = first_ms + hours * HOUR_MS + random.integers(0, HOUR_MS, number)
        units = random.choice(len(self._province.units), number, p=self._province.weights)
        kinds = random.choice(len(CATEGORIES), number, p=self._category_shares)
        channels = random.choice(len(CHANNELS), number, p=self._channel_shares)
        codes = [self._province.units[unit].code for unit in units.tolist()]
        return [
            self._draw(
                random,
                at_ms=when,
                category=CATEGORIES[kind],
                unit_code=code,
                place=self._places[code],
                channel=CHANNELS[channel][0],
            )
            for when, kind, code, channel in zip(at_ms.tolist(), kinds.tolist(), codes, channels.tolist(), strict=True)
        ]

    def _burst(self, random: np.random.Generator, effect: Effect) -> list[_Report]:
        """Draw the reports that the plan adds: over units by their weight, or around a camera."""
        near = [camera for camera in self._province.cameras if camera.id in effect.ids]
        units = [unit.code for unit in self._province.units if unit.code in effect.ids]
        weights = np.array(
            [w for u, w in zip(self._province.units, self._province.weights, strict=True) if u.code in effect.ids]
        )
        categories = [category for category in CATEGORIES if category.name in effect.categories]
        reports = []
        for when in random.integers(effect.start_ms, effect.end_ms, int(effect.amount)).tolist():
            category = categories[int(random.integers(len(categories)))]
            channel = effect.detail or CHANNELS[int(random.choice(len(CHANNELS), p=self._channel_shares))][0]
            if near:
                place = near[0].lat, near[0].lon
                reports.append(
                    self._draw(
                        random,
                        at_ms=when,
                        category=category,
                        unit_code=near[0].unit.code,
                        place=place,
                        channel=channel,
                        spread=0.001,
                    )
                )
            else:
                code = units[int(random.choice(len(units), p=weights / weights.sum()))]
                reports.append(
                    self._draw(
                        random, at_ms=when, category=category, unit_code=code, place=self._places[code], channel=channel
                    )
                )
        return reports

    def _draw(
        self,
        random: np.random.Generator,
        *,
        at_ms: int,
        category: Category,
        unit_code: str,
        place: tuple[float, float],
        channel: str,
        spread: float = _SPREAD_DEG,
    ) -> _Report:
        lat, lon = random.normal(0.0, spread / 2, 2).tolist()
        reporter = hashlib.blake2b(random.bytes(8), digest_size=8).hexdigest()
        text = category.texts[int(random.integers(len(category.texts)))]
        lat, lon = round(place[0] + lat, 6), round(place[1] + lon, 6)
        return _Report("", at_ms, category, unit_code, lat, lon, channel, text, reporter)

    def _event(self, report: _Report, action: Action, at_ms: int, until_ms: int | None = None) -> FieldReport:
        first = action is Action.SUBMITTED
        done = action in {Action.RESOLVED, Action.CLOSED, Action.REJECTED, Action.RATED}
        source = f"/vn/{self._province.tenant}/fieldreport/{report.unit_code}"
        rating = 1 + int(report.reporter[0], 16) % 5
        return FieldReport(
            **head(f"{report.id}-{action}", source, rfc3339_of(at_ms), report.unit_code),
            data=LifecycleData(
                tenant=self._province.tenant,
                unit_code=report.unit_code,
                location=Location(lat=report.lat, lon=report.lon, accuracy_m=30),
                service_request_id=report.id,
                service_code=report.category.name,
                service_group=report.category.group,
                agency_responsible=report.category.agency,
                channel=Channel(report.channel),
                requested_datetime=instant(report.at_ms),
                expected_datetime=instant(_promised_ms(report)),
                action=action,
                status=Status.CLOSED if done else Status.OPEN,
                updated_datetime=instant(at_ms),
                description=report.text if first else None,
                media_count=int(report.reporter[1], 16) % 4 if first else None,
                evidence_count=1 + int(report.reporter[2], 16) % 3 if action is Action.RESOLVED else None,
                reporter_hash=report.reporter if first else None,
                rating=rating if action is Action.RATED else None,
                extension_reason=None if until_ms is None else "Cần phối hợp với đơn vị khác.",
                extension_until=None if until_ms is None else instant(until_ms),
            ),
        )


def _life(random: np.random.Generator, report: _Report) -> list[tuple[Action, int]]:
    """Draw the steps in a report's life: the office acts in office hours, the work itself may end at any time."""
    at_ms = report.at_ms
    steps = [(Action.SUBMITTED, at_ms)]
    at_ms = _office_hours(random, at_ms + int(random.lognormal(3.2, 0.7) * MINUTE_MS))
    steps.append((Action.RECEIVED, at_ms))
    if random.random() < 0.05:  # noqa: PLR2004 - share of reports refused
        steps.append((Action.REJECTED, _office_hours(random, at_ms + int(random.lognormal(4.0, 0.5) * MINUTE_MS))))
        return steps
    at_ms = _office_hours(random, at_ms + int(random.lognormal(4.0, 0.6) * MINUTE_MS))
    steps.append((Action.ASSIGNED, at_ms))
    at_ms += int(random.lognormal(-0.9, 0.6) * report.category.sla_h * HOUR_MS)
    steps.append((Action.RESOLVED, at_ms))
    at_ms = _office_hours(random, at_ms + int(random.lognormal(5.5, 0.6) * MINUTE_MS))
    steps.append((Action.CLOSED, at_ms))
    if random.random() < 0.3:  # noqa: PLR2004 - share of reports that are rated
        steps.append((Action.RATED, at_ms + int(random.lognormal(5.0, 1.0) * MINUTE_MS)))
    return steps


def _left_lying(office: np.random.Generator, life: list[tuple[Action, int]]) -> list[tuple[Action, int]]:
    """Return the life of a report that an office may have left lying for a day or two before it looked at it."""
    lying_ms = int(office.uniform(24.0, 60.0) * HOUR_MS) if office.random() < _LEFT_LYING_SHARE else 0
    return [(action, at_ms if action is Action.SUBMITTED else at_ms + lying_ms) for action, at_ms in life]


def _besides(
    office: np.random.Generator, report: _Report, life: list[tuple[Action, int]]
) -> Iterator[tuple[Action, int, int | None]]:
    """Yield what an office does besides: it asks citizens, and extends half of what will be late, not always enough."""
    steps = dict(life)
    asks, extends, enough = (office.random(3) < (_ASKED_SHARE, _EXTENDED_SHARE, _ENOUGH_SHARE)).tolist()
    answer_h = office.exponential(20.0)
    if Action.RESOLVED not in steps:
        return
    begun_ms, done_ms = steps[Action.ASSIGNED], steps[Action.RESOLVED]
    asked_ms = begun_ms + (done_ms - begun_ms) // 4
    if asks and done_ms - begun_ms > 4 * HOUR_MS:
        yield Action.INFO_REQUESTED, asked_ms, None
        yield Action.INFO_GIVEN, min(asked_ms + int(answer_h * HOUR_MS), (asked_ms + done_ms) // 2), None
    due_ms = _promised_ms(report)
    if extends and done_ms > due_ms > begun_ms:
        at_ms = max(begun_ms, due_ms - HOUR_MS)
        yield Action.EXTENDED, at_ms, due_ms + int((done_ms - due_ms) * (1.2 if enough else 0.6))


def _promised_ms(report: _Report) -> int:
    """Return by when the citizen is told to expect it: the category's hours, from the next opening of the desk on."""
    return report.at_ms + _closed_ms(report.at_ms) + (report.category.sla_h + _TO_ASSIGN_H) * HOUR_MS


def _office_hours(random: np.random.Generator, at_ms: int) -> int:
    """Put an instant off to the next opening if the office is closed then (weekends are worked by the duty desk)."""
    wait_ms = _closed_ms(at_ms)
    return at_ms + wait_ms + int(random.exponential(40.0) * MINUTE_MS) if wait_ms else at_ms


def _closed_ms(at_ms: int) -> int:
    """Return for how long the office is still closed."""
    into_day_ms = (at_ms + LOCAL_OFFSET_MS) % DAY_MS
    opening_ms, closing_ms = int(OPENING_H * HOUR_MS), int(CLOSING_H * HOUR_MS)
    return 0 if opening_ms <= into_day_ms < closing_ms else (opening_ms - into_day_ms) % DAY_MS
