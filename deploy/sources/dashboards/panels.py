"""Panels of the kinds that the dashboards use, all bilingual, on the chosen data source, with legend and unit."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    timeseries,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from deploy.sources.dashboards.words import Said, Words
from deploy.sources.thresholds import THRESHOLDS
from ioc.service_levels import Objectives

SOURCE = shapes.DataSourceRef(type_val="prometheus", uid="${datasource}")
"""The data source that the viewer chose."""

GOOD, WARNING, CRITICAL = "green", "orange", "red"
RANGE, INSTANT, TABLE, HEATMAP = "range", "instant", "table", "heatmap"
OBJECTIVES: dict[str, float] = msgspec.to_builtins(Objectives())
"""The share on time that is promised where the configuration says nothing else, by service level."""

_BOTH = shapes.BigValueTextMode.VALUE_AND_NAME

Panel = Builder[models.Panel]
Names = Mapping[str, Said]


class Query(NamedTuple):
    """PromQL and the legend of its series; ``exemplar`` asks for the ids of incidents too."""

    expr: str
    legend: str = "__auto"
    exemplar: bool = False


class Size(NamedTuple):
    """Columns of 24, and rows of 30 pixels."""

    width: int
    height: int


class Step(NamedTuple):
    """From which figure on a colour holds; None: from the lowest."""

    value: float | None
    colour: str


def steps(name: str, scale: float = 1.0) -> tuple[Step, ...]:
    """Return the colours of a shared threshold; ``scale`` turns its unit into that of the panel.

    Examples
    --------
    >>> steps("freshness", 1000.0)[1]
    Step(value=120000.0, colour='orange')
    """
    shared = THRESHOLDS[name]
    if shared.critical < shared.warning:
        return Step(None, CRITICAL), Step(shared.critical * scale, WARNING), Step(shared.warning * scale, GOOD)
    grades = (Step(shared.warning * scale, WARNING), Step(shared.critical * scale, CRITICAL))
    return Step(None, GOOD), *(grades if shared.warning < shared.critical else grades[1:])


def share(level: str) -> tuple[Step, ...]:
    """Return the colours of a share that should reach the objective of a service level."""
    objective = OBJECTIVES[level]
    return Step(None, CRITICAL), Step(round(objective - 0.1, 2), WARNING), Step(objective, GOOD)


def numbers(
    title: Words,
    about: Words,
    queries: Sequence[Query],
    size: Size,
    unit: str,
    *,
    colours: Sequence[Step] = (Step(None, "text"),),
    names: Names | None = None,
    decimals: int | None = None,
    line: bool = False,
) -> Panel:
    """Return big numbers, one per series; ``line`` draws how each came there behind it."""
    panel = (
        stat.Panel()
        .unit(unit)
        .thresholds(thresholds(colours))
        .color_mode(shapes.BigValueColorMode.BACKGROUND if len(colours) > 1 else shapes.BigValueColorMode.VALUE)
        .graph_mode(shapes.BigValueGraphMode.AREA if line else shapes.BigValueGraphMode.NONE)
        .justify_mode(shapes.BigValueJustifyMode.AUTO)
        .text_mode(shapes.BigValueTextMode.VALUE if len(queries) == 1 and names is None else _BOTH)
        .orientation(shapes.VizOrientation.AUTO)
        .reduce_options(common.ReduceDataOptions().values(False).calcs(["lastNotNull"]).fields(""))
    )
    if decimals is not None:
        panel = panel.decimals(decimals)
    return finished(panel, title, about, queries, size, names=names, form=RANGE if line else INSTANT)


def course(
    title: Words,
    about: Words,
    queries: Sequence[Query],
    size: Size,
    unit: str,
    *,
    colours: Sequence[Step] = (),
    names: Names | None = None,
    stacked: shapes.StackingMode = shapes.StackingMode.NONE,
    bars: bool = False,
    calcs: Sequence[str] = ("lastNotNull", "max"),
    least: float | None = 0.0,
) -> Panel:
    """Return lines or bars over time, with ``colours`` as dashed lines to hold them against."""
    filled = stacked is not shapes.StackingMode.NONE
    panel = (
        timeseries.Panel()
        .unit(unit)
        .draw_style(shapes.GraphDrawStyle.BARS if bars else shapes.GraphDrawStyle.LINE)
        .line_width(1)
        .axis_soft_max(0.1 if unit == "percentunit" else 1)  # a line of noughts isn't drawn as 0 of 100
        .fill_opacity(70 if bars or filled else 10)
        .show_points(shapes.VisibilityMode.NEVER)
        .stacking(common.StackingConfig().mode(stacked).group("A"))
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC))
        .tooltip(common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI).sort(shapes.SortOrder.DESCENDING))
        .legend(
            common.VizLegendOptions()
            .display_mode(shapes.LegendDisplayMode.TABLE if calcs else shapes.LegendDisplayMode.LIST)
            .placement(shapes.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(list(calcs))
        )
    )
    if least is not None:
        panel = panel.min(least)
    if colours:
        style = common.GraphThresholdsStyleConfig().mode(shapes.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds(thresholds([Step(None, "transparent"), *colours[1:]])).thresholds_style(style)
    return finished(panel, title, about, queries, size, names=names)


def ranked(
    title: Words,
    about: Words,
    queries: Sequence[Query],
    size: Size,
    unit: str,
    *,
    colours: Sequence[Step] = (Step(None, "blue"),),
    names: Names | None = None,
    most: float | None = None,
    decimals: int | None = None,
) -> Panel:
    """Return horizontal bars, one per series, up to ``most``."""
    panel = (
        bargauge.Panel()
        .unit(unit)
        .min(0)
        .thresholds(thresholds(colours))
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .display_mode(shapes.BarGaugeDisplayMode.BASIC)
        .orientation(shapes.VizOrientation.HORIZONTAL)
        .show_unfilled(True)
        .value_mode(shapes.BarGaugeValueMode.COLOR)
        .sizing(shapes.BarGaugeSizing.MANUAL)
        .min_viz_height(14)
        .max_viz_height(40)
        .text(common.VizTextDisplayOptions().title_size(13).value_size(18))
        .reduce_options(common.ReduceDataOptions().values(False).calcs(["lastNotNull"]).fields(""))
    )
    if most is not None:
        panel = panel.max(most)
    if decimals is not None:
        panel = panel.decimals(decimals)
    return finished(panel, title, about, queries, size, names=names, form=INSTANT)


def timeline(
    title: Words,
    about: Words,
    queries: Sequence[Query],
    size: Size,
    *,
    colours: Sequence[Step],
) -> Panel:
    """Return a band per series, coloured by its figure over time."""
    panel = (
        statetimeline.Panel()
        .unit("none")
        .show_value(shapes.VisibilityMode.NEVER)
        .merge_values(True)
        .row_height(0.8)
        .fill_opacity(80)
        .thresholds(thresholds(colours))
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .legend(common.VizLegendOptions().show_legend(False).display_mode(shapes.LegendDisplayMode.LIST))
    )
    return finished(panel, title, about, queries, size)


def warmth(title: Words, about: Words, expr: str, size: Size, unit: str) -> Panel:
    """Return a heat map of a histogram's buckets, over time."""
    panel = heatmap.Panel().unit(unit).calculate(False).show_value(shapes.VisibilityMode.NEVER).cell_gap(1)
    return finished(panel, title, about, [Query(expr, "{{le}}")], size, form=HEATMAP)


def finished(
    panel: Any,
    title: Words,
    about: Words,
    queries: Sequence[Query],
    size: Size,
    *,
    names: Names | None = None,
    form: str = RANGE,
) -> Panel:
    """Return a panel with what all have; builders of the kit share these methods, but no type."""
    panel = panel.title(title.beside).description(about.beneath).datasource(SOURCE)
    panel = panel.span(size.width).height(size.height)
    for number, query in enumerate(queries):
        panel = panel.with_target(_target(query, chr(ord("A") + number), form))
    for value, said in (names or {}).items():
        panel = panel.override_by_name(value, _shown(said))
    finished: Panel = panel
    return finished


def _target(query: Query, ref: str, form: str) -> prometheus.Dataquery:
    target = prometheus.Dataquery().datasource(SOURCE).expr(query.expr).legend_format(query.legend).ref_id(ref)
    if query.exemplar:
        target = target.exemplar(True)
    target = target.instant() if form in {INSTANT, TABLE} else target.range()
    if form == TABLE:
        return target.format(PromQueryFormat.TABLE)
    return target.format(PromQueryFormat.HEATMAP if form == HEATMAP else PromQueryFormat.TIME_SERIES)


def _shown(said: Said) -> list[models.DynamicConfigValue]:
    properties = [models.DynamicConfigValue("displayName", said.words.beside)]
    if said.colour:
        properties.append(models.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": said.colour}))
    return properties


def thresholds(colours: Sequence[Step]) -> dashboard.ThresholdsConfig:
    """Return colours as Grafana keeps them."""
    return (
        dashboard.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps([models.Threshold(value=step.value, color=step.colour) for step in colours])
    )
