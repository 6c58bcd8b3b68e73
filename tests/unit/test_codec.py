"""Records become events or reasons, one by one, whatever stands in them."""

import base64
import json
from pathlib import Path

import msgspec
import pytest

from streams.codec import MAX_DEPTH, STRUCTURED_HEADERS, Decoded, decode, decode_structured, encode, encode_binary
from streams.envelope import MAX_EVENT_BYTES
from streams.events import CameraAnalytics, Event, Punctuation, record_key, topic_of
from streams.records import Headers, RecordBatch
from streams.rejection import Reason, Rejected

SAMPLES = Path(__file__).parents[1] / "fixtures" / "events" / "samples.json"
CAMERA = "ioc.camera-events"


def samples() -> list[bytes]:
    """Return one event or more of every type, as bytes."""
    return [msgspec.json.encode(sample) for sample in json.loads(SAMPLES.read_text(encoding="utf-8"))]


def camera_count() -> bytes:
    """Return a plain count of CAM-0001."""
    return samples()[0]


def of_type(name: str, nth: int = 0) -> bytes:
    """Return the ``nth`` sample whose type ends with ``name``."""
    return [sample for sample in samples() if f'{name}.v1"'.encode() in sample][nth]


def batch(
    values: list[bytes | None],
    keys: list[bytes | None] | None = None,
    headers: list[Headers] | None = None,
    topic: str = CAMERA,
) -> RecordBatch:
    """Return a batch of records under the key CAM-0001 in structured mode, unless told otherwise."""
    size = len(values)
    return RecordBatch(
        topic,
        0,
        list(range(size)),
        [1_772_326_801_000] * size,
        [b"CAM-0001"] * size if keys is None else keys,
        values,
        [STRUCTURED_HEADERS] * size if headers is None else headers,
    )


def reason(value: bytes | None, key: bytes | None = b"CAM-0001", topic: str = CAMERA) -> Reason:
    """Return why a single record is refused, between two good ones that must come through."""
    good = camera_count()
    values, keys = ([good, value, good], [b"CAM-0001", key, b"CAM-0001"]) if topic == CAMERA else ([value], [key])
    found = decode(batch(values, keys, topic=topic))
    middle = found.pop(1 if topic == CAMERA else 0)
    assert all(isinstance(event, CameraAnalytics) for event in found)
    assert isinstance(middle, Rejected), middle
    return middle.reason


def edited(old: str, new: str) -> bytes:
    """Return the count of CAM-0001 with one thing changed."""
    value = camera_count().decode()
    assert old in value
    return value.replace(old, new, 1).encode()


def one(found: list[Decoded]) -> Event:
    """Return the one event that was found."""
    (event,) = found
    assert not isinstance(event, Rejected), event
    return event


@pytest.mark.parametrize("value", samples())
def test_every_sample_decodes_under_its_key_on_its_topic(value: bytes) -> None:
    """One of every type, with the fields that it is likely to have."""
    event = decode_structured(value)
    topic = topic_of(event) or CAMERA
    assert decode(batch([value], [record_key(event)], topic=topic)) == [event]


@pytest.mark.parametrize("value", samples())
def test_every_sample_is_the_same_event_in_binary_mode(value: bytes) -> None:
    """Attributes go to headers and come back."""
    event = decode_structured(value)
    headers, data = encode_binary(event)
    assert decode(batch([data], [record_key(event)], [headers], topic_of(event) or CAMERA)) == [event]


