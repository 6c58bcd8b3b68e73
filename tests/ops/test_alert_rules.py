"""Every alert fires in one case and stays silent in another, by Prometheus' own promtool."""

import subprocess
from pathlib import Path

import yaml

from deploy.sources.alerts import ALERTS
from deploy.sources.alerts.writing import tests as written_tests
from deploy.sources.writing import ROOT
from ioc.observability import program
from tests.ops.summary import Record

_PROMETHEUS = ROOT / "prometheus"


def _promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program("promtool"), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=240
    )


def test_prometheus_accepts_its_configuration_and_rules() -> None:
    """As they are committed."""
    checked = _promtool("check", "config", _PROMETHEUS / "prometheus.yml")
    assert checked.returncode == 0, checked.stderr + checked.stdout


def test_every_alert_fires_in_one_case_and_is_silent_in_the_other(record: Record) -> None:
    """All but the watchdog, which must never be silent."""
    tests = yaml.safe_load((_PROMETHEUS / "tests" / "alerts.yml").read_text())["tests"]
    names = {test["name"] for test in tests}
    passed = _promtool("test", "rules", _PROMETHEUS / "tests" / "alerts.yml")
    assert passed.returncode == 0, passed.stderr + passed.stdout
    wanted = [alert for alert in ALERTS if alert.silent is not None]
    both = [a for a in wanted if {f"{a.name} {a.severity} {kind}" for kind in ("fires", "silent")} <= names]
    assert len(wanted) == len(ALERTS) - 1
    record("alerts with both tests", len(both), len(wanted))


def test_promtool_sees_an_alert_that_does_not_fire(tmp_path: Path) -> None:
    """With the cases of an alert exchanged, both of its tests fail: the tests above can fail."""
    alert = next(alert for alert in ALERTS if alert.name == "IocCountersShort")
    assert alert.silent is not None
    text = written_tests([alert._replace(fires=alert.silent, silent=alert.fires)])
    (tmp_path / "t.yml").write_text(text.replace("../", f"{_PROMETHEUS}/"))
    failed = _promtool("test", "rules", tmp_path / "t.yml")
    assert failed.returncode != 0
    assert failed.stderr.count("FAILED") + failed.stdout.count("FAILED") >= 1
