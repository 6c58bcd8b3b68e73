"""Asks a Prometheus every query of a dashboard, as Grafana would where all units are chosen."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode

from tests.boards import EVERYTHING, Asked, Board, asked, filled
from tests.ops.province import Window

_POINTS = 240


class Answer(NamedTuple):
    """What came back for a query: the series, or what was wrong with it."""

    question: Asked
    series: list[dict[str, Any]]
    error: str

    @property
    def sound(self) -> bool:
        """Whether it says anything."""
        return not self.error and bool(self.series)


def answers(board: Board, window: Window) -> list[Answer]:
    """Return the answer to every query of a dashboard: of panels, annotations and variables."""
    return [_answer(question, window) for question in asked(board)]


def variables_of(window: Window) -> Mapping[str, str]:
    """Return what Grafana's variables are in a time range: a rate is over four scrapes, as Grafana takes it."""
    span_s = window.end_s - window.start_s
    return EVERYTHING | {"__rate_interval": f"{4 * window.every_s:.0f}s", "__range": f"{span_s:.0f}s"}


def _answer(question: Asked, window: Window) -> Answer:
    promql = filled(question.expr, variables_of(window))
    if question.instant:
        path = "/api/v1/query?" + urlencode({"query": promql, "time": window.end_s})
    else:
        step_s = max(window.every_s, (window.end_s - window.start_s) / _POINTS)
        asked_for = {"query": promql, "start": window.start_s, "end": window.end_s, "step": step_s}
        path = "/api/v1/query_range?" + urlencode(asked_for)
    try:
        return Answer(question, window.server.get(path)["data"]["result"], "")
    except HTTPError as refused:
        return Answer(question, [], json.load(refused)["error"])
