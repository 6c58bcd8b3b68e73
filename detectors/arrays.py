"""The blocks that go into detectors and the scores that come out, and how a block is cut into rounds."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_SHORT = np.iinfo(np.uint16).max
_DTYPES = (("series", np.int64), ("at_ms", np.int64), ("local_ms", np.int64), ("value", np.float64))


class _Columns(NamedTuple):
    series: Ints
    at_ms: Ints
    local_ms: Ints
    value: Floats


class Block(_Columns):
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

    Notes
    -----
    What is worked out of the columns is kept, for the next detector that reads the same block: they must not change.
    """

    @cached_property
    def place(self) -> Ints | slice:
        """The series as `span`."""
        return span(self.series)

    @cached_property
    def flaw(self) -> str:
        """What is wrong with the columns' types and lengths; nothing if empty."""
        for column, dtype in _DTYPES:
            array = getattr(self, column)
            if not isinstance(array, np.ndarray) or array.dtype != dtype or array.shape != self.series.shape:
                found = f"{getattr(array, 'dtype', type(array).__name__)}{getattr(array, 'shape', None)}"
                return f"{column} is {found}, need {np.dtype(dtype)}({len(self.series)},)"
        return ""

    @cached_property
    def most(self) -> float:
        """The largest magnitude of a value; NaN where one isn't a number, 0 of no values."""
        return max(float(self.value.max()), -float(self.value.min())) if len(self.value) else 0.0

    @cached_property
    def ordered(self) -> bool:
        """Whether time doesn't run backwards."""
        return not bool((self.at_ms[1:] < self.at_ms[:-1]).any())

    @property
    def one_round(self) -> bool:
        """Whether there are observations, and no series occurs twice."""
        return len(self.series) > 0 and not self._cut

    def take(self, indices: NDArray[np.intp]) -> "Block":
        """Return the observations at these places."""
        return Block(self.series[indices], self.at_ms[indices], self.local_ms[indices], self.value[indices])

    def rounds(self) -> Sequence[tuple[NDArray[np.intp], "Block"]]:
        """Return where the observations of each round stand, and the round itself: no series occurs twice in it."""
        whole = [(np.arange(len(self.series)), self)] if len(self.series) else []
        return self._cut or whole

    @cached_property
    def _cut(self) -> Sequence[tuple[NDArray[np.intp], "Block"]]:
        """The rounds if there are several: a block that held itself would wait for the garbage collector."""
        cut = [] if isinstance(self.place, slice) else list(rounds(self.series))
        return [(indices, self.take(indices)) for indices in cut] if len(cut) > 1 else []


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
    if bool((series[1:] > series[:-1]).all()):  # nothing to sort
        yield np.arange(len(series))
        return
    order = by_series(series)
    ordered = series[order]
    first = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    if first.all():
        yield np.arange(len(series))
        return
    rank = np.empty(len(series), np.int64)
    rank[order] = np.arange(len(series)) - np.flatnonzero(first)[np.cumsum(first) - 1]
    yield from np.split(by_series(rank), np.cumsum(np.bincount(rank))[:-1])


def by_series(series: Ints) -> NDArray[np.intp]:
    """Return the places of the observations series by series, those of one in their order.

    Examples
    --------
    >>> by_series(np.array([7, 3, 7, 7])).tolist()
    [1, 0, 2, 3]
    >>> by_series(np.array([70_000, 3, 70_000])).tolist()  # too many series to be counted
    [1, 0, 2]
    """
    if len(series) and series.min() >= 0 and series.max() <= _SHORT:
        series = series.astype(np.uint16)  # NumPy sorts two bytes by counting
    return np.argsort(series, kind="stable")


def span(rows: Ints) -> Ints | slice:
    """Return rows that follow each other as a slice, so that state is read as a view instead of a copy.

    What was read as a view changes when it is written: read everything, then write.

    Examples
    --------
    >>> span(np.array([3, 4, 5])), span(np.array([3, 5, 4]))
    (slice(3, 6, None), array([3, 5, 4]))
    """
    if len(rows) > 0 and rows[-1] - rows[0] == len(rows) - 1 and bool((rows[1:] > rows[:-1]).all()):
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows
