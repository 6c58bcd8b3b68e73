"""Backtest on users' own series: what was surprising, row by row, from this row and those before it alone."""

import math
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np

from detectors.arrays import Block, Detector, Floats
from detectors.daily import Daily
from detectors.ensemble import Refractory, RefractoryParameters
from detectors.envelope import Envelope, EnvelopeParameters
from detectors.knn import Nearest
from detectors.shift import Activity, Shift, ShiftParameters
from detectors.spot import Spot, SpotParameters
from ioc.series_csv import Reading, read

HALF_AT = 8.0  # digits of surprise at which the score is one half
_MOST_DIGITS = 5.0  # that one detector can contribute: beyond, its tail is extrapolated too far to be compared
_RECORDS_WEIGHT = 2.0
_ANYTHING = RefractoryParameters(alarm_below=1.0 - 1e-9)  # every row that surprises begins the hundred rows anew
_EXPONENTIAL = 1e6  # excesses' worth of belief in a shape of 0: a few dozen records say nothing about it
_AVERAGES = SpotParameters(shape_prior=60.0)  # of thirty values and more: nearly normal, with an exponential's tail
_REACH = EnvelopeParameters(given_record=True)  # how rare its records are is what the expert adds
_RECORDS = SpotParameters(share=0.003, least_peaks=8, shape_prior=_EXPONENTIAL)


class Scored(NamedTuple):
    """One row of the output."""

    timestamp: str
    value: str
    score: float


class Expert:
    """Detectors that are asked together; what they say counts when it is a record, and the more the rarer records are.

    The digits of improbability (``-log10 p``) of the detectors are averaged. A row counts if its digits are more than
    those of each of the last hundred rows. How improbable so many digits are *among this series' own records* is
    added, twice: that gives every series about the same budget of alarms, whatever its noise is like.

    Parameters
    ----------
    detectors : Detector
        Those asked.
    handicap : float
        Digits by which it has to be more surprised than other experts.
    """

    def __init__(self, *detectors: Detector, handicap: float = 0.0) -> None:
        self._detectors = detectors
        self._handicap = handicap
        self._records = Record()
        self._tails = Spot(_RECORDS)

    def resize(self, size: int) -> None:
        """Grow to ``size`` series."""
        for bank in (*self._detectors, self._tails):
            bank.resize(size)
        self._records.resize(size)

    def surprise(self, block: Block) -> Floats:
        """Return digits of surprise, 0 or more; NaN where the value is unknown."""
        tails = [detector.update(block) for detector in self._detectors]
        digits = [np.minimum(-np.log10(np.minimum(tail.p_high, tail.p_low)), _MOST_DIGITS) for tail in tails]
        mean = np.where(np.isnan(block.value), np.nan, sum(digits) / len(digits))
        counting = self._records.only(block, mean)
        rarity = -np.log10(self._tails.update(block._replace(value=counting)).p_high)
        surprise: Floats = np.maximum(counting + _RECORDS_WEIGHT * rarity - self._handicap, 0.0)
        return surprise


class Record:
    """What counts: for a hundred rows after some digits, only more digits than each of them; the rest is 0."""

    def __init__(self) -> None:
        self._refractory = Refractory(_ANYTHING)

    def resize(self, size: int) -> None:
        """Grow to ``size`` series."""
        self._refractory.resize(size)

    def only(self, block: Block, digits: Floats) -> Floats:
        """Return ``digits`` where they are a record, 0 where not, NaN where they are."""
        counts = self._refractory.update(block._replace(value=10.0**-digits)).p_high < 1.0
        return np.where(np.isnan(digits), np.nan, np.where(counts, digits, 0.0))


class Backtest:
    """Three experts on many series of unknown kind, one configuration for all.

    What each row is compared with: the usual at its time of day together with the shapes of the last days
    (`detectors.daily`, `detectors.knn`); the range of everything before (`detectors.envelope`); and, with a handicap of
    two digits, the usual level and liveliness (`detectors.shift`). The most surprised expert counts, if that is a
    record of the last hundred rows. ``d`` digits of surprise are a score of ``d / (d + 8)``: 0 is usual, one half is
    what deserves a look about once in a thousand rows, towards 1 beyond. It depends on this row and those before it
    alone.

    Parameters
    ----------
    series : int
        How many series are scored together; none knows of the others.
    """

    def __init__(self, series: int = 1) -> None:
        self._experts = (
            Expert(Daily(), Nearest()),
            Expert(Envelope(_REACH)),
            Expert(
                Activity(ShiftParameters(50.0, tails=_AVERAGES)),
                Shift(ShiftParameters(30.0, tails=_AVERAGES)),
                handicap=2.0,
            ),
        )
        self._record = Record()
        for part in (*self._experts, self._record):
            part.resize(series)

    def update(self, block: Block) -> Floats:
        """Return the scores of observations of many series, (n,) in [0, 1), then learn them; unknown values score 0."""
        most = np.max([expert.surprise(block) for expert in self._experts], axis=0)
        digits = np.nan_to_num(self._record.only(block, most))
        score: Floats = digits / (digits + HALF_AT)
        return score

    def score(self, readings: list[Reading]) -> list[Scored]:
        """Return the rows of the only series with their scores; call it with any cut into consecutive parts."""
        grades = self.update(blocked(readings, np.zeros(len(readings), dtype=np.int64))).tolist()
        return [Scored(row.timestamp, row.text, grade) for row, grade in zip(readings, grades, strict=True)]


def blocked(readings: list[Reading], series: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Block:
    """Return rows as a block."""
    at_ms = np.array([reading.at_ms for reading in readings], dtype=np.int64)
    local_ms = np.array([reading.local_ms for reading in readings], dtype=np.int64)
    value = np.array([reading.value for reading in readings], dtype=np.float64)
    return Block(series, at_ms, local_ms, np.where(np.isfinite(value), value, math.nan))


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
