"""Writes docs/calibration.csv, and from it the page and the picture that show observed against nominal rates."""

import csv
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from tests.calibration.family import FACTOR, LEVELS, Measured, Rate, Side

ROOT = Path(__file__).parents[2]
COUNTS = ROOT / "docs" / "calibration.csv"
PAGE = ROOT / "docs" / "calibration.md"
PICTURE = ROOT / "docs" / "pictures" / "calibration.png"
WORDS = Path(__file__).with_suffix(".md")
_HEAD = ("detector", "family", "side", "settled", "recorded", "observations")
_NUMBERS = Rate._fields
_COLUMNS = 4
_LEAST_SHOWN = 3e-7


def save(measured: Iterable[Measured], target: Path = COUNTS) -> None:
    """Write counts as CSV, one line per level."""
    with target.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow((*_HEAD, *_NUMBERS))
        for one in measured:
            for rate in one.rates:
                head = (one.detector, one.family, one.side, one.settled, int(one.recorded), one.observations)
                writer.writerow((*head, *(f"{number:.6g}" for number in rate)))


def load(source: Path = COUNTS) -> list[Measured]:
    """Return the counts of a CSV; nothing where there is none."""
    if not source.exists():
        return []
    found: dict[tuple[str, str, str], Measured] = {}
    with source.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            key = (row["detector"], row["family"], row["side"])
            rate = Rate(*(float(row[name]) for name in _NUMBERS))
            side, recorded = cast("Side", row["side"]), row["recorded"] == "1"
            new = Measured(*key[:2], side, row["settled"], recorded, int(row["observations"]), ())
            before = found.get(key, new)
            found[key] = before._replace(rates=(*before.rates, rate))
    return list(found.values())


def shown(rate: Rate) -> str:
    """Return a rate as the table shows it: marked where it is outside the factor, a dash where it can't be judged."""
    if not rate.enough:
        return "–"
    ratio = f"{rate.ratio:.2f}"
    if not 1.0 / FACTOR <= rate.ratio <= FACTOR:
        ratio = f"**{ratio}**" if rate.outside else f"*{ratio}*"
    return f"{ratio} ({rate.low:.2f}–{rate.high:.2f})"


def text(measured: list[Measured], unmeasured: dict[str, str]) -> str:
    """Return docs/calibration.md."""
    parts = [WORDS.read_text(encoding="utf-8")]
    for recorded, title in ((False, "Generated series"), (True, "Quiet stretches of the recordings")):
        rows = [one for one in measured if one.recorded == recorded]
        if rows:
            parts.append(f"## {title}\n\n{_table(rows)}\n")
    parts.append(f"## What falls outside a factor of 2\n\n{_outside(measured)}\n")
    parts.append("## What is not measured here\n")
    parts += [f"- `{name}`: {reason}" for name, reason in sorted(unmeasured.items())]
    return "\n".join(parts) + "\n"


def _table(rows: list[Measured]) -> str:
    head = ["| detector | series | side | settled after | observations | 10⁻² | 10⁻³ | 10⁻⁴ | 10⁻⁵ |", "|---" * 9 + "|"]
    return "\n".join([*head, *map(_row, rows)])


def _row(one: Measured) -> str:
    cells = (f"`{one.detector}`", one.family, one.side, one.settled, f"{one.observations:,}", *map(shown, one.rates))
    return f"| {' | '.join(cells)} |"


def _outside(measured: list[Measured]) -> str:
    lines = [line for one in measured if (line := _complaint(one))]
    return "\n".join(lines) or "Nothing."


def _complaint(one: Measured) -> str:
    off = [rate for rate in one.rates if rate.enough and not 1.0 / FACTOR <= rate.ratio <= FACTOR]
    if not off:
        return ""
    said = ", ".join(f"{rate.ratio:.2g} times at {rate.level:.0e}" for rate in off)
    unsure = "" if any(rate.outside for rate in off) else " (not surely: intervals reach the goal)"
    return f"- `{one.detector}`, {one.family}, {one.side}: {said}{unsure}."


def draw(measured: list[Measured], target: Path = PICTURE) -> None:
    """Write the picture: one panel per detector, observed against nominal rate, both logarithmic, the factor shaded."""
    figures = import_module("matplotlib.figure")  # here: whoever makes or checks the text needs no matplotlib
    names = sorted({one.detector for one in measured})
    lines = -(-len(names) // _COLUMNS)
    figure = figures.Figure(figsize=(11.0, 2.5 * lines), layout="constrained", dpi=96)
    panels = figure.subplots(lines, _COLUMNS, sharex=True, sharey=True, squeeze=False).ravel()
    for panel, name in zip(panels, names, strict=False):
        _panel(panel, name, [one for one in measured if one.detector == name])
    for panel in panels[len(names) :]:
        panel.set_visible(False)
    figure.supxlabel("nominal rate")
    figure.supylabel("observed rate")
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, format="png", metadata={"Software": None})


def _panel(axes: Any, name: str, rows: list[Measured]) -> None:
    ends = [LEVELS[-1] / 2.0, LEVELS[0] * 2.0]
    axes.fill_between(ends, [end / FACTOR for end in ends], [end * FACTOR for end in ends], color="0.88", linewidth=0.0)
    axes.plot(ends, ends, color="0.5", linewidth=0.8)
    for one in rows:
        rates = [rate for rate in one.rates if rate.enough]
        nominal = [rate.level for rate in rates]
        seen = [max(rate.level * rate.ratio, _LEAST_SHOWN) for rate in rates]
        colour = "tab:green" if one.recorded else {"high": "tab:red", "low": "tab:blue"}.get(one.side, "tab:purple")
        axes.plot(nominal, seen, marker=".", markersize=4.0, linewidth=0.8, color=colour, alpha=0.8)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(*ends)
    axes.set_ylim(_LEAST_SHOWN, 0.1)
    axes.set_title(name, fontsize=9)
