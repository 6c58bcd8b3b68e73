"""The documents for others say what the types say."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from ioc.commands.schemas import command
from ioc.errors import CheckFailed
from ioc.generated import differing
from ioc.schemas import documents, texts
from streams import topics
from streams.codec import decode_structured, encode
from streams.envelope import type_name
from streams.events import EVENT_TYPES
from streams.records import RecordBatch
from streams.rejection import Reason, Rejected, dead_letter

ROOT = Path(__file__).parents[2]
SAMPLES: list[dict[str, Any]] = json.loads((ROOT / "tests/fixtures/events/samples.json").read_text(encoding="utf-8"))


def validator(name: str) -> Draft202012Validator:
    """Return the validator of an event type, from the committed file."""
    schema = json.loads((ROOT / "deploy" / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_the_committed_documents_are_those_of_the_types() -> None:
    """After changing an event type: `ioc schemas`."""
    assert differing(ROOT / "deploy", texts()) == []


def test_no_schema_of_a_type_that_is_gone_stays_behind() -> None:
    """One file per type, and no other."""
    committed = {f"schemas/{path.name}" for path in (ROOT / "deploy" / "schemas").iterdir()}
    assert committed == {name for name in documents() if name.startswith("schemas/")}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["id"])
def test_every_sample_is_valid(sample: dict[str, Any]) -> None:
    """As it is written, and as we would write it."""
    found = validator(sample["type"])
    found.validate(sample)
    found.validate(json.loads(encode(decode_structured(msgspec.json.encode(sample)))))


@pytest.mark.parametrize(
    ("nth", "changes"),
    [
        (0, {"rule": "loitering"}),
        (0, {"rule": "drone"}),
        (0, {"rule": "unrecognised"}),
        (0, {"plate": "27A-123.45"}),
        (0, {"count": -1}),
        (0, {"tenant": "1x"}),
        (0, {"location": {"lat": 91, "lon": 0}}),
        (1, {"track_id": None}),
        (3, {"action": "duplicate_of"}),
        (3, {"action": "extended"}),
        (3, {"rating": 4}),
        (5, {"rating": 6}),
        (6, {"ticket_id": None}),
    ],
)
def test_what_the_codec_refuses_the_schema_refuses(nth: int, changes: dict[str, Any]) -> None:
    """Producers find their mistakes before they send; values from the future are theirs to declare."""
    sample = SAMPLES[nth]
    assert not validator(sample["type"]).is_valid({**sample, "data": {**sample["data"], **changes}})


def test_a_dead_letter_is_valid() -> None:
    """It has a schema too."""
    batch = RecordBatch("ioc.telemetry", 0, [7], [1_772_326_801_000], [b"\xff"], [b"{"], [()])
    value = dead_letter(batch, 0, Rejected(Reason.NOT_JSON, "Input data was truncated")).value
    validator("vn.ioc.deadletter.v1").validate(json.loads(value))


def test_asyncapi_has_a_channel_for_every_topic_as_it_is_created() -> None:
    """Name, partitions, retention and compaction."""
    channels = documents()["asyncapi.json"]["channels"]
    assert set(channels) == {topic.name for topic in topics.declared()}
    for topic in topics.declared():
        kafka = channels[topic.name]["bindings"]["kafka"]
        assert kafka["partitions"] == topic.partitions
        assert kafka["topicConfiguration"].get("retention.ms") == topic.retention_ms
        assert kafka["topicConfiguration"]["cleanup.policy"] == ["compact" if topic.compacted else "delete"]


def test_every_reference_of_asyncapi_leads_somewhere() -> None:
    """Within the document, or to a schema beside it."""
    found = documents()
    document = found["asyncapi.json"]
    references = _references(document)
    assert len(references) > len(EVENT_TYPES)
    for reference in references:
        if reference.startswith("./"):
            assert reference.removeprefix("./") in found
            continue
        node: Any = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_every_event_type_is_a_message_on_some_channel() -> None:
    """Nothing is declared and unused."""
    document = documents()["asyncapi.json"]
    carried = {name for channel in document["channels"].values() for name in channel["messages"]}
    assert carried == set(document["components"]["messages"])
    assert {type_name(event_type) for event_type in EVENT_TYPES} <= carried


def test_the_command_checks_and_writes(tmp_path: Path) -> None:
    """A difference fails the check and names the way out."""
    found = CliRunner().invoke(command, ["--check", str(tmp_path)])
    assert isinstance(found.exception, CheckFailed)
    assert f"run `ioc schemas {tmp_path}`" in str(found.exception)
    assert CliRunner().invoke(command, [str(tmp_path)]).exit_code == 0
    assert CliRunner().invoke(command, ["--check", str(tmp_path)]).exit_code == 0


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [found for value in node.values() for found in _references(value)]
    if isinstance(node, list):
        return [found for value in node for found in _references(value)]
    return []
