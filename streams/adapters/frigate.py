"""Frigate's MQTT messages on `frigate/events`: the life of one tracked object, into camera analytics events."""

from typing import Literal

from msgspec import Struct

from streams.adapters.sites import Cameras, compact, event_of, instant, read
from streams.codec import Decoded
from streams.events.camera import CameraAnalytics, ObjectClass, Phase, Rule
from streams.rejection import Reason, Rejected


class _Object(Struct, frozen=True):
    id: str
    camera: str
    frame_time: float
    start_time: float
    label: str
    score: float = 0.0
    top_score: float | None = None
    end_time: float | None = None
    false_positive: bool = False
    stationary: bool = False
    current_zones: tuple[str, ...] = ()
    entered_zones: tuple[str, ...] = ()
    current_estimated_speed: float | None = None


class _Message(Struct, frozen=True):
    type: Literal["new", "update", "end"]
    after: _Object


_CLASSES = {
    **{name.value: name for name in ObjectClass if name not in {ObjectClass.ANIMAL, ObjectClass.BAG}},
    **dict.fromkeys(("dog", "cat", "bird", "horse", "cow", "sheep", "bear"), ObjectClass.ANIMAL),
    **dict.fromkeys(("backpack", "handbag", "suitcase"), ObjectClass.BAG),
}
_VEHICLES = frozenset({ObjectClass.CAR, ObjectClass.MOTORCYCLE, ObjectClass.BUS, ObjectClass.TRUCK})


def from_frigate(payload: bytes, cameras: Cameras) -> list[Decoded]:
    """Return the event of one message of `frigate/events`.

    An object in a zone becomes `objects_inside`, a vehicle that stands still there `stopped_vehicle`, an object
    outside of every zone `other`. `dwell_s` is the time since the object was first seen, `likelihood` Frigate's best
    score so far. Plates that Frigate read are left behind. Frigate's speeds are taken as km/h.

    Parameters
    ----------
    payload
        The message as it came.
    cameras
        Cameras by Frigate's name of each.

    Returns
    -------
    list
        One event or rejection; none while Frigate itself calls the object a false positive.
    """
    message = read(payload, _Message)
    if isinstance(message, Rejected):
        return [message]
    seen = message.after
    site = cameras.get(seen.camera)
    if site is None:
        return [Rejected(Reason.UNKNOWN_SITE, "`$.after.camera` must be a camera of the mapping")]
    if seen.false_positive:
        return []
    started, at = instant(seen.start_time), instant(_moment(message))
    if isinstance(started, Rejected) or isinstance(at, Rejected):
        return [Rejected(Reason.BAD_TIME, "Expected seconds since 1970 - at `$.after`")]
    phase = Phase(message.type)
    zones = seen.current_zones or (seen.entered_zones if phase is Phase.END else ())
    data = {
        "camera_id": site.camera_id,
        "rule": _rule(seen, zones),
        "phase": phase,
        "object_class": _CLASSES.get(seen.label, ObjectClass.OTHER),
        "track_id": seen.id,
        "likelihood": seen.score if seen.top_score is None else seen.top_score,
        "start_time": started,
        "end_time": at if phase is Phase.END else None,
        "zone": zones[-1] if zones else None,
        "speed_kmh": seen.current_estimated_speed or None,
        "dwell_s": max(0.0, (at - started).total_seconds()),
    }
    event_id = f"{site.camera_id}-{seen.id}-{phase}-{compact(at)}"
    return [event_of(CameraAnalytics, site, event_id=event_id, at=at, subject=site.camera_id, data=data)]


def _moment(message: _Message) -> float:
    seen = message.after
    if message.type == "new":
        return seen.start_time
    return seen.end_time if message.type == "end" and seen.end_time is not None else seen.frame_time


def _rule(seen: _Object, zones: tuple[str, ...]) -> Rule:
    if not zones:
        return Rule.OTHER
    halted = seen.stationary and _CLASSES.get(seen.label) in _VEHICLES
    return Rule.STOPPED_VEHICLE if halted else Rule.OBJECTS_INSIDE