@pytest.mark.parametrize("value", samples())
def test_encoding_what_was_decoded_gives_an_equal_event(value: bytes) -> None:
    """Absent fields stay absent."""
    event = decode_structured(value)
    assert decode_structured(encode(event)) == event
    assert b"null" not in encode(event)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, Reason.TOMBSTONE),
        (b"", Reason.TOMBSTONE),
        (b" " * (MAX_EVENT_BYTES + 1), Reason.TOO_LARGE),
        (b"[" * 2_000_000, Reason.TOO_LARGE),
        (b"[" * 100_000, Reason.TOO_LARGE),
        (b"{", Reason.NOT_JSON),
        (b"{}", Reason.SCHEMA),
        (b"[]", Reason.SCHEMA),
        (b"null", Reason.SCHEMA),
        (b"17", Reason.SCHEMA),
        (b'"text"', Reason.SCHEMA),
        (b"\xff\xfe{}", Reason.NOT_JSON),
        (b"\x00" * 100, Reason.NOT_JSON),
    ],
)
def test_what_is_no_event_at_all_is_refused(value: bytes | None, expected: Reason) -> None:
    """A tombstone, too much, no JSON, or JSON of another kind."""
    assert reason(value) is expected


@pytest.mark.parametrize("cut", [1, 100, 200, 300, -1])
def test_truncated_json_is_refused(cut: int) -> None:
    """Wherever it was cut."""
    assert reason(camera_count()[:cut]) is Reason.NOT_JSON


def test_a_byte_order_mark_is_refused() -> None:
    """RFC 8259 forbids to write one."""
    assert reason(b"\xef\xbb\xbf" + camera_count()) is Reason.NOT_JSON


def test_something_behind_the_event_is_refused() -> None:
    """One record is one event."""
    assert reason(camera_count() * 2) is Reason.NOT_JSON


@pytest.mark.parametrize("opening", ["[", '{"x":', '[{"x":', "[\n\t "])
@pytest.mark.parametrize("levels", [385, 600, 5_000])
def test_deep_nesting_in_an_ignored_field_is_refused(opening: str, levels: int) -> None:
    """Alike at every depth over the limit, wherever the interpreter's own lies."""
    assert reason(edited('"phase"', f'"x":{opening * levels},"phase"')) is Reason.TOO_DEEP


