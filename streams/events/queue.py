"""Service queues: tickets, snapshots of a queue, and counters of a one-stop office (FIWARE QueueMonitor terms)."""

from itertools import pairwise

from streams.envelope import Envelope, Identifier, Instant, Name
from streams.events.fields import UNRECOGNISED, Choice, Count, Data, Seconds


class TicketAction(Choice):
    """What happened to a ticket."""

    ISSUED = "issued"
    CALLED = "called"
    RECALLED = "recalled"
    SERVING = "serving"
    TRANSFERRED = "transferred"
    PARKED = "parked"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    SERVED = "served"
    RESET = "reset"
    UNRECOGNISED = UNRECOGNISED


class TicketChannel(Choice):
    """Where the ticket was taken."""

    KIOSK = "kiosk"
    COUNTER = "counter"
    ONLINE_BOOKING = "online_booking"
    UNRECOGNISED = UNRECOGNISED


class TicketData(Data, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One step in the life of a ticket; ``sla_wait_s`` is the wait that was promised."""

    office_id: Identifier
    service_id: Name | None = None
    queue_line: Name | None = None
    counter_id: Name | None = None
    ticket_id: Identifier
    action: TicketAction
    issued_at: Instant | None = None
    called_at: Instant | None = None
    served_at: Instant | None = None
    wait_s: Seconds | None = None
    service_s: Seconds | None = None
    channel: TicketChannel | None = None
    sla_wait_s: Seconds = 900.0


class QueueTicket(
    Envelope, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag_field="type", tag="vn.ioc.queue.ticket.v1"
):
    """One step in the life of a ticket."""

    data: TicketData


class ServiceStatus(Choice):
    """Whether a queue is served."""

    OPEN = "open"
    CLOSED = "closed"
    SUSPENDED = "suspended"
    UNRECOGNISED = UNRECOGNISED


class SnapshotData(Data, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """The reading of one office or one of its queues; whatever the display doesn't tell is null."""

    office_id: Identifier
    service_id: Name | None = None
    queue_line: Name | None = None
    queue_id: Identifier | None = None
    service_status: ServiceStatus | None = None
    counters_open: Count | None = None
    tickets_waiting: Count | None = None
    ticket_served: Name | None = None
    mean_service_s: Seconds | None = None
    last_ticket_issued: Name | None = None


class QueueSnapshot(
    Envelope, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag_field="type", tag="vn.ioc.queue.snapshot.v1"
):
    """The reading of a queue, every 15 s to 5 min."""

    data: SnapshotData


class CounterAction(Choice):
    """What happened to a counter."""

    OPENED = "opened"
    CLOSED = "closed"
    PAUSED = "paused"
    RESUMED = "resumed"
    UNRECOGNISED = UNRECOGNISED


class CounterData(Data, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """A counter opened, closed or paused."""

    office_id: Identifier
    counter_id: Name
    action: CounterAction


class QueueCounter(
    Envelope, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag_field="type", tag="vn.ioc.queue.counter.v1"
):
    """A counter opened, closed or paused."""

    data: CounterData


def contradiction(data: TicketData) -> str | None:
    """Say which times of a ticket contradict each other; None when none do."""
    told = [
        (name, at)
        for name, at in (("issued_at", data.issued_at), ("called_at", data.called_at), ("served_at", data.served_at))
        if at is not None
    ]
    for (before, earlier), (after, later) in pairwise(told):
        if later < earlier:
            return f"$.data.{after}: must not lie before {before}"
    return None
