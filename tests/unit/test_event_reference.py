"""The reference of events says everything that the schemas say."""

import re

import pytest

from ioc.schemas import documents
from tests.pages.site.event_reference import events

PAGE = events()
SCHEMAS = {schema["$id"].rpartition(":")[2]: schema for schema in documents().values() if "$id" in schema}


def chapter(heading: str) -> str:
    """Return what stands below a heading."""
    return PAGE.partition(f"\n{heading}\n")[2].partition("\n## ")[0].partition("\n### ")[0]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_type_has_every_field_and_every_value_of_its_closed_sets(name: str) -> None:
    """Or a link to the part that has them; what must be there is marked."""
    schema = SCHEMAS[name]
    own = schema["properties"].get("data", {}).get("$ref", "").rpartition("/")[2]
    body, text = schema["$defs"].get(own, schema), chapter(f"## {name}")
    rows = dict(re.findall(r"^\| `(\w+)` \| (yes)? ?\|", text, re.MULTILINE))
    assert rows.keys() == body["properties"].keys()
    assert {field for field, needed in rows.items() if needed} == set(body.get("required", ()))
    for part in schema["$defs"].values():
        for value in part.get("enum", ()):
            assert f"`{value}`" in PAGE


def test_every_link_leads_to_a_part_and_no_value_is_left_unsaid() -> None:
    """Anchors are those that the site makes of headings."""
    headings = {heading.lower() for heading in re.findall(r"^### (\w+)$", PAGE, re.MULTILINE)}
    linked = set(re.findall(r"\]\(#(\w+)\)", PAGE))
    assert linked
    assert linked <= headings
    assert not re.search(r"\| any\b|: any\b", PAGE)


def test_bounds_are_told_in_full() -> None:
    """Not in powers of ten, which a reader would take for rounded."""
    assert "| `sampledrate` |  | integer ≥ 1 ≤ 2147483647 |" in PAGE
    assert "| `end` | yes | string or null |" in chapter("## vn.ioc.incident.v1")
