"""The reference of events, made from their schemas when the site is built: every type, every field and its bounds."""

from typing import Any

from ioc.schemas import Document, documents
from streams.events import TYPES_OF_TOPIC
from streams.topics import declared

_ABOUT = """# Events, field by field

Made from the same types as the JSON Schemas in `deploy/schemas/`. What producers send is an envelope with `data`; what
the processor itself tells is the value alone, its type in a header. How to send: [events](../events.md).
"""
_BOUNDS = (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<"))


def events() -> str:
    """Return the page: the envelope, each type with its fields, then the parts that several share."""
    schemas = {schema["$id"].rpartition(":")[2]: schema for schema in documents().values() if "$id" in schema}
    topics = {_name(kind): topic for topic, kinds in TYPES_OF_TOPIC.items() for kind in kinds}
    sent = [*topics, *(name for name in schemas if name not in topics)]
    envelope = schemas[sent[0]]
    fields = {name: field for name, field in envelope["properties"].items() if name not in {"type", "data"}}
    parts: dict[str, str] = {}
    for schema in schemas.values():
        for name, part in schema["$defs"].items():
            if "properties" in part and name != _own(schema):
                parts[name] = f"### {name}\n\n{_line(part)}\n\n{_table(part, schema['$defs'])}"
    return "\n\n".join(
        [
            _ABOUT,
            f"## The envelope\n\n{_table({**envelope, 'properties': fields}, envelope['$defs'])}",
            *(_type(name, schemas[name], topics.get(name, "")) for name in sent),
            "## Parts",
            *(parts[name] for name in sorted(parts)),
            "",
        ]
    )


def _name(kind: type) -> str:
    return str(kind.__struct_config__.tag)  # type: ignore[attr-defined]  # of every Struct


def _own(schema: Document) -> str:
    """Return the name of what stands in `data`; "" for what is told without an envelope."""
    reference: str = schema["properties"].get("data", {}).get("$ref", "")
    return reference.rpartition("/")[2]


def _type(name: str, schema: Document, topic: str) -> str:
    body = schema["$defs"][_own(schema)] if _own(schema) else schema
    keys = {each.name: each.key for each in declared()}
    where = f" On `{topic}`, by `{keys[topic]}`." if topic else ""
    return f"## {name}\n\n{_line(body)}{where}\n\n{_table(body, schema['$defs'])}"


def _line(part: Document) -> str:
    return " ".join(part["description"].split()).replace("``", "`")


def _table(body: Document, defs: Document) -> str:
    required = set(body.get("required", ()))
    rows = []
    for name, field in body["properties"].items():
        needed = name in required
        null = " or null" if needed and {"type": "null"} in field.get("anyOf", ()) else ""
        rows.append(f"| `{name}` | {'yes' if needed else ''} | {said(field, defs)}{null} |")
    return "\n".join(["| field | required | value |", "|---|---|---|", *rows])


def said(field: Document, defs: Document) -> str:
    """Return in words what a field may hold.

    Examples
    --------
    >>> said({"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "null"}]}, {})
    'number ≥ 0 ≤ 1'
    >>> said({"type": "array", "items": {"$ref": "#/$defs/Side"}}, {"Side": {"enum": ["in", "out"]}})
    'list of: `in`, `out`'
    """
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        part = defs[name]
        return f"[{name}](#{name.lower()})" if "properties" in part else said(part, defs)
    if "anyOf" in field:
        return " or ".join(said(each, defs) for each in field["anyOf"] if each.get("type") != "null")
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    kind = str(field.get("type", "any"))
    if kind == "array":
        inner = field.get("prefixItems", [field["items"]] if field.get("items") else [{}])
        return "list of: " + "; ".join(said(each, defs) for each in inner)
    if kind == "object":
        return "by name: " + said(field.get("additionalProperties", {}), defs)
    return kind + _limits(field)


def _limits(field: dict[str, Any]) -> str:
    told = [f" {sign} {field[name]:.16g}" for name, sign in _BOUNDS if name in field]
    if "format" in field:
        told.append(f", {field['format']}")
    if "pattern" in field:
        pattern = str(field["pattern"]).replace("|", "\\|")
        told.append(f" like `{pattern}`")
    elif "maxLength" in field:
        told.append(f", {field.get('minLength', 0)} to {field['maxLength']} characters")
    if "contentEncoding" in field:
        told.append(f", {field['contentEncoding']}")
    return "".join(told)
