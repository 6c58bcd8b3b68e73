"""The section ``[service_levels]``: what it may say, what it refuses, and the working hours that come of it."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from ioc.app import Assembly
from ioc.commands.check import command
from ioc.config import Config, load
from ioc.errors import ConfigError
from ioc.service_levels import dossier_rules, report_rules
from ioc.settings_page import settings_table
from streams.levels.clock import Allowance
from streams.levels.rules import Rule

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def configured(folder: Path, text: str) -> Config:
    """Return the configuration that a file makes."""
    path = folder / "ioc.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, {})


def work(config: Config, start: str, end: str) -> float:
    """Return the hours worked between two instants of the site."""
    zone = ZoneInfo(config.site.timezone)
    edges = [int(datetime.fromisoformat(when).replace(tzinfo=zone).timestamp() * 1000) for when in (start, end)]
    return Assembly(config).levels.work.between(*edges) / HOUR_MS


def test_offices_work_seven_and_a_half_hours_on_weekdays_but_not_at_tet() -> None:
    """February 2026 has twenty weekdays, five of which are holidays; from the calendar of Viet Nam."""
    config = Config()
    assert work(config, "2026-03-02", "2026-03-03") == 7.5
    assert work(config, "2026-03-07", "2026-03-09") == 0.0
    assert work(config, "2026-02-01", "2026-03-01") == 15 * 7.5
    assert work(config, "2026-03-02 11:00", "2026-03-02 14:00") == 1.0


def test_a_working_saturday_and_a_day_off_are_configuration(tmp_path: Path) -> None:
    """As `[calendar.days]` says for detectors; and hours of one's own."""
    days = '[calendar.days]\n2026-03-07 = "friday"\n2026-03-03 = "sunday"\n'
    own = '[service_levels.working_hours]\nsaturday = ["08:00-12:00"]\nmonday = ["00:00-24:00"]\n'
    config = configured(tmp_path, days + own)
    assert work(config, "2026-03-02", "2026-03-04") == 24.0
    assert work(config, "2026-03-07", "2026-03-08") == 7.5
    assert work(config, "2026-03-14", "2026-03-15") == 4.0


def test_working_hours_follow_the_clocks_of_a_zone_with_summer_time(tmp_path: Path) -> None:
    """At Auckland work begins at half past seven before and after the first Sunday of April."""
    config = configured(tmp_path, '[site]\ntimezone = "Pacific/Auckland"\ncountry = "NZ"\n')
    for monday in ("2026-03-30", "2026-04-13"):
        assert work(config, f"{monday} 07:00", f"{monday} 08:00") == 0.5


def test_deadlines_are_read_with_their_day_and_in_their_unit(tmp_path: Path) -> None:
    """A rule is in force from midnight of the site."""
    text = """
[[service_levels.reports.deadlines]]
effective_from = 2026-01-01
citation = "Quyết định thử nghiệm"
category = "Giao thông"
receipt = { working_hours = 2 }
resolution = { working_days = 3 }
[[service_levels.dossiers.deadlines]]
effective_from = "2025-07-01"
citation = "Quyết định thử nghiệm"
procedure = "1.000"
within = { hours = 8 }
"""
    levels = configured(tmp_path, text).service_levels
    new_year = int(datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")).timestamp() * 1000)
    _, _, receipt, resolution = report_rules(levels.reports, 10 * HOUR_MS, 7 * HOUR_MS)
    assert receipt == Rule("report_receipt", Allowance(2 * HOUR_MS, True), "Giao thông", "", new_year)
    assert resolution == Rule("report_resolution", Allowance(30 * HOUR_MS, True), "Giao thông", "", new_year)
    (dossier,) = dossier_rules(levels.dossiers, 10 * HOUR_MS, 7 * HOUR_MS)
    assert dossier == Rule("dossier", Allowance(8 * HOUR_MS, False), "1.000", "", new_year - 184 * DAY_MS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('working_hours.monday = ["7:30-11:30"]', "monday: '7:30-11:30' is no stretch of work"),
        ('working_hours.monday = ["07:30-11:30", "11:00-12:00"]', "'11:00-12:00' is no stretch of work behind"),
        ('working_hours.monday = ["11:30-07:30"]', "'11:30-07:30' is no stretch of work"),
        ('working_hours.monday = ["07:60-11:30"]', "'07:60-11:30' is no stretch of work"),
        ('working_hours.monday = ["20:00-24:30"]', "'20:00-24:30' is no stretch of work"),
        (
            "working_hours = { monday = [], tuesday = [], wednesday = [], thursday = [], friday = [] }",
            "no day has working hours",
        ),
        ("reports.receipt = { hours = 1, working_days = 1 }", "give one of hours, working_hours .* not 2"),
        ("reports.resolution = {}", "give one of hours, working_hours .* not 0"),
        ("reports.resolution = { working_days = 0 }", "> 0"),
        ('reports.deadlines = [{ effective_from = "2026-01-01", receipt = { hours = 1 } }]', "citation"),
        ('reports.deadlines = [{ effective_from = "2026-01-01", citation = "x" }]', "neither receipt nor resolution"),
        (
            'reports.deadlines = [{ effective_from = "1.1.2026", citation = "x", receipt = { hours = 1 } }]',
            "effective_from: '1.1.2026' is no date",
        ),
        ('dossiers.deadlines = [{ effective_from = "2026", citation = "x", within = { hours = 1 } }]', "no date"),
        ('reports.expected_datetime = "last"', "expected_datetime"),
        ("reports.remembered = 0", "remembered"),
        ("objectives.dossier = 1.0", "dossier"),
        ("objectives.dossier = 0.4", "dossier"),
        (f"categories = {[str(n) for n in range(31)]}".replace("'", '"'), "categories"),
        (f"agencies = {[str(n) for n in range(65)]}".replace("'", '"'), "agencies"),
        ("deadline = 3", "deadline"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    """The message says where, what, and how to write it."""
    with pytest.raises(ConfigError, match=message):
        configured(tmp_path, f"[service_levels]\n{text}\n")


def test_every_setting_is_listed_without_an_environment_variable() -> None:
    """The section's name has two words, so that no variable can name what is in it."""
    lines = [line for line in settings_table(Config()).splitlines() if line.startswith("service_levels.")]
    assert len(lines) > 20
    assert not [line for line in lines if "IOC_" in line]


def test_check_says_what_service_is_held_against() -> None:
    """So that an administrator sees whether a file of deadlines was read."""
    said = CliRunner().invoke(command, ["--offline"]).output
    assert "ok    service levels: 37.5 working hours a week; 0 deadlines of reports besides the default" in said
