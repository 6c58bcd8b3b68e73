"""The dossiers of the simulated province: handed in online or at a counter, completed, decided, fetched; some late."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import numpy as np

from ioc.procedures import PROCEDURES, Procedure
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
from ioc.simulate.province import Office, Province
from streams.events.dossier import DossierAction, DossierChannel, DossierData, DossierLifecycle, Payment
from streams.topics import SERVICE_QUEUES

_THURSDAY = 3  # 1970-01-01
_PER_COUNTER = 6.0
_ONLINE_SHARE, _POST_SHARE = 0.55, 0.05
_INCOMPLETE_SHARE, _REFUSED_SHARE, _WITHDRAWN_SHARE, _APOLOGY_SHARE = 0.12, 0.04, 0.01, 0.5
_FAILED_SHARE = 0.04
_DELAY_S = 2.0


class _Dossier(NamedTuple):
    id: str
    office: Office
    procedure: Procedure
    channel: DossierChannel
    payments: tuple[Payment, Payment]  # with the submission and with the acceptance


class _Step(NamedTuple):
    at_ms: int
    action: DossierAction
    received_ms: int | None = None
    due_ms: int | None = None


class Dossiers:
    """What is applied for at the offices of a province; `day` gives one day's dossiers with all that follows."""

    def __init__(self, seed: int, province: Province) -> None:
        self._seed = seed
        self._province = province
        weights = np.array([procedure.weight for procedure in PROCEDURES])
        self._shares = weights / weights.sum()

    def day(self, number: int, first_ms: int, day: date) -> Flow:
        """Return the events of the dossiers submitted on one day; the later steps lie up to weeks ahead."""
        flows = []
        for row, office in enumerate(self._province.offices):
            random = np.random.default_rng([self._seed, 9, number, row])
            events = flow(SERVICE_QUEUES, self._events(random, office, first_ms, day))
            flows.append(events.delayed(random, _DELAY_S))
        return join(flows)

    def _events(
        self, random: np.random.Generator, office: Office, first_ms: int, day: date
    ) -> Iterator[tuple[int, DossierLifecycle]]:
        for serial in range(1, 1 + int(random.poisson(_PER_COUNTER * office.counters))):
            online = day.weekday() >= SATURDAY or random.random() < _ONLINE_SHARE
            dossier = self._draw(random, f"HS-{office.id}-{day:%y%m%d}-{serial:04d}", office, online=online)
            hours = random.uniform(6.0, 22.0) if online else random.uniform(OPENING_H, CLOSING_H - 0.5)
            for place, step in enumerate(_life(random, dossier, first_ms + int(hours * HOUR_MS))):
                yield step.at_ms, self._event(dossier, step, place)

    def _draw(self, random: np.random.Generator, name: str, office: Office, *, online: bool) -> _Dossier:
        procedure = PROCEDURES[int(random.choice(len(PROCEDURES), p=self._shares))]
        failed = random.random() < _FAILED_SHARE
        post = random.random() < _POST_SHARE
        channel = DossierChannel.ONLINE if online else DossierChannel.POST if post else DossierChannel.COUNTER
        payments = Payment.NONE, Payment.NONE
        if procedure.fee_vnd and online:
            payments = (Payment.FAILED if failed else Payment.ONLINE), Payment.ONLINE
        elif procedure.fee_vnd:
            payments = Payment.NONE, Payment.CASH
        return _Dossier(name, office, procedure, channel, payments)

    def _event(self, dossier: _Dossier, step: _Step, place: int) -> DossierLifecycle:
        office, procedure = dossier.office, dossier.procedure
        first, second = dossier.payments
        paid = {0: first, 1: second if second is not first else None}.get(place)
        return DossierLifecycle(
            **head(
                f"{dossier.id}-{place}-{step.action}",
                f"/vn/{self._province.tenant}/dossier/{office.id}",
                rfc3339_of(step.at_ms),
                office.id,
            ),
            data=DossierData(
                tenant=self._province.tenant,
                unit_code=office.unit.code,
                office_id=office.id,
                dossier_id=dossier.id,
                procedure_code=procedure.code,
                level=procedure.level,
                channel=dossier.channel,
                action=step.action,
                received_at=None if step.received_ms is None else instant(step.received_ms),
                due_at=None if step.due_ms is None else instant(step.due_ms),
                agency=procedure.agency,
                fee_vnd=procedure.fee_vnd,
                payment=paid,
            ),
        )


