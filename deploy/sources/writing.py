"""Collects what is generated under `deploy/`, and where it stands."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from deploy.sources import alerts, compose, dashboards, kubernetes, metrics_page, routes
from deploy.sources.site import Site, read

ROOT = Path(__file__).parents[1]
"""The folder `deploy/`: paths of generated files are relative to it."""

COMMAND = "python -m deploy.sources"

Maker = Callable[[], dict[Path, str]]
SiteMaker = Callable[[Site], dict[Path, str]]

MAKERS: tuple[Maker, ...] = (alerts.pages, dashboards.files, metrics_page.files)
"""The functions that make files which are the same everywhere: one line each."""

SITE_MAKERS: tuple[SiteMaker, ...] = (alerts.files, compose.files, kubernetes.files, routes.files)
"""The functions that make files which name addresses of a site."""


def of_site(site: Site) -> dict[Path, str]:
    """Return the text of every file that names addresses of the site, by its path relative to `deploy/`."""
    return _united(maker(site) for maker in SITE_MAKERS)


def collected() -> dict[Path, str]:
    """Return the text of every generated file as it is committed, by its path relative to `deploy/`."""
    return _united([of_site(read()), *(maker() for maker in MAKERS)])


def _united(made: Iterable[dict[Path, str]]) -> dict[Path, str]:
    """Return what was made.

    Raises
    ------
    ValueError
        Two modules make the same file.
    """
    found: dict[Path, str] = {}
    for texts in made:
        for path, text in texts.items():
            if path in found:
                raise ValueError(f"{path} is made twice")
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
