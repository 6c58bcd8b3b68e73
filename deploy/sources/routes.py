"""Alertmanager's configuration: whom an alert goes to, which alert explains another, when a page waits."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from deploy.sources.alerts.pipeline import PIPELINE
from deploy.sources.site import Site
from ioc.calendar import public_holidays

TEAMS = ("van-hanh", "ky-thuat", "mot-cua", "phan-anh")
ZONE = "Asia/Ho_Chi_Minh"
HOLIDAYS = range(2026, 2031)
"""Years whose public holidays are known to Alertmanager; later ones count as other days."""

_MADE = "# Made by `make deploy-files` from deploy/sources/routes.py; change it there.\n"
_TOLD_ALWAYS = {"IocWorkerDown", "IocWatchdog", "IocInputGap"}
"""What is lost is lost, whatever else goes on."""
_OF_WORKER = list(dict.fromkeys(alert.name for alert in PIPELINE if alert.name not in _TOLD_ALWAYS))
_OF_STREAM = ["IocEventTimeLag", "IocConsumerLag", "IocSnapshotAge"]


def files(site: Site) -> dict[Path, str]:
    """Return alertmanager.yml."""
    return {Path("alertmanager/alertmanager.yml"): text(site)}


def text(site: Site, pace: float = 1.0) -> str:
    """Return the configuration; ``pace`` shortens how long alerts are gathered and repeated, for tests."""
    names = ["watchdog", *(f"{team}{kind}" for team in TEAMS for kind in ("", "-page"))]
    names += sorted(set(site.units.values()) - set(names))
    document = {
        "route": _tree(site, pace),
        "inhibit_rules": inhibitions(),
        "time_intervals": _intervals(),
        "receivers": [
            {"name": name, "webhook_configs": [{"url": site.receiver(name), "send_resolved": True}]} for name in names
        ],
    }
    return _MADE + yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=10_000)


def _seconds(seconds: float, pace: float) -> str:
    return f"{max(1, round(seconds / pace))}s"


def _tree(site: Site, pace: float) -> dict[str, Any]:
    """Return the routes: the watchdog, units beside teams, each team; the severe at once, the rest is gathered."""
    return {
        "receiver": "van-hanh",
        "group_by": ["alertname", "tenant", "unit", "topic"],
        "group_wait": _seconds(30, pace),
        "group_interval": _seconds(300, pace),
        "repeat_interval": _seconds(4 * 3600, pace),
        "routes": [
            {
                "matchers": ['alertname="IocWatchdog"'],
                "receiver": "watchdog",
                "group_wait": _seconds(1, pace),
                "group_interval": _seconds(60, pace),
                "repeat_interval": _seconds(60, pace),
            },
            *(_unit(code, receiver, pace) for code, receiver in sorted(site.units.items())),
            *(_team(team, pace) for team in TEAMS),
        ],
    }


def _severe(receiver: str, pace: float, *matchers: str) -> dict[str, Any]:
    return {
        "matchers": [*matchers, 'severity=~"critical|major"'],
        "receiver": receiver,
        "group_wait": _seconds(10, pace),
        "repeat_interval": _seconds(3600, pace),
    }


def _unit(code: str, receiver: str, pace: float) -> dict[str, Any]:
    """Return the route of a unit's severe pages; its team gets them too."""
    return {**_severe(receiver, pace, f'unit="{code}"'), "continue": True}


def _team(team: str, pace: float) -> dict[str, Any]:
    lesser: dict[str, Any] = {"matchers": ['severity=~"minor|warning"'], "receiver": team}
    if team in {"mot-cua", "phan-anh"}:
        lesser["mute_time_intervals"] = ["offices-closed"]
    return {"matchers": [f'team="{team}"'], "receiver": team, "routes": [_severe(f"{team}-page", pace), lesser]}


def inhibitions() -> list[dict[str, Any]]:
    """Return which alert, while it fires, keeps which others from being sent."""

    def rule(source: str, target: str, *equal: str) -> dict[str, Any]:
        return {"source_matchers": [source], "target_matchers": [target], "equal": list(equal)}

    same = ("alertname", "tenant", "unit", "topic", "level", "family", "kpi", "asset_kind")
    return [
        rule('alertname="IocWorkerDown"', f'alertname=~"{"|".join(_OF_WORKER)}"'),
        rule('alertname="IocStreamAbsent"', f'alertname=~"{"|".join(_OF_STREAM)}"', "topic"),
        rule('alertname="IocProvinceOutage"', 'alertname=~"IocAreaOutage|IocCamerasSilent|IocSensorsSilent"', "tenant"),
        rule('alertname="IocAreaOutage"', 'alertname="IocCamerasSilent"', "tenant", "unit"),
        rule('alertname="IocAlarmFlood"', 'alertname="IocAlarmRate"', "tenant"),
        rule('severity="critical"', 'severity=~"major|minor|warning"', *same),
        rule('severity="major"', 'severity=~"minor|warning"', *same),
        rule('severity="minor"', 'severity="warning"', *same),
    ]


def _intervals() -> list[dict[str, Any]]:
    """Return when one-stop offices and those who handle reports are not at work: lesser pages wait.

    Nights, weekends and public holidays, Tết included.
    """
    nights = [{"start_time": "00:00", "end_time": "07:00"}, {"start_time": "17:30", "end_time": "24:00"}]
    return [
        {
            "name": "offices-closed",
            "time_intervals": [
                {"times": nights, "location": ZONE},
                {"weekdays": ["saturday", "sunday"], "location": ZONE},
                *_holidays(),
            ],
        }
    ]


def _holidays() -> Iterator[dict[str, Any]]:
    """Yield the public holidays of some years by month: Tết moves, so that each is named."""
    free = sorted(holiday.day for holiday in public_holidays("VN", "", HOLIDAYS))
    for (year, month), days in groupby(free, key=lambda day: (day.year, day.month)):
        yield {
            "years": [str(year)],
            "months": [str(month)],
            "days_of_month": [str(day.day) for day in days],
            "location": ZONE,
        }
