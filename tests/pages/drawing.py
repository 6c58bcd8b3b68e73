"""Draws scenes: value and expectation above, the tail probability below on a logarithmic axis, the event shaded."""

from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from tests.pages.scene import START, Scene

_DAY_MS = 86_400_000
_LEAST = 1e-16
_SHOWN, _SHOWN_EVENTS = 250, 15  # observations, or the event's length so many times
_COLOURS, _RARE_TOO = 48, 1  # enough for lines and text, a third of the bytes; PIL.Image.Quantize.MAXCOVERAGE


def draw(scene: Scene, title: str, threshold: float, target: Path) -> None:
    """Write the picture of a scene as PNG; the same bytes for the same scene and matplotlib."""
    scene = _around_event(scene)
    figures = import_module("matplotlib.figure")  # here: whoever makes or checks the text needs no matplotlib
    pictures = import_module("PIL.Image")
    figure = figures.Figure(figsize=(9.0, 4.8), layout="constrained", dpi=96)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    days = (scene.at_ms - START) / _DAY_MS
    _values(above, scene, days)
    above.set_title(title, fontsize=11)
    below.plot(days, np.maximum(scene.p, _LEAST), linewidth=0.9, color="tab:red")
    below.axhline(threshold, linewidth=0.9, color="black", linestyle="--", label=f"ngưỡng · threshold {threshold:g}")
    below.set_yscale("log")
    below.set_ylim(max(min(scene.p.min(), threshold) / 30.0, _LEAST / 3.0), 3.0)
    below.set_ylabel("xác suất\ntail probability")
    below.set_xlabel("ngày · days")
    first, last = scene.event
    begin, end = days[max(first - 1, 0)], days[min(last + 1, len(days) - 1)]
    for axes in (above, below):
        axes.axvspan(begin, end, color="tab:orange", alpha=0.25, linewidth=0.0)
    below.legend(loc="lower left", fontsize=8)
    drawn = BytesIO()
    figure.savefig(drawn, format="png")
    target.parent.mkdir(parents=True, exist_ok=True)
    pictures.open(drawn).convert("RGB").quantize(_COLOURS, method=_RARE_TOO).save(target, optimize=True)


def _around_event(scene: Scene) -> Scene:
    """Return the part of a scene in which a short event can still be seen."""
    first, last = scene.event
    shown = max(_SHOWN, _SHOWN_EVENTS * (last - first + 1))
    end = min(last + 1 + shown // 10, len(scene.p))
    part = slice(max(end - shown, 0), end)
    columns = (scene.at_ms[part], scene.value[part], scene.expected[part], scene.p[part])
    return Scene(*columns, (first - part.start, last - part.start), scene.label, scene.expected_label)


def _values(axes: Any, scene: Scene, days: Any) -> None:
    style: dict[str, Any] = {"linewidth": 0.8, "color": "tab:blue"}
    if scene.value.ndim > 1:
        style["color"] = None
    if np.isnan(scene.value).any():  # a line would have gaps that hide single values
        style |= {"linestyle": "none", "marker": ".", "markersize": 3.0}
    axes.plot(days, scene.value, **style)
    axes.set_ylabel(scene.label.replace(" · ", "\n"), color="tab:blue", fontsize=8)
    if not np.isfinite(scene.expected).any():
        return
    side = axes if scene.expected_label is None else axes.twinx()
    side.plot(days, scene.expected, linewidth=1.2, color="tab:green", label="thường lệ · expected")
    if scene.expected_label is None:
        axes.legend(loc="upper left", fontsize=8)
    else:
        side.set_ylabel(scene.expected_label.replace(" · ", "\n"), color="tab:green", fontsize=8)
