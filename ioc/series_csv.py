"""Reads a user's own series: CSV rows with a timestamp and a value, as they arrive."""

import csv
import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from ioc.errors import InputError

COLUMNS = ("timestamp", "value")
HOUR_MS = 3_600_000


class Reading(NamedTuple):
    """One row of the input: its texts as they stood, the two clocks in ms, the number (NaN where empty)."""

    timestamp: str
    text: str
    at_ms: int
    local_ms: int
    value: float


def read(lines: Iterable[str], name: str, *, back_ms: float = HOUR_MS) -> Iterator[Reading]:
    """Yield the rows of a CSV with columns ``timestamp`` and ``value`` (others are ignored), as they arrive.

    Parameters
    ----------
    lines : iterable of str
        The file, header first.
    name : str
        What to call it in messages.
    back_ms : float
        How far a timestamp without offset may lie before those above it, milliseconds: clocks are put back in autumn.
        Such a row counts as read at the time of the row above.

    Raises
    ------
    InputError
        A column is missing, a timestamp is no ISO 8601 time or lies too far before its predecessor, or a value is no
        number; the message names the line.
    """
    rows = csv.reader(lines)
    header = [column.strip() for column in next(rows, [])]
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        found = ", ".join(header) or "nothing"
        raise InputError(f"{name}: no column {' and '.join(missing)} in its first line ({found}); need timestamp,value")
    when, what = (header.index(column) for column in COLUMNS)
    before = -(2**63)
    for number, row in enumerate(rows, start=2):
        if not row:
            continue
        if len(row) <= max(when, what):
            raise InputError(f"{name}, line {number}: {len(row)} columns, the header has {len(header)}")
        reading = _reading(row[when].strip(), row[what].strip(), f"{name}, line {number}")
        allowed = back_ms if reading.at_ms == reading.local_ms else 0.0
        if before - reading.at_ms > allowed:
            raise InputError(f"{name}, line {number}: {reading.timestamp} lies before the row above; sort by timestamp")
        before = max(before, reading.at_ms)
        yield reading._replace(at_ms=before)


def _reading(timestamp: str, text: str, place: str) -> Reading:
    try:
        when = datetime.fromisoformat(timestamp)
        value = float(text) if text else math.nan
    except ValueError:
        raise InputError(f"{place}: {timestamp!r}, {text!r} is no ISO 8601 time and number") from None
    offset = when.utcoffset()
    local_ms = round(when.replace(tzinfo=UTC).timestamp() * 1000)
    at_ms = local_ms if offset is None else local_ms - round(offset.total_seconds() * 1000)
    return Reading(timestamp, text, at_ms, local_ms, value)
