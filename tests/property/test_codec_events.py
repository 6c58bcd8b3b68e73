"""Laws of the codec over generated events and bytes: round trips, no exception, neighbours don't matter."""

import json
from collections.abc import Callable
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import assume, example, given
from hypothesis import strategies as st
from msgspec import inspect

from streams.codec import (
    STRUCTURED_HEADERS,
    Decoded,
    decode,
    decode_structured,
    encode,
    encode_binary,
)
from streams.events import EVENT_TYPES, Event, Punctuation, record_key, topic_of
from streams.events.consistency import contradiction
from streams.records import Headers, RecordBatch
from streams.rejection import Reason, Rejected, dead_letter, read_dead_letter, redrive

SAMPLES = Path(__file__).parents[1] / "fixtures" / "events" / "samples.json"
GOOD = [msgspec.json.encode(sample) for sample in json.loads(SAMPLES.read_text(encoding="utf-8"))]
COUNT = GOOD[0]
CAMERA = "ioc.camera-events"

ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
CHARACTERS = st.characters(exclude_categories=["Cs"])


def values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Return a strategy for everything that a field of this type may hold, from the type alone."""
    return STRATEGIES[type(kind)](kind)


def _annotated(kind: Any) -> st.SearchStrategy[Any]:
    if "pattern" not in (kind.extra_json_schema or {}):
        return values(kind.type)
    digits = kind.type.min_length
    return st.text("0123456789", min_size=digits, max_size=digits)


def _text(kind: Any) -> st.SearchStrategy[str]:
    least = kind.min_length or 0
    return st.text(CHARACTERS, min_size=least, max_size=min(kind.max_length, max(40, least)))


def _number(kind: Any) -> st.SearchStrategy[float]:
    if kind.gt is not None:
        return st.floats(kind.gt, kind.le, exclude_min=True)
    return st.floats(kind.ge, kind.le)


def _struct(kind: Any) -> st.SearchStrategy[Any]:
    return st.builds(kind.cls, **{field.name: values(field.type) for field in kind.fields})


STRATEGIES: dict[type[inspect.Type], Callable[[Any], st.SearchStrategy[Any]]] = {
    inspect.Metadata: _annotated,
    inspect.StrType: _text,
    inspect.IntType: lambda kind: st.integers(kind.ge, kind.le),
    inspect.FloatType: _number,
    inspect.EnumType: lambda kind: st.sampled_from([one for one in kind.cls if one.name != "UNRECOGNISED"]),
    inspect.LiteralType: lambda kind: st.sampled_from(kind.values),
    inspect.DateTimeType: lambda _: st.datetimes(timezones=ZONES),
    inspect.DateType: lambda _: st.dates(),
    inspect.NoneType: lambda _: st.none(),
    inspect.UnionType: lambda kind: st.one_of([values(one) for one in kind.types]),
    inspect.StructType: _struct,
}

EVENTS: st.SearchStrategy[Event] = st.one_of([values(inspect.type_info(event_type)) for event_type in EVENT_TYPES])

HEADERS: st.SearchStrategy[Headers] = st.lists(
    st.tuples(
        st.sampled_from(["content-type", "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "x"]),
        st.binary(max_size=20)
        | st.sampled_from(
            [b"application/json", b"application/cloudevents+json", b"1.0", b"vn.ioc.camera.analytics.v1"]
        ),
    ),
    max_size=7,
).map(tuple)


def batch(topic: str, rows: list[tuple[bytes | None, bytes | None, Headers]]) -> RecordBatch:
    """Return a batch of records given as key, value, headers."""
    keys, found, headers = ([row[column] for row in rows] for column in range(3))
    return RecordBatch(topic, 0, list(range(len(rows))), [0] * len(rows), keys, found, headers)  # type: ignore[arg-type]  # columns lose their types


def spoilt(value: bytes, cut: int, other: int) -> bytes:
    """Return the value with one byte replaced by another."""
    at = cut % len(value)
    return value[:at] + bytes([other]) + value[at + 1 :]


@given(EVENTS)
def test_an_event_in_structured_mode_decodes_to_itself(event: Event) -> None:
    """All types, all fields, all bounds."""
    assert decode_structured(encode(event)) == event


@given(EVENTS)
def test_a_consistent_event_comes_through_the_whole_defence_in_both_modes(event: Event) -> None:
    """Under its key, on its topic; a contradiction is refused as such in both modes."""
    assume(event.datacontenttype is None)
    headers, data = encode_binary(event)
    key, topic = record_key(event), topic_of(event) or CAMERA
    found = decode(batch(topic, [(key, encode(event), STRUCTURED_HEADERS), (key, data, headers)]))
    if contradiction(event) is None:
        assert found == [event, event]
    else:
        assert [one.reason for one in found if isinstance(one, Rejected)] == [Reason.INCONSISTENT] * 2


@given(st.lists(st.tuples(st.none() | st.binary(max_size=8), st.none() | st.binary(), HEADERS), min_size=1))
def test_random_bytes_never_raise(rows: list[tuple[bytes | None, bytes | None, Headers]]) -> None:
    """One answer per record, and a dead letter for each that is refused."""
    records = batch(CAMERA, rows)
    found = decode(records)
    assert len(found) == len(rows)
    for row, one in enumerate(found):
        if isinstance(one, Rejected):
            letter = read_dead_letter(dead_letter(records, row, one).value)
            again = redrive(letter)
            assert again is None or (again.value, again.headers) == (rows[row][1], rows[row][2])


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["type", "data", "id", "time", "x"]) | st.text(), inner)
        ),
    )
)
def test_random_json_never_raises(tree: Any) -> None:
    """Also what Python writes and JSON has not: NaN, infinities, lone surrogates."""
    value = json.dumps(tree).encode()
    (found,) = decode(batch(CAMERA, [(b"CAM-0001", value, ())]))
    assert isinstance(found, Rejected)


@given(st.sampled_from(GOOD), st.integers(0, 10_000), st.integers(0, 255))
@example(COUNT, 0, 0)
def test_one_wrong_byte_gives_an_event_or_a_reason(value: bytes, cut: int, other: int) -> None:
    """Whatever comes out can be written and read again."""
    event = decode_structured(value)
    topic = topic_of(event) or CAMERA
    (found,) = decode(batch(topic, [(record_key(event), spoilt(value, cut, other), STRUCTURED_HEADERS)]))
    if not isinstance(found, Rejected):
        assert decode_structured(encode(found)) == found


POISON = st.one_of(
    st.none(),
    st.binary(max_size=30),
    st.sampled_from([b"", b"{}", b"[" * 60_000, b" " * 70_000, COUNT[:-2], COUNT[:-1] + b',"x":"\xff"}']),
    st.builds(spoilt, st.just(COUNT), st.integers(0, 1000), st.integers(128, 255)),
)
MODES: st.SearchStrategy[Headers] = st.sampled_from([(), STRUCTURED_HEADERS, (("content-type", b"text/xml"),)])


@given(st.lists(st.tuples(st.booleans(), POISON, MODES), min_size=1, max_size=30))
def test_bad_neighbours_never_change_a_good_record(rows: list[tuple[bool, bytes | None, Headers]]) -> None:
    """Every good record decodes as it does alone, every bad one is refused for the reason that it has alone."""
    records: list[tuple[bytes | None, bytes | None, Headers]] = [
        (b"CAM-0001", COUNT, STRUCTURED_HEADERS) if good else (b"CAM-0001", value, headers)
        for good, value, headers in rows
    ]
    together = decode(batch(CAMERA, records))
    alone: list[Decoded] = [decode(batch(CAMERA, [record]))[0] for record in records]
    assert together == alone
    assert all(not isinstance(one, Rejected) for one, (good, _, _) in zip(together, rows, strict=True) if good)


@given(st.lists(EVENTS, min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_the_verdict_on_a_record_does_not_depend_on_the_batch_it_came_in(events: list[Event], random: Any) -> None:
    """Splitting a batch anywhere gives the same answers."""
    records: list[tuple[bytes | None, bytes | None, Headers]] = [
        (record_key(event), encode(event), STRUCTURED_HEADERS) for event in events
    ]
    cut = random.randint(0, len(records))
    whole = decode(batch(CAMERA, records))
    parts = [one for part in (records[:cut], records[cut:]) if part for one in decode(batch(CAMERA, part))]
    assert whole == parts
    assert all(isinstance(one, Rejected | Punctuation) or topic_of(one) == CAMERA for one in whole)
