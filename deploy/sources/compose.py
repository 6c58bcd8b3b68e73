"""Prometheus and Alertmanager of deploy/compose: as everywhere, with what lies elsewhere in containers."""

from pathlib import Path

from deploy.sources import routes
from deploy.sources.alerts.writing import Surroundings, configuration

PAGER = "https://pager.example/ioc"
"""Stands in the example for the site's relay: the real address may let anybody page, so it is never committed."""

_COPY = f"# Copy to secrets/alertmanager.yml, with the address of your relay instead of {PAGER}.\n"
_AROUND = Surroundings(
    workers={"dns_sd_configs": [{"names": ["worker"], "type": "A", "port": 9108, "refresh_interval": "15s"}]},
    alertmanager="alertmanager:9093",
    rules="rules/",
)


def files() -> dict[Path, str]:
    """Return prometheus.yml, where each replica of a worker is found by name, and the example that a site fills in."""
    return {
        Path("compose/prometheus.yml"): configuration(_AROUND),
        Path("compose/alertmanager.example.yml"): _COPY + routes.text(PAGER),
    }
