"""Indicators: what may be imported, that imports are idempotent, and which target is in force."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from ioc.commands.kpi import command
from ioc.config import load
from ioc.errors import ConfigError, InputError
from ioc.kpi_files import chunk_of, event_of, read_figures
from ioc.kpi_targets import Kpi, targets_of
from streams.banks.bank import Horizon
from streams.codec import decode_structured
from streams.events import Event, record_key
from streams.events.kpi import FigureData
from streams.kpis import KPIS
from streams.levels.figures import FigureBank, Target, Targets
from streams.measures import MEASURES, Labels

LAO_CAI = Path(__file__).parents[1] / "fixtures" / "kpi-lao-cai.csv"
TODAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 5, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)
SHARE = ("15", "etax_firms_share")
HEAD = "tenant,kpi,value,as_of,numerator,denominator,citation\n"


def written(tmp_path: Path, text: str, name: str = "figures.csv") -> Path:
    """Return the path of a file with this text."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def figure(value: float, as_of: str, kpi: str = SHARE[1], tenant: str = SHARE[0]) -> FigureData:
    """Return a figure."""
    return FigureData(tenant=tenant, kpi=kpi, value=value, as_of=date.fromisoformat(as_of))


def bank(*figures: tuple[FigureData, int], targets: Sequence[Target] = ()) -> FigureBank:
    """Return a bank that heard of figures, each imported so many minutes after noon."""
    made = FigureBank(Targets(targets), 7 * 60)
    hear(made, *figures)
    return made


def hear(made: FigureBank, *figures: tuple[FigureData, int]) -> None:
    """Give a bank one batch."""
    events: list[Event] = [event_of(each, NOON) for each, _ in figures]
    at_ms = np.array([NOON_MS + minute * 60_000 for _, minute in figures], np.int64)
    made.read(events)
    made.observe(np.arange(len(events)), at_ms, at_ms)


def standing(made: FigureBank, at_ms: int = NOON_MS) -> dict[str, dict[Labels, float]]:
    """Return what a bank shows at an instant."""
    made.close(Horizon(at_ms, at_ms))
    return {name: dict(figures) for name, figures in made.measured().standing.items()}


def test_the_public_figures_of_lao_cai_can_be_imported() -> None:
    """Shares are worked out from what was counted."""
    figures = read_figures(LAO_CAI, TODAY)
    assert [(each.kpi, round(each.value, 4)) for each in figures] == [
        ("online_services_share", 0.8957),
        ("national_portal_share", 0.7399),
    ]


def test_json_says_the_same_as_csv(tmp_path: Path) -> None:
    """A list of objects; null is absent."""
    rows = [{"tenant": "15", "kpi": "dti_rank", "value": 24, "as_of": "2025-01-01", "citation": None}]
    assert read_figures(written(tmp_path, json.dumps(rows), "f.json"), TODAY) == [
        figure(24.0, "2025-01-01", "dti_rank")
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("15,etax,0.9,2025-01-01,,,", "line 2: kpi: 'etax' is unknown"),
        ("15,etax_firms_share,98.9,2025-01-01,,,", "line 2: value: must be a ratio of 0 to 1, is 98.9"),
        ("15,service_index_on_time,21,2025-01-01,,,", "line 2: value: must be points of 0 to 20, is 21"),
        ("15,etax_firms_share,a,2025-01-01,,,", "line 2: value: 'a' is no number"),
        ("15,etax_firms_share,nan,2025-01-01,,,", "line 2: value: 'nan' is no number"),
        ("15,etax_firms_share,0.9,01/01/2025,,,", "line 2: as_of: "),
        ("15,etax_firms_share,0.9,2026-03-03,,,", "line 2: as_of: 2026-03-03 is still to come"),
        ("5,etax_firms_share,0.9,2025-01-01,,,", "line 2: tenant: "),
        ("15,etax_firms_share,,2025-01-01,,,", "line 2: value: is missing"),
        ("15,etax_firms_share,,2025-01-01,9,,", "line 2: denominator: is missing"),
        ("15,etax_firms_share,,2025-01-01,9,0,", "line 2: denominator: must be above 0"),
        ("15,etax_firms_share,0.8,2025-01-01,9,10,", "line 2: value: 0.8 is not 9/10 = 0.9"),
        (",etax_firms_share,0.9,2025-01-01,,,", "line 2: tenant: is missing"),
        ("15,etax_firms_share,0.9,2025-01-01,,,,x", "line 2: more values than columns"),
    ],
)
def test_a_wrong_row_is_named_by_line_and_field(tmp_path: Path, row: str, said: str) -> None:
    """And nothing of its file is imported."""
    with pytest.raises(InputError, match=r"figures\.csv") as caught:
        read_figures(written(tmp_path, HEAD + row + "\n"), TODAY)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("f.csv", HEAD, "holds no figure"),
        ("f.csv", "tenant,value\n", "columns kpi, as_of are missing"),
        ("f.json", "{", "no JSON"),
        ("f.json", "{}", "must be a list of objects"),
        ("f.json", '[{"tenant": "15", "kpy": 1}]', "figure 1: kpy: no such field"),
        ("f.xlsx", "", "must end in .csv or .json"),
    ],
)
def test_a_wrong_file_says_what_is_wanted(tmp_path: Path, name: str, text: str, said: str) -> None:
    """Before anything is sent."""
    with pytest.raises(InputError) as caught:
        read_figures(written(tmp_path, text, name), TODAY)
    assert said in str(caught.value)


