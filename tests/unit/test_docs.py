"""What the documentation promises, as far as it needs no tool: links, configurations, complete lists."""

import re
import tomllib
from pathlib import Path

import pytest

from ioc.config import load
from streams.explain import _SAY

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md"), ROOT / "tests" / "README.md"]
)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_MADE = re.compile(r"docs/(reference/\w+)\.md$")


def anchors(page: Path) -> set[str]:
    """Return the names of a page's headings, as sites and code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_between_files_leads_somewhere(page: Path) -> None:
    """Also to a heading of the other page; pages that the site makes of the code are taken as there."""
    for target in _LINK.findall(re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        other = (page.parent / name).resolve() if name else page
        if _MADE.search(other.as_posix()):
            continue
        assert other.exists(), f"{target} leads nowhere"
        if anchor and other.suffix == ".md":
            assert anchor in anchors(other), f"{name or page.name} has no heading #{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_toml_block_is_a_configuration(page: Path, tmp_path: Path) -> None:
    """What a reader copies is accepted."""
    for language, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "toml":
            tomllib.loads(text)
            path = tmp_path / "ioc.toml"
            path.write_text(text, encoding="utf-8")
            password = {"IOC_KAFKA_SASL_PASSWORD": "x"} if "sasl_username" in text else {}
            load(path, password)


def test_the_operators_guide_lists_every_rule_of_incidents() -> None:
    """And no other."""
    text = (ROOT / "docs" / "operator.md").read_text(encoding="utf-8")
    table = text.partition("## Các loại sự cố")[2].partition("\n## ")[0]
    listed = {name for line in table.splitlines() for name in re.findall(r"`(\w+)`", line.partition(" | ")[0])}
    assert listed - {"rule"} == set(_SAY)