def test_nesting_up_to_the_limit_is_ignored_as_other_unknown_fields_are() -> None:
    """Envelope and data are two of the levels; brackets in text don't count, nor do those side by side."""
    event = decode_structured(camera_count())
    deepest = "[" * (MAX_DEPTH - 2) + "]" * (MAX_DEPTH - 2)
    side_by_side = ",".join(["[]"] * 500)
    for field in (deepest, f"[{side_by_side}]", '"' + '[\\"{' * 500 + '"'):
        assert decode(batch([edited('"phase"', f'"x":{field},"phase"')])) == [event]
    assert reason(edited('"phase"', f'"x":[{deepest}],"phase"')) is Reason.TOO_DEEP


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"count":4', '"count":NaN', Reason.NOT_JSON),
        ('"count":4', '"count":Infinity', Reason.NOT_JSON),
        ('"count":4', '"count":-Infinity', Reason.NOT_JSON),
        ('"interval_s":3600', '"interval_s":NaN', Reason.NOT_JSON),
        ('"interval_s":3600', '"interval_s":1e300', Reason.NUMBER_OUT_OF_RANGE),
        ('"interval_s":3600', '"interval_s":1e400', Reason.NUMBER_OUT_OF_RANGE),
        ('"interval_s":3600', '"interval_s":0', Reason.NUMBER_OUT_OF_RANGE),
        ('"count":4', '"count":1e300', Reason.SCHEMA),
        ('"count":4', '"count":-1', Reason.NUMBER_OUT_OF_RANGE),
        ('"count":4', '"count":9007199254740993', Reason.NUMBER_OUT_OF_RANGE),
        ('"count":4', f'"count":{"9" * 400}', Reason.NUMBER_OUT_OF_RANGE),
        ('"lat":21.415586', '"lat":90.1', Reason.NUMBER_OUT_OF_RANGE),
        ('"lon":103.057825', '"lon":-180.5', Reason.NUMBER_OUT_OF_RANGE),
        ('"count":4', '"likelihood":1.01', Reason.NUMBER_OUT_OF_RANGE),
        ('"count":4', '"speed_kmh":251', Reason.NUMBER_OUT_OF_RANGE),
    ],
)
def test_numbers_that_are_not_finite_or_out_of_bounds_are_refused(old: str, new: str, expected: Reason) -> None:
    """JSON has no NaN; a double has no 1e400; a count has no fraction."""
    assert reason(edited(old, new)) is expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"count":4', '"count":"4"', Reason.SCHEMA),
        ('"count":4', '"count":4.5', Reason.SCHEMA),
        ('"count":4', '"count":true', Reason.SCHEMA),
        ('"rule":"count"', '"rule":7', Reason.SCHEMA),
        ('"specversion":"1.0"', '"specversion":"0.3"', Reason.SCHEMA),
        ('"id":', '"ix":', Reason.SCHEMA),
        ('"source":', '"sourc":', Reason.SCHEMA),
        ('"time":', '"tim":', Reason.SCHEMA),
        ('"type":', '"typ":', Reason.SCHEMA),
        ('"data":', '"datum":', Reason.SCHEMA),
        ('"id":"', '"id":"' + "x" * 256, Reason.SCHEMA),
        ('"id":"CAM-0001-count-20260301T08"', '"id":""', Reason.SCHEMA),
        ('"data":{', '"data":null,"was":{', Reason.SCHEMA),
        ('"tenant":"11"', '"tenant":"1x"', Reason.SCHEMA),
        ('"tenant":"11"', '"tenant":"111"', Reason.SCHEMA),
        ('"unit_code":"03127"', '"unit_code":"3127"', Reason.SCHEMA),
        ('"unit_code":"03127"', '"unit_code":"0312\u0663"', Reason.SCHEMA),
        ('"unit_code":"03127"', '"unit_code":3127', Reason.SCHEMA),
        ('"time":"2026-03-01T08:00:00+07:00"', '"time":"2026-03-01"', Reason.BAD_TIME),
        ('"time":"2026-03-01T08:00:00+07:00"', '"time":1772326800', Reason.BAD_TIME),
        ('"count":4', '"start_time":"yesterday"', Reason.BAD_TIME),
        ('"count":4', '"start_time":"2026-03-01T08:00:00"', Reason.SCHEMA),
        ("analytics.v1", "analytics.v2", Reason.UNKNOWN_TYPE),
        ("vn.ioc.camera.analytics.v1", "", Reason.UNKNOWN_TYPE),
        ('"count":4', '"plate":"27A-123.45"', Reason.RAW_PLATE),
        ('"count":4', '"plate":{"text":"27A-123.45"}', Reason.RAW_PLATE),
        ('"rule":"count"', '"rule":"loitering"', Reason.INCONSISTENT),
        (
            '"count":4',
            '"start_time":"2026-03-01T08:00:00+07:00","end_time":"2026-03-01T00:59:59Z"',
            Reason.INCONSISTENT,
        ),
    ],
)
def test_fields_of_another_shape_than_the_schema_are_refused(old: str, new: str, expected: Reason) -> None:
    """Wrong types, missing attributes, codes, times, types, plates, contradictions."""
    assert reason(edited(old, new)) is expected


