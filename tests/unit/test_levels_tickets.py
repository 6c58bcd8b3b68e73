"""Tickets: every one counts once, for its wait and for its end."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from streams.banks.bank import Horizon
from streams.codec import decode_structured
from streams.events import Event
from streams.levels.tickets import TicketBank
from streams.measures import Labels, Waits
from tests.miniature import START, event

MINUTE_MS = 60_000
START_MS = int(START.timestamp() * 1000)


def step(number: str, minute: float, action: str, **more: object) -> bytes:
    """Return a step of a ticket, so many minutes after the start."""
    when = START + timedelta(minutes=minute)
    data = {"unit_code": "03127", "office_id": "VP-1", "ticket_id": number, "action": action}
    return event("vn.ioc.queue.ticket.v1", f"{number}-{action}-{minute}", "/vn/11/queue/VP-1", when, {**data, **more})


def at(minute: float) -> str:
    """Return an instant as it is written."""
    when: datetime = START + timedelta(minutes=minute)
    return when.isoformat()


def life(number: str, came: float, called: float, end: str = "served") -> list[bytes]:
    """Return all steps of a ticket."""
    times = {"issued_at": at(came), "called_at": at(called)}
    return [
        step(number, came, "issued", issued_at=at(came)),
        step(number, called, "called", **times),
        step(number, called + 5, end, **times),
    ]


class Hall:
    """A bank and what it has measured."""

    def __init__(self) -> None:
        self.bank = TicketBank()
        self.tickets: dict[Labels, float] = {}
        self.waits = Waits((0, 0, 0), 0.0)

    def hear(self, *values: bytes, kept: list[int] | None = None) -> "Hall":
        """Give the bank one batch."""
        events: list[Event] = [decode_structured(value) for value in values]
        at_ms = np.array([int(datetime.fromisoformat(each.time).timestamp() * 1000) for each in events], np.int64)
        self.bank.read(events[:1])
        self.bank.read(events[1:])
        chosen = np.arange(len(events)) if kept is None else np.array(kept)
        self.bank.observe(chosen, at_ms[chosen], at_ms[chosen] + 7 * 60 * MINUTE_MS)
        self.bank.close(Horizon(int(at_ms.max(initial=START_MS)), int(at_ms.max(initial=START_MS))))
        measured = self.bank.measured()
        for labels, count in measured.counted.get("tickets", {}).items():
            self.tickets[labels] = self.tickets.get(labels, 0.0) + count
        for waits in measured.observed.get("ticket_wait_seconds", {}).values():
            buckets = tuple(map(sum, zip(self.waits.buckets, waits.buckets, strict=True)))
            self.waits = Waits(buckets, self.waits.total + waits.total)
        return self


def day() -> list[bytes]:
    """Return tickets that waited 5, 15, 20 and 45 minutes, one of which nobody answered to."""
    return [*life("A1", 0, 5), *life("A2", 1, 16), *life("A3", 2, 22, "no_show"), *life("A4", 3, 48)]


def test_every_ticket_counts_once() -> None:
    """Its wait when it is called, its end when it ends; a wait at the target keeps it."""
    hall = Hall().hear(*day())
    assert hall.tickets == {("11", "served"): 3.0, ("11", "no_show"): 1.0}
    assert hall.waits == Waits((2, 1, 1), 60.0 * (5 + 15 + 20 + 45))


def test_neither_cuts_nor_order_change_what_is_counted() -> None:
    """One by one, backwards, in halves."""
    whole, steps = Hall().hear(*day()), day()
    single, backwards = Hall(), Hall().hear(*reversed(steps))
    for value in steps:
        single.hear(value)
    for other in (single, backwards, Hall().hear(*steps[:5]).hear(*steps[5:])):
        assert (other.tickets, other.waits) == (whole.tickets, whole.waits)


def test_a_restored_bank_counts_no_ticket_twice() -> None:
    """Called before the snapshot, served behind it."""
    steps = life("A1", 0, 5)
    first, heir = Hall().hear(*steps[:2]), Hall()
    heir.bank.restore(first.bank.snapshot())
    heir.hear(*steps[2:])
    assert heir.waits == Waits((0, 0, 0), 0.0)
    assert heir.tickets == {("11", "served"): 1.0}


def test_what_was_not_admitted_does_not_count() -> None:
    """A duplicate or late step leaves the others in their places."""
    assert Hall().hear(*life("A1", 0, 5), *life("A2", 0, 5), kept=[0, 1, 2, 3]).tickets == {("11", "served"): 1.0}


@pytest.mark.parametrize(
    ("more", "seconds"),
    [({"wait_s": 100}, 100.0), ({"wait_s": 90_000}, 0.0), ({}, 0.0)],
)
def test_a_wait_is_told_by_instants_or_as_such(more: dict[str, object], seconds: float) -> None:
    """One of more than a day is a wrong clock."""
    assert Hall().hear(step("A1", 5, "called", **more)).waits.total == seconds


def test_a_ticket_taken_off_the_list_was_cancelled() -> None:
    """Nobody called it: at closing time it is no no-show."""
    assert Hall().hear(step("A1", 5, "no_show"), step("A2", 5, "cancelled")).tickets == {("11", "cancelled"): 2.0}


def test_numbers_begin_anew_every_day() -> None:
    """A1 of tomorrow is another ticket; that of the day before yesterday is forgotten."""
    hall = Hall()
    for number in range(4):
        hall.hear(*life("A1", number * 1440, number * 1440 + 5))
    assert hall.tickets == {("11", "served"): 4.0}
