"""Reads figures of indicators from CSV or JSON and makes them events; every error with its line and field."""

import csv
import hashlib
import io
import json
import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ioc.envelope import Chunk
from ioc.errors import InputError
from streams.codec import encode
from streams.events import KpiFigure
from streams.events.kpi import FigureData
from streams.kpis import KPIS
from streams.topics import TELEMETRY

_FIELDS = ("tenant", "kpi", "value", "as_of", "numerator", "denominator", "citation")
_NEEDED = ("tenant", "kpi", "as_of")
_NUMBERS = frozenset({"value", "numerator", "denominator"})
_SHOWN = 5
_TOLERANCE = 5e-4  # a share may be given rounded to the tenth of a per cent
_HEADERS = (("content-type", b"application/cloudevents+json; charset=UTF-8"),)


class _Bad(Exception):  # noqa: N818 - reads as what happened
    """A row that is no figure; its text says which field and why."""


class Row(NamedTuple):
    """A row of a file: where it stands, for people, and its fields."""

    place: str
    fields: Mapping[str, Any]


def read_figures(path: Path, today: date) -> list[FigureData]:
    """Return the figures of a file, CSV or JSON by its name.

    A value may be left out where numerator and denominator are given. No figure may be of a day after ``today``.

    Raises
    ------
    InputError
        The file can't be read, or rows are wrong; the message names the first of them with field and expectation.
    """
    figures, wrong = [], []
    for row in _rows(path):
        try:
            figures.append(_figure(row.fields, today))
        except _Bad as bad:
            wrong.append(f"{row.place}: {bad}")
    if wrong:
        more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise InputError(f"{path}: nothing was imported; " + "; ".join(wrong[:_SHOWN]) + more)
    if not figures:
        raise InputError(f"{path}: holds no figure; columns are {','.join(_FIELDS)}")
    return figures


def _rows(path: Path) -> Iterator[Row]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 ({error.reason} at byte {error.start})") from None
    if path.suffix.lower() == ".json":
        yield from _json_rows(path, text)
    elif path.suffix.lower() == ".csv":
        yield from _csv_rows(path, text)
    else:
        raise InputError(f"{path}: the name must end in .csv or .json")


def _json_rows(path: Path, text: str) -> Iterator[Row]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InputError(f"{path}: no JSON: {error}") from None
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise InputError(f"{path}: must be a list of objects with {', '.join(_FIELDS)}")
    for number, item in enumerate(found, 1):
        yield Row(f"figure {number}", {key: value for key, value in item.items() if value is not None})


def _csv_rows(path: Path, text: str) -> Iterator[Row]:
    reader = csv.DictReader(io.StringIO(text), strict=True)
    columns = reader.fieldnames or ()
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise InputError(f"{path}, line 1: columns {', '.join(missing)} are missing; there may be {', '.join(_FIELDS)}")
    try:
        for row in reader:
            if None in row:
                raise InputError(f"{path}, line {reader.line_num}: more values than columns")
            yield Row(f"line {reader.line_num}", {key: value.strip() for key, value in row.items() if value})
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}") from None


def _figure(fields: Mapping[str, Any], today: date) -> FigureData:
    for name in fields:
        if name not in _FIELDS:
            raise _Bad(f"{name}: no such field; there are {', '.join(_FIELDS)}")
    for name in _NEEDED:
        if not fields.get(name):
            raise _Bad(f"{name}: is missing")
    known = {name: _number(name, value) if name in _NUMBERS else value for name, value in fields.items()}
    known["value"] = _value(known)
    try:
        figure = msgspec.convert(known, FigureData)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$.")
        raise _Bad(f"{place.rstrip('`') or 'row'}: {reason}") from None
    indicator = KPIS.get(figure.kpi)
    if indicator is None:
        raise _Bad(f"kpi: {figure.kpi!r} is unknown; `ioc kpi list` names them")
    if (refusal := indicator.refusal(figure.value)) is not None:
        raise _Bad(f"value: {refusal}")
    if figure.as_of > today:
        raise _Bad(f"as_of: {figure.as_of} is still to come")
    return figure


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number):
        raise _Bad(f"{name}: {value!r} is no number; write 0.895")
    return number


def _value(fields: Mapping[str, Any]) -> float:
    """Return the value of a row, of a share without one the quotient."""
    above, below = fields.get("numerator"), fields.get("denominator")
    if (above is None) != (below is None):
        raise _Bad(f"{'numerator' if above is None else 'denominator'}: is missing beside the other")
    if above is None or below is None:
        if "value" not in fields:
            raise _Bad("value: is missing, and so are numerator and denominator")
        return float(fields["value"])
    if not below > 0:
        raise _Bad(f"denominator: must be above 0, is {below:g}")
    share = above / below
    if abs(fields.get("value", share) - share) > _TOLERANCE:
        raise _Bad(f"value: {fields['value']:g} is not {above:g}/{below:g} = {share:.4g}")
    return float(fields.get("value", share))


def event_of(figure: FigureData, imported: datetime) -> KpiFigure:
    """Return a figure as an event; the same figure has the same id, so that importing it twice changes nothing."""
    named = f"{figure.tenant}\x1f{figure.kpi}\x1f{figure.as_of}\x1f{figure.value!r}"
    return KpiFigure(
        specversion="1.0",
        id=f"{figure.kpi}-{figure.as_of}-{hashlib.sha256(named.encode()).hexdigest()[:16]}",
        source=f"/vn/{figure.tenant}/kpi/{figure.kpi}",
        time=imported.isoformat(timespec="milliseconds"),
        subject=figure.kpi,
        data=figure,
    )


def chunk_of(figures: list[FigureData], imported: datetime) -> Chunk:
    """Return the figures as records of their topic."""
    count = len(figures)
    return Chunk(
        topics=[TELEMETRY] * count,
        partitions=[0] * count,
        offsets=list(range(count)),
        timestamps_ms=[round(imported.timestamp() * 1000)] * count,
        keys=[figure.asset_id.encode() for figure in figures],
        values=[encode(event_of(figure, imported)) for figure in figures],
        headers=[_HEADERS] * count,
    )
