"""Prometheus and Alertmanager of deploy/compose: as everywhere, with what lies elsewhere in containers."""

from pathlib import Path

from deploy.sources import routes
from deploy.sources.alerts.writing import Surroundings, configuration
from deploy.sources.site import Site

_COPY = "# Copy to secrets/alertmanager.yml; relay and units are those of deploy/site.toml, or of your copy of it.\n"
_AROUND = Surroundings(
    workers={"dns_sd_configs": [{"names": ["worker"], "type": "A", "port": 9108, "refresh_interval": "15s"}]},
    alertmanager="alertmanager:9093",
    rules="rules/",
)


def files(site: Site) -> dict[Path, str]:
    """Return prometheus.yml, where each replica of a worker is found by name, and the example for the secret."""
    return {
        Path("compose/prometheus.yml"): configuration(_AROUND),
        Path("compose/alertmanager.example.yml"): _COPY + routes.text(site),
    }
