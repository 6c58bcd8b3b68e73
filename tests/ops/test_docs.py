"""The documentation is true: its site builds without a dead link, its commands run."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.sources.site import EXAMPLE
from ioc.broker import EmbeddedKafka
from ioc.config import Kafka
from ioc.topics import apply_topics
from tests.ops import blocks
from tests.ops.summary import Record

SUPPOSED = {
    "ioc.toml": "[admission]\nallowed_lateness_s = 900\n",
    "site.toml": EXAMPLE.read_text(encoding="utf-8"),
    "figures.csv": "tenant,kpi,value,as_of\n11,dti_rank,24,2024-12-31\n",
    "series.csv": "timestamp,value\n" + "".join(f"2026-03-{day:02} 08:00:00,{day % 7}\n" for day in range(1, 29)),
}
"""What pages suppose that a reader has; the broker of the tests is in the environment, which goes before the file."""


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """A dead link, a missing anchor, a page outside the navigation: mkdocs' strict mode fails on each."""
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")],
        cwd=blocks.ROOT,
        env={"PATH": str(Path(sys.executable).parent), "PYTHONPATH": str(blocks.ROOT), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert built.returncode == 0, built.stderr
    for page, named in (
        ("configuration", "IOC_KAFKA_BOOTSTRAP"),
        ("commands", "ioc incidents"),
        ("events", "sla_wait_s"),
    ):
        assert named in (tmp_path / "site" / "reference" / page / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """Start a broker with the declared topics; commands find it by the environment, workers take free ports."""
    with EmbeddedKafka() as broker:
        apply_topics(Kafka(bootstrap=broker.bootstrap))
        yield {"IOC_KAFKA_BOOTSTRAP": broker.bootstrap, "IOC_METRICS_PORT": "0"}


@pytest.mark.timeout(1200)
def test_every_command_block_runs(environment: dict[str, str], tmp_path: Path, record: Record) -> None:
    """Block by block in the order of the page, in one directory per page, as a reader copies them."""
    failed: list[str] = []
    ran = 0
    for number, page in enumerate(blocks.pages()):
        directory = tmp_path / str(number)
        directory.mkdir()
        for name, text in SUPPOSED.items():
            (directory / name).write_text(text, encoding="utf-8")
        for block in blocks.blocks(page):
            if block.runs:
                ran += 1
                failed += filter(None, [blocks.run(block, directory, environment)])
    assert not failed, "\n\n".join(failed)
    record("docs blocks run", ran - len(failed), ran)


def test_a_block_that_is_not_run_says_why() -> None:
    """What needs Docker, a cluster or a whole machine; the commands of this project are none of these."""
    left = [block for page in blocks.pages() for block in blocks.blocks(page) if not block.runs]
    assert all(len(block.reason.split()) >= 3 for block in left)


def test_a_wrong_command_in_a_block_is_seen(tmp_path: Path, environment: dict[str, str]) -> None:
    """Else nothing would be proved by the others."""
    page = blocks.ROOT / "README.md"
    assert "ended with" in blocks.run(blocks.Block(page, 1, "ioc no-such-command\n", "", ""), tmp_path, environment)
    assert "ended with" in blocks.run(blocks.Block(page, 1, "false | cat\n", "", ""), tmp_path, environment)
    assert not blocks.run(blocks.Block(page, 1, "ioc topics list\n", "", ""), tmp_path, environment)
