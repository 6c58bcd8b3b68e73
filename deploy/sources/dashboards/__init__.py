"""Dashboards for Grafana: one module per page, built with Grafana's foundation SDK, and how Grafana is given them."""

from pathlib import Path

from deploy.sources.dashboards import cameras, incident, levels, overview, pipeline, queues, reports, systems
from deploy.sources.dashboards.frame import Page, rendered

FOLDER = Path("grafana")


def pages() -> list[Page]:
    """Return all dashboards, in the order of their links."""
    return [module.page() for module in (overview, cameras, reports, queues, incident, levels, pipeline, systems)]


def files() -> dict[Path, str]:
    """Return dashboards and provisioning by path."""
    return {FOLDER / "dashboards" / page.folder / f"{page.uid}.json": rendered(page) for page in pages()}
