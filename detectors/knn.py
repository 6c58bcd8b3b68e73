"""Shapes never seen before: the distance of the last few values from their nearest neighbours in the recent past.

Source: Burnaev, Ishimtsev (2016), Conformalized density- and distance-based anomaly detection in time-series data,
arXiv:1608.04585; here the distance is Euclidean and becomes a tail by peaks over a threshold instead of its rank.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import spot
from detectors.arrays import Block, Floats, Ints, span
from detectors.bank import Column, Gauges, Verdict

_ROWS_AT_ONCE = 64  # their windows stay in the cache, and calls cost little
_CLIP = 1e3  # usual steps that a value is from the mean at most
_EXACT = 1e-6  # distances smaller than this part of the usual step are rounding
_LEAST_STEP = 1e-150  # its square is not 0
_SPARE = 16  # values are written before the newest one, and all moved back once in so many
_MEMORY = 500.0  # of mean and usual step, observations
_FARTHEST = np.float32(1e15)  # usual steps; squares of single precision stay finite
_LEAST_DISTANCE = 1e-6  # usual steps; the squares of less are near where single precision ends
_NEARLY = 1.0 - 1e-9
_UNIT_ROUNDOFF = 2.0**-24
_SPIKES = spot.SpotParameters()  # single values come one by one

Singles = NDArray[np.float32]


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
    tails: spot.SpotParameters = spot.SpotParameters(together=2.0, shape=-0.1, shape_prior=200.0)

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


class Nearest(Gauges):
    """Mean distance of the last ``length`` values from their nearest neighbours, by its own tail.

    Few distances are large enough for a tail below 1: so all squared distances are kept as running sums in single
    precision, one per lag (a new value adds one square to each and takes the oldest one away), and all that is asked of
    them is whether enough are *surely* near, whatever rounding did. Only where they are not, shapes are searched in
    double precision, from the values themselves; so results don't depend on the sums. Expected is the value where the
    nearest shape ends, and the tail is that of the side on which the value lies; where the shape is usual it is the
    value itself.

    A large distance has two causes, and the likelier counts. Of many values a bit off their averages are nearly normal,
    and so is the tail that is believed in: distances that come in runs are too few to tell another. One value far off
    makes as many shapes odd as it is in: how rare that is, single values tell, which are many (of sums of heavy-tailed
    values one is as large as the sum: Embrechts, Klüppelberg, Mikosch 1997, doi:10.1007/978-3-642-33483-2, 1.3).

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
    version = 4

    def __init__(self, parameters: NearestParameters | None = None) -> None:
        self.parameters = (parameters or NearestParameters()).validated()
        reaching = self.parameters.window + self.parameters.length
        super().__init__(
            {
                "count": Column((), np.int64, 0),
                "mean": Column(),
                "step": Column(),
                "past": Column((_SPARE + reaching,)),  # newest first, from a place that moves
                "rough": Column((reaching + 1,), np.float32),  # the same in usual steps from the anchor, newest first
                "square": Column((self.parameters.window,), np.float32),  # of these, at lag 1, 2, …
                "anchor": Column(),
                "per_unit": Column(fill=1.0),  # what a usual step is divided by
                "reach": Column(),  # the farthest that rough values have been from 0 since the sums were made anew
                **spot.columns(1, self.parameters.tails),
                **spot.columns(1, _SPIKES, "spike_"),
            }
        )
        self._tails = spot.Tails(self._table, self.parameters.tails)
        self._spikes = spot.Tails(self._table, _SPIKES, "spike_")
        # Every sum is rounded twice a step for at most a window, and holds ``length`` squares of at most (2 reach)².
        self._slack = 3.0 * (self.parameters.window + 20.0) * self.parameters.length * 4.0 * _UNIT_ROUNDOFF

    def _step(self, block: Block) -> Verdict:
        place, table = block.place, self._table
        count = table.ints("count")[place].copy()
        young = self._tails.young(place)
        value, step = self._clipped(place, block.value, count)
        at = self._write(place, value, count)
        table.ints("count")[place] = count + 1
        expected, tails = block.value.copy(), np.ones((2, len(count)))
        lags = np.minimum(np.maximum(count - self.parameters.length + 1, 0), self.parameters.window)
        enough = lags >= 2 * self.parameters.neighbours
        odd = np.flatnonzero(~self._surely_near(block.series, value, lags) & enough)
        odd = odd[self._perhaps_far(block.series[odd], lags[odd])]
        for start in range(0, len(odd), _ROWS_AT_ONCE):
            some = odd[start : start + _ROWS_AT_ONCE]
            p, end = self._search(block.series[some], at[some], lags[some], step[some])
            strange = p < 1.0
            some, p, end = some[strange], p[strange], end[strange]
            expected[some] = end
            tails[(block.value[some] < end).astype(np.int64), some] = p
        seen = count + 1
        self._renew(block.series, at, np.flatnonzero((seen & count == 0) | (seen % self.parameters.window == 0)))
        self._tails.count(place if enough.all() else block.series[enough])
        self._learn_spike(place, block.series, at)
        expected[young] = np.nan
        expected[~enough] = np.nan
        return Verdict(tails[0], tails[1], expected)

    def _clipped(self, place: Ints | slice, value: Floats, count: Ints) -> tuple[Floats, Floats]:
        """Return the values, not absurdly far from the mean, and the usual step; learn both."""
        means, steps = self._table.floats("mean"), self._table.floats("step")
        mean, step = np.where(count == 0, value, means[place]), steps[place].copy()
        reach = np.where(step > 0.0, _CLIP * step, np.inf)
        clipped = np.minimum(np.maximum(value, mean - reach), mean + reach)
        share = 1.0 / np.minimum(count + 1.0, _MEMORY)
        means[place] = mean + (clipped - mean) * share
        steps[place] = step + (np.abs(clipped - mean) - step) * share
        return clipped, step

    def _write(self, place: Ints | slice, value: Floats, count: Ints) -> Ints:
        """Write the newest values before the others, moving all back where the room ends; return their places."""
        table, rows = self._table, np.arange(place.start, place.stop) if isinstance(place, slice) else place
        past = table.floats("past")
        at = _SPARE - 1 - count % _SPARE
        full = rows[(at == _SPARE - 1) & (count > 0)]
        past[full, _SPARE:] = past[full, :-_SPARE]
        new = count == 0
        if new.any():  # what was before the first value is taken to be like it
            past[rows[new]] = value[new, None]
            table.floats("anchor")[rows[new]] = value[new]
        past.reshape(-1)[rows * past.shape[1] + at] = value
        return at

    def _surely_near(self, rows: Ints, value: Floats, lags: Ints) -> NDArray[np.bool_]:
        """Add the newest values to the running sums; say where enough of these show that the distance is no peak."""
        table = self._table
        per_unit = table.floats("per_unit").take(rows)
        scaled = (value - table.floats("anchor").take(rows)) * per_unit
        scaled = np.minimum(np.maximum(scaled, -_FARTHEST), _FARTHEST)
        reach = np.maximum(table.floats("reach").take(rows), np.abs(scaled))
        table.floats("reach")[rows] = reach
        bound = np.minimum(self._tails.entry[0].take(rows) * per_unit, _FARTHEST)
        bound = np.where(bound >= 0.0, bound * bound, -1.0) - self._slack * reach * reach
        bound[(bound < _LEAST_DISTANCE**2) & (reach > 0.0)] = -1.0
        near = np.empty(len(rows), np.bool_)
        newest, within = scaled.astype(np.float32), bound.astype(np.float32)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            some = slice(start, start + _ROWS_AT_ONCE)
            near[some] = self._count_near(rows[some], newest[some], lags[some], within[some])
        return near

    def _count_near(self, rows: Ints, newest: Singles, lags: Ints, bound: Singles) -> NDArray[np.bool_]:
        """Say whether as many sums are within the bound as neighbours are wanted."""
        length, window = self.parameters.length, self.parameters.window
        place = span(rows)  # of neighbouring rows the state is changed in place, of others in a copy
        roughs, squares = self._table.array("rough"), self._table.array("square")
        past = np.empty((len(rows), roughs.shape[1]), np.float32)
        past[:, 1:] = roughs[place, :-1]
        past[:, 0] = newest
        roughs[place] = past
        square = squares[place]
        added = past[:, :1] - past[:, 1 : window + 1]
        added *= added
        square += added
        np.subtract(past[:, length : length + 1], past[:, length + 1 :], out=added)
        added *= added
        square -= added
        if not isinstance(place, slice):
            squares[place] = square
        near = square <= bound[:, None]
        if lags.min() < window:
            near &= np.arange(window) < lags[:, None]
        bits = np.bitwise_count(np.packbits(near, axis=1))  # to count truths in rows one by one takes twice as long
        enough: NDArray[np.bool_] = bits.sum(axis=1) >= self.parameters.neighbours
        return enough

    def _perhaps_far(self, rows: Ints, lags: Ints) -> NDArray[np.bool_]:
        """Say where the sums of the nearest neighbours leave it open whether the mean distance is a peak."""
        table, k = self._table, self.parameters.neighbours
        square = table.array("square")[rows]
        square[np.arange(self.parameters.window) >= lags[:, None]] = np.inf
        nearest = np.sort(np.partition(square, k - 1, axis=1)[:, :k], axis=1).astype(np.float64)
        reach = table.floats("reach").take(rows)
        at_most = np.sqrt(np.maximum(nearest, 0.0) + (self._slack * reach * reach)[:, None]).sum(axis=1) / k
        bound = np.minimum(self._tails.entry[0].take(rows) * table.floats("per_unit").take(rows), _FARTHEST)
        far: NDArray[np.bool_] = (at_most > bound * _NEARLY) | ((bound < _LEAST_DISTANCE) & (reach > 0.0))
        return far

    def _search(self, rows: Ints, at: Ints, lags: Ints, step: Floats) -> tuple[Floats, Floats]:
        """Return the tails of the distances from the nearest neighbours, and where the nearest shapes end."""
        k, window = self.parameters.neighbours, self.parameters.window
        past = self._reaching(rows, at)
        square = self._squares(past)
        if lags.min() < window:
            square = np.where(np.arange(window) < lags[:, None], square, np.inf)
        nearest = np.sort(np.partition(square, k - 1, axis=1)[:, :k], axis=1)
        distance = np.sqrt(nearest).sum(axis=1) / k
        distance = np.where(distance <= _EXACT * step, 0.0, distance)
        p = np.ones(len(rows))
        peak = np.flatnonzero(distance > self._tails.entry[0].take(rows))
        odd, far = rows[peak], distance[peak]
        p[peak] = np.maximum(self._tails.judge(0, odd, far), self._alone(odd, far))
        return p, past[np.arange(len(rows)), square.argmin(axis=1) + 1]

    def _alone(self, rows: Ints, distance: Floats) -> Floats:
        """Return how probable it is that one value out of line makes a shape so odd, as far as that is still believed.

        It does so in ``length`` shapes. Where values so far out of line have come and distances like this one have
        not, they do not make it so: of a number to be expected, none comes with probability exp(-number).
        """
        p = self._spikes.odds(0, rows, distance)
        alone: Floats = np.minimum(self.parameters.length * p * np.exp(-p * self._spikes.number(rows)), 1.0)
        return alone

    def _learn_spike(self, place: Ints | slice, rows: Ints, at: Ints) -> None:
        """Learn how far the value that left the shape is out of line: what is in it is still being judged.

        That is from the mean or from the value before it, whichever is nearer.
        """
        past = self._table.floats("past")
        left = rows * past.shape[1] + at + self.parameters.length
        value, before = past.reshape(-1).take(left), past.reshape(-1).take(left + 1)
        size = np.minimum(np.abs(value - before), np.abs(value - self._table.floats("mean").take(rows)))
        far = (size > self._spikes.entry[0].take(rows)).nonzero()[0]
        if len(far):
            self._spikes.learn(0, rows[far], size[far])
        self._spikes.count(place)

    def _renew(self, rows: Ints, at: Ints, due: NDArray[np.intp]) -> None:
        """Measure those due from their mean and in their usual steps from now on, and make their sums anew."""
        table = self._table
        for start in range(0, len(due), _ROWS_AT_ONCE):
            some, places = (column[due[start : start + _ROWS_AT_ONCE]] for column in (rows, at))
            anchor, step = table.floats("mean").take(some), table.floats("step").take(some)
            per_unit = 1.0 / np.where(step > _LEAST_STEP, step, 1.0)
            past = (self._reaching(some, places) - anchor[:, None]) * per_unit[:, None]
            rough = np.minimum(np.maximum(past, -_FARTHEST), _FARTHEST).astype(np.float32)
            table.floats("anchor")[some], table.floats("per_unit")[some] = anchor, per_unit
            table.floats("reach")[some] = np.abs(rough).max(axis=1)
            table.array("square")[some] = self._squares(rough.astype(np.float64))
            table.array("rough")[some, :-1] = rough

    def _reaching(self, rows: Ints, at: Ints) -> Floats:
        """Return the newest values and those before them as far as shapes reach, newest first: (m, window + length)."""
        past = self._table.floats("past")
        reaching = np.arange(self.parameters.window + self.parameters.length)
        found: Floats = past.reshape(-1).take((rows * past.shape[1] + at)[:, None] + reaching)
        return found

    def _squares(self, past: Floats) -> Floats:
        """Return the squared distances of the newest shape from that of every lag, (m, window)."""
        window = self.parameters.window
        square = np.zeros((len(past), window))
        for back in range(self.parameters.length):
            apart = past[:, back : back + 1] - past[:, back + 1 : back + 1 + window]
            apart *= apart
            square += apart
        return square
