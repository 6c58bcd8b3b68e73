"""A bank: the state arrays of one kind of detector over many series, and the checks that every detector shares."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Block, Floats, Ints, Scores, span

NEVER = np.iinfo(np.int64).min
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
LARGEST = 1e150  # squares of what lies below don't overflow


class Column(NamedTuple):
    """One state array: its shape per series, its type and what a new series starts with (broadcast to the shape).

    With ``series_last`` it lies in memory with the series last, (…, series): what is read at one place of all series,
    such as one quarter of an hour of their profiles, is then one contiguous stretch.
    """

    shape: tuple[int, ...] = ()
    dtype: type[np.generic] = np.float64
    fill: float | Floats = 0.0
    series_last: bool = False


class Verdict(NamedTuple):
    """What one round of observations (no series twice) scored: (m,) each."""

    p_high: Floats
    p_low: Floats
    expected: Floats


class Table:
    """Named state arrays that grow together; amortised, so that one series at a time is cheap.

    Parameters
    ----------
    owner : str
        Name of the detector, for messages.
    columns : Mapping[str, Column]
        The arrays.
    """

    def __init__(self, owner: str, columns: Mapping[str, Column]) -> None:
        self.owner = owner
        self.size = 0
        self._columns = dict(columns)
        self._arrays: dict[str, NDArray[np.generic]] = {name: self._fresh(name, 0) for name in columns}

    def floats(self, name: str) -> Floats:
        """Return the float array ``name`` including spare rows; rows are written through it.

        A column with the series last is returned as it lies in memory, (…, series).
        """
        return self._arrays[name]  # type: ignore[return-value]  # Column.dtype says so

    def ints(self, name: str) -> Ints:
        """Return the integer array ``name`` including spare rows."""
        return self._arrays[name]  # type: ignore[return-value]  # Column.dtype says so

    def array(self, name: str) -> NDArray[Any]:
        """Return the array ``name``, of whatever type its column says, including spare rows."""
        return self._arrays[name]

    def at(self, name: str, place: Ints | slice) -> Floats:
        """Return the float array ``name``, the series last, at (m,) series, (…, m): a view at a slice, else a copy.

        It must lie with the series last, or have no other axis. `take` copies contiguously; an index would transpose.
        """
        array = self.floats(name)
        return array[..., place] if isinstance(place, slice) else array.take(place, axis=-1)

    def across(self, name: str, rows: Ints) -> Floats:
        """Return a copy of the float array ``name`` of (m,) rows with the series last, (…, m), contiguous.

        NumPy's loops run along the last axis: over many series they cost a tenth of what they cost over two channels.
        """
        array = self.floats(name)
        chosen = array.reshape(len(array), -1).take(rows, axis=0)
        return np.ascontiguousarray(chosen.T).reshape(*array.shape[1:], len(rows))

    def put(self, name: str, rows: Ints, values: NDArray[np.generic]) -> None:
        """Write (…, m) values, the series last, to (m,) rows of the array ``name``."""
        array = self._arrays[name]
        array.reshape(len(array), -1)[rows] = values.reshape(-1, len(rows)).T

    def resize(self, size: int) -> None:
        """Grow to ``size`` series; the new rows hold the columns' fill values.

        Raises
        ------
        ValueError
            ``size`` is smaller than now: a bank never forgets a series.
        """
        if size < self.size:
            raise ValueError(f"{self.owner}.resize: size {size} is below the present {self.size}; a bank only grows")
        for name, array in self._arrays.items():
            axis = self._axis(name)
            room = array.shape[axis]
            if size > room:
                self._arrays[name] = np.concatenate([array, self._fresh(name, max(size, 2 * room) - room)], axis)
        self.size = size

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return views of the arrays, first axis = series."""
        return {name: np.moveaxis(array, self._axis(name), 0)[: self.size] for name, array in self._arrays.items()}

    def load(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Replace everything by copies of ``state``.

        Raises
        ------
        ValueError
            An array is missing, unknown, or has another shape or type than this version writes.
        """
        if set(state) != set(self._columns):
            raise ValueError(f"{self.owner}.load: arrays {sorted(state)}, need {sorted(self._columns)}")
        sizes = {len(array) for array in state.values()}
        if len(sizes) > 1:
            raise ValueError(f"{self.owner}.load: arrays of {sorted(sizes)} series; all need the same number")
        for name, array in state.items():
            column = self._columns[name]
            if array.shape[1:] != column.shape or array.dtype != column.dtype:
                shape = ("series", *column.shape)
                raise ValueError(
                    f"{self.owner}.load: {name} is {array.dtype}{array.shape}, need {np.dtype(column.dtype)}{shape}"
                )
        self._arrays = {
            name: np.array(np.moveaxis(state[name], 0, self._axis(name)), order="C") for name in self._columns
        }
        self.size = sizes.pop()

    def _axis(self, name: str) -> int:
        """Return where the series are in the array as it lies in memory."""
        column = self._columns[name]
        return len(column.shape) if column.series_last else 0

    def _fresh(self, name: str, rows: int) -> NDArray[np.generic]:
        column = self._columns[name]
        fresh = np.full((rows, *column.shape), column.fill, dtype=column.dtype)
        return np.ascontiguousarray(np.moveaxis(fresh, 0, self._axis(name)))


class Held:
    """What every bank does with its state, whatever its observations look like; a subclass sets ``_table``."""

    _table: Table

    @property
    def size(self) -> int:
        """Number of series."""
        return self._table.size

    def resize(self, size: int) -> None:
        """Grow to ``size`` series; the new rows start cold."""
        self._table.resize(size)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return the state arrays by name, first axis = series (views, not copies)."""
        return self._table.state()

    def load(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Replace the state by that of ``state()``; raises ValueError where it doesn't fit."""
        self._table.load(state)


class Bank(Held):
    """Base of the detectors that read one value per observation: checks, rounds, state; ``_step`` is the detector.

    A subclass sets ``name``, ``version``, hands its columns to ``__init__`` and implements ``_step``.
    """

    name: str
    version: int

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._table = Table(self.name, columns)

    def update(self, block: Block) -> Scores:
        """Score every observation, then learn it.

        Parameters
        ----------
        block : Block
            Observations in event-time order; not written to.

        Returns
        -------
        Scores
            In the block's order; 1, 1, NaN where there is nothing to say.

        Raises
        ------
        ValueError
            A column has the wrong dtype or length, a series is outside the bank, or time runs backwards.
        """
        check(self.name, block, self._table.size)
        if block.one_round and self._all_known(block):  # no copies, no second look
            return Scores(*self._step(block))
        p_high, p_low = np.ones(len(block.series)), np.ones(len(block.series))
        expected = np.full(len(block.series), np.nan)
        for chosen, part in self._rounds(block):
            p_high[chosen], p_low[chosen], expected[chosen] = self._step(part)
        return Scores(p_high, p_low, expected)

    def _rounds(self, block: Block) -> Iterator[tuple[NDArray[np.intp], Block]]:
        """Yield the values that are known in rounds: where they stand in the block, and the round itself."""
        known = self._known(block.value)
        everything = bool(known.all())
        for indices, part in block.rounds():
            there = None if everything else known[indices]
            if there is None or bool(there.all()):
                yield indices, part
            elif there.any():
                yield indices[there], part.take(np.flatnonzero(there))

    def _all_known(self, block: Block) -> bool:
        """Say whether all values are known."""
        return bool(self._known(block.value).all())

    def _known(self, value: Floats) -> NDArray[np.bool_]:
        """Say which values mean something to this detector; the others are neutral."""
        return np.isfinite(value)

    def _step(self, block: Block) -> Verdict:
        """Score and learn one round: known values, no series twice."""
        raise NotImplementedError


class Gauges(Bank):
    """Base of the detectors of values of any sign; what is larger than `LARGEST` is neutral."""

    def _known(self, value: Floats) -> NDArray[np.bool_]:
        with np.errstate(invalid="ignore"):
            return np.abs(value) <= LARGEST

    def _all_known(self, block: Block) -> bool:
        return block.most <= LARGEST


def check(owner: str, block: Block, size: int) -> None:
    """Raise ValueError, naming the way out, when the block breaks its contract."""
    if block.flaw:
        raise ValueError(f"{owner}.update: {block.flaw}")
    _check_axes(owner, block.series)
    _check_rows(owner, block.place, size)
    _check_time(owner, ordered=block.ordered)


def check_order(owner: str, series: Ints, at_ms: Ints, size: int) -> None:
    """Raise ValueError when a series is outside the bank or time runs backwards."""
    _check_axes(owner, series)
    _check_rows(owner, span(series), size)
    _check_time(owner, ordered=not bool((at_ms[1:] < at_ms[:-1]).any()))


def _check_axes(owner: str, series: Ints) -> None:
    if series.ndim != 1:
        raise ValueError(f"{owner}.update: series has {series.ndim} axes, need 1")


def _check_rows(owner: str, place: Ints | slice, size: int) -> None:
    if isinstance(place, slice):
        least, most = place.start, place.stop - 1
    elif len(place) > 0:
        least, most = int(place.min()), int(place.max())
    else:
        return
    if least < 0 or most >= size:
        bad = least if least < 0 else most
        raise ValueError(f"{owner}.update: series {bad} is outside 0..{size - 1}; call resize first")


def _check_time(owner: str, *, ordered: bool) -> None:
    if not ordered:
        raise ValueError(f"{owner}.update: at_ms decreases inside the block; sort it by event time")
