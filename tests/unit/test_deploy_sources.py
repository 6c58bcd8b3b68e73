"""What is generated under `deploy/` is what its sources make, and thresholds are in order."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from deploy.sources import writing
from deploy.sources.__main__ import command
from deploy.sources.site import read
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


def test_alertmanager_of_compose_is_the_sites_own() -> None:
    """Routes, inhibitions, quiet hours and relay are the same text."""
    made = writing.collected()
    example = made[Path("compose/alertmanager.example.yml")].partition("\n")[2]
    assert example == made[Path("alertmanager/alertmanager.yml")]


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


SITE = """
runbook = "https://docs.tinh.example/runbook"
grafana = "https://grafana.tinh.example/"
relay = "https://relay.tinh.example"
workers = ["10.0.0.1:9108", "10.0.0.2:9108"]
[units]
"03127" = "p-dien-bien-phu"
"""


def test_a_site_gets_files_with_its_own_addresses_and_no_placeholder(tmp_path: Path) -> None:
    """In its own folder; the checkout stays as it is."""
    (tmp_path / "site.toml").write_text(SITE)
    done = CliRunner().invoke(command, ["--site", str(tmp_path / "site.toml"), "--to", str(tmp_path / "made")])
    assert done.exit_code == 0, done.output
    made = {path.relative_to(tmp_path / "made"): path.read_text() for path in (tmp_path / "made").rglob("*.y*ml")}
    assert made.keys() == writing.of_site(read()).keys()
    for path, text in made.items():
        assert "ioc.example" not in text, path
        assert "pager.example" not in text, path
    assert "https://docs.tinh.example/runbook/#iocworkerdown" in made[Path("prometheus/alerts.yml")]
    assert "https://grafana.tinh.example/d/ioc-cameras" in made[Path("kubernetes/base/prometheusrule.yaml")]
    assert "https://relay.tinh.example/ky-thuat-page" in made[Path("compose/alertmanager.example.yml")]
    assert "https://relay.tinh.example/p-dien-bien-phu" in made[Path("alertmanager/alertmanager.yml")]
    assert "10.0.0.2:9108" in made[Path("prometheus/prometheus.yml")]
    assert generated.differing(writing.ROOT, writing.collected()) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("https://relay.tinh.example", "relay.tinh.example", "$.relay"),
        ("10.0.0.2:9108", "10.0.0.2", "$.workers"),
        ("03127", "3127", "$.units"),
        ("relay =", "rely =", "rely"),
        ('"https', "https", "Invalid value"),
    ],
)
def test_a_site_that_will_not_do_is_refused_by_name(old: str, new: str, told: str, tmp_path: Path) -> None:
    """Nothing is written."""
    (tmp_path / "site.toml").write_text(SITE.replace(old, new))
    done = CliRunner().invoke(command, ["--site", str(tmp_path / "site.toml"), "--to", str(tmp_path / "made")])
    assert done.exit_code == 1
    assert f"{tmp_path}/site.toml: " in done.output
    assert told in done.output
    assert not (tmp_path / "made").exists()


def test_a_site_needs_a_folder_of_its_own() -> None:
    """Else its addresses would stand in the checkout."""
    assert "--site and --to go together" in CliRunner().invoke(command, ["--site", "site.toml"]).output