def _life(random: np.random.Generator, dossier: _Dossier, at_ms: int) -> list[_Step]:
    """Draw the steps in a dossier's life; the appointment slip is written with the acceptance."""
    steps = [_Step(at_ms, DossierAction.SUBMITTED)]
    received_ms = at_ms = _at_work(at_ms + int(random.exponential(25.0) * MINUTE_MS))
    due_ms = _working_days_later(at_ms, dossier.procedure.days)
    steps.append(_Step(at_ms, DossierAction.ACCEPTED, received_ms, due_ms))
    if random.random() < _WITHDRAWN_SHARE:
        steps.append(_Step(at_ms + int(random.exponential(20.0) * HOUR_MS), DossierAction.WITHDRAWN))
        return steps
    if random.random() < _INCOMPLETE_SHARE:
        at_ms = _at_work(at_ms + int(random.exponential(2.0) * HOUR_MS))
        steps.append(_Step(at_ms, DossierAction.SUPPLEMENT_REQUESTED, received_ms, due_ms))
        at_ms += int(random.uniform(12.0, 96.0) * HOUR_MS)
        steps.append(_Step(at_ms, DossierAction.SUBMITTED, received_ms, due_ms))
        due_ms = max(due_ms, _working_days_later(at_ms, dossier.procedure.days))
    at_ms = _at_work(at_ms + int(random.exponential(30.0) * MINUTE_MS))
    steps.append(_Step(at_ms, DossierAction.FORWARDED, received_ms, due_ms))
    return steps + _decision(random, at_ms, received_ms, due_ms)


def _decision(random: np.random.Generator, at_ms: int, received_ms: int, due_ms: int) -> list[_Step]:
    """Draw how a dossier ends: most take half of their time, a tenth more than all of it."""
    decided_ms = _at_work(at_ms + int((due_ms - at_ms) * random.lognormal(-0.7, 0.55)))
    steps = []
    if decided_ms > due_ms and random.random() < _APOLOGY_SHARE:
        apology_ms = max(at_ms, due_ms - HOUR_MS)
        due_ms = _working_days_later(due_ms, int(random.integers(1, 4)))
        steps.append(_Step(apology_ms, DossierAction.APOLOGY_SENT, received_ms, due_ms))
    if random.random() < _REFUSED_SHARE:
        return [*steps, _Step(decided_ms, DossierAction.REJECTED, received_ms, due_ms)]
    ready_ms = _at_work(decided_ms + int(random.exponential(40.0) * MINUTE_MS))
    fetched_ms = _at_work(ready_ms + int(random.exponential(14.0) * HOUR_MS))
    return [
        *steps,
        _Step(decided_ms, DossierAction.APPROVED, received_ms, due_ms),
        _Step(ready_ms, DossierAction.RESULT_READY, received_ms, due_ms),
        _Step(fetched_ms, DossierAction.RESULT_RETURNED, received_ms, due_ms),
    ]


def _at_work(at_ms: int) -> int:
    """Return the instant, put off to the next opening if the office is closed then."""
    day, into_day_ms = divmod(at_ms + LOCAL_OFFSET_MS, DAY_MS)
    if _is_weekday(day) and OPENING_H * HOUR_MS <= into_day_ms < CLOSING_H * HOUR_MS:
        return at_ms
    day += int(into_day_ms >= OPENING_H * HOUR_MS)
    while not _is_weekday(day):
        day += 1
    return day * DAY_MS + int(OPENING_H * HOUR_MS) - LOCAL_OFFSET_MS


def _working_days_later(at_ms: int, days: int) -> int:
    """Return closing time so many weekdays later, as it stands on an appointment slip."""
    day = (at_ms + LOCAL_OFFSET_MS) // DAY_MS
    while days > 0:
        day += 1
        days -= int(_is_weekday(day))
    return day * DAY_MS + int(CLOSING_H * HOUR_MS) - LOCAL_OFFSET_MS


def _is_weekday(day: int) -> bool:
    return (day + _THURSDAY) % 7 < SATURDAY
