"""Prometheus' configuration, recording rules, alerts with their tests, and the runbook."""

from pathlib import Path

from deploy.sources.alerts.incidents import INCIDENTS
from deploy.sources.alerts.levels import LEVELS, recordings
from deploy.sources.alerts.model import Alert
from deploy.sources.alerts.paging import PAGING
from deploy.sources.alerts.pipeline import PIPELINE
from deploy.sources.alerts.queues import QUEUES
from deploy.sources.alerts.systems import SYSTEMS
from deploy.sources.alerts.writing import configuration, here, rules, runbook, tests
from deploy.sources.site import Site

ALERTS: tuple[Alert, ...] = (*PIPELINE, *PAGING, *INCIDENTS, *SYSTEMS, *QUEUES, *LEVELS)
"""Every alert; several of one name have different severities."""


def files(site: Site) -> dict[Path, str]:
    """Return what Prometheus reads."""
    return {
        Path("prometheus/prometheus.yml"): configuration(here(site)),
        Path("prometheus/rules.yml"): rules(recordings(), {}, site),
        Path("prometheus/alerts.yml"): rules({}, groups(), site),
        Path("prometheus/tests/alerts.yml"): tests(ALERTS),
    }


def pages() -> dict[Path, str]:
    """Return the runbook."""
    return {Path("../docs/runbook.md"): runbook(ALERTS)}


def groups() -> dict[str, tuple[Alert, ...]]:
    """Return the alerts by group: what is in one is evaluated one after another."""
    return {
        "ioc-pipeline": PIPELINE,
        "ioc-paging": PAGING,
        "ioc-incidents": INCIDENTS,
        "ioc-systems": SYSTEMS,
        "ioc-queues": QUEUES,
        "ioc-levels": LEVELS,
    }
