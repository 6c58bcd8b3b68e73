"""Every query of every dashboard says something under replay, and every dashboard can be drawn."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from PIL import Image

from tests.boards import boards
from tests.ops.asking import answers
from tests.ops.pictures import build, draw
from tests.ops.province import Watched, watched_province
from tests.ops.summary import Record

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "build" / "dashboards"
"""Not where the documentation has them: each replay makes others, and `make pictures` takes them over."""
LARGEST_BYTES = 300_000
LIVE = {"ioc-pipeline"}
"""Pictures of the replay itself; the others show the day as it was."""

BOARDS = {board["uid"]: board for board in boards()}

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Replay a day once for all tests."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "deploy" / "prometheus").glob("*.yml")}
    rules = {name: text for name, text in texts.items() if "groups" in (yaml.safe_load(text) or {})}
    with watched_province(tmp_path_factory.mktemp("province"), rules) as province:
        yield province


def test_no_query_is_refused_or_empty(watched: Watched, record: Record) -> None:
    """Of panels, annotations and variables, asked of the Prometheus that scraped the worker under replay."""
    found = [answer for board in BOARDS.values() for answer in answers(board, watched.live)]
    silent = [answer for answer in found if not answer.sound]
    for answer in silent:
        print(f"{answer.question.uid}: {answer.question.what}: {answer.error or 'empty'}")  # noqa: T201 - names them all
    record("dashboard queries non-empty", len(found) - len(silent), len(found))


def test_every_dashboard_is_drawn(watched: Watched, record: Record) -> None:
    """With Grafana's own components; a page that can't be drawn is one colour, or none."""
    build()
    written = 0
    for uid, board in BOARDS.items():
        window = watched.live if uid in LIVE else watched.day
        picture = PICTURES / f"{uid}.png"
        draw(board, answers(board, window), window, picture)
        assert picture.stat().st_size < LARGEST_BYTES, f"{picture.name} is too large"
        with Image.open(picture) as image:
            assert len(image.getcolors() or []) > 20, f"{picture.name} shows nothing"
        written += 1
    record("pictures written", written)