def test_a_figure_is_the_same_event_whenever_it_is_imported() -> None:
    """Its id is made of what it says; its record lies beside others of its indicator."""
    once, again = event_of(figure(0.9, "2025-01-01"), NOON), event_of(figure(0.9, "2025-01-01"), datetime.now(UTC))
    assert (once.source, once.id) == (again.source, again.id)
    assert once.id != event_of(figure(0.91, "2025-01-01"), NOON).id
    chunk = chunk_of([figure(0.9, "2025-01-01")], NOON)
    assert decode_structured(chunk.values[0] or b"") == once
    assert chunk.keys == [record_key(once)] == [b"15/etax_firms_share"]


def test_the_figure_of_the_latest_day_counts_whenever_it_was_imported() -> None:
    """An old figure that comes later replaces nothing; of one day the latest import counts."""
    told = [(figure(0.9, "2025-06-30"), 1), (figure(0.5, "2024-06-30"), 2), (figure(0.8, "2025-06-30"), 0)]
    for order in (told, told[::-1], told[1:] + told[:1]):
        assert standing(bank(*order))["kpi_value"] == {SHARE: 0.9}
    as_of = standing(bank(*told))["kpi_as_of_timestamp_seconds"][SHARE]
    assert datetime.fromtimestamp(as_of, UTC) == datetime(2025, 6, 29, 17, tzinfo=UTC)  # midnight in Viet Nam


def test_cuts_and_a_restart_change_no_figure() -> None:
    """One by one with an heir each is the same as all at once."""
    told = [(figure(0.1 * n, f"2025-0{n}-01"), n) for n in (3, 1, 4, 2)]
    made = bank()
    for each in told:
        hear(made, each)
        heir = bank()
        heir.restore(made.snapshot())
        assert heir.snapshot() == made.snapshot()
        made = heir
    assert standing(made) == standing(bank(*told))
    assert made.snapshot() == bank(*told).snapshot()


def test_a_figure_of_an_unknown_indicator_is_no_label() -> None:
    """Whoever writes to the topic can't make series."""
    assert standing(bank((figure(0.9, "2025-01-01", "mine"), 0)))["kpi_value"] == {}


def test_the_target_in_force_is_that_of_the_day_of_event_time() -> None:
    """It changes at midnight of the site, and is told then."""
    targets = [Target("15", SHARE[1], 0.5, date(2022, 1, 1)), Target("15", SHARE[1], 0.9, date(2026, 3, 3))]
    made = bank((figure(0.9, "2025-01-01"), 0), targets=targets)
    assert standing(made)["kpi_target"] == {SHARE: 0.5}
    assert standing(made, NOON_MS + 11 * 3_600_000) == {}
    assert standing(made, NOON_MS + 12 * 3_600_000)["kpi_target"] == {SHARE: 0.9}


def test_targets_ship_with_citation_and_a_provinces_own_come_first() -> None:
    """Điện Biên's 80 % is in force from the end of 2025; the wait of all provinces holds everywhere."""
    targets = targets_of(Kpi())
    assert "full_online_share" not in targets.on(date(2025, 12, 30), "11")
    assert targets.on(TODAY, "11")["full_online_share"] == 0.8
    assert targets.on(date(2024, 1, 1), "15")["counter_wait_mean"] == 1800.0
    assert targets.on(TODAY, "79")["counter_wait_mean"] == 900.0
    assert "work_files_district_share" not in targets.on(date(2025, 7, 1), "11")


def test_a_target_of_the_configuration_replaces_the_one_that_ships(tmp_path: Path) -> None:
    """Of the same province, indicator and day."""
    text = '[[kpi.targets]]\nkpi = "counter_wait_mean"\nvalue = 600\neffective_from = 2025-01-01\ncitation = "own"\n'
    config = load(written(tmp_path, text, "ioc.toml"), {})
    assert targets_of(config.kpi).on(TODAY, "11")["counter_wait_mean"] == 600.0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('kpi = "mine"', "'mine' is unknown"),
        ('kpi = "etax_firms_share"\nvalue = 95', "must be a ratio"),
        ('kpi = "dti_rank"\nvalue = 9\neffective_until = 2020-01-01', "is not after"),
        ('kpi = "dti_rank"\nvalue = 9\ntenant = "x"', "tenant"),
    ],
)
def test_a_wrong_target_is_refused(tmp_path: Path, line: str, said: str) -> None:
    """With what is wrong, before a worker starts."""
    given = "" if "value" in line else "value = 0.5\n"
    text = f'[[kpi.targets]]\n{line}\n{given}effective_from = 2025-01-01\ncitation = "own"\n'
    with pytest.raises(ConfigError, match=said):
        load(written(tmp_path, text, "ioc.toml"), {})


def test_a_dry_run_shows_the_figures_and_sends_nothing() -> None:
    """No broker is asked."""
    result = CliRunner().invoke(command, ["import", str(LAO_CAI), "--dry-run"])
    assert result.exit_code == 0
    assert "15      online_services_share  0.895727  2022-06-30" in result.output
    assert "2 figures, none sent" in result.output


def test_the_list_shows_every_indicator_with_the_target_of_the_day() -> None:
    """And whether its figures come from events."""
    result = CliRunner().invoke(command, ["list", "--tenant", "15", "--on", "2030-12-31"])
    lines = {line.split()[0]: line.split()[1:5] for line in result.output.splitlines()}
    assert set(KPIS) < set(lines)
    assert lines["full_online_share"] == ["ratio", "higher", "import", "1"]
    assert lines["counter_wait_mean"] == ["seconds", "lower", "events", "900"]


def test_live_indicators_name_families_that_are_measured() -> None:
    """Recording rules work them out."""
    assert {name for each in KPIS.values() for name in each.measures} <= set(MEASURES)
