"""What is generated under `deploy/` is what its sources make, and thresholds are in order."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from deploy.sources import compose, routes, writing
from deploy.sources.__main__ import command
from deploy.sources.thresholds import THRESHOLDS
from ioc import generated


def test_every_generated_file_is_committed_as_its_source_makes_it() -> None:
    """Otherwise: `make deploy-files`."""
    assert generated.differing(writing.ROOT, writing.collected()) == []


def test_a_file_that_differs_is_named_with_the_command_that_mends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `make check` shows it."""
    monkeypatch.setattr(writing, "MAKERS", (lambda: {Path("a/b.yml"): "x: 1\n"},))
    told = CliRunner().invoke(command, ["--check"])
    assert told.exit_code == 1
    assert "deploy/a/b.yml" in told.output
    assert "make deploy-files" in told.output


def test_two_modules_cannot_make_the_same_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second would silently win."""
    monkeypatch.setattr(writing, "MAKERS", (lambda: {Path("a"): "1"}, lambda: {Path("a"): "2"}))
    with pytest.raises(ValueError, match="made twice"):
        writing.collected()


def test_alertmanager_of_compose_differs_from_the_sites_own_in_the_relay_alone() -> None:
    """Routes, inhibitions and quiet hours are the same text."""
    made = writing.collected()
    example = made[Path("compose/alertmanager.example.yml")].partition("\n")[2]
    assert example.replace(compose.PAGER, routes.WEBHOOK) == made[Path("alertmanager/alertmanager.yml")]


def test_prometheus_of_compose_scrapes_the_same_jobs_at_the_same_pace() -> None:
    """Rules and dashboards ask for both."""
    made = writing.collected()
    here, there = (yaml.safe_load(made[Path(folder) / "prometheus.yml"]) for folder in ("prometheus", "compose"))
    assert here["global"] == there["global"]
    jobs = [[each["job_name"] for each in tree["scrape_configs"]] for tree in (here, there)]
    assert jobs[0] == jobs[1]
    assert there["rule_files"] == [f"rules/{name}" for name in here["rule_files"]]


def test_thresholds_say_why_and_where_they_lie() -> None:
    """All here are of figures that are bad when they are high."""
    for name, threshold in THRESHOLDS.items():
        assert name == threshold.name
        assert 0 < threshold.warning <= threshold.critical
        assert threshold.why.endswith(".")
        assert threshold.unit
