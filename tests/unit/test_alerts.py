"""Alerts, rules and runbook: complete, in both languages, of metrics that exist, and able to fire."""

import re

import promql_parser
import pytest
import yaml
from msgspec import structs

from deploy.sources.alerts import ALERTS, files, pages
from deploy.sources.alerts.levels import BURNS, recordings
from deploy.sources.alerts.model import Alert
from deploy.sources.alerts.text import FIGURES, tokens
from deploy.sources.alerts.writing import rules
from deploy.sources.dashboards.words import RULES
from deploy.sources.site import read
from deploy.sources.writing import ROOT
from ioc.metrics.catalogue import SAMPLES
from ioc.service_levels import Objectives
from streams import grouping
from streams.incidents import Severity
from streams.kpis import KPIS

_PROMETHEUS_OWN = {"up", "scrape_duration_seconds"}
_NAME = re.compile(r"\b(ioc_[a-z_]+|tenant(?:_unit)?_level:[a-z_]+:[a-z0-9]+)\b(?!\()")


def _id(alert: Alert) -> str:
    return f"{alert.name}-{alert.severity}"


@pytest.mark.parametrize("alert", ALERTS, ids=_id)
def test_an_alert_has_both_tests_texts_in_both_languages_and_a_valid_query(alert: Alert) -> None:
    """Only the watchdog, which must never be silent, has no silent test."""
    assert (alert.silent is None) == (alert.name == "IocWatchdog")
    for told in (alert.vi, alert.en):
        assert told.summary
        assert told.meaning.endswith(".")
        assert told.action.endswith(".")
    assert alert.vi != alert.en
    promql_parser.parse(alert.expr)


@pytest.mark.parametrize("alert", ALERTS, ids=_id)
def test_a_text_is_filled_in_with_labels_that_the_alert_has(alert: Alert) -> None:
    """One that it hasn't would be empty; both languages tell the same."""
    grouped = re.findall(r"by \(([^)]*)\)|\b(tenant(?:_unit)?)_level:", alert.expr)
    labels = {name for by, scope in grouped for name in (by.split(", ") if by else [*scope.split("_"), "level"])}
    labels |= {"instance"} if alert.name == "IocWorkerDown" else set()
    for vi, en in zip(alert.vi, alert.en, strict=True):
        assert tokens(vi) == tokens(en)
        assert tokens(vi) <= labels | set(FIGURES)
    assert not tokens(alert.vi.action), "the runbook shows it as it is"


def test_every_rule_of_incidents_that_alerts_name_has_its_words() -> None:
    """Those that can be major or critical, and those that flicker."""
    severe = {rule for rule, levels in grouping.RULES.items() if levels & {Severity.MAJOR, Severity.CRITICAL}}
    assert set(RULES) == (severe - {"area_outage"}) | grouping.RECURRING


def test_a_figure_is_late_by_its_own_period_and_one_that_ended_never() -> None:
    """The index of services comes every week, the rank once a year; there are no districts any more."""
    (asked,) = (alert.expr for alert in ALERTS if alert.name == "IocKpiStale" and alert.severity == "warning")
    limits = {
        kpi: float(days)
        for kpis, days in re.findall(r'kpi=~"([^"]+)"\}\)\) / 86400 > ([\d.]+)', asked)
        for kpi in kpis.split("|")
    }
    assert {kpi.id for kpi in KPIS.values() if not kpi.live} - limits.keys() == {"work_files_district_share"}
    assert 7 < limits["service_index_on_time"] < 14 < limits["etax_firms_share"] < 60
    assert limits["dti_rank"] > 366


def test_no_alert_is_there_twice() -> None:
    """A name has one alert for each severity."""
    assert len({_id(alert) for alert in ALERTS}) == len(ALERTS)


def test_every_metric_that_a_rule_asks_for_exists() -> None:
    """In the catalogue, or recorded by a rule of ours; labels too."""
    written = [rule for group in recordings().values() for rule in group.rules]
    recorded = {rule.record for rule in written}
    asked = [rule.expr for rule in written] + [alert.expr for alert in ALERTS]
    names = {name for expr in asked for name in _NAME.findall(expr)}
    assert names - set(SAMPLES) - recorded == set()
    for expr in asked:
        for name, inside in re.findall(r"\b([a-z_]+)\{([^}]*)\}", expr):
            if name in SAMPLES:
                labels = set(re.findall(r'([a-z_]+)(?:=~|!~|!=|=)"', inside))
                assert labels <= {*SAMPLES[name].labels, "le"}, expr
            else:
                assert name in _PROMETHEUS_OWN, name


def test_written_alerts_carry_what_a_page_needs() -> None:
    """Severity, team, texts, runbook, dashboard that exists, and times against blips and flaps."""
    groups = yaml.safe_load((ROOT / "prometheus" / "alerts.yml").read_text())["groups"]
    written = [rule for group in groups for rule in group["rules"]]
    assert len(written) == len(ALERTS)
    boards = {path.stem for path in (ROOT / "grafana" / "dashboards").rglob("*.json")}
    for rule in written:
        assert {"severity", "team"} <= set(rule["labels"])
        notes = rule["annotations"]
        assert set(notes) == {
            "summary",
            "description",
            "summary_en",
            "description_en",
            "runbook_url",
            "dashboard_url",
        }
        assert re.search(r"/d/(ioc-[a-z]+)", notes["dashboard_url"])[1] in boards  # type: ignore[index]
        assert rule["for"].endswith("s")
        assert rule["keep_firing_for"].endswith("s")


def test_every_alert_has_a_chapter_in_the_runbook_and_every_chapter_an_alert() -> None:
    """Links of pages lead there."""
    headings = re.findall(r"^## (\w+)$", (ROOT.parent / "docs" / "runbook.md").read_text(), re.MULTILINE)
    assert headings == list(dict.fromkeys(alert.name for alert in ALERTS))


@pytest.mark.parametrize("objective", [*structs.asdict(Objectives()).values(), 0.5, 0.99, 0.999])
def test_every_burn_rate_can_be_reached_and_short_windows_ask_for_more(objective: float) -> None:
    """The textbook's 14.4 x (1 - 0.9) would be 144 % errors."""
    asked = [burn.errors(objective) for burn in BURNS]
    assert all(1 - objective <= share + 1e-9 < 1 for share in asked), "who keeps the objective is left alone"
    assert asked == sorted(asked, reverse=True)


def test_a_quicker_pace_shortens_every_duration() -> None:
    """The live test can't wait for minutes."""
    alert = next(alert for alert in ALERTS if alert.name == "IocStreamAbsent")
    text = rules({}, {"g": [alert]}, read(), pace=60.0)
    assert "[10s]" in text
    assert "for: 5s" in text
    assert "[10m]" not in text


def test_all_files_are_made_for_prometheus_and_the_runbook() -> None:
    """Configuration, recordings, alerts, tests, runbook."""
    made = {path.name for path in (*files(read()), *pages())}
    assert made == {"prometheus.yml", "rules.yml", "alerts.yml", "runbook.md"}
