"""Shapes never seen before: the distance of the last few values from their nearest neighbours in the recent past.

Source: Burnaev, Ishimtsev (2016), Conformalized density- and distance-based anomaly detection in time-series data,
arXiv:1608.04585; here the distance is Euclidean and becomes a tail by peaks over a threshold instead of its rank.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import spot
from detectors.arrays import Block, Floats, Ints
from detectors.bank import Bank, Column, Verdict

_ROWS_AT_ONCE = 256  # their windows stay in the cache, and calls cost little
_CLIP = 1e3  # usual steps that a value is from the mean at most: keeps the running sums exact to nine digits
_EXACT = 1e-6  # distances smaller than this part of the usual step are rounding
_LEAST_STEP = 1e-150  # its square is not 0
_SPARE = 64  # values are written before the newest one, and all moved back once in so many
_MEMORY = 500.0  # of mean and usual step, observations


class NearestParameters(NamedTuple):
    """Parameters of `Nearest`, in observations.

    Attributes
    ----------
    length : int
        How many of the last values make a shape.
    window : int
        How far back its neighbours are looked for.
    neighbours : int
        How many of the nearest the distance is averaged over.
    tails : spot.SpotParameters
        How distances become tails.
    """

    length: int = 19
    window: int = 512
    neighbours: int = 10
    tails: spot.SpotParameters = spot.SpotParameters()

    def validated(self) -> "NearestParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        if self.length < 1:
            raise ValueError(f"nearest.length must be at least 1, is {self.length}")
        if self.neighbours < 1:
            raise ValueError(f"nearest.neighbours must be at least 1, is {self.neighbours}")
        if self.window < 2 * self.neighbours:
            raise ValueError(f"nearest.window must be at least {2 * self.neighbours}, is {self.window}; raise it")
        self.tails.validated()
        return self


class Nearest(Bank):
    """Mean distance of the last ``length`` values from their nearest neighbours, by its own tail.

    The squared distances to all shapes of the window are kept as running sums, one per lag: a new value adds one square
    to each and takes the oldest one away, so that the cost doesn't depend on the length. One lag per observation is
    summed anew, so that rounding doesn't build up. Expected is the value where the nearest shape ends; the tail is that
    of the side on which the value lies.

    Examples
    --------
    >>> bank = Nearest()
    >>> bank.resize(1)
    >>> at = np.arange(600) * 60_000
    >>> value = np.sin(np.arange(600.0) * 0.3) + 0.1 * np.sin(np.arange(600.0) * 1.7)
    >>> value[590:] = 0.0
    >>> scores = bank.update(Block(np.zeros(600, np.int64), at, at, value))
    >>> p = np.minimum(scores.p_high, scores.p_low)
    >>> bool(p[590:].min() < 0.01), bool(p[:590].min() > 0.01)
    (True, True)
    """

    name = "nearest"
    version = 1

    def __init__(self, parameters: NearestParameters | None = None) -> None:
        self.parameters = (parameters or NearestParameters()).validated()
        own = {
            "count": Column((), np.int64, 0),
            "mean": Column(),
            "step": Column(),
            "past": Column((_SPARE + self.parameters.window + self.parameters.length,)),  # newest first, from a place
            "square": Column((self.parameters.window,)),  # squared distance at lag 1, 2, …
        }
        super().__init__({**own, **spot.columns(1, self.parameters.tails)})

    def _known(self, value: Floats) -> NDArray[np.bool_]:
        return spot.known(value)

    def _step(self, block: Block) -> Verdict:
        rows = block.series
        count = self._table.ints("count")[rows]
        value, step = self._clipped(rows, block.value, count)
        self._table.ints("count")[rows] = count + 1
        distance, expected = np.empty(len(rows)), np.empty(len(rows))
        for chosen in _in_phase(count):
            found = self._search(rows[chosen], value[chosen], count[chosen], step[chosen])
            distance[chosen], expected[chosen] = found
        exact = np.where(distance <= _EXACT * step, 0.0, distance)
        ready = self._table.floats("seen")[rows, 0] >= self.parameters.tails.quiet_observations
        p = spot.tails(rows, exact[:, None], self._table, self.parameters.tails)[:, 0]
        above = block.value >= expected
        return Verdict(np.where(above, p, 1.0), np.where(above, 1.0, p), np.where(ready, expected, np.nan))

    def _clipped(self, rows: Ints, value: Floats, count: Ints) -> tuple[Floats, Floats]:
        """Return the values, not further from the mean than the running sums bear, and the usual step; learn both."""
        mean, step = self._table.floats("mean")[rows], self._table.floats("step")[rows]
        mean = np.where(count == 0, value, mean)
        reach = np.where(step > 0.0, _CLIP * step, np.inf)
        clipped = np.minimum(np.maximum(value, mean - reach), mean + reach)
        share = 1.0 / np.minimum(count + 1.0, _MEMORY)
        self._table.floats("mean")[rows] = mean + (clipped - mean) * share
        self._table.floats("step")[rows] = step + (np.abs(clipped - mean) - step) * share
        return clipped, step

    def _search(self, rows: Ints, value: Floats, count: Ints, step: Floats) -> tuple[Floats, Floats]:
        """Return the distance from the nearest neighbours and the nearest one's end; all rows are in the same phase."""
        length, window = self.parameters.length, self.parameters.window
        at = _SPARE - 1 - int(count[0]) % _SPARE
        places = _slice(rows)  # of neighbouring rows the state is changed in place, of others in a copy
        past = self._table.floats("past")[places, at : at + 1 + window + length]
        square = self._table.floats("square")[places]
        past[:, 0] = value
        added = value[:, None] - past[:, 1 : window + 1]
        added *= added
        square += added
        np.subtract(past[:, length : length + 1], past[:, length + 1 :], out=added)
        added *= added
        square -= added
        self._refresh(square, past, count)
        if not isinstance(places, slice):
            self._table.floats("past")[places, at], self._table.floats("square")[places] = value, square
        lags = np.clip(count - length + 1, 0, window)  # where a whole shape fits
        distance, nearest = _nearest(square, lags, step, self.parameters.neighbours)
        few = lags < 2 * self.parameters.neighbours
        end = past[np.arange(len(rows)), nearest + 1]
        if at == 0:
            kept = self._table.floats("past")[places, : window + length]
            self._table.floats("past")[places, _SPARE:] = kept
        return np.where(few, np.nan, distance), np.where(few, np.nan, end)

    def _refresh(self, square: Floats, past: Floats, count: Ints) -> None:
        """Sum one lag of each series anew, another one each time."""
        lag = count % self.parameters.window + 1
        shape = np.arange(self.parameters.length)
        series = np.arange(len(lag))
        apart = past[:, : self.parameters.length] - past[series[:, None], shape + lag[:, None]]
        square[series, lag - 1] = (apart * apart).sum(axis=1)


