"""Foreign messages become our events: Frigate, ONVIF over MQTT, Open311."""

from pathlib import Path

import msgspec
import pytest

from streams.adapters.frigate import from_frigate
from streams.adapters.onvif import from_onvif
from streams.adapters.open311 import from_open311
from streams.adapters.sites import CameraSite, Site
from streams.codec import Decoded, encode
from streams.events import CameraAnalytics, CameraHealth, FieldReport
from streams.events.camera import ObjectClass, Phase, Rule, Tamper
from streams.events.fieldreport import Action, Status
from streams.events.fields import Location
from streams.rejection import Reason, Rejected

FIXTURES = Path(__file__).parents[1] / "fixtures" / "events"
CAMERA = CameraSite(
    source="/vn/11/nvr/1",
    tenant="11",
    unit_code="03127",
    location=Location(21.39, 103.02, 20),
    camera_id="CAM-HIMLAM-01",
)
FRIGATE = {"nga_tu_him_lam": CAMERA}
ONVIF = {"axis-b8a44f/VideoSource_1": CAMERA}
OFFICE = Site(source="/vn/11/open311", tenant="11", unit_code="03127")


def sample(name: str) -> bytes:
    """Return a message as a producer sends it."""
    return (FIXTURES / name).read_bytes()


def analytics(found: list[Decoded]) -> CameraAnalytics:
    """Return the one analytics event that was made."""
    (event,) = found
    assert isinstance(event, CameraAnalytics)
    return event


def reports(found: list[Decoded]) -> list[FieldReport]:
    """Return the reports that were made; all must be."""
    events = [event for event in found if isinstance(event, FieldReport)]
    assert len(events) == len(found)
    return events


def reasons(found: list[Decoded]) -> list[Reason]:
    """Return why each was refused; all must be."""
    refused = [event.reason for event in found if isinstance(event, Rejected)]
    assert len(refused) == len(found)
    return refused


def test_a_vehicle_that_stands_in_a_zone_of_frigate_is_a_stopped_vehicle() -> None:
    """Class, likelihood, dwell time and zone come along; 60 s lie between the first and the last frame."""
    event = analytics(from_frigate(sample("frigate-update.json"), FRIGATE))
    data = event.data
    assert (data.rule, data.phase, data.object_class) == (Rule.STOPPED_VEHICLE, Phase.UPDATE, ObjectClass.CAR)
    assert (data.zone, data.likelihood, data.dwell_s) == ("lan_xe_buyt", 0.97546, 60.0)
    assert event.time == "2026-03-01T09:00:55.475+07:00"


def test_a_plate_that_frigate_read_stays_behind() -> None:
    """Plates travel as keyed hashes only."""
    event = analytics(from_frigate(sample("frigate-update.json"), FRIGATE))
    assert b"27A" not in encode(event)


def test_the_end_of_a_track_of_frigate_has_an_end_time() -> None:
    """The zone is the last one that it entered."""
    event = analytics(from_frigate(sample("frigate-end.json"), FRIGATE))
    assert event.data.phase is Phase.END
    assert event.data.end_time is not None
    assert event.data.zone == "via_he"
    assert event.time == "2026-03-01T09:01:02.500+07:00"


def test_the_same_message_of_frigate_is_the_same_event() -> None:
    """The id is made of camera, track, phase and time."""
    first, second = (analytics(from_frigate(sample("frigate-end.json"), FRIGATE)) for _ in range(2))
    assert first == second
    assert first.id == "CAM-HIMLAM-01-1772330395.475377-mxklsc-end-20260301T020102.500Z"


def test_what_frigate_calls_a_false_positive_is_no_event() -> None:
    """Frigate tells of it again once it is sure."""
    message = sample("frigate-end.json").replace(b'"false_positive": false', b'"false_positive": true')
    assert from_frigate(message, FRIGATE) == []


