"""The blocks of detectors that judge more than one value: exposed counts, shares, rosters, areas, points, tails."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Floats, Ints, rounds
from detectors.bank import check_order

Flags = NDArray[np.bool_]
LEAST = 1e-300  # tails stay above 0, so that their logarithms are finite


class ShareBlock(NamedTuple):
    """Hits among trials; ``series``, ``at_ms`` and ``local_ms`` as in `detectors.arrays.Block`.

    Attributes
    ----------
    hits, trials : (n,) float64
        Whole numbers, 0 <= hits <= trials; else, or without trials, the observation is neutral.
    """

    series: Ints
    at_ms: Ints
    local_ms: Ints
    hits: Floats
    trials: Floats


class CountBlock(NamedTuple):
    """Counts and what they are out of. ``series``, ``at_ms`` and ``local_ms`` as in `detectors.arrays.Block`.

    Attributes
    ----------
    counted : (n,) float64
        At least 0; else the observation is neutral.
    exposure : (n,) float64
        What the expected count is in proportion to: people, open hours, sensors that are up. Above 0; else neutral.
    """

    series: Ints
    at_ms: Ints
    local_ms: Ints
    counted: Floats
    exposure: Floats


class RosterBlock(NamedTuple):
    """Who of a unit is silent at one instant: a sweep over its roster. ``series`` is the unit's row.

    Attributes
    ----------
    silent : (n, places) float64
        1 silent, 0 heard, anything else: nobody watched in this place. A sensor keeps its place in the unit's roster.
    """

    series: Ints
    at_ms: Ints
    local_ms: Ints
    silent: Floats


class AreaBlock(NamedTuple):
    """Counts of one kind in all units of one map during an interval. ``series`` is the kind's row.

    Attributes
    ----------
    counts : (n, units) float64
        At least 0; NaN: unknown there. An observation without any known unit is neutral.
    """

    series: Ints
    at_ms: Ints
    local_ms: Ints
    counts: Floats


class PointBlock(NamedTuple):
    """Reports with their places. ``series`` is the row of what is reported (a category of a province).

    Attributes
    ----------
    lat, lon : (n,) float64
        Degrees, WGS84; NaN or outside ±90 and ±180: the report is neutral.
    reporter : (n,) int64
        Who reported: any number that is the same for the same reporter.
    """

    series: Ints
    at_ms: Ints
    local_ms: Ints
    lat: Floats
    lon: Floats
    reporter: Ints


class TailBlock(NamedTuple):
    """What several detectors say of one observation of a series.

    Attributes
    ----------
    p_high, p_low : (n, detectors) float64
        Tail probabilities in (0, 1]; NaN: that detector says nothing.
    """

    series: Ints
    at_ms: Ints
    local_ms: Ints
    p_high: Floats
    p_low: Floats


AnyBlock = CountBlock | ShareBlock | RosterBlock | AreaBlock | PointBlock | TailBlock
B = TypeVar("B", CountBlock, ShareBlock, RosterBlock, AreaBlock, PointBlock, TailBlock)
Columns = Mapping[str, tuple[type[np.generic], tuple[int, ...]]]
_HEAD: Columns = dict.fromkeys(("series", "at_ms", "local_ms"), (np.int64, ()))


def check_block(owner: str, block: AnyBlock, columns: Columns, size: int) -> None:
    """Raise ValueError, naming the column and what it needs to be, when ``block`` breaks its contract.

    Parameters
    ----------
    owner : str
        Name of the detector.
    block : one of this module's
        What to check.
    columns : Mapping
        Type, and shape per observation, of the columns that follow ``local_ms``.
    size : int
        Number of series of the bank.
    """
    count = len(block.series)
    wanted: Columns = {**_HEAD, **columns}
    for column, (dtype, each) in wanted.items():
        array = getattr(block, column)
        whole = (*block.series.shape, *each)
        if not isinstance(array, np.ndarray) or array.dtype != dtype or array.shape != whole:
            found = f"{getattr(array, 'dtype', type(array).__name__)}{getattr(array, 'shape', '')}"
            raise ValueError(f"{owner}.update: {column} is {found}, need {np.dtype(dtype)}{(count, *each)}")
    check_order(owner, block.series, block.at_ms, size)


def in_rounds(
    block: B, known: Flags, step: Callable[[B], tuple[Floats, ...]], neutral: tuple[float, ...]
) -> list[Floats]:
    """Hand the known observations to ``step``, round by round so that no series occurs twice; gather what it answers.

    Parameters
    ----------
    block : one of this module's
        Checked observations.
    known : (n,) bool
        Which of them mean something.
    step : Callable
        Scores and learns one round; returns a column, (m,) float64, per value of ``neutral``.
    neutral : tuple of float
        What the answers are for unknown observations.

    Returns
    -------
    list of (n,) float64
    """
    answers = [np.full(len(block.series), value) for value in neutral]
    for indices in rounds(block.series):
        chosen = indices[known[indices]]
        if len(chosen):
            part = type(block)(*(column[chosen] for column in block))  # type: ignore[arg-type]  # columns keep their types
            for answer, said in zip(answers, step(part), strict=True):
                answer[chosen] = said
    return answers
