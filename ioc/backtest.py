"""Backtest on a user's own series: CSV rows in, the same rows with a causal anomaly score out."""

import csv
import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

import numpy as np

from detectors.arrays import Block, Detector, Floats
from detectors.flatline import Flatline
from detectors.level import Level
from detectors.seasonal import SeasonalCounts
from ioc.errors import InputError

COLUMNS = ("timestamp", "value")
HALF_AT = 6.0  # digits of improbability at which the score is one half


class Reading(NamedTuple):
    """One row of the input: its texts as they stood, the two clocks in ms, the number (NaN where empty)."""

    timestamp: str
    text: str
    at_ms: int
    local_ms: int
    value: float


class Scored(NamedTuple):
    """One row of the output."""

    timestamp: str
    value: str
    score: float


def read(lines: Iterable[str], name: str) -> Iterator[Reading]:
    """Yield the rows of a CSV with columns ``timestamp`` and ``value`` (others are ignored), as they arrive.

    Parameters
    ----------
    lines : iterable of str
        The file, header first.
    name : str
        What to call it in messages.

    Raises
    ------
    InputError
        A column is missing, a timestamp is no ISO 8601 time or lies before its predecessor, or a value is no number;
        the message names the line.
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
        if reading.at_ms < before:
            raise InputError(f"{name}, line {number}: {reading.timestamp} lies before the row above; sort by timestamp")
        before = reading.at_ms
        yield reading


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


class Backtest:
    """Detectors of the bank on one series of unknown kind: seasonal counts, flat lines, jumps of level.

    The score says how improbable the value was to the most surprised of them: with ``p`` the least of their tail
    probabilities times the number of detectors, and ``d = -log10(p)`` its digits, it is ``d / (d + 6)``: 0 for what is
    usual, 0.5 at one in a million, towards 1 beyond. It depends on this row and those before it only.
    """

    def __init__(self) -> None:
        self._detectors: tuple[Detector, ...] = (SeasonalCounts(), Flatline(), Level())
        for detector in self._detectors:
            detector.resize(1)

    def score(self, readings: list[Reading]) -> list[Scored]:
        """Return the rows with their scores; call it with any cut of the series into consecutive parts."""
        at_ms = np.array([reading.at_ms for reading in readings], dtype=np.int64)
        local_ms = np.array([reading.local_ms for reading in readings], dtype=np.int64)
        value = np.array([reading.value for reading in readings], dtype=np.float64)
        block = Block(np.zeros(len(readings), dtype=np.int64), at_ms, local_ms, value)
        least: Floats = np.ones(len(readings))
        for detector in self._detectors:
            scores = detector.update(block)
            least = np.minimum(least, np.minimum(scores.p_high, scores.p_low))
        digits = np.maximum(-np.log10(least) - math.log10(len(self._detectors)), 0.0)
        grades = (digits / (digits + HALF_AT)).tolist()
        return [Scored(row.timestamp, row.text, grade) for row, grade in zip(readings, grades, strict=True)]


def run(lines: Iterable[str], name: str, rows_at_once: int = 1024) -> Iterator[Scored]:
    """Yield every row of the CSV with its score, ``rows_at_once`` at a time.

    Examples
    --------
    >>> [row.score for row in run(["timestamp,value", "2026-01-01 00:00:00,3"], "example")]
    [0.0]
    """
    backtest = Backtest()
    readings = read(lines, name)
    while part := list(islice(readings, rows_at_once)):
        yield from backtest.score(part)