def test_an_unknown_camera_of_frigate_is_refused() -> None:
    """Nobody knows where it stands."""
    assert reasons(from_frigate(sample("frigate-end.json"), {})) == [Reason.UNKNOWN_SITE]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b'"start_time": 1772330395.475377', b'"start_time": 1e30', Reason.BAD_TIME),
        (b'"start_time": 1772330395.475377', b'"start_time": "soon"', Reason.SCHEMA),
        (b'"type": "end"', b'"type": "pause"', Reason.SCHEMA),
        (b'"top_score": 0.91', b'"top_score": 91', Reason.NUMBER_OUT_OF_RANGE),
        (b'"end_time": 1772330462.5', b'"end_time": 1772330000', Reason.INCONSISTENT),
        (b"}", b"", Reason.NOT_JSON),
    ],
)
def test_a_broken_message_of_frigate_is_refused(old: bytes, new: bytes, reason: Reason) -> None:
    """Whatever it says, the adapter answers with a value."""
    assert reasons(from_frigate(sample("frigate-end.json").replace(old, new), FRIGATE)) == [reason]


def test_a_crossed_line_of_onvif_is_an_instant_with_its_object() -> None:
    """The rule's name is the zone."""
    topic = "axis-b8a44f/onvif-ej/RuleEngine/LineDetector/Crossed/&/VideoSource_1/VideoAnalytics_1"
    event = analytics(from_onvif(topic, sample("onvif-line-crossed.json"), ONVIF))
    data = event.data
    assert (data.rule, data.phase, data.track_id, data.zone) == (Rule.LINE_CROSSED, Phase.INSTANT, "15", "Vạch dừng")
    assert event.id == "CAM-HIMLAM-01-line_crossed-15-instant-20260301T010005.250Z"
    assert event.time == "2026-03-01T08:00:05.250+07:00"


def test_a_state_of_onvif_that_turns_on_opens_a_track_and_off_ends_it() -> None:
    """Loitering is one track per object."""
    topic = "axis-b8a44f/onvif-ej/RuleEngine/LoiteringDetector/ObjectIsLoitering"
    on = sample("onvif-loitering.json")
    off = on.replace(b'"IsLoitering": true', b'"IsLoitering": false')
    events = [analytics(from_onvif(topic, message, ONVIF)) for message in (on, off)]
    assert [event.data.phase for event in events] == [Phase.NEW, Phase.END]
    assert {event.data.track_id for event in events} == {"42"}


def test_a_state_that_onvif_tells_on_subscription_is_no_event() -> None:
    """It is no occurrence."""
    message = sample("onvif-loitering.json").replace(b"Changed", b"Initialized")
    topic = "axis-b8a44f/onvif-ej/RuleEngine/LoiteringDetector/ObjectIsLoitering"
    assert from_onvif(topic, message, ONVIF) == []


def test_a_counter_of_onvif_is_a_count_without_track() -> None:
    """The count goes on since its last reset."""
    topic = "axis-b8a44f/onvif-ej/RuleEngine/CountAggregation/Counter"
    data = analytics(from_onvif(topic, sample("onvif-counter.json"), ONVIF)).data
    assert (data.rule, data.count, data.track_id) == (Rule.COUNT, 1284, None)


