"""Rules and alerts as an object of the Prometheus operator: those of deploy/prometheus, group by group."""

from pathlib import Path

import yaml

from deploy.sources.alerts import groups
from deploy.sources.alerts.levels import recordings
from deploy.sources.alerts.writing import rule_groups
from deploy.sources.site import Site

_MADE = "# Made by `make deploy-files` from deploy/sources/kubernetes.py and deploy/sources/alerts; change it there.\n"


def files(site: Site) -> dict[Path, str]:
    """Return the PrometheusRule of the base."""
    rule = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "ioc"},
        "spec": {"groups": rule_groups(recordings(), groups(), site)},
    }
    text = yaml.safe_dump(rule, allow_unicode=True, sort_keys=False, width=10_000)
    return {Path("kubernetes/base/prometheusrule.yaml"): _MADE + text}
