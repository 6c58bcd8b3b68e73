"""The field reports of the simulated province: what citizens send in, and what becomes of each report."""

import hashlib
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import numpy as np

from ioc.simulate.categories import CATEGORIES, CHANNELS, Category
from ioc.simulate.flow import (
    DAY_MS,
    HOUR_MS,
    LOCAL_OFFSET_MS,
    MINUTE_MS,
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

_SATURDAY = 5
_WEEKEND_FACTOR = 0.7
_HOURLY = np.array(
    [2, 1, 1, 1, 2, 5, 12, 22, 30, 28, 24, 19, 15, 18, 22, 23, 22, 20, 18, 17, 15, 11, 7, 4], dtype=float
)
_OPENING_H, _CLOSING_H = 7.5, 17.0
_SPREAD_DEG = 0.012
_DELAY_S = 2.0


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
        random = np.random.default_rng([self._seed, 2, number])
        usual = self._usual(random, first_ms, day)
        stem = f"PA-{day:%y%m%d}"
        flows = [flow(FIELD_REPORTS, self._events(random, usual, stem, 0)).delayed(random, _DELAY_S)]
        planned = np.random.default_rng([self._seed, 8, number])
        added: list[_Report] = []
        for effect in self._plan.of("reports"):
            if first_ms <= effect.start_ms < first_ms + DAY_MS:
                added += self._burst(planned, effect)
        # numbered behind the usual ones, so that a scenario leaves their ids as they are
        flows.append(flow(FIELD_REPORTS, self._events(planned, added, stem, len(usual))).delayed(planned, _DELAY_S))
        return join(flows)

    def _events(
        self, random: np.random.Generator, drawn: list[_Report], stem: str, numbered: int
    ) -> Iterator[tuple[int, FieldReport]]:
        """Yield all that happens to some reports, numbered by the time at which they were submitted."""
        in_order = sorted(drawn, key=lambda report: (report.at_ms, report.unit_code))
        for serial, report in enumerate(in_order, start=numbered + 1):
            named = report._replace(id=f"{stem}-{serial:04d}")
            for action, at_ms in _life(random, named):
                yield at_ms, self._event(named, action, at_ms)

    def _usual(self, random: np.random.Generator, first_ms: int, day: date) -> list[_Report]:
        factor = _WEEKEND_FACTOR if day.weekday() >= _SATURDAY else 1.0
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

    def _event(self, report: _Report, action: Action, at_ms: int) -> FieldReport:
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
                expected_datetime=instant(report.at_ms + report.category.sla_h * HOUR_MS),
                action=action,
                status=Status.CLOSED if done else Status.OPEN,
                updated_datetime=instant(at_ms),
                description=report.text if first else None,
                media_count=int(report.reporter[1], 16) % 4 if first else None,
                evidence_count=1 + int(report.reporter[2], 16) % 3 if action is Action.RESOLVED else None,
                reporter_hash=report.reporter if first else None,
                rating=rating if action is Action.RATED else None,
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
    at_ms += int(random.lognormal(-0.4, 0.6) * report.category.sla_h * HOUR_MS)
    steps.append((Action.RESOLVED, at_ms))
    at_ms = _office_hours(random, at_ms + int(random.lognormal(5.5, 0.6) * MINUTE_MS))
    steps.append((Action.CLOSED, at_ms))
    if random.random() < 0.3:  # noqa: PLR2004 - share of reports that are rated
        steps.append((Action.RATED, at_ms + int(random.lognormal(5.0, 1.0) * MINUTE_MS)))
    return steps


def _office_hours(random: np.random.Generator, at_ms: int) -> int:
    """Put an instant off to the next opening if the office is closed then (weekends are worked by the duty desk)."""
    into_day_ms = (at_ms + LOCAL_OFFSET_MS) % DAY_MS
    opening_ms, closing_ms = int(_OPENING_H * HOUR_MS), int(_CLOSING_H * HOUR_MS)
    if opening_ms <= into_day_ms < closing_ms:
        return at_ms
    wait_ms = (opening_ms - into_day_ms) % DAY_MS
    return at_ms + wait_ms + int(random.exponential(40.0) * MINUTE_MS)
