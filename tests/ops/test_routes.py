"""Where alerts go, by Alertmanager's own amtool: a table."""

import subprocess
from pathlib import Path

import pytest

from deploy.sources.alerts import ALERTS
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
