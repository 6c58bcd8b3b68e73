"""Hooks of mkdocs: pages made from the code join, decision records list themselves, links out of docs/ become names."""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

from tests.pages.site.reference import pages

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#:\s]+)(#[^)\s]*)?\)")


def on_config(config: Any) -> Any:
    """Put the decision records into the navigation, in the order of their numbers."""
    records = sorted((Path(config["docs_dir"]) / "decisions").glob("*.md"))
    for section in config["nav"]:
        for listed in section.values() if isinstance(section, dict) else ():
            for place, page in enumerate(listed):
                if page == {"Decisions": "decisions/"}:
                    listed[place] = {"Decisions": [f"decisions/{record.name}" for record in records]}
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are made from the code."""
    for place, text in pages().items():
        files.append(File.generated(config, place, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Turn links that leave docs/ into the names of their files."""
    return inside(markdown, page.file.src_uri)


def inside(markdown: str, source: str) -> str:
    """Return the text of the page at ``source`` (below docs/) without links to files outside docs/.

    Examples
    --------
    >>> inside("[mean](../detectors/shift.py) and [why](decisions/0008-speed.md)", "detectors.md")
    'mean (`detectors/shift.py`) and [why](decisions/0008-speed.md)'
    >>> inside("[`deploy/schemas/`](../deploy/schemas)", "events.md")
    '`deploy/schemas/`'
    """

    def replaced(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join("docs", posixpath.dirname(source), link[2]))
        if target.startswith("docs/"):
            return link[0]
        return link[1] if target in link[1].replace("/`", "`") else f"{link[1]} (`{target}`)"

    return _LINK.sub(replaced, markdown)