def test_an_image_that_is_too_dark_is_camera_health() -> None:
    """The state goes on and off."""
    topic = "axis-b8a44f/onvif-ej/VideoSource/ImageTooDark/ImagingService"
    on = sample("onvif-too-dark.json")
    found = [from_onvif(topic, message, ONVIF)[0] for message in (on, on.replace(b"true", b"false"))]
    assert all(isinstance(event, CameraHealth) for event in found)
    assert [event.data.tamper for event in found if isinstance(event, CameraHealth)] == [Tamper.TOO_DARK, Tamper.NONE]


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("axis-b8a44f/other/RuleEngine/LineDetector/Crossed", b"{}", Reason.UNKNOWN_TYPE),
        ("axis-b8a44f/onvif-ej/Device/HardwareFailure", None, Reason.UNKNOWN_TYPE),
        ("hik-1/onvif-ej/RuleEngine/LineDetector/Crossed", None, Reason.UNKNOWN_SITE),
        ("axis-b8a44f/onvif-ej/RuleEngine/LineDetector/Crossed", b"{}", Reason.SCHEMA),
        ("axis-b8a44f/onvif-ej/RuleEngine/LineDetector/Crossed", b"\xff", Reason.NOT_JSON),
        ("axis-b8a44f/onvif-ej/RuleEngine/LineDetector/Crossed", b'{"PropertyOperation":"\xff"}', Reason.BAD_UTF8),
        ("axis-b8a44f/onvif-ej/RuleEngine/LineDetector/Crossed", b'{"x":' + b"[" * 100_000, Reason.TOO_DEEP),
    ],
)
def test_a_message_of_onvif_that_is_none_of_ours_is_refused(topic: str, payload: bytes | None, reason: Reason) -> None:
    """Whatever it says, the adapter answers with a value."""
    message = sample("onvif-line-crossed.json") if payload is None else payload
    assert reasons(from_onvif(topic, message, ONVIF)) == [reason]


def test_a_time_at_the_end_of_the_calendar_is_refused() -> None:
    """There is no local time of the last hours of the year 9999."""
    message = sample("onvif-line-crossed.json").replace(b"2026-03-01T01:00:05.250Z", b"9999-12-31T23:59:59Z")
    topic = "axis-b8a44f/onvif-ej/RuleEngine/LineDetector/Crossed"
    assert reasons(from_onvif(topic, message, ONVIF)) == [Reason.BAD_TIME]


def test_requests_of_open311_become_reports_in_the_unit_of_their_place() -> None:
    """Closed, new, and updated requests are told apart; a request without a place goes to the site's unit."""
    events = reports(from_open311(sample("open311-requests.json"), OFFICE, lambda _: "03334"))
    assert [event.data.action for event in events] == [Action.CLOSED, Action.SUBMITTED, Action.RECEIVED]
    assert [event.data.status for event in events] == [Status.CLOSED, Status.OPEN, Status.OPEN]
    assert [event.data.unit_code for event in events] == ["03334", "03334", "03127"]
    assert [event.data.location for event in events] == [Location(21.3914, 103.0169), Location(21.385, 103.02), None]


def test_a_time_of_open311_without_offset_is_the_sites_own() -> None:
    """The standard asks for an offset, servers forget it."""
    events = reports(from_open311(sample("open311-requests.json"), OFFICE, lambda _: None))
    assert events[1].time == "2026-03-01T19:22:10.000+07:00"
    assert events[1].id == "638349-submitted-20260301T122210.000Z"


def test_a_description_of_open311_travels_masked_or_not_at_all() -> None:
    """Nobody's name or number goes on the bus."""
    bare, *_ = reports(from_open311(sample("open311-requests.json"), OFFICE, lambda _: None))
    masked, *_ = reports(from_open311(sample("open311-requests.json"), OFFICE, lambda _: None, lambda _: "đã che"))
    assert (bare.data.description, masked.data.description) == (None, "đã che")


def test_one_request_of_open311_needs_no_list() -> None:
    """GET requests/ID.json of some servers answers with the object itself."""
    first = msgspec.json.encode(msgspec.json.decode(sample("open311-requests.json"))[0])
    assert len(reports(from_open311(first, OFFICE, lambda _: None))) == 1


def test_a_request_of_open311_without_id_or_time_is_refused_alone() -> None:
    """Its neighbours in the answer are kept."""
    third = b'{"service_request_id":"2","requested_datetime":"2026-03-01T08:00:00Z"}'
    payload = b'[{"token":"x"},{"service_request_id":"1"},' + third + b"]"
    found = from_open311(payload, OFFICE, lambda _: None)
    assert reasons(found[:2]) == [Reason.SCHEMA, Reason.BAD_TIME]
    assert len(reports(found[2:])) == 1
