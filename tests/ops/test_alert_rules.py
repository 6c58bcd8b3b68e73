"""Every alert fires in one case and stays silent in another, by Prometheus' own promtool."""

import subprocess
from pathlib import Path

import pytest
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
    """All but the watchdog, which must never be silent: it fires without any data too."""
    tests = yaml.safe_load((_PROMETHEUS / "tests" / "alerts.yml").read_text())["tests"]
    names = {test["name"] for test in tests}
    passed = _promtool("test", "rules", _PROMETHEUS / "tests" / "alerts.yml")
    assert passed.returncode == 0, passed.stderr + passed.stdout
    wanted = [alert for alert in ALERTS if alert.silent is not None]
    both = [a for a in wanted if {f"{a.name} {a.severity} {kind}" for kind in ("fires", "silent")} <= names]
    (watchdog,) = (alert for alert in ALERTS if alert.silent is None)
    never = [f"{watchdog.name} {watchdog.severity} {kind}" for kind in ("fires", "never silent")]
    record("alerts with both tests", len(both), len(wanted))
    record(f"alerts that are never silent ({watchdog.name})", int(names.issuperset(never)), 1)


def test_promtool_sees_an_alert_that_does_not_fire(tmp_path: Path) -> None:
    """With the cases of an alert exchanged, both of its tests fail: the tests above can fail."""
    alert = next(alert for alert in ALERTS if alert.name == "IocCountersShort")
    assert alert.silent is not None
    text = written_tests([alert._replace(fires=alert.silent, silent=alert.fires)])
    (tmp_path / "t.yml").write_text(text.replace("../", f"{_PROMETHEUS}/"))
    failed = _promtool("test", "rules", tmp_path / "t.yml")
    assert failed.returncode != 0
    assert failed.stderr.count("FAILED") + failed.stdout.count("FAILED") >= 1


_UNIT = 'tenant="11", unit="03334"'
_NAMED = {f'ioc_unit_info{{{_UNIT}, name="Phường Mường Thanh", lat="21.4", lon="103"}}': "1x40"}
_WAITS = {f"ioc_queue_predicted_wait_seconds{{{_UNIT}}}": "2700x40"}


@pytest.mark.parametrize(
    ("series", "alert", "vi", "en"),
    [
        (
            _WAITS | _NAMED,
            "IocPredictedWait",
            "Sắp phải chờ lâu tại bộ phận một cửa Phường Mường Thanh (03334)",
            "Whoever comes now must expect to wait 45m 0s; above 30 minutes for 15 minutes.",
        ),
        (
            _WAITS,
            "IocPredictedWait",
            "Sắp phải chờ lâu tại bộ phận một cửa 03334",
            "Whoever comes now must expect to wait 45m 0s; above 30 minutes for 15 minutes.",
        ),
        (
            {'ioc_unit_incidents_open{tenant="11", unit="", rule="payment_failures", severity="major"}': "1x40"},
            "IocIncidentMajor",
            "Sự cố nghiêm trọng, toàn tỉnh: thanh toán trực tuyến lỗi nhiều",
            "A major or critical incident is open: failing online payments (the whole province).",
        ),
        (
            {'ioc_telemetry_value{tenant="11", asset_kind="vm", metric="cpu_load", statistic="max"}': "97.25x40"},
            "IocProcessorBusy",
            "Máy chủ quá tải: Máy chủ ảo",
            "A processor (Virtual machines) is used to 97.25 %, for more than 15 minutes now.",
        ),
    ],
    ids=["unit-by-name", "unit-unknown", "province", "kind-in-words"],
)
def test_a_page_tells_places_figures_and_kinds_in_words(
    series: dict[str, str], alert: str, vi: str, en: str, tmp_path: Path
) -> None:
    """As Prometheus fills the committed texts in: a summary in Vietnamese, a description in English."""
    given = [{"series": name, "values": values} for name, values in series.items()]
    asked = {"alertname": alert, "eval_time": "30m", "exp_alerts": [{"exp_labels": {}, "exp_annotations": {}}]}
    test = {"interval": "1m", "input_series": given, "alert_rule_test": [asked]}
    files = [str(_PROMETHEUS / name) for name in ("rules.yml", "alerts.yml")]
    path = tmp_path / "texts.yml"
    path.write_text(yaml.safe_dump({"rule_files": files, "evaluation_interval": "1m", "tests": [test]}))
    told = _promtool("test", "rules", path)
    got = (told.stdout + told.stderr).partition("got:")[2]
    assert f'summary="{vi}"' in got, got
    assert f'description_en="{en}"' in got, got
