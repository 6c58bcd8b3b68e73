"""The one-stop offices of the simulated province: visitors queue for counters, and tell it by tickets and snapshots."""

import heapq
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple, TypedDict

import numpy as np

from ioc.simulate.flow import (
    HOUR_MS,
    MINUTE_MS,
    SATURDAY,
    SECOND_MS,
    Floats,
    Flow,
    Head,
    Ints,
    flow,
    head,
    instant,
    join,
    rfc3339,
    rfc3339_of,
    stamp_of,
    stamps,
)
from ioc.simulate.plan import Plan
from ioc.simulate.province import Office, Province
from streams.events.fields import Location
from streams.events.queue import (
    CounterAction,
    CounterData,
    QueueCounter,
    QueueSnapshot,
    QueueTicket,
    ServiceStatus,
    SnapshotData,
    TicketAction,
    TicketChannel,
    TicketData,
)
from streams.topics import SERVICE_QUEUES

_MONDAY_FACTOR = 1.12
_SESSIONS = ((7.5, 11.5), (13.5, 17.0))
_LAST_CALL_H = 0.5  # counters go on for half an hour after the doors close
_NO_SHOW_SHARE = 0.04
_NO_SHOW_S = 45.0
_DELAY_S = 0.6
_CLOSED_EVERY_MS = 15 * MINUTE_MS
# arrivals by half hour of the sessions: the first hour of the morning is busiest
_PROFILE = (1.25, 1.5, 1.4, 1.2, 1.05, 0.95, 0.8, 0.55, 1.0, 1.2, 1.15, 1.0, 0.9, 0.75, 0.5)


class _Where(TypedDict):
    """The fields of ``data`` that tickets and snapshots of an office share."""

    tenant: str
    unit_code: str
    location: Location
    office_id: str
    service_id: str
    queue_line: str


class _Ticket(NamedTuple):
    issued_ms: int
    called_ms: int
    done_ms: int
    counter: int
    shown_up: bool


