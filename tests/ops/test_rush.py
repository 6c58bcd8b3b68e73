"""The year-end rush of a real recording as a waiting-time alert, by promtool's evaluation of the committed rules."""

import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from deploy.sources.writing import ROOT
from ioc.observability import program
from tests.ops.rush import input_series, predicted_waits
from tests.recordings.labelled import directory

_ZONE = ZoneInfo("Europe/Warsaw")
_RUSH = datetime(2019, 12, 30, tzinfo=_ZONE)
_FIRING = 'count(ALERTS{{alertname="IocPredictedWait", severity="{severity}", alertstate="firing"}})'


def _wanted(at: datetime, severity: str, comparison: str) -> dict[str, object]:
    """Return one of promtool's questions: whether so many units are paged about at a time."""
    minutes = int((at - _RUSH) / timedelta(minutes=1))
    expr = f"({_FIRING.format(severity=severity)} or vector(0)) {comparison}"
    return {"expr": expr, "eval_time": f"{minutes}m", "exp_samples": [{"labels": "{}", "value": 1}]}


@pytest.mark.skipif(
    directory() is None, reason="the recordings are not at hand; name their directory in RECORDINGS_DIR"
)
def test_the_rush_of_30_december_is_a_waiting_time_alert(tmp_path: Path) -> None:
    """At its height 14 of 21 units are paged about as major; at night, and on the holiday after it, none is.

    On the two ordinary days after that 6 are, at the same hour: these offices are slow on any day.
    """
    shown = predicted_waits(_RUSH, _RUSH + timedelta(days=4.6))
    nights = [_RUSH + timedelta(days=day, hours=hour) for day in range(4) for hour in (6, 22)]
    questions = [
        *(_wanted(night, severity, "== bool 0") for night in nights for severity in ("minor", "major")),
        _wanted(_RUSH.replace(hour=12, minute=10), "major", ">= bool 13"),
        _wanted(_RUSH.replace(hour=12, minute=10), "minor", ">= bool 14"),
        _wanted(datetime(2020, 1, 1, 12, 10, tzinfo=_ZONE), "minor", "== bool 0"),
        _wanted(datetime(2020, 1, 2, 12, 10, tzinfo=_ZONE), "major", "<= bool 7"),
        _wanted(datetime(2020, 1, 3, 12, 10, tzinfo=_ZONE), "major", "<= bool 7"),
    ]
    committed = yaml.safe_load((ROOT / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    rules = tmp_path / "alerts.yml"
    rules.write_text(yaml.safe_dump({"groups": [each for each in committed if each["name"] == "ioc-queues"]}))
    test = {"interval": "1m", "input_series": input_series(shown), "promql_expr_test": questions}
    path = tmp_path / "rush.yml"
    path.write_text(yaml.safe_dump({"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": [test]}))
    tested = subprocess.run(
        [program("promtool"), "test", "rules", str(path)], capture_output=True, text=True, check=False, timeout=240
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr
