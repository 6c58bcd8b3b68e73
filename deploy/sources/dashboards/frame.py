"""What all dashboards share: variables, links to each other, annotations, time range, and how they become JSON."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from grafana_foundation_sdk.builders import dashboard, prometheus
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from deploy.sources.dashboards.panels import SOURCE, Panel
from deploy.sources.dashboards.words import Words

JOB = 'job="ioc-worker"'
"""What every series of a worker bears; families without tenant are chosen by it."""

TENANT = 'tenant=~"$tenant"'
UNIT = 'unit=~"$unit"'
STREAM = f'{JOB}, topic=~"$stream"'

_COLUMNS = 24

TITLES = {
    "ioc-overview": Words("Tổng quan tỉnh", "Province overview"),
    "ioc-cameras": Words("Camera", "Cameras"),
    "ioc-reports": Words("Phản ánh hiện trường", "Field reports"),
    "ioc-queues": Words("Một cửa và hồ sơ", "Service queues and dossiers"),
    "ioc-incident": Words("Chi tiết sự cố", "Incident drill-down"),
    "ioc-levels": Words("Thời hạn và chỉ tiêu", "Service levels and KPIs"),
    "ioc-pipeline": Words("Đường xử lý dữ liệu", "Pipeline health"),
    "ioc-systems": Words("Hệ thống khác", "Other systems"),
}
"""The title of every dashboard by its uid, in the order in which links stand."""


class Row(NamedTuple):
    """Panels under a heading."""

    title: Words
    panels: Sequence[Panel]


class Page(NamedTuple):
    """A dashboard: its uid and folder, what it answers, its variables beside the data source, and its panels."""

    uid: str
    folder: str
    about: Words
    variables: Sequence[Builder[models.VariableModel]]
    rows: Sequence[Row]
    span: str = "now-12h"


def drill(uid: str, **fields: str) -> str:
    """Return the address of a dashboard that keeps variables and time range, with variables taken from a row's fields.

    Examples
    --------
    >>> drill("ioc-incident", unit="unit")
    '/d/ioc-incident?${datasource:queryparam}&${tenant:queryparam}&var-unit=${__data.fields.unit}&${__url_time_range}'
    """
    chosen = "".join(f"&var-{name}=${{__data.fields.{field}}}" for name, field in fields.items())
    return f"/d/{uid}?${{datasource:queryparam}}&${{tenant:queryparam}}{chosen}&${{__url_time_range}}"


def chosen(name: str, words: Words, query: str, regex: str = "") -> dashboard.QueryVariable:
    """Return a variable of several values, all at first, asked anew when the time range changes."""
    variable = (
        dashboard.QueryVariable(name)
        .label(words.beside)
        .datasource(SOURCE)
        .query({"query": query, "refId": "StandardVariableQuery"})
        .definition(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_CASE_INSENSITIVE_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(models.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )
    return variable.regex(regex) if regex else variable


def tenant() -> dashboard.QueryVariable:
    """Return the choice of provinces."""
    return chosen("tenant", Words("Tỉnh", "Province"), "label_values(ioc_unit_info, tenant)")


def unit() -> dashboard.QueryVariable:
    """Return the choice of communes and wards, shown by name."""
    return chosen(
        "unit",
        Words("Đơn vị", "Unit"),
        f"query_result(max by (name, unit) (ioc_unit_info{{{TENANT}}}))",
        r'/name="(?<text>[^"]+)",unit="(?<value>[^"]+)"/',
    )


def stream() -> dashboard.QueryVariable:
    """Return the choice of source topics."""
    return chosen("stream", Words("Luồng", "Stream"), f"label_values(ioc_events_total{{{JOB}}}, topic)")


def _source() -> dashboard.DatasourceVariable:
    return (
        dashboard.DatasourceVariable("datasource")
        .label(Words("Nguồn dữ liệu", "Data source").beside)
        .type("prometheus")
        .current(models.VariableOption(selected=True, text="Prometheus", value="ioc-prometheus"))
    )


def _marks(tenanted: bool) -> list[Builder[models.AnnotationQuery]]:
    """Return the annotations: incidents that opened, alerts that fire, versions that appeared."""
    where = f"{{{TENANT}}}" if tenanted else f"{{{JOB}}}"
    opened = f"sum by (rule, severity) (increase(ioc_incidents_opened_total{where}[$__rate_interval])) > 0"
    firing = 'max by (alertname, severity) (ALERTS{alertstate="firing", severity=~"critical|major"})'
    version = f"group by (version) (ioc_build_info{{{JOB}}})"
    built = f"{version} unless group by (version) (ioc_build_info{{{JOB}}} offset 5m)"
    return [
        _mark(Words("Sự cố", "Incidents"), opened, "orange", "{{rule}}", "{{severity}}"),
        _mark(Words("Cảnh báo", "Alerts"), firing, "red", "{{alertname}}", "{{severity}}"),
        _mark(Words("Bản mới", "Deploys"), built, "blue", "ioc {{version}}", "{{version}}"),
    ]


def _mark(name: Words, expr: str, colour: str, title: str, text: str) -> dashboard.AnnotationQuery:
    query = prometheus.Dataquery().datasource(SOURCE).expr(expr).ref_id("Anno").range()
    return (
        dashboard.AnnotationQuery()
        .name(name.beside)
        .datasource(SOURCE)
        .enable(True)
        .icon_color(colour)
        .expr(expr)
        .step("1m")
        .title_format(title)
        .text_format(text)
        .target(query)
    )


def _links(uid: str) -> list[Builder[models.DashboardLink]]:
    return [
        dashboard.DashboardLink(words.beside)
        .type(models.DashboardLinkType.LINK)
        .url(f"/d/{other}")
        .icon("dashboard")
        .include_vars(True)
        .keep_time(True)
        for other, words in TITLES.items()
        if other != uid
    ]


def _placed(rows: Sequence[Row]) -> list[models.Panel | models.RowPanel]:
    """Return headings and panels, each as high up and then as far left as there is room."""
    placed: list[models.Panel | models.RowPanel] = []
    skyline = [0] * _COLUMNS
    for row in rows:
        heading = dashboard.Row(row.title.beside).id(len(placed) + 1).build()
        heading.grid_pos = models.GridPos(x=0, y=max(skyline), w=_COLUMNS, h=1)
        placed.append(heading)
        skyline = [max(skyline) + 1] * _COLUMNS
        for builder in row.panels:
            panel = builder.build()
            size = panel.grid_pos or models.GridPos()
            size.y, size.x = min((max(skyline[x : x + size.w]), x) for x in range(_COLUMNS - size.w + 1))
            skyline[size.x : size.x + size.w] = [size.y + size.h] * size.w
            panel.id_val = len(placed) + 1
            placed.append(panel)
    return placed


def rendered(page: Page) -> str:
    """Return a dashboard as the JSON that Grafana provisions: keys sorted, panels numbered in their order."""
    board = (
        dashboard.Dashboard(TITLES[page.uid].beside)
        .uid(page.uid)
        .description(page.about.beneath)
        .tags(["ioc", "generated"])
        .timezone("Asia/Ho_Chi_Minh")
        .week_start("monday")
        .refresh("30s")
        .time(page.span, "now")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .variables([_source(), *page.variables])
        .annotations(_marks(any(variable.build().name == "tenant" for variable in page.variables)))
        .links(_links(page.uid))
    )
    built = board.build()
    built.panels = _placed(page.rows)
    plain = json.loads(json.dumps(built, cls=JSONEncoder))
    for each in [*plain["links"], *plain["annotations"]["list"]]:
        del each["placement"]  # the kit puts them into a menu, where they go unseen
    return json.dumps(plain, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
