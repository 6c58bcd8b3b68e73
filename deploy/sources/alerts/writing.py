"""Writes rules, their tests, Prometheus' configuration and the runbook as text."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import yaml

from deploy.sources.alerts.model import Alert, Case, Recorded, Told
from deploy.sources.alerts.text import shown, template, tokens
from deploy.sources.dashboards.frame import TITLES
from deploy.sources.site import Site

_MADE = "# Made by `make deploy-files` from deploy/sources/alerts; change it there.\n"
_UNIT = "?var-unit={{ $labels.unit }}"
_DURATION = re.compile(r"\[(\d+)([smhd])\]")
_NOTHING = Case({}, 5)
_SECONDS_OF = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def rules(
    recordings: Mapping[str, Recorded], alerts: Mapping[str, Sequence[Alert]], site: Site, pace: float = 1.0
) -> str:
    """Return a file of rules by group; ``pace`` shortens every duration, for tests that can't wait.

    Examples
    --------
    >>> from deploy.sources.alerts.model import Recording
    >>> from deploy.sources.site import read
    >>> print(rules({"g": Recorded((Recording("a:b:sum", "sum(rate(x[10m]))"),), 120)}, {}, read(), pace=60.0))
    # Made by `make deploy-files` from deploy/sources/alerts; change it there.
    groups:
    - name: g
      interval: 2s
      rules:
      - record: a:b:sum
        expr: sum(rate(x[10s]))
    <BLANKLINE>
    """
    return _MADE + _yaml({"groups": rule_groups(recordings, alerts, site, pace)})


def rule_groups(
    recordings: Mapping[str, Recorded], alerts: Mapping[str, Sequence[Alert]], site: Site, pace: float = 1.0
) -> list[dict[str, Any]]:
    """Return groups of rules as a file of rules and a PrometheusRule of Kubernetes both hold them."""
    groups: list[dict[str, Any]] = [
        {
            "name": name,
            **({} if group.every_s is None else {"interval": f"{round(group.every_s / pace)}s"}),
            "rules": [{"record": each.record, "expr": _paced(each.expr, pace)} for each in group.rules],
        }
        for name, group in recordings.items()
    ]
    groups += [
        {"name": name, "rules": [_alert(each, site, pace) for each in members]} for name, members in alerts.items()
    ]
    return groups


def _alert(alert: Alert, site: Site, pace: float) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": _paced(alert.expr, pace),
        "for": f"{round(alert.hold_s / pace)}s",
        "keep_firing_for": f"{round(alert.keep_s / pace)}s",
        "labels": {"severity": alert.severity, "team": alert.team},
        "annotations": {
            "summary": template(alert.vi.summary, "vi"),
            "description": template(alert.vi.meaning, "vi"),
            "summary_en": template(alert.en.summary, "en"),
            "description_en": template(alert.en.meaning, "en"),
            "runbook_url": site.runbook_of(alert.name),
            "dashboard_url": site.dashboard(alert.dashboard) + (_UNIT if "unit" in tokens(alert.vi.summary) else ""),
        },
    }


def _paced(expr: str, pace: float) -> str:
    def shorter(found: re.Match[str]) -> str:
        return f"[{max(1, round(int(found[1]) * _SECONDS_OF[found[2]] / pace))}s]"

    return expr if pace == 1.0 else _DURATION.sub(shorter, expr)


def tests(alerts: Iterable[Alert]) -> str:
    """Return promtool's tests: each fires in its first case and doesn't in its second, or fires without any data."""
    found = []
    for alert in alerts:
        found.append(_test(f"{alert.name} {alert.severity} fires", alert, alert.fires, 1))
        if alert.silent is None:
            found.append(_test(f"{alert.name} {alert.severity} never silent", alert, _NOTHING, 1))
        else:
            found.append(_test(f"{alert.name} {alert.severity} silent", alert, alert.silent, 0))
    return _MADE + _yaml({"rule_files": ["../rules.yml", "../alerts.yml"], "evaluation_interval": "1m", "tests": found})


def _test(name: str, alert: Alert, case: Case, expected: int) -> dict[str, Any]:
    chosen = f'alertname="{alert.name}", severity="{alert.severity}", team="{alert.team}", alertstate="firing"'
    samples = [{"labels": f'{{alertname="{alert.name}"}}', "value": expected}] if expected else []
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": series, "values": values} for series, values in case.series.items()],
        "promql_expr_test": [
            {
                "expr": f"count by (alertname) (ALERTS{{{chosen}}})",
                "eval_time": f"{case.at_min}m",
                "exp_samples": samples,
            }
        ],
    }


class Surroundings(NamedTuple):
    """What Prometheus finds where: the rest of its configuration is the same everywhere."""

    workers: Mapping[str, Any]
    """How workers are found, as in a scrape configuration."""
    alertmanager: str = "127.0.0.1:9093"
    rules: str = ""
    """The folder of rules, relative to the configuration, with a slash behind."""


def here(site: Site) -> Surroundings:
    """Return the surroundings of a Prometheus beside Alertmanager, with the rules beside its configuration."""
    return Surroundings({"static_configs": [{"targets": list(site.workers)}]})


def configuration(around: Surroundings) -> str:
    """Return prometheus.yml for a place."""
    return _MADE + _yaml(
        {
            "global": {"scrape_interval": "15s", "scrape_timeout": "10s", "evaluation_interval": "15s"},
            "rule_files": [f"{around.rules}{name}.yml" for name in ("rules", "alerts")],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [around.alertmanager]}]}]},
            "scrape_configs": [
                {"job_name": "ioc-worker", **around.workers},
                {"job_name": "prometheus", "static_configs": [{"targets": ["127.0.0.1:9090"]}]},
                {"job_name": "alertmanager", "static_configs": [{"targets": [around.alertmanager]}]},
            ],
        }
    )


def runbook(alerts: Iterable[Alert]) -> str:
    """Return docs/runbook.md: a chapter for each name, in Vietnamese with English beneath."""
    chapters: dict[str, list[Alert]] = {}
    for alert in alerts:
        chapters.setdefault(alert.name, []).append(alert)
    parts = [_OPENING]
    for name, members in chapters.items():
        first = members[0]
        levels = ", ".join(f"{each.severity} (`for` {each.hold_s // 60} min)" for each in members)
        title = TITLES[first.dashboard]
        look = f"[{title.beside}](dashboards.md#{title.en.lower().replace(' ', '-')}) (`{first.dashboard}`)"
        parts.append(
            f"## {name}\n"
            f"{_chapter(first.vi, ('Ý nghĩa', 'Xem ở đâu', 'Việc cần làm'), look)}\n\n"
            f"*{shown(first.en.summary)}*\n\n"
            f"{_chapter(first.en, ('Meaning', 'Where to look', 'What to do'), look)}\n\n"
            f"{levels} · `{first.team}`\n\n```promql\n{members[-1].expr}\n```\n"
        )
    return "\n".join(parts)


def _chapter(told: Told, words: tuple[str, str, str], look: str) -> str:
    return f"- **{words[0]}.** {shown(told.meaning)}\n- **{words[1]}.** {look}\n- **{words[2]}.** {told.action}"


_OPENING = """# Sổ tay xử lý cảnh báo · Runbook

Mỗi cảnh báo một mục: ý nghĩa, xem ở đâu, việc cần làm. Mức độ: critical, major, minor, warning.
Made by `make deploy-files` from deploy/sources/alerts.
"""


def _yaml(document: Any) -> str:
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=10_000)
