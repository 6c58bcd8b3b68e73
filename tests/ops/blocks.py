"""Finds the command blocks of the documentation and runs each as a reader would, page by page, on a real Kafka."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_DIRECTIVE = re.compile(r"<!-- (not run here|exits|serves): ([^\n]*?) -->\n\Z")
_PRELUDE = """
set -euo pipefail
ioc() { if [ "$1" = broker ]; then shift; command ioc broker --port 0 "$@"; else command ioc "$@"; fi; }
"""
_PATIENCE_S = 240
_SERVES_S = 20


class Block(NamedTuple):
    """A fenced block of shell commands: its page, the line that it begins at, its text.

    A comment in the line before says what differs: ``not run here: WHY``, ``exits: CODE, WHY``, or ``serves: WHY`` for
    what goes on until it is stopped.
    """

    page: Path
    line: int
    text: str
    directive: str
    reason: str

    @property
    def name(self) -> str:
        """Return page and line."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def runs(self) -> bool:
        """Whether it can be run here."""
        return self.directive != "not run here"

    @property
    def exit_code(self) -> int:
        """Return the code that it is to end with."""
        return int(self.reason.partition(",")[0]) if self.directive == "exits" else 0


def pages() -> list[Path]:
    """Return every page a reader may copy commands from."""
    return sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")])


def blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page in their order."""
    text = page.read_text(encoding="utf-8")
    for fence in _FENCE.finditer(text):
        before = text[: fence.start()]
        said = _DIRECTIVE.search(before)
        yield Block(page, before.count("\n") + 1, fence[1], *((said[1], said[2]) if said else ("", "")))


def run(block: Block, directory: Path, environment: Mapping[str, str]) -> str:
    """Run a block in ``directory`` and end what it left running; return what went wrong, nothing if all is well."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    printed = directory / f"{block.line}.log"
    with printed.open("wb") as log:  # a pipe would stay open as long as what the block left in the background
        process = subprocess.Popen(
            ["/bin/bash", "-c", _PRELUDE + block.text],
            cwd=directory,
            env={**os.environ, **environment, "PATH": path, "PYTHONPATH": str(ROOT)},
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    serves = block.directive == "serves"
    try:
        process.wait(_SERVES_S if serves else _PATIENCE_S)
    except subprocess.TimeoutExpired:
        return "" if serves else f"{block.name} did not end within {_PATIENCE_S} s"
    finally:
        _end(process)
    if serves or process.returncode != block.exit_code:
        said = printed.read_text(encoding="utf-8", errors="replace")[-2000:]
        return f"{block.name} ended with {process.returncode}, not {block.exit_code}:\n{said}"
    return ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the block's whole session: what it put into the background stays in its process group."""
    for each in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, each)
        except ProcessLookupError:
            return
        for _ in range(100):
            process.poll()
            if not _alive(process.pid):
                return
            time.sleep(0.1)


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
