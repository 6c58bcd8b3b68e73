"""Where alerts go, by Alertmanager's own amtool: a table."""

import subprocess
from pathlib import Path

import msgspec
import pytest
import yaml

from deploy.sources.alerts import ALERTS
from deploy.sources.routes import text
from deploy.sources.site import read
from deploy.sources.writing import ROOT
from ioc.observability import program
from tests.ops.summary import Record

_CONFIG = ROOT / "alertmanager" / "alertmanager.yml"

TABLE = [
    ("alertname=IocWatchdog severity=none team=ky-thuat", "watchdog"),
    ("alertname=IocWorkerDown severity=critical team=ky-thuat", "ky-thuat-page"),
    ("alertname=IocStreamAbsent severity=major team=ky-thuat topic=ioc.telemetry", "ky-thuat-page"),
    ("alertname=IocDeadLetters severity=warning team=ky-thuat topic=ioc.telemetry", "ky-thuat"),
    ("alertname=IocAreaOutage severity=major team=ky-thuat tenant=11 unit=03127", "ky-thuat-page"),
    ("alertname=IocCamerasSilent severity=minor team=ky-thuat tenant=11 unit=03127", "ky-thuat"),
    ("alertname=IocIncidentMajor severity=major team=van-hanh tenant=11 unit=03127 rule=queue_wait", "van-hanh-page"),
    ("alertname=IocAlarmFlood severity=major team=van-hanh tenant=11", "van-hanh-page"),
    ("alertname=IocKpiStale severity=warning team=van-hanh tenant=11 kpi=e_tax", "van-hanh"),
    ("alertname=IocPredictedWait severity=minor team=mot-cua tenant=11 unit=03127", "mot-cua"),
    ("alertname=IocPredictedWait severity=major team=mot-cua tenant=11 unit=03127", "mot-cua-page"),
    ("alertname=IocDossierLevelBurn severity=warning team=mot-cua tenant=11 level=dossier", "mot-cua"),
    ("alertname=IocReportLevelBurn severity=major team=phan-anh tenant=11 level=report_receipt", "phan-anh-page"),
    ("alertname=IocReportsOverdue severity=warning team=phan-anh tenant=11 level=report_receipt", "phan-anh"),
    ("alertname=IocDossiersOverdue severity=warning team=mot-cua tenant=11 level=dossier", "mot-cua"),
    ("alertname=Other severity=critical", "van-hanh"),
    *(
        (f"alertname={alert.name} severity={alert.severity} team={alert.team}", f"{alert.team}{kind}")
        for alert in ALERTS
        if alert.severity != "none"
        for kind in (["-page"] if alert.severity in {"critical", "major"} else [""])
    ),
]


def _amtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program("amtool"), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=30
    )


def test_alertmanager_accepts_its_configuration() -> None:
    """As it is committed."""
    checked = _amtool("check-config", _CONFIG)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(("labels", "receiver"), TABLE)
def test_an_alert_goes_to_its_team_and_pages_when_severe(labels: str, receiver: str, record: Record) -> None:
    """By severity and team; what nobody owns goes to operations."""
    found = _amtool("config", "routes", "test", f"--config.file={_CONFIG}", *labels.split())
    assert found.returncode == 0, found.stderr
    record("routes", int(found.stdout.strip() == receiver), 1)


UNITS = [
    ("alertname=IocAreaOutage severity=major team=ky-thuat tenant=11 unit=03127", "p-dien-bien-phu,ky-thuat-page"),
    ("alertname=IocPredictedWait severity=major team=mot-cua tenant=11 unit=03127", "p-dien-bien-phu,mot-cua-page"),
    ("alertname=IocPredictedWait severity=minor team=mot-cua tenant=11 unit=03127", "mot-cua"),
    ("alertname=IocAreaOutage severity=major team=ky-thuat tenant=11 unit=03151", "ky-thuat-page"),
]


@pytest.mark.parametrize(("labels", "receivers"), UNITS)
def test_severe_pages_of_a_unit_also_go_to_its_own_receiver(
    labels: str, receivers: str, record: Record, tmp_path: Path
) -> None:
    """Where the site names one; its team gets them as before."""
    path = tmp_path / "alertmanager.yml"
    path.write_text(text(msgspec.structs.replace(read(), units={"03127": "p-dien-bien-phu"})), encoding="utf-8")
    found = _amtool("config", "routes", "test", f"--config.file={path}", *labels.split())
    assert found.returncode == 0, found.stderr
    record("routes", int(found.stdout.strip() == receivers), 1)


def test_offices_are_closed_on_public_holidays_too() -> None:
    """Tết of 2027 is in the first half of February."""
    (interval,) = yaml.safe_load(_CONFIG.read_text(encoding="utf-8"))["time_intervals"]
    named = {
        (year, month, day)
        for each in interval["time_intervals"]
        for year in each.get("years", [])
        for month in each["months"]
        for day in each["days_of_month"]
    }
    assert {("2027", "2", str(day)) for day in range(5, 11)} <= named
    assert ("2026", "9", "2") in named
    assert all(each["location"] == "Asia/Ho_Chi_Minh" for each in interval["time_intervals"])
