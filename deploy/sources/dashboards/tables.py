"""Tables and the map: rows of the present, joined over queries by the labels that they share."""

from collections.abc import Sequence
from typing import NamedTuple

from grafana_foundation_sdk.builders import common, dashboard, geomap, table
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import geomap as maps

from deploy.sources.dashboards.panels import (
    CRITICAL,
    GOOD,
    TABLE,
    WARNING,
    Names,
    Panel,
    Query,
    Size,
    Step,
    finished,
    thresholds,
)
from deploy.sources.dashboards.words import Words


class Column(NamedTuple):
    """A column of a table: the field that it shows, its title, its unit, colours of its cells, and where it links."""

    field: str
    title: Words
    unit: str = ""
    colours: Sequence[Step] = ()
    link: str = ""
    width: int = 0
    decimals: int | None = None
    names: Names | None = None


def listed(
    title: Words,
    about: Words,
    queries: Sequence[Query],
    size: Size,
    columns: Sequence[Column],
    *,
    sort: str = "",
) -> Panel:
    """Return a table of the present: one row per set of labels, one column per query (`Value #A`, …) or label.

    Columns stand in the order given; what isn't named is left out.
    """
    order = {column.field: number for number, column in enumerate(columns)}
    panel = (
        table.Panel()
        .show_header(True)
        .min_width(80)
        .cell_height(shapes.TableCellHeight.SM)
        .thresholds(thresholds([Step(None, "text")]))
        .with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(
            models.DataTransformerConfig(id_val="filterFieldsByName", options={"include": {"names": list(order)}})
        )
        .with_transformation(
            models.DataTransformerConfig(
                id_val="organize", options={"excludeByName": {}, "indexByName": order, "renameByName": {}}
            )
        )
    )
    if sort:
        found = next(column for column in columns if column.field == sort)
        panel = panel.sort_by([common.TableSortByFieldState().display_name(found.title.beside).desc(True)])
    for column in columns:
        panel = panel.override_by_name(column.field, _cells(column))
    panel = panel.unit("none")
    return finished(panel, title, about, queries, size, form=TABLE)


_NOTHING = {"type": "special", "options": {"match": "null", "result": {"text": "", "color": "transparent", "index": 0}}}
"""A cell without a figure is neither good nor bad."""


def _cells(column: Column) -> list[models.DynamicConfigValue]:
    found = [models.DynamicConfigValue("displayName", column.title.beside)]
    found.append(models.DynamicConfigValue("unit", column.unit or "string"))  # codes of units begin with 0
    if column.decimals is not None:
        found.append(models.DynamicConfigValue("decimals", column.decimals))
    if column.width:
        found.append(models.DynamicConfigValue("custom.width", column.width))
    if column.names:
        found.append(models.DynamicConfigValue("mappings", [_mapping(column.names)]))
    if column.names or column.colours:
        background = {"type": "color-background" if column.colours else "color-text", "mode": "basic"}
        found.append(models.DynamicConfigValue("custom.cellOptions", background))
    if column.colours:
        usual, *others = column.colours
        plain = usual._replace(colour="transparent") if usual.colour in {GOOD, "text"} else usual
        found.append(models.DynamicConfigValue("mappings", [_NOTHING]))
        found.append(models.DynamicConfigValue("thresholds", thresholds([plain, *others]).build()))
    if column.link:
        link = {"title": Words("Xem sự cố", "Drill down").beside, "url": column.link}
        found.append(models.DynamicConfigValue("links", [link]))
    return found


def units_map(
    title: Words, about: Words, queries: Sequence[Query], size: Size, columns: Sequence[Column], *, link: str
) -> Panel:
    """Return a map of units: a marker each, coloured and sized by the first query's figure; needs `lat` and `lon`."""
    marker = {
        "showLegend": False,
        "style": {
            "color": {"field": "Value #A", "fixed": "green"},
            "size": {"field": "Value #A", "fixed": 6, "min": 5, "max": 18},
            "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
            "text": {"mode": "field", "field": "name", "fixed": ""},
            "textConfig": {"fontSize": 10, "offsetY": 14, "textAlign": "center", "textBaseline": "middle"},
            "opacity": 0.8,
        },
    }
    place = common.FrameGeometrySource().mode(shapes.FrameGeometrySourceMode.COORDS).latitude("lat").longitude("lon")
    panel = (
        geomap.Panel()
        .unit("none")
        .thresholds(thresholds([Step(None, GOOD), Step(1, WARNING), Step(3, CRITICAL)]))
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .view(geomap.MapViewConfig().id("fit").all_layers(True).padding(10))
        .controls(geomap.ControlsOptions().show_zoom(True).show_attribution(True).mouse_wheel_zoom(False))
        .basemap(common.MapLayerOptions().type("default").name("Layer 0").config({}))
        .layers([common.MapLayerOptions().type("markers").name("units").config(marker).location(place).tooltip(True)])
        .tooltip(geomap.TooltipOptions().mode(maps.TooltipMode.DETAILS))
        .with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(
            models.DataTransformerConfig(
                id_val="convertFieldType",
                options={
                    "fields": {},
                    "conversions": [{"targetField": name, "destinationType": "number"} for name in ("lat", "lon")],
                },
            )
        )
        .data_links([dashboard.DashboardLink(Words("Xem sự cố", "Drill down").beside).url(link)])
    )
    for column in columns:
        panel = panel.override_by_name(column.field, _cells(column))
    return finished(panel, title, about, queries, size, form=TABLE)


def _mapping(names: Names) -> dict[str, object]:
    shown = {
        value: {"text": said.words.beside, "index": number} | ({"color": said.colour} if said.colour else {})
        for number, (value, said) in enumerate(names.items())
    }
    return {"type": "value", "options": shown}
