"""The blocks that go into detectors and the scores that come out, and how a block is cut into rounds."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Block(NamedTuple):
    """Observations of many series in event-time order; several of one series in a block are taken in their order.

    Attributes
    ----------
    series : (n,) int64
        Row of the series in the detector's bank, 0 <= row < size.
    at_ms : (n,) int64
        Event time, milliseconds since 1970 UTC, not decreasing.
    local_ms : (n,) int64
        The same instant on the source's wall clock (`at_ms` plus its offset from UTC), for time of day and week.
    value : (n,) float64
        What was observed; NaN says "unknown" and is neither scored nor learned.
    """

    series: Ints
    at_ms: Ints
    local_ms: Ints
    value: Floats


class Scores(NamedTuple):
    """What a detector says of each observation of a block, in the block's order.

    Attributes
    ----------
    p_high, p_low : (n,) float64
        Tail probabilities in (0, 1] of a value at least this high, or this low, as the series was before it was
        learned; 1 where the detector has nothing to say (cold start, NaN, or a side that it does not watch).
    expected : (n,) float64
        What was expected, in the unit of the value; NaN where there is nothing to say.
    """

    p_high: Floats
    p_low: Floats
    expected: Floats


class Detector(Protocol):
    """A bank of one kind of detector over many series: state in arrays (series, …), updated in place."""

    name: str
    version: int

    def resize(self, size: int) -> None:
        """Grow to ``size`` series; the new rows start cold."""
        ...

    def update(self, block: Block) -> Scores:
        """Score every observation, then learn it; never writes to the block."""
        ...

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return the state arrays by name, first axis = series (not copies: the caller serialises them at once)."""
        ...

    def load(self, state: dict[str, NDArray[np.generic]]) -> None:
        """Replace the state by that of ``state()``."""
        ...


def rounds(series: Ints) -> Iterator[NDArray[np.intp]]:
    """Cut a block into index arrays in which no series occurs twice, the k-th holding every k-th occurrence.

    Examples
    --------
    >>> [indices.tolist() for indices in rounds(np.array([7, 3, 7, 7]))]
    [[0, 1], [2], [3]]
    """
    if len(series) == 0:
        return
    order = np.argsort(series, kind="stable")
    ordered = series[order]
    first = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    if first.all():
        yield np.arange(len(series))
        return
    rank = np.arange(len(ordered)) - np.flatnonzero(first)[np.cumsum(first) - 1]
    by_rank = order[np.lexsort((order, rank))]
    yield from np.split(by_rank, np.cumsum(np.bincount(rank))[:-1])
