"""Dashboards keep the published rules of Grafana's dashboard-linter, and those of this house."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import promql_parser
import pytest
import yaml

from deploy.sources.dashboards.frame import TITLES
from deploy.sources.dashboards.shared import counted
from deploy.sources.dashboards.systems import KINDS
from ioc.metrics.catalogue import SAMPLES, of_measure
from streams.events.telemetry import AssetKind
from streams.kpis import KPIS
from streams.measures import MEASURES
from tests.boards import Asked, Board, Panel, asked, boards, filled, panels, variables

BOARDS = {board["uid"]: board for board in boards()}
PROVISIONING = Path(__file__).parents[2] / "deploy" / "grafana" / "provisioning"
OF_PROMETHEUS = {"up", "ALERTS", "scrape_duration_seconds", "scrape_samples_scraped"}
KNOWN = set(SAMPLES) | OF_PROMETHEUS
TENANTED = {name for name, metric in SAMPLES.items() if "tenant" in metric.labels}
ANYWHERE = {"ioc_operators", "ioc_service_level_objective", "ALERTS"}
"""Series that are alike in every province, or no worker's own."""
COLUMNS = 24

each_board = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)


def selectors(expr: str) -> list[promql_parser.VectorSelector]:
    """Return every selector of a query, those over a range included."""
    found: list[promql_parser.VectorSelector] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(filled(expr)), visit)
    return found


def _matchers(selector: promql_parser.VectorSelector) -> set[str]:
    return {matcher.name for matcher in selector.matchers.matchers}


def _questions() -> Iterator[Asked]:
    for board in BOARDS.values():
        yield from asked(board)


def test_every_dashboard_of_the_house_is_there() -> None:
    """Alerts and links name these uids; each has its title in Vietnamese with English beside."""
    assert {uid: board["title"] for uid, board in BOARDS.items()} == {
        uid: words.beside for uid, words in TITLES.items()
    }


@each_board
def test_a_dashboard_is_read_only_and_keeps_the_time_of_the_place(board: Board) -> None:
    """What is changed by hand would be lost with the next provisioning."""
    assert board["editable"] is False
    assert board["timezone"] == "Asia/Ho_Chi_Minh"
    assert board["refresh"]
    assert "\n\n" in board["description"]


@each_board
def test_every_data_source_is_the_chosen_one(board: Board) -> None:
    """Linter's template-datasource, panel-datasource and target rules: a fixed one binds a dashboard to one Grafana."""
    first = variables(board)[0]
    assert (first["name"], first["type"], first["query"]) == ("datasource", "datasource", "prometheus")
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    for panel in panels(board):
        assert panel["datasource"] == chosen
        assert all(target["datasource"] == chosen for target in panel["targets"])
    for mark in board["annotations"]["list"]:
        assert mark["datasource"] == chosen
        assert mark["target"]["datasource"] == chosen
    assert all(variable["datasource"] == chosen for variable in variables(board)[1:])


@each_board
def test_a_panel_says_what_it_answers_and_in_which_unit(board: Board) -> None:
    """Linter's panel-title-description and panel-units; descriptions hold a question in both languages."""
    for panel in panels(board):
        assert re.fullmatch(r"[^·]+ · [^·]+|Camera · Cameras", panel["title"]), panel["title"]
        vietnamese, english = panel["description"].split("\n\n")
        assert vietnamese
        assert english
        assert "?" in panel["description"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


@each_board
def test_titles_and_places_don_t_clash(board: Board) -> None:
    """Panels have numbers of their own, lie within 24 columns, and none lies on another."""
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers)
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= COLUMNS
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
    titles = [panel["title"] for panel in panels(board)]
    assert len(set(titles)) == len(titles)


@each_board
def test_the_grid_is_full_and_not_crowded(board: Board) -> None:
    """No holes, and at most six panels begin beside each other."""
    area = sum(panel["gridPos"]["w"] * panel["gridPos"]["h"] for panel in board["panels"])
    assert area == COLUMNS * max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])
    lines: dict[int, list[Panel]] = {}
    for panel in panels(board):
        lines.setdefault(panel["gridPos"]["y"], []).append(panel)
    assert min(lines) == 1
    for beside in lines.values():
        assert len(beside) <= 6


@each_board
def test_variables_are_asked_again(board: Board) -> None:
    """Linter's template-on-time-change-reload: units that join later appear without a reload."""
    for variable in variables(board):
        assert variable["label"]
        if variable["type"] == "query":
            assert variable["refresh"] == 2
            assert variable["multi"]
            assert variable["includeAll"]
            assert variable["allValue"] == ".*"


@each_board
def test_only_variables_that_the_dashboard_has_are_used(board: Board) -> None:
    """Grafana would send an unknown one as it is; a variable that no panel uses misleads."""
    own = {variable["name"] for variable in variables(board)}
    used = {
        name
        for question in asked(board)
        for name in re.findall(r"\$\{?(\w+)", question.expr)
        if not name.startswith("__")
    }
    assert used | {"datasource"} == own


