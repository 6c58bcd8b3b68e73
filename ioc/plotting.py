"""Draws a backtest: the series, its scores below, and what stands out."""

import math
from collections.abc import Sequence
from datetime import datetime
from importlib import import_module
from pathlib import Path

from ioc.backtest import Scored
from ioc.errors import InputError

INSTALL = "pip install matplotlib"
_MARKED = 0.5


def plot(rows: Sequence[Scored], title: str, target: Path) -> None:
    """Write a picture of the rows; those with a score of one half or more are marked.

    Raises
    ------
    InputError
        matplotlib is missing, or the picture can't be written; the message says what to do.
    """
    try:
        figures = import_module("matplotlib.figure")  # an optional extra
    except ImportError:
        raise InputError(f"--plot needs matplotlib, which is not installed: {INSTALL}") from None
    times = [datetime.fromisoformat(row.timestamp) for row in rows]
    values = [float(row.value) if row.value else math.nan for row in rows]
    marked = [number for number, row in enumerate(rows) if row.score >= _MARKED]
    figure = figures.Figure(figsize=(12.0, 6.0), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    above.plot(times, values, linewidth=0.8)
    above.plot([times[number] for number in marked], [values[number] for number in marked], "o", color="tab:red")
    above.set_title(title)
    above.set_ylabel("value")
    below.plot(times, [row.score for row in rows], linewidth=0.8, color="tab:red")
    below.axhline(_MARKED, linewidth=0.8, color="grey", linestyle="--")
    below.set_ylim(0.0, 1.0)
    below.set_ylabel("score")
    figure.autofmt_xdate()
    try:
        figure.savefig(target, dpi=120)
    except (OSError, ValueError) as error:
        raise InputError(f"{target}: {error}; name a .png file in a folder that can be written") from None
