"""Collects what is generated under `deploy/`, and where it stands."""

import os
from collections.abc import Callable
from pathlib import Path

from deploy.sources import alerts, compose, dashboards, kubernetes, metrics_page, routes

ROOT = Path(__file__).parents[1]
"""The folder `deploy/`: paths of generated files are relative to it."""

COMMAND = "python -m deploy.sources"

Maker = Callable[[], dict[Path, str]]

MAKERS: tuple[Maker, ...] = (
    alerts.files,
    compose.files,
    dashboards.files,
    kubernetes.files,
    metrics_page.files,
    routes.files,
)
"""The function `files` of every module that makes files: one line each."""


def collected() -> dict[Path, str]:
    """Return the text of every generated file by its path relative to `deploy/`.

    Raises
    ------
    ValueError
        Two modules make the same file.
    """
    found: dict[Path, str] = {}
    for maker in MAKERS:
        for path, text in maker().items():
            if path in found:
                raise ValueError(f"{path} is made twice, the second time by {maker.__module__}")
            found[path] = text
    return found


def shown(path: Path) -> str:
    """Return a path below ``deploy/`` as seen from the repository's root.

    Examples
    --------
    >>> shown(Path("../docs/metrics.md")), shown(Path("prometheus/rules.yml"))
    ('docs/metrics.md', 'deploy/prometheus/rules.yml')
    """
    return os.path.normpath(ROOT.name / path)
