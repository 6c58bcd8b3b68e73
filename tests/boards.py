"""The committed dashboards as tests read them: panels, and every query with Grafana's variables put in."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

FOLDER = Path(__file__).parents[1] / "deploy" / "grafana" / "dashboards"
Board = dict[str, Any]
Panel = dict[str, Any]

EVERYTHING = MappingProxyType(
    {
        "tenant": ".*",
        "unit": ".*",
        "rule": ".*",
        "stream": ".*",
        "__rate_interval": "1m",
        "__interval": "15s",
        "__range": "12h",
    }
)
"""What Grafana puts in where all is chosen: the variables of the dashboards, and its own."""

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))")
_LABELS = re.compile(r"label_values\((.+), *(\w+)\)")
_RESULT = re.compile(r"query_result\((.+)\)")


class Asked(NamedTuple):
    """A query: of which dashboard, for what, its PromQL, and the target that it stands in (of a panel)."""

    uid: str
    what: str
    expr: str
    target: Mapping[str, Any]

    @property
    def instant(self) -> bool:
        """Whether it asks for the present only."""
        return bool(self.target.get("instant"))


def boards() -> list[Board]:
    """Return all dashboards, in the order of their files."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*/*.json"))]


def panels(board: Board) -> list[Panel]:
    """Return the panels that show something: all but headings."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def variables(board: Board) -> list[dict[str, Any]]:
    """Return the variables of a dashboard."""
    found: list[dict[str, Any]] = board["templating"]["list"]
    return found


def asked(board: Board) -> Iterator[Asked]:
    """Return every query of a dashboard: of panels, annotations and variables."""
    uid = board["uid"]
    for panel in panels(board):
        for target in panel["targets"]:
            yield Asked(uid, f"{panel['title']} [{target['refId']}]", target["expr"], target)
    for mark in board["annotations"]["list"]:
        yield Asked(uid, f"annotation {mark['name']}", mark["target"]["expr"], mark["target"])
    for variable in variables(board):
        if variable["type"] == "query":
            yield Asked(uid, f"variable {variable['name']}", promql_of(variable["query"]["query"]), {"instant": True})


def promql_of(query: str) -> str:
    """Return the PromQL that answers a variable's query.

    Examples
    --------
    >>> promql_of("label_values(up{job='x'}, instance)"), promql_of("query_result(max by (a) (up))")
    ("group by (instance) (up{job='x'})", 'max by (a) (up)')
    """
    if labels := _LABELS.fullmatch(query):
        return f"group by ({labels[2]}) ({labels[1]})"
    result = _RESULT.fullmatch(query)
    assert result, f"{query} is neither label_values nor query_result"
    return result[1]


def filled(expr: str, values: Mapping[str, str] = EVERYTHING) -> str:
    """Return PromQL with variables put in; one that is not known is an error.

    Examples
    --------
    >>> filled('rate(x{tenant=~"$tenant"}[$__rate_interval])')
    'rate(x{tenant=~".*"}[1m])'
    """
    return _VARIABLE.sub(lambda found: values[found[1] or found[2]], expr)
