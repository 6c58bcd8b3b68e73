"""The event types by themselves: choices, places, keys, unknown values."""

import json
from pathlib import Path

import msgspec
import pytest

from streams import topics
from streams.codec import decode_structured, encode
from streams.envelope import type_name
from streams.events import (
    EVENT_TYPES,
    KEY_FIELD,
    TYPES_OF_TOPIC,
    CameraAnalytics,
    Event,
    KpiFigure,
    record_key,
    topic_of,
)
from streams.events.camera import Rule
from streams.events.consistency import contradiction, unrecognised, unrecognised_in
from streams.events.fields import Choice, Location

SAMPLES = Path(__file__).parents[1] / "fixtures" / "events" / "samples.json"


def samples() -> list[Event]:
    """Return one event or more of every type."""
    return [decode_structured(msgspec.json.encode(sample)) for sample in json.loads(SAMPLES.read_text())]


def with_odd_values(event: Event) -> Event:
    """Return the event with a value from the future in each of its choices."""
    tree = msgspec.to_builtins(event)
    for name in event.data.__struct_fields__:
        if isinstance(getattr(event.data, name), Choice):
            tree["data"][name] = "from-the-future"
    return decode_structured(msgspec.json.encode(tree))


def test_the_samples_cover_every_event_type() -> None:
    """What holds for the samples holds for all types."""
    assert {type(event) for event in samples()} == set(EVENT_TYPES)


def test_every_type_is_frozen_and_unseen_by_the_garbage_collector() -> None:
    """Millions of events would slow every collection."""
    for event in samples():
        for part in (event, event.data):
            assert part.__struct_config__.frozen
            assert not part.__struct_config__.gc


def test_every_source_topic_has_types_and_the_key_that_topics_declares() -> None:
    """Declared twice, so compared once."""
    declared = {topic.name: topic.key for topic in topics.declared()}
    assert set(TYPES_OF_TOPIC) == set(KEY_FIELD) == set(topics.SOURCES)
    assert all(declared[topic] == field for topic, field in KEY_FIELD.items())


def test_the_key_of_an_event_is_the_field_that_its_topic_is_keyed_by() -> None:
    """Punctuation has neither topic nor key."""
    for event in samples():
        topic = topic_of(event)
        expected = None if topic is None else getattr(event.data, KEY_FIELD[topic]).encode()
        assert record_key(event) == expected


def test_type_names_are_distinct_and_versioned() -> None:
    """A breaking change is a new type."""
    names = [type_name(event_type) for event_type in EVENT_TYPES]
    assert len(set(names)) == len(names)
    assert all(name.startswith("vn.ioc.") and name.endswith(".v1") for name in names)


def test_no_sample_contradicts_itself() -> None:
    """Else they would be no samples."""
    assert [contradiction(event) for event in samples()] == [None] * len(samples())


def test_a_value_from_the_future_reads_as_other_and_is_written_so() -> None:
    """Old consumers go on."""
    value = (
        encode(samples()[0])
        .replace(b'"rule":"count"', b'"rule":"drone"')
        .replace(b'"phase"', b'"track_id":"1","phase"')
    )
    event = decode_structured(value)
    assert isinstance(event, CameraAnalytics)
    assert [event.data.rule] == [Rule.OTHER]
    assert event.data.rule is Rule.UNRECOGNISED
    assert hash(event.data.rule) == hash(Rule.OTHER)
    assert b'"rule":"other"' in encode(event)


def test_a_known_other_is_not_counted_as_unrecognised() -> None:
    """A producer may well say `other`."""
    value = (
        encode(samples()[0])
        .replace(b'"rule":"count"', b'"rule":"other"')
        .replace(b'"phase"', b'"track_id":"1","phase"')
    )
    assert unrecognised(decode_structured(value)) == ()


@pytest.mark.parametrize("event", samples())
def test_every_choice_of_every_type_is_found_when_unrecognised(event: Event) -> None:
    """By the names of the fields, a closed set."""
    choices = {name for name in event.data.__struct_fields__ if isinstance(getattr(event.data, name), Choice)}
    assert set(unrecognised(with_odd_values(event))) == choices
    assert unrecognised(event) == ()


def test_searching_a_batch_equals_looking_at_its_events_one_by_one() -> None:
    """Bulk types are sifted first; nothing may fall through."""
    mixed = [*samples(), *map(with_odd_values, samples()), *samples()]
    one_by_one = [(at, len(unrecognised(event))) for at, event in enumerate(mixed)]
    assert unrecognised_in(mixed) == [(at, count) for at, count in one_by_one if count]
    assert len(unrecognised_in(mixed)) == sum(type(event) is not KpiFigure for event in samples())  # has no choices
    assert unrecognised_in(samples()) == []


def test_a_place_outside_of_viet_nam_is_flagged_not_refused() -> None:
    """Latitude and longitude swapped is the usual mistake; it can't even be built into a message of lat > 90."""
    assert Location(21.39, 103.02).plausible
    assert not Location(21.39, 13.02).plausible
    assert not Location(-21.39, 103.02).plausible