@pytest.mark.parametrize(
    ("name", "nth", "old", "new", "expected"),
    [
        ("fieldreport.lifecycle", 0, '"action":"submitted"', '"action":"duplicate_of"', Reason.INCONSISTENT),
        ("fieldreport.lifecycle", 0, '"action":"submitted"', '"action":"submitted","rating":5', Reason.INCONSISTENT),
        ("fieldreport.lifecycle", 1, '"extension_reason"', '"reason"', Reason.INCONSISTENT),
        ("fieldreport.lifecycle", 1, '"extension_until"', '"until"', Reason.INCONSISTENT),
        ("fieldreport.lifecycle", 2, '"rating":4', '"rating":6', Reason.NUMBER_OUT_OF_RANGE),
        ("queue.ticket", 0, '"called_at":"2026-03-02T08:10', '"called_at":"2026-03-02T07:10', Reason.INCONSISTENT),
        ("queue.ticket", 0, '"served_at":"2026-03-02T08:20', '"served_at":"2026-03-02T08:05', Reason.INCONSISTENT),
        ("queue.ticket", 0, '"called_at":', '"call":', None),
        ("queue.snapshot", 0, '"tickets_waiting":7', '"tickets_waiting":-7', Reason.NUMBER_OUT_OF_RANGE),
        ("queue.snapshot", 0, '"tickets_waiting":7', '"tickets_waiting":null', None),
        ("dossier.lifecycle", 0, '"fee_vnd":8000', '"fee_vnd":-8000', Reason.NUMBER_OUT_OF_RANGE),
        ("telemetry.observation", 0, '"value":47.9', '"value":null', Reason.SCHEMA),
        ("telemetry.observation", 0, '"unit_code":"03301",', "", None),
        ("telemetry.observation", 0, '"unit_code":"03301"', '"unit_code":"0330x"', Reason.SCHEMA),
    ],
)
def test_the_other_streams_hold_their_rules(name: str, nth: int, old: str, new: str, expected: Reason | None) -> None:
    """What belongs together in reports, tickets, snapshots, dossiers and telemetry."""
    good = decode_structured(of_type(name, nth))
    value = of_type(name, nth).decode()
    assert old in value
    (found,) = decode(batch([value.replace(old, new).encode()], [record_key(good)], topic=topic_of(good) or ""))
    assert (found.reason if isinstance(found, Rejected) else None) is expected


@pytest.mark.parametrize("key", [None, b"", b"CAM-0002", b"CAM-0001\n", b"\xff"])
def test_a_key_that_is_not_the_camera_is_refused(key: bytes | None) -> None:
    """Events of one camera must lie in one partition."""
    assert reason(camera_count(), key) is Reason.KEY_MISMATCH


def test_keys_with_line_breaks_cant_shift_into_agreement() -> None:
    """Keys are compared joined by line breaks: two of them moved by one would read the same."""
    values: list[bytes | None] = [edited('"camera_id":"CAM-0001"', f'"camera_id":"{c}"') for c in ("a\\nb", "c")]
    found = decode(batch(values, [b"a", b"b\nc"]))
    assert [event.reason for event in found if isinstance(event, Rejected)] == [Reason.KEY_MISMATCH] * 2


def test_an_event_on_a_foreign_topic_is_refused() -> None:
    """A report among camera events is somebody's mistake."""
    assert reason(of_type("fieldreport.lifecycle")) is Reason.WRONG_TOPIC
    assert reason(camera_count(), topic="ioc.field-reports") is Reason.WRONG_TOPIC
    assert reason(camera_count(), topic="somewhere.else") is Reason.WRONG_TOPIC


def test_punctuation_stands_on_any_source_topic_under_any_key() -> None:
    """It belongs to the partition, not to a camera."""
    value = of_type("stream.punctuation")
    for topic in ("ioc.camera-events", "ioc.field-reports", "ioc.service-queues", "ioc.telemetry"):
        assert isinstance(one(decode(batch([value], [None], topic=topic))), Punctuation)
    assert reason(value, topic="ioc.incidents") is Reason.WRONG_TOPIC


def test_invalid_utf8_is_refused_in_used_and_in_ignored_fields() -> None:
    """The parser itself looks at the fields that it knows only."""
    good = camera_count()
    assert reason(good.replace(b"CAM-0001-count", b"CAM-\xc3\x28-count")) is Reason.BAD_UTF8
    assert reason(good.replace(b'"phase"', b'"x":"\xc3\x28","phase"')) is Reason.BAD_UTF8
    assert reason(good.replace(b'"phase"', b'"\xed\xa0\x80":1,"phase"')) is Reason.BAD_UTF8
    assert reason(good.replace(b'"phase"', b'"x":"\xf0\x9f\x92","phase"')) is Reason.BAD_UTF8


