"""Draws dashboards in Chromium with Grafana's own components: from answers of a Prometheus to pictures for the docs."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image

from tests.boards import Board
from tests.ops.asking import Answer
from tests.ops.province import Window

SOURCES = Path(__file__).parent / "render"
BUILT = Path(__file__).parents[2] / "build" / "render"
INSTALL = "apt-get install -y --no-install-recommends nodejs npm chromium"
"""The one command that installs what is needed here (Debian, Ubuntu)."""

_BUNDLE = (
    "--bundle", "--minify", "--jsx=automatic", '--define:process.env.NODE_ENV="production"', "--loader:.ttf=empty",
    "--log-level=error",
)  # fmt: skip
_ROW_PX = 38
_WIDTH_PX = 1584
_FRAME_PX = 64
_COLOURS = 256
_PAGE = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="page.css">
<body style="margin:12px"><div id="page"></div><script>globalThis.PAGE = {page};</script><script src="page.js"></script>
"""


def build() -> None:
    """Install what `render/package-lock.json` names, once for each of its versions, and bundle the page."""
    for name in ("node", "npm", "chromium"):
        assert shutil.which(name), f"{name} is not installed; on Debian or Ubuntu: {INSTALL}"
    BUILT.mkdir(parents=True, exist_ok=True)
    for path in SOURCES.iterdir():
        shutil.copy(path, BUILT / path.name)
    lock = hashlib.sha256((BUILT / "package-lock.json").read_bytes()).hexdigest()
    mark = BUILT / "installed"
    if not mark.exists() or mark.read_text(encoding="utf-8") != lock:
        _run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", timeout_s=280)
        mark.write_text(lock, encoding="utf-8")
    _run("node_modules/.bin/esbuild", "render.tsx", "--outfile=page.js", *_BUNDLE, timeout_s=60)


def draw(board: Board, answers: Iterable[Answer], window: Window, picture: Path) -> None:
    """Write the picture of a dashboard, in few colours: a screenshot of a page that asks nothing of anybody."""
    results = {answer.question.what: answer.series for answer in answers}
    page: dict[str, Any] = {"board": board, "results": results, "from": window.start_s, "to": window.end_s}
    text = json.dumps(page, ensure_ascii=False).replace("</", "<\\/")
    uid = board["uid"]
    (BUILT / f"{uid}.html").write_text(_PAGE.replace("{page}", text), encoding="utf-8")
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])
    shot = BUILT / f"{uid}.png"
    shot.unlink(missing_ok=True)
    _run(
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=8000",
        f"--user-data-dir={BUILT / 'chromium'}", f"--window-size={_WIDTH_PX},{rows * _ROW_PX + _FRAME_PX}",
        f"--screenshot={shot}", f"file://{BUILT / uid}.html", timeout_s=60,
    )  # fmt: skip
    picture.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(shot) as image:
        image.convert("RGB").quantize(_COLOURS).save(picture, optimize=True)


def _run(*command: str, timeout_s: float) -> None:
    done = subprocess.run(command, cwd=BUILT, capture_output=True, text=True, check=False, timeout=timeout_s)
    assert done.returncode == 0, f"{command[0]}: {done.stderr[-2000:]}"