def _nearest(square: Floats, lags: Ints, step: Floats, k: int) -> tuple[Floats, Ints]:
    """Return the mean distance of the ``k`` nearest of the first ``lags`` lags and which is the nearest.

    They are chosen in single precision, relative to the usual step, which is five times as fast; their distances are
    exact but where several are the k-th nearest alike, whose mean is taken.
    """
    per_unit = 1.0 / np.where(step > _LEAST_STEP, step * step, 1.0)[:, None]
    with np.errstate(over="ignore"):  # too far away to be near
        rough = (square * per_unit).astype(np.float32)
    young = np.flatnonzero(lags < square.shape[1])
    if len(young):
        rough[young] = np.where(np.arange(square.shape[1]) < lags[young, None], rough[young], np.inf)
    bound = np.partition(rough, k - 1, axis=1)[:, k - 1 : k]
    near = np.flatnonzero(rough <= bound)  # twice as fast with one index
    row = near // square.shape[1]
    exact = np.sqrt(np.maximum(square.ravel()[near], 0.0))
    nearer = (rough.ravel()[near] < bound[row, 0]).astype(np.float64)
    number, total = (np.bincount(row, weights, len(square)) for weights in (nearer, nearer * exact))
    last = np.bincount(row, exact - nearer * exact, len(square)) / np.bincount(row, 1.0 - nearer, len(square))
    return (total + (k - number) * last) / k, rough.argmin(axis=1)


def _in_phase(count: Ints) -> Iterator[NDArray[np.intp] | slice]:
    """Yield small groups of rows whose newest value stands in the same place of the spare room."""
    phase = count % _SPARE
    if len(count) and (phase == phase[0]).all():
        for start in range(0, len(count), _ROWS_AT_ONCE):
            yield slice(start, start + _ROWS_AT_ONCE)
        return
    for each in np.unique(phase):
        rows = np.flatnonzero(phase == each)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            yield rows[start : start + _ROWS_AT_ONCE]


def _slice(rows: Ints) -> Ints | slice:
    """Return neighbouring rows as a slice, which needs no copies."""
    first, last = int(rows[0]), int(rows[-1])
    if last - first == len(rows) - 1 and bool((rows[1:] > rows[:-1]).all()):
        return slice(first, last + 1)
    return rows