@each_board
def test_queries_parse_and_ask_for_known_series_of_the_chosen_province(board: Board) -> None:
    """Each selector is in the catalogue, and narrowed to the province where it has one, else to the workers' job."""
    has_tenant = any(variable["name"] == "tenant" for variable in variables(board))
    for question in asked(board):
        for selector in selectors(question.expr):
            assert selector.name in KNOWN, f"{question.what}: {selector.name} is not in the catalogue"
            if selector.name in ANYWHERE or question.what == "variable tenant":
                continue
            wanted = "tenant" if selector.name in TENANTED and has_tenant else "job"
            assert wanted in _matchers(selector), f"{question.what}: {selector.name} isn't narrowed by {wanted}"


@each_board
def test_rates_follow_the_scrape_and_are_of_counters(board: Board) -> None:
    """Linter's target-rate-interval and target-counter-agg: `rate()` of a gauge, or a bare counter, shows nonsense."""
    for question in asked(board):
        for window in re.findall(r"\b(?:rate|irate)\(.*?\[(.+?)\]", question.expr):
            assert window == "$__rate_interval", question.what
        for window in re.findall(r"\bincrease\(.*?\[(.+?)\]", question.expr):
            assert window in {"$__rate_interval", "$__range", "5m", "10m", "1h", "6h"}, question.what
        for called in re.findall(r"\b(?:rate|irate|increase)\((\w+)", question.expr):
            assert re.search("_(total|bucket|sum|count)$", called), f"{question.what}: {called} is no counter"
        bare = re.findall(r"(?<!increase\()(?<!rate\()\bioc_\w+_(?:total|bucket)\b", question.expr)
        assert not bare or question.what.startswith("variable"), f"{question.what}: {bare}"


@each_board
def test_links_lead_to_every_other_dashboard_and_carry_choices_and_time(board: Board) -> None:
    """Whoever drills down keeps province, unit and time range."""
    assert [link["url"] for link in board["links"]] == [f"/d/{uid}" for uid in TITLES if uid != board["uid"]]
    assert all(link["includeVars"] and link["keepTime"] for link in board["links"])


@each_board
def test_links_in_panels_resolve(board: Board) -> None:
    """They name a dashboard and variables that exist, and fields that the table has."""
    for panel in panels(board):
        for url in re.findall(r"'url': '([^']+)'", str(panel)):
            address = urlsplit(url)
            target = BOARDS[address.path.removeprefix("/d/")]
            names = {variable["name"] for variable in variables(target)}
            assert set(re.findall(r"var-(\w+)=", address.query)) <= names
            assert set(re.findall(r"\$\{(\w+):queryparam\}", address.query)) <= names
            assert "${__url_time_range}" in address.query
            shown = re.findall(r"__data\.fields\.(\w+)", address.query)
            assert all(f"'{field}'" in str(panel["transformations"]) or panel["type"] == "geomap" for field in shown)


@each_board
def test_incidents_alerts_and_new_versions_are_marked(board: Board) -> None:
    """On every dashboard, so that a bend in a line finds its cause."""
    asked_for = " ".join(mark["target"]["expr"] for mark in board["annotations"]["list"])
    assert all(name in asked_for for name in ("ioc_incidents_opened_total", "ALERTS", "ioc_build_info"))


def test_every_kind_of_asset_has_its_place() -> None:
    """A kind that the events know and no panel shows would run unseen."""
    shown = " ".join(question.expr for question in asked(BOARDS["ioc-systems"]))
    assert set(KINDS) == set(AssetKind) - {AssetKind.UNRECOGNISED}
    assert all(f'asset_kind="{kind.value}"' in shown for kind in KINDS)


def test_every_indicator_that_is_not_imported_is_counted() -> None:
    """Figures of such an indicator come from counters alone: the table would leave it out."""
    assert set(counted("1h")) == {kpi for kpi, indicator in KPIS.items() if indicator.live}


def test_every_family_of_measures_is_shown_somewhere() -> None:
    """What is measured and never shown is cost without use."""
    shown = {selector.name for question in _questions() for selector in selectors(question.expr)}
    missing = [measure.name for measure in MEASURES.values() if not shown & set(of_measure(measure).samples)]
    assert missing == []


def test_provisioning_keeps_folders_and_fixed_sources() -> None:
    """Dashboards come from files only, and the source that the variable names first exists."""
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards" / "ioc.yml").read_text())["providers"]
    assert provider["options"]["foldersFromFilesStructure"] is True
    assert provider["allowUiUpdates"] is False
    sources = yaml.safe_load((PROVISIONING / "datasources" / "ioc.yml").read_text())["datasources"]
    uids = {source["uid"] for source in sources if source["type"] == "prometheus"}
    assert {variables(board)[0]["current"]["value"] for board in BOARDS.values()} == uids
