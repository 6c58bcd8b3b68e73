"""Camera events: what a camera's analytics saw, and how the camera itself is doing."""

from typing import Annotated

from msgspec import Meta

from streams.envelope import Envelope, Identifier, Instant, Name, Uri
from streams.events.fields import UNRECOGNISED, Choice, Count, Data, Interval, Seconds, Share


class Rule(Choice):
    """Which rule fired (ONVIF Profile M terms where it has them)."""

    LINE_CROSSED = "line_crossed"
    OBJECTS_INSIDE = "objects_inside"
    LOITERING = "loitering"
    OBJECT_ABANDONED = "object_abandoned"
    OBJECT_REMOVED = "object_removed"
    WRONG_WAY = "wrong_way"
    STOPPED_VEHICLE = "stopped_vehicle"
    CONGESTION = "congestion"
    CROWD = "crowd"
    INTRUSION = "intrusion"
    SMOKE_FIRE = "smoke_fire"
    ACCIDENT = "accident"
    PLATE_READ = "plate_read"
    VIOLATION = "violation"
    FIGHT = "fight"
    FLOOD_WATER = "flood_water"
    COUNT = "count"
    OCCUPANCY = "occupancy"
    OTHER = "other"
    UNRECOGNISED = UNRECOGNISED


class Phase(Choice):
    """Where in the life of a track this event stands."""

    NEW = "new"
    UPDATE = "update"
    END = "end"
    INSTANT = "instant"
    UNRECOGNISED = UNRECOGNISED


class ObjectClass(Choice):
    """What was seen."""

    PERSON = "person"
    CAR = "car"
    MOTORCYCLE = "motorcycle"
    BICYCLE = "bicycle"
    BUS = "bus"
    TRUCK = "truck"
    ANIMAL = "animal"
    BAG = "bag"
    OTHER = "other"
    UNRECOGNISED = UNRECOGNISED


class Direction(Choice):
    """Which way it went."""

    FORWARD = "forward"
    BACKWARD = "backward"
    IN = "in"
    OUT = "out"
    UNKNOWN = "unknown"
    UNRECOGNISED = UNRECOGNISED


class Reviewed(Choice):
    """What a person said of the event afterwards."""

    UNKNOWN = "unknown"
    TRUE_POSITIVE = "true_positive"
    FALSE_POSITIVE = "false_positive"
    UNRECOGNISED = UNRECOGNISED


class AnalyticsData(Data, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One phase of a track, or one count interval; never a frame. Fields stand in the order of common producers."""

    camera_id: Identifier
    rule: Rule
    phase: Phase
    object_class: ObjectClass | None = None
    count: Count | None = None
    interval_s: Interval | None = None
    zone: Name | None = None
    track_id: Identifier | None = None
    likelihood: Share | None = None
    start_time: Instant | None = None
    end_time: Instant | None = None
    direction: Direction | None = None
    reset_time: Instant | None = None
    occupancy: Share | None = None
    speed_kmh: Annotated[float, Meta(ge=0, le=250)] | None = None
    dwell_s: Seconds | None = None
    people: Count | None = None
    plate_hash: Identifier | None = None
    media: Uri | None = None
    reviewed: Reviewed | None = None
    plate: None = None


class CameraAnalytics(
    Envelope,
    frozen=True,
    gc=False,
    omit_defaults=True,
    kw_only=True,
    tag_field="type",
    tag="vn.ioc.camera.analytics.v1",
):
    """What a camera's analytics saw. A raw ``plate`` is refused: plates travel as keyed hashes only."""

    data: AnalyticsData


class State(Choice):
    """Whether the camera works."""

    ONLINE = "online"
    OFFLINE = "offline"
    DISABLED = "disabled"
    MAINTENANCE = "maintenance"
    UNRECOGNISED = UNRECOGNISED


class Tamper(Choice):
    """What spoils the view."""

    NONE = "none"
    SIGNAL_LOSS = "signal_loss"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    TOO_BLURRY = "too_blurry"
    SCENE_CHANGE = "scene_change"
    UNRECOGNISED = UNRECOGNISED


class HealthData(Data, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """State and vital signs of a camera; ``clock_skew_s`` is its clock minus true time."""

    camera_id: Identifier
    state: State
    tamper: Tamper | None = None
    fps: Annotated[float, Meta(ge=0, le=1e6)] | None = None
    bitrate_kbps: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    clock_skew_s: Annotated[float, Meta(ge=-1e9, le=1e9)] | None = None
    storage_free_pct: Annotated[float, Meta(ge=0, le=100)] | None = None


class CameraHealth(
    Envelope,
    frozen=True,
    gc=False,
    omit_defaults=True,
    kw_only=True,
    tag_field="type",
    tag="vn.ioc.camera.health.v1",
):
    """How a camera is doing."""

    data: HealthData


_UNTRACKED = (Rule.COUNT, Rule.OCCUPANCY)


def contradiction(data: AnalyticsData) -> str | None:
    """Say which fields of an analytics event contradict each other; None when none do."""
    if data.track_id is None and data.rule not in _UNTRACKED and data.rule is not Rule.UNRECOGNISED:
        return "$.data.track_id: required unless rule is count or occupancy"
    if data.start_time is not None and data.end_time is not None and data.end_time < data.start_time:
        return "$.data.end_time: must not lie before start_time"
    return None