def test_vietnamese_text_is_no_invalid_utf8() -> None:
    """Neither in used nor in ignored fields, next to refused neighbours."""
    good = edited('"phase"', '"ghi_chú":"Phường Mường Thanh 🚧","phase"')
    found = decode(batch([good, b"\xff", camera_count()]))
    assert [isinstance(event, CameraAnalytics) for event in found] == [True, False, True]


def test_an_unpaired_surrogate_is_refused() -> None:
    """It has no UTF-8 form, so nothing could be written with it."""
    assert reason(edited('"zone":"', '"zone":"\\ud83d')) is Reason.NOT_JSON


def test_of_duplicate_fields_the_last_one_counts() -> None:
    """As in most parsers; a raw plate is refused even if it is overwritten."""
    assert one(decode(batch([edited('"count":4', '"count":4,"count":5')]))).data.count == 5  # type: ignore[union-attr]  # it is a camera event
    assert reason(edited('"count":4', '"plate":"27A-123.45","plate":null')) is Reason.RAW_PLATE


def test_unknown_fields_are_ignored() -> None:
    """Producers may say more than we know."""
    value = edited('"phase"', '"future":{"a":[1,2,{"b":null}]},"phase"').replace(b'"source"', b'"ext":1,"source"')
    assert decode(batch([value])) == [decode_structured(camera_count())]


def test_no_reason_repeats_what_the_event_said() -> None:
    """Details go to metrics and logs; a name or a plate must not."""
    private = "Nguyễn-27A12345"
    changes = [
        ('"phase":"instant"', f'"phase":"instant","plate":"{private}"'),
        ('"specversion":"1.0"', f'"specversion":"{private}"'),
        ("vn.ioc.camera.analytics.v1", private),
        ('"unit_code":"03127"', '"unit_code":"27A12"'),
        ('"time":"2026-03-01T08:00:00+07:00"', f'"time":"{private}"'),
        ('"count":4', f'"start_time":"{private}"'),
        ('"count":4', f'"count":"{private}"'),
        ('"camera_id":"CAM-0001"', f'"camera_id":"{private}"'),
        ('"count":4', f'"{private}":tru'),
        ('"location":{', f'"location":{{"{private}":1,"lat":"{private}",'),
    ]
    found = decode(batch([edited(old, new) for old, new in changes]))
    details = [event.detail for event in found if isinstance(event, Rejected)]
    assert len(details) == len(changes)
    assert not any("27A1" in detail or "Nguy" in detail for detail in details)


STRUCTURED: list[Headers] = [
    (),
    (("content-type", b"application/cloudevents+json"),),
    (("Content-Type", b"Application/CloudEvents+JSON ; charset=utf-8"),),
    (("trace", b"\xff\x00"),),
]


@pytest.mark.parametrize("headers", STRUCTURED)
def test_structured_mode_needs_no_header_or_its_content_type(headers: Headers) -> None:
    """Case and parameters of the media type don't matter, nor do other headers."""
    assert one(decode(batch([camera_count()], headers=[headers]))) == decode_structured(camera_count())


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (b"application/json", Reason.MISSING_HEADER),
        (b"application/cloudevents+avro", Reason.CONTENT_TYPE),
        (b"application/cloudevents-batch+json", Reason.CONTENT_TYPE),
        (b"text/xml", Reason.CONTENT_TYPE),
        (b"\xff\xff", Reason.CONTENT_TYPE),
    ],
)
def test_other_content_types_are_refused(content_type: bytes, expected: Reason) -> None:
    """Avro, batches and XML are not ours; JSON alone is no CloudEvent."""
    (found,) = decode(batch([camera_count()], headers=[(("content-type", content_type),)]))
    assert isinstance(found, Rejected)
    assert found.reason is expected


