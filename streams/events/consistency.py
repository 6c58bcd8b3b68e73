"""What the type of a field can't say: fields that contradict each other, and values from outside a closed set."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, get_args

from msgspec.structs import fields

from streams.envelope import Envelope
from streams.events import (
    EVENT_TYPES,
    CameraAnalytics,
    CameraHealth,
    Event,
    FieldReport,
    QueueSnapshot,
    QueueTicket,
    TelemetryObservation,
    camera,
    fieldreport,
    queue,
)
from streams.events.camera import Direction, ObjectClass, Phase, Reviewed, Rule, State, Tamper
from streams.events.fields import Choice, Quality
from streams.events.queue import ServiceStatus, TicketAction, TicketChannel
from streams.events.telemetry import AssetKind, MetricKind
from streams.topics import CAMERA_EVENTS, FIELD_REPORTS, SERVICE_QUEUES

_CONTRADICTION: dict[type[Envelope], Callable[[Any], str | None]] = {
    CameraAnalytics: camera.contradiction,
    FieldReport: fieldreport.contradiction,
    QueueTicket: queue.contradiction,
}


def contradiction(event: Event) -> str | None:
    """Say which fields of an event contradict each other (path and expectation, no values); None when none do."""
    of_data = _CONTRADICTION.get(type(event))
    return None if of_data is None else of_data(event.data)


def contradictions(topic: str, events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    """Yield the places of events of one topic whose fields contradict each other, and how.

    The bulk of the traffic, plain counts and queue snapshots, can't contradict itself and is passed over quickly.
    """
    suspects = _SUSPECTS.get(topic)
    for row in () if suspects is None else suspects(events):
        if detail := contradiction(events[row]):
            yield row, detail


def unrecognised(event: Event) -> tuple[str, ...]:
    """Return the names of the fields of ``data`` whose value came from outside their closed set (read as `other`).

    Examples
    --------
    >>> import msgspec
    >>> from streams.events import Punctuation
    >>> event = msgspec.json.decode(
    ...     b'{"specversion":"1.0","id":"1","source":"/x","time":"2026-03-01T08:00:00+07:00","data":{"edge":"middle"}}',
    ...     type=Punctuation,
    ... )
    >>> unrecognised(event), str(event.data.edge)
    (('edge',), 'other')
    """
    data = event.data
    return tuple([name for name, odd in _ODD_MEMBERS[type(event)] if getattr(data, name) is odd])


def unrecognised_in(events: Sequence[Event]) -> list[tuple[int, int]]:
    """Return the places of the events with values from outside their closed sets, and how many each has.

    The types that make up the bulk of the traffic are sifted first, at some 60 ns an event.
    """
    suspects: Sequence[Event] = events
    for kind in set(map(type, events)):
        if sift := _SIFTS.get(kind):
            suspects = sift(suspects)
    if not any(map(unrecognised, suspects)):
        return []
    return [(at, len(names)) for at, event in enumerate(events) if (names := unrecognised(event))]


def _sift_analytics(events: Sequence[Any]) -> list[Event]:
    rule, phase, object_class = Rule.UNRECOGNISED, Phase.UNRECOGNISED, ObjectClass.UNRECOGNISED
    direction, reviewed, quality = Direction.UNRECOGNISED, Reviewed.UNRECOGNISED, Quality.UNRECOGNISED
    return [
        event
        for event in events
        if type(event) is not CameraAnalytics
        or (data := event.data).rule is rule
        or data.phase is phase
        or data.object_class is object_class
        or data.direction is direction
        or data.reviewed is reviewed
        or data.quality is quality
    ]


def _sift_health(events: Sequence[Any]) -> list[Event]:
    state, tamper, quality = State.UNRECOGNISED, Tamper.UNRECOGNISED, Quality.UNRECOGNISED
    return [
        event
        for event in events
        if type(event) is not CameraHealth
        or (data := event.data).state is state
        or data.tamper is tamper
        or data.quality is quality
    ]


def _sift_snapshots(events: Sequence[Any]) -> list[Event]:
    status, quality = ServiceStatus.UNRECOGNISED, Quality.UNRECOGNISED
    return [
        event
        for event in events
        if type(event) is not QueueSnapshot or (data := event.data).service_status is status or data.quality is quality
    ]


def _sift_tickets(events: Sequence[Any]) -> list[Event]:
    action, channel, quality = TicketAction.UNRECOGNISED, TicketChannel.UNRECOGNISED, Quality.UNRECOGNISED
    return [
        event
        for event in events
        if type(event) is not QueueTicket
        or (data := event.data).action is action
        or data.channel is channel
        or data.quality is quality
    ]


def _sift_telemetry(events: Sequence[Any]) -> list[Event]:
    asset_kind, kind, quality = AssetKind.UNRECOGNISED, MetricKind.UNRECOGNISED, Quality.UNRECOGNISED
    return [
        event
        for event in events
        if type(event) is not TelemetryObservation
        or (data := event.data).asset_kind is asset_kind
        or data.kind is kind
        or data.quality is quality
    ]


_SIFTS: dict[type[Envelope], Callable[[Sequence[Any]], list[Event]]] = {
    CameraAnalytics: _sift_analytics,
    CameraHealth: _sift_health,
    QueueSnapshot: _sift_snapshots,
    QueueTicket: _sift_tickets,
    TelemetryObservation: _sift_telemetry,
}


def _tracked(events: Sequence[Any]) -> list[int]:
    plain = Rule.COUNT
    return [
        row
        for row, event in enumerate(events)
        if type(event) is CameraAnalytics and ((data := event.data).rule is not plain or data.end_time is not None)
    ]


def _special_steps(events: Sequence[Any]) -> list[int]:
    duplicate, extended = fieldreport.Action.DUPLICATE_OF, fieldreport.Action.EXTENDED
    return [
        row
        for row, event in enumerate(events)
        if (data := event.data).rating is not None or data.action is duplicate or data.action is extended
    ]


def _tickets(events: Sequence[Any]) -> Sequence[int]:
    if QueueTicket not in set(map(type, events)):
        return ()
    return [row for row, kind in enumerate(map(type, events)) if kind is QueueTicket]


_SUSPECTS: dict[str, Callable[[Sequence[Any]], Sequence[int]]] = {
    CAMERA_EVENTS: _tracked,
    FIELD_REPORTS: _special_steps,
    SERVICE_QUEUES: _tickets,
}


def _odd_members(event_type: type[Envelope]) -> tuple[tuple[str, Choice], ...]:
    data_type = next(field.type for field in fields(event_type) if field.name == "data")
    return tuple(
        (field.name, choice["UNRECOGNISED"])
        for field in fields(data_type)
        for choice in (field.type, *get_args(field.type))
        if isinstance(choice, type) and issubclass(choice, Choice)
    )


_ODD_MEMBERS = {event_type: _odd_members(event_type) for event_type in EVENT_TYPES}
