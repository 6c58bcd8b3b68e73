"""ONVIF events over MQTT (`onvif-ej` JSON, Profile M) into camera analytics and camera health events."""

from typing import Any

from msgspec import Struct

from streams.adapters.sites import Cameras, CameraSite, compact, event_of, read
from streams.codec import Decoded
from streams.envelope import Instant
from streams.events.camera import CameraAnalytics, CameraHealth, Phase, Rule, State, Tamper
from streams.rejection import Reason, Rejected

_PAYLOAD_PREFIX = "/onvif-ej/"
Item = str | int | float | bool | None


class _Message(Struct, frozen=True, rename="pascal"):
    utc_time: Instant
    source: dict[str, Item] = {}
    key: dict[str, Item] = {}
    data: dict[str, Item] = {}
    property_operation: str | None = None


_RULES = {
    "LineDetector/Crossed": Rule.LINE_CROSSED,
    "FieldDetector/ObjectsInside": Rule.OBJECTS_INSIDE,
    "LoiteringDetector/ObjectIsLoitering": Rule.LOITERING,
    "ObjectDetector/ObjectIsAbandoned": Rule.OBJECT_ABANDONED,
    "ObjectDetector/ObjectIsRemoved": Rule.OBJECT_REMOVED,
    "CountAggregation/Counter": Rule.COUNT,
    "Recognition/LicensePlate": Rule.PLATE_READ,
    "CellMotionDetector/Motion": Rule.OTHER,
    "MotionRegionDetector/Motion": Rule.OTHER,
}
_TAMPERS = {
    "VideoSource/SignalLoss": Tamper.SIGNAL_LOSS,
    "VideoSource/ImageTooDark": Tamper.TOO_DARK,
    "VideoSource/ImageTooBright": Tamper.TOO_BRIGHT,
    "VideoSource/ImageTooBlurry": Tamper.TOO_BLURRY,
    "VideoSource/GlobalSceneChange": Tamper.SCENE_CHANGE,
}
_STATE_ITEMS = ("IsInside", "IsLoitering", "IsMotion", "State")
_SOURCE_ITEMS = ("VideoSourceConfigurationToken", "VideoSource", "VideoSourceToken", "Source")


def from_onvif(topic: str, payload: bytes, cameras: Cameras) -> list[Decoded]:
    """Return the event of one `onvif-ej` message.

    A rule's state that turns on is phase `new`, off is `end`; a message without state is `instant`. States that are
    told because we subscribed (`Initialized`) are no occurrences and are left out, but the state of the view is
    always passed on. Plates are left behind.

    Parameters
    ----------
    topic
        The MQTT topic: ``PREFIX/onvif-ej/TOPIC`` with, after an ``&``, the source values.
    payload
        The message as it came.
    cameras
        Cameras by ``PREFIX/TOKEN``, where TOKEN is the video source of the message, or by ``PREFIX`` alone.

    Returns
    -------
    list
        One event or rejection, or nothing.
    """
    prefix, found, rest = topic.partition(_PAYLOAD_PREFIX)
    if not found:
        return [Rejected(Reason.UNKNOWN_TYPE, "the topic must contain /onvif-ej/")]
    message = read(payload, _Message)
    if isinstance(message, Rejected):
        return [message]
    site = _site(cameras, prefix, message)
    if site is None:
        return [Rejected(Reason.UNKNOWN_SITE, "prefix and video source must be a camera of the mapping")]
    return _events(rest.partition("&")[0].strip("/"), message, site)


def _events(name: str, message: _Message, site: CameraSite) -> list[Decoded]:
    tamper = next((tamper for start, tamper in _TAMPERS.items() if name.startswith(start)), None)
    if tamper is not None:
        return [_health(site, message, tamper)]
    rule = _RULES.get(name.removeprefix("RuleEngine/"))
    if rule is None:
        return [Rejected(Reason.UNKNOWN_TYPE, "the topic must be one that this adapter knows")]
    if message.property_operation == "Initialized" and rule is not Rule.COUNT:
        return []
    return [_analytics(site, message, rule)]


def _site(cameras: Cameras, prefix: str, message: _Message) -> CameraSite | None:
    for item in _SOURCE_ITEMS:
        token = message.source.get(item)
        if token is not None and (site := cameras.get(f"{prefix}/{token}")) is not None:
            return site
    return cameras.get(prefix)


def _state(message: _Message) -> bool | None:
    for item in _STATE_ITEMS:
        value = message.data.get(item)
        if value is not None:
            return str(value).lower() in {"true", "1"}
    return None


def _health(site: CameraSite, message: _Message, tamper: Tamper) -> Decoded:
    on = _state(message)
    now = tamper if on or on is None else Tamper.NONE
    data = {"camera_id": site.camera_id, "state": State.ONLINE, "tamper": now}
    event_id = f"{site.camera_id}-{tamper}-{now}-{compact(message.utc_time)}"
    return event_of(CameraHealth, site, event_id=event_id, at=message.utc_time, subject=site.camera_id, data=data)


def _analytics(site: CameraSite, message: _Message, rule: Rule) -> Decoded:
    on = _state(message)
    phase = Phase.INSTANT if on is None else Phase.NEW if on else Phase.END
    zone = message.source.get("Rule")
    track = _track(message)
    data: dict[str, Any] = {
        "camera_id": site.camera_id,
        "rule": rule,
        "phase": phase,
        "zone": None if zone is None else str(zone),
        "count": message.data.get("Count") if rule is Rule.COUNT else None,
        "track_id": None if rule is Rule.COUNT else track,
        "likelihood": message.data.get("Likelihood"),
    }
    event_id = f"{site.camera_id}-{rule}-{track}-{phase}-{compact(message.utc_time)}"
    return event_of(CameraAnalytics, site, event_id=event_id, at=message.utc_time, subject=site.camera_id, data=data)


def _track(message: _Message) -> str:
    """Return the object's id, or the rule's name: a rule on the whole scene is one track."""
    for items in (message.key, message.data):
        found = items.get("ObjectId")
        if found is not None:
            return str(found)
    return str(message.source.get("Rule", "scene"))