@pytest.mark.parametrize("missing", ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"])
def test_binary_mode_without_a_required_header_is_refused(missing: str) -> None:
    """The attributes that CloudEvents and we ask for."""
    headers, data = encode_binary(decode_structured(camera_count()))
    fewer = tuple(header for header in headers if header[0] != missing)
    (found,) = decode(batch([data], headers=[fewer]))
    assert isinstance(found, Rejected)
    assert found.reason is Reason.MISSING_HEADER
    assert missing in found.detail


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("ce_type", b"vn.ioc.camera.analytics.v9", Reason.UNKNOWN_TYPE),
        ("ce_id", b"\xff", Reason.BAD_UTF8),
        ("ce_id", b"x" * 257, Reason.SCHEMA),
        ("ce_specversion", b"0.3", Reason.SCHEMA),
        ("ce_sampledrate", b"often", Reason.SCHEMA),
        ("ce_sampledrate", b"0", Reason.NUMBER_OUT_OF_RANGE),
        ("ce_recordedtime", b"now", Reason.BAD_TIME),
    ],
)
def test_binary_mode_holds_the_schema_of_the_attributes(name: str, text: bytes, expected: Reason) -> None:
    """As structured mode does."""
    headers, data = encode_binary(decode_structured(camera_count()))
    others = tuple(header for header in headers if header[0] != name)
    (found,) = decode(batch([data], headers=[(*others, (name, text))]))
    assert isinstance(found, Rejected)
    assert found.reason is expected


def test_binary_mode_cant_smuggle_attributes_in_the_value() -> None:
    """The value is the data and nothing else, and it is refused as the data of structured mode is."""
    headers, data = encode_binary(decode_structured(camera_count()))
    for value, expected in (
        (data + b',"id":"other"', Reason.NOT_JSON),
        (None, Reason.TOMBSTONE),
        (b"", Reason.TOMBSTONE),
        (b"[]", Reason.SCHEMA),
        (data.replace(b'"count":4', b'"count":-4'), Reason.NUMBER_OUT_OF_RANGE),
        (data.replace(b'"count":4', b'"plate":"27A"'), Reason.RAW_PLATE),
        (data.replace(b'"count":4', b'"x":"\xff"'), Reason.BAD_UTF8),
    ):
        (found,) = decode(batch([value], headers=[headers]))
        assert isinstance(found, Rejected)
        assert found.reason is expected


def test_modes_may_be_mixed_within_a_batch() -> None:
    """Producers of both kinds share a partition."""
    event = decode_structured(camera_count())
    headers, data = encode_binary(event)
    found = decode(
        batch(
            [data, camera_count(), camera_count(), b"{", data, None],
            headers=[headers, STRUCTURED_HEADERS, (("content-type", b"x/y"),), (), headers, ()],
        )
    )
    assert [None if isinstance(one, Rejected) else one for one in found] == [event, event, None, None, event, None]


def test_a_batch_longer_than_a_run_keeps_its_order() -> None:
    """The codec works in runs of 1,024; bad records at their edges stay where they were."""
    bad = {0, 1023, 1024, 1025, 2047, 2048, 2999}
    values = [b"{" if row in bad else edited('"count":4', f'"count":{row}') for row in range(3000)]
    found = decode(batch(list(values)))
    assert {row for row, event in enumerate(found) if isinstance(event, Rejected)} == bad
    assert all(event.data.count == row for row, event in enumerate(found) if isinstance(event, CameraAnalytics))


def test_base64_data_is_no_data() -> None:
    """CloudEvents has `data_base64` for bytes; our data are JSON."""
    inner = base64.b64encode(b"{}").decode()
    assert reason(edited('"data":{', f'"data_base64":"{inner}","was":{{')) is Reason.SCHEMA
