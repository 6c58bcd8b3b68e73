"""How trials are read from events, and which of them are hits: visitors who don't come, payments that fail, reviews."""

from collections.abc import Sequence
from typing import Any

from streams.anomalies import Series
from streams.banks.intake import Reader, Samples
from streams.events import CameraAnalytics, DossierLifecycle, Event, QueueTicket
from streams.events.camera import Reviewed
from streams.events.dossier import Payment
from streams.events.queue import TicketAction, TicketData

Pair = tuple[str, str]


def _answers(data: TicketData) -> bool:
    """Whether a ticket ends with the answer to a call; at closing time those never called are no no-shows."""
    if data.action is TicketAction.NO_SHOW:
        return data.called_at is not None or data.counter_id is not None
    return data.action is TicketAction.SERVED


def _read_visitors(events: Sequence[Any], first: int) -> Samples[str]:
    chosen = [
        (position, event.data)
        for position, event in enumerate(events, first)
        if type(event) is QueueTicket and _answers(event.data)
    ]
    absent = TicketAction.NO_SHOW
    return Samples(
        [position for position, _ in chosen],
        [data.office_id for _, data in chosen],
        [float(data.action is absent) for _, data in chosen],
        [],
    )


def _identify_visitors(event: Event) -> Series:
    if not isinstance(event, QueueTicket):
        raise TypeError(f"{type(event).__name__} is no ticket")
    return Series(event.data.tenant, event.data.unit_code, "queue.visitors", event.data.office_id)


def _read_payments(events: Sequence[Any], first: int) -> Samples[Pair]:
    tried = (Payment.ONLINE, Payment.FAILED)
    chosen = [
        (position, event.data)
        for position, event in enumerate(events, first)
        if type(event) is DossierLifecycle and event.data.payment in tried
    ]
    failed = Payment.FAILED
    return Samples(
        [position for position, _ in chosen],
        [(data.office_id, data.agency or "") for _, data in chosen],
        [float(data.payment is failed) for _, data in chosen],
        [],
    )


def _identify_payments(event: Event) -> Series:
    if not isinstance(event, DossierLifecycle):
        raise TypeError(f"{type(event).__name__} is no dossier")
    data = event.data
    return Series(data.tenant, data.unit_code, "dossier.payments", data.office_id, data.agency or "")


def _read_reviews(events: Sequence[Any], first: int) -> Samples[Pair]:
    if not any([event.data.reviewed for event in events if type(event) is CameraAnalytics]):  # noqa: C419 - a list is faster, and camera events are the bulk
        return Samples((), [], [], [])
    told = (Reviewed.TRUE_POSITIVE, Reviewed.FALSE_POSITIVE)
    positions = [
        position
        for position, event in enumerate(events, first)
        if type(event) is CameraAnalytics and event.data.reviewed in told
    ]
    chosen = [events[position - first].data for position in positions]
    false = Reviewed.FALSE_POSITIVE
    keys = [(data.camera_id, data.rule) for data in chosen]
    return Samples(positions, keys, [float(data.reviewed is false) for data in chosen], [])


def _identify_reviews(event: Event) -> Series:
    if not isinstance(event, CameraAnalytics):
        raise TypeError(f"{type(event).__name__} is no camera event")
    data = event.data
    return Series(data.tenant, data.unit_code, "camera.reviews", data.camera_id, str(data.rule))


VISITORS = Reader(_read_visitors, _identify_visitors, str)
PAYMENTS = Reader(_read_payments, _identify_payments, tuple[str, str])
REVIEWS = Reader(_read_reviews, _identify_reviews, tuple[str, str])