class Offices:
    """All offices of a province; `day` gives what they send in one day."""

    def __init__(self, seed: int, province: Province, plan: Plan) -> None:
        self._seed = seed
        self._offices = province.offices
        self._tenant = province.tenant
        self._plan = plan

    def day(self, number: int, first_ms: int, day: date) -> Flow:
        """Return the events of one day."""
        flows = []
        for row, office in enumerate(self._offices):
            random = np.random.default_rng([self._seed, 3, number, row])
            tickets: list[_Ticket] = []
            if day.weekday() < SATURDAY:
                arrivals = self._arrivals(random, office, first_ms, _MONDAY_FACTOR if day.weekday() == 0 else 1.0)
                tickets = self._serve(random, office, first_ms, arrivals)
                flows.append(flow(SERVICE_QUEUES, self._tickets(office, tickets)).delayed(random, _DELAY_S))
                flows.append(flow(SERVICE_QUEUES, self._counters(office, first_ms)).put_off(500))
            shown = self._snapshots(random, office, first_ms, tickets, day.weekday() < SATURDAY)
            flows.append(flow(SERVICE_QUEUES, shown).delayed(random, _DELAY_S))
        return join(flows)

    def _arrivals(self, random: np.random.Generator, office: Office, first_ms: int, factor: float) -> list[int]:
        """Draw the instants at which visitors take a ticket, half hour by half hour."""
        per_half_hour = office.load * office.counters * 1800.0 / office.service_s * factor
        starts = [first_ms + int(start * HOUR_MS) + half * 30 * MINUTE_MS
                  for start, end in _SESSIONS for half in range(round((end - start) * 2))]  # fmt: skip
        issued: list[int] = []
        for start_ms, share in zip(starts, _PROFILE, strict=True):
            rate = per_half_hour * share
            for effect in self._plan.of("rush"):
                if office.id in effect.ids and effect.start_ms <= start_ms < effect.end_ms:
                    rate *= effect.amount
            issued += random.integers(start_ms, start_ms + 30 * MINUTE_MS, int(random.poisson(rate))).tolist()
        return sorted(issued)

    def _absent(self, office: Office, arrivals: list[int]) -> Floats:
        """Return the chance of each visitor not to come when called."""
        taken = np.array(arrivals, dtype=np.int64)
        chance = np.full(len(arrivals), _NO_SHOW_SHARE)
        for effect in self._plan.of("absent"):
            if office.id in effect.ids:
                chance[(effect.start_ms <= taken) & (taken < effect.end_ms)] = effect.amount
        return chance

    def _serve(self, random: np.random.Generator, office: Office, first_ms: int, arrivals: list[int]) -> list[_Ticket]:
        """Serve first come, first served by as many counters as are open; lunch and stalls put calls off."""
        services = random.gamma(2.5, office.service_s / 2.5, len(arrivals)).clip(20.0)
        shown = random.random(len(arrivals)) >= self._absent(office, arrivals)
        pauses = [
            (first_ms + int((_SESSIONS[0][1] + _LAST_CALL_H) * HOUR_MS), first_ms + int(_SESSIONS[1][0] * HOUR_MS))
        ]
        pauses += [(stall.start_ms, stall.end_ms) for stall in self._plan.of("stall") if office.id in stall.ids]
        free = [(0, counter) for counter in range(1, office.counters + 1)]
        closing_ms = first_ms + int((_SESSIONS[1][1] + _LAST_CALL_H) * HOUR_MS)
        tickets = []
        for issued_ms, service_s, comes in zip(arrivals, services.tolist(), shown.tolist(), strict=True):
            free_ms, counter = heapq.heappop(free)
            called_ms = max(issued_ms + 5 * SECOND_MS, free_ms)
            for start_ms, end_ms in pauses:
                if start_ms <= called_ms < end_ms:
                    called_ms = end_ms + int(random.integers(0, 60 * SECOND_MS))
            done_ms = called_ms + int((service_s if comes else _NO_SHOW_S) * SECOND_MS)
            heapq.heappush(free, (done_ms, counter))
            if called_ms < closing_ms:
                tickets.append(_Ticket(issued_ms, called_ms, done_ms, counter, comes))
        return tickets

    def _head(self, office: Office, event_id: str, time: str) -> Head:
        return head(event_id, f"/vn/{self._tenant}/queue/{office.id}", time, office.id)

    def _where(self, office: Office) -> _Where:
        return _Where(
            tenant=self._tenant,
            unit_code=office.unit.code,
            location=Location(lat=office.lat, lon=office.lon, accuracy_m=30),
            office_id=office.id,
            service_id="Tiếp nhận và trả kết quả",
            queue_line="A",
        )

    def _tickets(self, office: Office, tickets: list[_Ticket]) -> Iterator[tuple[int, QueueTicket]]:
        for number, ticket in enumerate(tickets, start=1):
            last = TicketAction.SERVED if ticket.shown_up else TicketAction.NO_SHOW
            for action, at_ms in (
                (TicketAction.ISSUED, ticket.issued_ms),
                (TicketAction.CALLED, ticket.called_ms),
                (last, ticket.done_ms),
            ):
                yield at_ms, self._ticket(office, number, ticket, action, at_ms)

    def _ticket(self, office: Office, number: int, ticket: _Ticket, action: TicketAction, at_ms: int) -> QueueTicket:
        called = action is not TicketAction.ISSUED
        served = action is TicketAction.SERVED
        day = stamp_of(ticket.issued_ms)[:8]
        return QueueTicket(
            **self._head(office, f"{office.id}-{day}-{number:04d}-{action}", rfc3339_of(at_ms)),
            data=TicketData(
                **self._where(office),
                counter_id=f"Q{ticket.counter}" if called else None,
                ticket_id=f"A{number:03d}",
                action=action,
                issued_at=instant(ticket.issued_ms),
                called_at=instant(ticket.called_ms) if called else None,
                served_at=instant(ticket.done_ms) if served else None,
                wait_s=(ticket.called_ms - ticket.issued_ms) // SECOND_MS if called else None,
                service_s=(ticket.done_ms - ticket.called_ms) // SECOND_MS if served else None,
                channel=TicketChannel.KIOSK,
            ),
        )

    def _counters(self, office: Office, first_ms: int) -> Iterator[tuple[int, QueueCounter]]:
        """Yield the opening and closing of the counters at the sessions' ends."""
        for hour, action in (edge for session in _SESSIONS for edge in zip(session, CounterAction, strict=False)):
            for counter in range(1, office.counters + 1):
                at_ms = first_ms + int(hour * HOUR_MS) + counter * 7 * SECOND_MS
                data = CounterData(
                    tenant=self._tenant,
                    unit_code=office.unit.code,
                    office_id=office.id,
                    counter_id=f"Q{counter}",
                    action=action,
                )
                event_id = f"{office.id}-Q{counter}-{action}-{stamp_of(at_ms)}"
                yield at_ms, QueueCounter(**self._head(office, event_id, rfc3339_of(at_ms)), data=data)

    def _snapshots(
        self, random: np.random.Generator, office: Office, first_ms: int, tickets: list[_Ticket], workday: bool
    ) -> Iterator[tuple[int, QueueSnapshot]]:
        """Yield readings of the display: every minute while someone may be served, every 15 minutes otherwise."""
        minutes = np.arange(24 * 60)
        opening, closing = (int(edge * 60) for edge in (_SESSIONS[0][0], _SESSIONS[1][1] + _LAST_CALL_H))
        open_now = workday & (minutes >= opening) & (minutes < closing)
        told = open_now | (minutes * MINUTE_MS % _CLOSED_EVERY_MS == 0)
        at_ms = first_ms + minutes[told] * MINUTE_MS + random.integers(0, 5)  # a display's own fraction of a second
        readings = (
            at_ms.tolist(),
            stamps(at_ms),
            rfc3339(at_ms),
            open_now[told].tolist(),
            _until([ticket.issued_ms for ticket in tickets], at_ms),
            _until([ticket.called_ms for ticket in tickets], at_ms),
            _recent_means(tickets, at_ms, office.service_s),
        )
        for when_ms, stamp, time, is_open, taken, calls, mean_s in zip(*readings, strict=True):
            data = SnapshotData(
                **self._where(office),
                queue_id=f"{office.id}/A",
                service_status=ServiceStatus.OPEN if is_open else ServiceStatus.CLOSED,
                counters_open=office.counters if is_open else 0,
                tickets_waiting=taken - calls,
                ticket_served=f"A{calls:03d}" if calls else None,
                mean_service_s=mean_s if is_open else None,
                last_ticket_issued=f"A{taken:03d}" if taken else None,
            )
            yield when_ms, QueueSnapshot(**self._head(office, f"{office.id}-A-{stamp}", time), data=data)


def _until(happened_ms: list[int], at_ms: Ints) -> list[int]:
    """Return, for each instant, how often something had happened until then."""
    so_far: list[int] = np.searchsorted(np.sort(np.array(happened_ms, dtype=np.int64)), at_ms, side="right").tolist()
    return so_far


def _recent_means(tickets: list[_Ticket], at_ms: Ints, usual_s: float) -> list[float]:
    """Return, for each instant, the mean service time of the last 20 visitors served, starting from the usual one."""
    done = sorted(
        (ticket.done_ms, (ticket.done_ms - ticket.called_ms) / SECOND_MS) for ticket in tickets if ticket.shown_up
    )
    seconds = np.array([usual_s] * 20 + [service_s for _, service_s in done])
    sums = np.r_[0.0, np.cumsum(seconds)]
    served = np.searchsorted(np.array([done_ms for done_ms, _ in done], dtype=np.int64), at_ms, side="right")
    means: list[float] = np.round((sums[served + 20] - sums[served]) / 20.0, 1).tolist()
    return means
