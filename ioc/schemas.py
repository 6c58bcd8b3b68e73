"""The event types as documents for others: JSON Schemas (draft 2020-12) and AsyncAPI 3.0, made from the types."""

import json
from inspect import cleandoc
from pathlib import Path
from typing import Any

import msgspec

from ioc import __version__
from streams.anomalies import Anomaly, Counts, Joined, Watermark
from streams.envelope import type_name
from streams.events import EVENT_TYPES, TYPES_OF_TOPIC, Punctuation
from streams.incidents import Incident
from streams.rejection import DeadLetterEvent
from streams.topics import ANOMALIES, DEAD_LETTERS, INCIDENTS, LATE_EVENTS, SOURCES, Topic, declared

Document = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_UNRECOGNISED = "unrecognised"
_DEAD_LETTER = "vn.ioc.deadletter.v1"

_INCIDENT = "vn.ioc.incident.v1"
_OUTPUTS: dict[str, type] = {
    _INCIDENT: Incident,
    **{str(kind.__struct_config__.tag): kind for kind in (Anomaly, Joined, Counts, Watermark)},
}
"""What the processor itself tells, in binary mode: the value is the data alone."""

_OUTPUT_KEYS = {
    _INCIDENT: "id of the incident; the last revision counts",
    "vn.ioc.anomaly.v1": "tenant",
    "vn.ioc.series-joined.v1": "tenant",
    "vn.ioc.window-counts.v1": "tenant",
    "vn.ioc.watermark.v1": "input topic and partition",
}

_COMPOSED_KEYS = {"vn.ioc.kpi.figure.v1": "`data.tenant`, a slash and `data.kpi`"}
"""Record keys that are no field of ``data``."""

_PRESENT: Document = {"not": {"type": "null"}}


def _when(field: str, values: list[str], required: list[str]) -> Document:
    """Return the rule that ``field`` being one of ``values`` makes other fields required."""
    return {
        "if": {"properties": {field: {"enum": values}}, "required": [field]},
        "then": {"properties": dict.fromkeys(required, _PRESENT), "required": required},
    }


_RULES: dict[str, list[Document]] = {
    "AnalyticsData": [
        {
            "if": {"properties": {"rule": {"not": {"enum": ["count", "occupancy"]}}}},
            "then": {"properties": {"track_id": _PRESENT}, "required": ["track_id"]},
        }
    ],
    "LifecycleData": [
        _when("action", ["duplicate_of"], ["parent_id"]),
        _when("action", ["extended"], ["extension_reason", "extension_until"]),
        {
            "if": {"properties": {"rating": _PRESENT}, "required": ["rating"]},
            "then": {"properties": {"action": {"const": "rated"}}},
        },
    ],
}
"""What `streams.events` checks across fields, as far as JSON Schema can say it (it can't compare times)."""


def documents() -> dict[str, Document]:
    """Return every generated document by its path under `deploy/`.

    Examples
    --------
    >>> sorted(documents())[:2]
    ['asyncapi.json', 'schemas/vn.ioc.anomaly.v1.json']
    """
    types: dict[str, type] = {type_name(event_type): event_type for event_type in EVENT_TYPES}
    schemas = {
        _schema_path(name): _schema(name, kind)
        for name, kind in {**types, _DEAD_LETTER: DeadLetterEvent, **_OUTPUTS}.items()
    }
    return {**schemas, "asyncapi.json": _asyncapi(schemas)}


def texts() -> dict[Path, str]:
    """Return what each document is written as, by its path under `deploy/`."""
    return {Path(name): _text(document) for name, document in documents().items()}


def _text(document: Document) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _schema_path(name: str) -> str:
    return f"schemas/{name}.json"


def _schema(name: str, event_type: type) -> Document:
    (_,), parts = msgspec.json.schema_components([event_type], ref_template="#/$defs/{name}")
    for part_name, part in parts.items():
        if "description" in part:
            part["description"] = cleandoc(part["description"])  # Python 3.13 does it by itself
        if "enum" in part:
            part["enum"] = [value for value in part["enum"] if value != _UNRECOGNISED]
        if part_name in _RULES:
            part["allOf"] = _RULES[part_name]
    envelope = parts.pop(event_type.__name__)
    return {"$schema": _DIALECT, "$id": f"urn:ioc:schema:{name}", **envelope, "$defs": dict(sorted(parts.items()))}


def _asyncapi(schemas: dict[str, Document]) -> Document:
    topics = declared()
    names = {path.removeprefix("schemas/").removesuffix(".json"): document for path, document in schemas.items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "IOC stream processor",
            "version": __version__,
            "description": "Events of a provincial intelligent operations centre, CloudEvents 1.0 on Kafka.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {topic.name: _channel(topic) for topic in topics},
        "operations": {f"{_verb(topic)}-{topic.name}": _operation(topic) for topic in topics},
        "components": {"messages": {name: _message(name, document) for name, document in names.items()}},
    }


def _messages_on(topic: str) -> list[str]:
    if topic == DEAD_LETTERS:
        return [_DEAD_LETTER]
    if topic == LATE_EVENTS:
        return [type_name(event_type) for event_type in EVENT_TYPES if event_type is not Punctuation]
    if topic == INCIDENTS:
        return [_INCIDENT]
    if topic == ANOMALIES:
        return [name for name in _OUTPUTS if name != _INCIDENT]
    if topic in SOURCES:
        return [*(type_name(event_type) for event_type in TYPES_OF_TOPIC[topic]), type_name(Punctuation)]
    return []


def _channel(topic: Topic) -> Document:
    config = topic.broker_config()
    shape: Document = {
        "cleanup.policy": [config["cleanup.policy"]],
        "max.message.bytes": topic.max_message_bytes,
    }
    if topic.retention_ms is not None:
        shape["retention.ms"] = topic.retention_ms
    return {
        "address": topic.name,
        "description": f"Record key: {topic.key}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _messages_on(topic.name)},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": shape,
                "bindingVersion": "0.5.0",
            }
        },
    }


def _verb(topic: Topic) -> str:
    return "receive" if topic.name in SOURCES else "send"


def _operation(topic: Topic) -> Document:
    return {"action": _verb(topic), "channel": {"$ref": f"#/channels/{topic.name}"}}


def _message(name: str, schema: Document) -> Document:
    return {
        "name": name,
        "title": schema["title"],
        "summary": schema["description"],
        "contentType": "application/json" if name in _OUTPUTS else "application/cloudevents+json",
        "headers": {
            "type": "object",
            "properties": {
                "content-type": {"type": "string", "description": "absent, or one of CloudEvents' two modes"}
            },
        },
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"./{_schema_path(name)}"},
        },
        "bindings": {"kafka": {"key": _key_schema(name), "bindingVersion": "0.5.0"}},
    }


def _key_schema(name: str) -> Document:
    for topic, types in TYPES_OF_TOPIC.items():
        if name in {type_name(event_type) for event_type in types}:
            key = next(found.key for found in declared() if found.name == topic)
            equals = _COMPOSED_KEYS.get(name, f"`data.{key}`")
            return {"type": "string", "description": f"equals {equals}"}
    if name in _OUTPUTS:
        return {"type": "string", "description": _OUTPUT_KEYS[name]}
    if name == _DEAD_LETTER:
        return {"type": "string", "description": "topic and partition of the refused record"}
    return {"type": ["string", "null"], "description": "ignored"}
