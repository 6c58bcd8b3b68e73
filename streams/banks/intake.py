"""What banks read from events while these are at hand, and keep until admission has said which of them count."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from detectors.arrays import Ints
from streams.anomalies import Series
from streams.events import Event
from streams.series import Columns, Key, SeriesTable

Picked = TypeVar("Picked")


class Picks(Generic[Picked]):
    """What a bank picks out of the events of a batch, few among many, until admission has said which of them count.

    Examples
    --------
    >>> picks: Picks[str] = Picks()
    >>> picks.add([(0, "a"), (2, "c")], 3)
    >>> picks.add([(1, "e")], 2)
    >>> picks.take(np.array([1, 2, 4]), np.array([10, 20, 40]), np.array([11, 21, 41]))
    [('c', 20, 21), ('e', 40, 41)]
    """

    def __init__(self) -> None:
        self._picked: list[tuple[int, Picked]] = []
        self._events = 0

    def add(self, picked: Iterable[tuple[int, Picked]], events: int) -> None:
        """Keep what was picked of the next run of so many events, each with its place in the run."""
        self._picked += [(self._events + place, each) for place, each in picked]
        self._events += events

    def take(self, kept: Ints, at_ms: Ints, local_ms: Ints) -> list[tuple[Picked, int, int]]:
        """Return those of the events at the places ``kept`` (ascending), each with its two times; forget the rest."""
        picked, self._picked, self._events = self._picked, [], 0
        if not picked or not len(kept):
            return []
        places = np.array([place for place, _ in picked])
        found = np.minimum(np.searchsorted(kept, places), len(kept) - 1)
        return [
            (picked[each][1], int(at_ms[found[each]]), int(local_ms[found[each]]))
            for each in np.flatnonzero(kept[found] == places).tolist()
        ]


class Samples(NamedTuple, Generic[Key]):
    """What a reader finds in a run of events: positions of its events in the batch, their series' keys, their values.

    ``cumulative`` says of each value whether it is a reading of a counter that only counts up. Both are empty where
    only the arrival counts.
    """

    positions: Sequence[int]
    keys: list[Key]
    values: list[float]
    cumulative: list[bool]


class Reader(NamedTuple, Generic[Key]):
    """How a family is read: the samples of a run that begins at a position, the identity of a new series, its key."""

    read: Callable[[Sequence[Event], int], Samples[Key]]
    identify: Callable[[Event], Series]
    key_type: type[Key]


class Intake(Generic[Key]):
    """Reads run after run of a batch, then gives what was admitted of it as columns, and forgets the rest.

    Parameters
    ----------
    reader : Reader
        How the family is read.
    table : SeriesTable
        The bank's series; those that are new join it when their first event is admitted.
    """

    def __init__(self, reader: Reader[Key], table: SeriesTable[Key]) -> None:
        self._reader = reader
        self._table = table
        self._forget()

    def _forget(self) -> None:
        self._events = 0
        self._positions: list[Sequence[int]] = []
        self._rows: list[Ints] = []
        self._values: list[float] = []
        self._cumulative: list[bool] = []
        self._strangers: list[tuple[int, Key, Series]] = []

    def read(self, events: Sequence[Event]) -> None:
        """Read the next run of events."""
        samples = self._reader.read(events, self._events)
        try:
            rows = np.fromiter(map(self._table.row_of.__getitem__, samples.keys), np.int64, len(samples.keys))
        except KeyError:
            rows = self._with_strangers(samples, events)
        self._rows.append(rows)
        self._positions.append(samples.positions)
        self._values += samples.values
        self._cumulative += samples.cumulative
        self._events += len(events)

    def _with_strangers(self, samples: Samples[Key], events: Sequence[Event]) -> Ints:
        """Return the rows of the series, -1 for those unknown, which are noted."""
        rows = np.array([self._table.row_of.get(key, -1) for key in samples.keys], np.int64)
        before = sum(map(len, self._rows))
        for at in np.flatnonzero(rows < 0).tolist():
            event = events[samples.positions[at] - self._events]
            self._strangers.append((before + at, samples.keys[at], self._reader.identify(event)))
        return rows

    def take(self, kept: Ints, at_ms: Ints, local_ms: Ints) -> Columns:
        """Return the samples of the events at the places ``kept``, whose times are ``at_ms`` and ``local_ms``.

        The values of the columns are (2, n): what was sampled and whether it is cumulative; (0, n) for arrivals.
        """
        rows = np.concatenate([np.empty(0, np.int64), *self._rows])
        if len(rows) == 0:
            self._forget()
            return Columns(rows, rows, rows, np.empty((0, 0)))
        index = self._places(kept, len(rows))
        for place, key, series in self._strangers:
            if index[place] >= 0:
                row = self._table.row_of.get(key)
                rows[place] = self._table.add(key, series, int(at_ms[index[place]])) if row is None else row
        columns = [np.fromiter(column, np.float64, len(rows)) for column in (self._values, self._cumulative) if column]
        values = np.array(columns, np.float64).reshape(len(columns), len(rows))
        self._forget()
        if len(index) and index.min() < 0:
            there = index >= 0
            index, rows, values = index[there], rows[there], values[:, there]
        return Columns(rows, at_ms[index], local_ms[index], values)

    def _places(self, kept: Ints, samples: int) -> Ints:
        """Return where the event of each sample stands among the kept ones, -1 where it was not kept."""
        if samples == self._events:
            positions = np.arange(samples)
        else:
            positions = np.fromiter(chain.from_iterable(self._positions), np.int64, samples)
        if len(kept) == self._events:
            return positions
        index = np.full(self._events, -1, np.int64)
        index[kept] = np.arange(len(kept))
        return index[positions]
