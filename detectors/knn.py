"""Shapes never seen before: the distance of the last few values from their nearest neighbours in the recent past.

Source: Burnaev, Ishimtsev (2016), Conformalized density- and distance-based anomaly detection in time-series data,
arXiv:1608.04585; here the distance is Euclidean and becomes a tail by peaks over a threshold instead of its rank.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import spot
from detectors.arrays import Block, Floats, Ints
from detectors.bank import Bank, Column, Verdict

_ROWS_AT_ONCE = 32  # their windows stay in the processor's cache
_CLIP = 1e3  # usual steps that a value is from the mean at most: keeps the running sums exact to nine digits
_EXACT = 1e-6  # distances smaller than this part of the usual step are rounding
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
            "past": Column((self.parameters.window + self.parameters.length,)),  # newest first
            "square": Column((self.parameters.window,)),  # squared distance at lag 1, 2, …
        }
        super().__init__({**own, **spot.columns(1, self.parameters.tails)})

    def _known(self, value: Floats) -> NDArray[np.bool_]:
        return spot.known(value)

    def _step(self, block: Block) -> Verdict:
        rows = block.series
        value, step = self._clipped(rows, block.value)
        distance, expected = np.empty(len(rows)), np.empty(len(rows))
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            distance[part], expected[part] = self._search(rows[part], value[part])
        exact = np.where(distance <= _EXACT * step, 0.0, distance)
        ready = self._table.floats("seen")[rows, 0] >= self.parameters.tails.quiet_observations
        p = spot.tails(rows, exact[:, None], self._table, self.parameters.tails)[:, 0]
        above = block.value >= expected
        return Verdict(np.where(above, p, 1.0), np.where(above, 1.0, p), np.where(ready, expected, np.nan))

    def _clipped(self, rows: Ints, value: Floats) -> tuple[Floats, Floats]:
        """Return the values, not further from the mean than the running sums bear, and the usual step; learn both."""
        mean, step = self._table.floats("mean")[rows], self._table.floats("step")[rows]
        count = self._table.ints("count")[rows]
        mean = np.where(count == 0, value, mean)
        reach = np.where(step > 0.0, _CLIP * step, np.inf)
        clipped = np.minimum(np.maximum(value, mean - reach), mean + reach)
        share = 1.0 / np.minimum(count + 1.0, _MEMORY)
        self._table.floats("mean")[rows] = mean + (clipped - mean) * share
        self._table.floats("step")[rows] = step + (np.abs(clipped - mean) - step) * share
        return clipped, step

    def _search(self, rows: Ints, value: Floats) -> tuple[Floats, Floats]:
        """Return the distance from the nearest neighbours, NaN where there are too few, and the nearest one's end."""
        length, window = self.parameters.length, self.parameters.window
        count = self._table.ints("count")[rows]
        past, square = self._table.floats("past")[rows], self._table.floats("square")[rows]
        added = value[:, None] - past[:, :window]
        added *= added
        square += added
        np.subtract(past[:, length - 1 : length], past[:, length:], out=added)
        added *= added
        square -= added
        moved = np.empty_like(past)
        moved[:, 0], moved[:, 1:] = value, past[:, :-1]
        self._refresh(square, moved, count)
        self._table.floats("past")[rows], self._table.floats("square")[rows] = moved, square
        self._table.ints("count")[rows] = count + 1
        lags = np.clip(count - length + 1, 0, window)  # where a whole shape fits
        young = np.flatnonzero(lags < window)
        if len(young):
            square[young] = np.where(np.arange(window) < lags[young, None], square[young], np.inf)
        nearest = square.argmin(axis=1)
        k = self.parameters.neighbours
        square.partition(k - 1, axis=1)
        distance = np.sqrt(np.maximum(square[:, :k], 0.0)).mean(axis=1)
        few = lags < 2 * k
        end = past[np.arange(len(rows)), nearest]
        return np.where(few, np.nan, distance), np.where(few, np.nan, end)

    def _refresh(self, square: Floats, past: Floats, count: Ints) -> None:
        """Sum one lag of each series anew, another one each time."""
        lag = count % self.parameters.window + 1
        shape = np.arange(self.parameters.length)
        series = np.arange(len(lag))
        apart = past[:, : self.parameters.length] - past[series[:, None], shape + lag[:, None]]
        square[series, lag - 1] = (apart * apart).sum(axis=1)
