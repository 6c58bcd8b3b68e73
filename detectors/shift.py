"""Lasting changes: of the level, by a short average against a long one, and of how much a series moves."""

from typing import NamedTuple

import numpy as np

from detectors import spot
from detectors.arrays import Block, Floats, Ints
from detectors.averages import age, fade, follow, tamed
from detectors.bank import Column, Gauges, Table, Verdict

_REACH = 4.0  # usual deviations from the long average, 3.2 standard ones of normal values: 1 in 700 is beyond
_LEAST_RATIO = 1e-3  # a calm series' movement counts as at least this part of its usual one
_NOTHING = 1e-300  # movement of a series that never moved
# Of averages of fifty, 64 peaks come in some seven runs: their shape errs as if 2.5 of them spoke like one, their mean
# as if ten did
_IN_RUNS = spot.SpotParameters(together=4.0)


class ShiftParameters(NamedTuple):
    """Parameters of `Shift` and `Activity`, in observations.

    Attributes
    ----------
    short, long : float
        Memories of the two averages (e-fold).
    tails : spot.SpotParameters
        How their differences become tails.
    """

    short: float
    long: float = 1000.0
    tails: spot.SpotParameters = spot.SpotParameters()

    def validated(self, owner: str) -> "ShiftParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        if not 1.0 <= self.short < self.long:
            raise ValueError(
                f"{owner}.short must be at least 1 and below long ({self.long}), is {self.short}; raise long"
            )
        self.tails.validated()
        return self


def faded(value: Floats, name: str, place: Ints | slice, table: Table, memory: float) -> Floats:
    """Return the average in the column ``name`` with one more value, learned; not to be written to."""
    means, weights = table.floats(name), table.floats(f"{name}_weight")
    mean, weight = means[place], weights[place]
    fade(value, mean, weight, memory)
    means[place], weights[place] = mean, weight
    return mean


class Shift(Gauges):
    """The average of about thirty values against that of the last thousand; expected is the latter.

    Of a value further from the latter than four times the usual deviation only the logarithm counts: else averages of
    heavy-tailed values are as heavy-tailed, and their peaks, which come in runs, are too few to tell how much.

    Examples
    --------
    >>> bank = Shift()
    >>> bank.resize(1)
    >>> at = np.arange(600) * 60_000
    >>> value = np.sin(np.arange(600.0) * 1.7)
    >>> value[570:] += 1.5
    >>> scores = bank.update(Block(np.zeros(600, np.int64), at, at, value))
    >>> bool(scores.p_high[570:].min() < 0.01), bool(scores.p_high[:570].min() > 0.01)
    (True, True)
    """

    name = "shift"
    version = 4

    def __init__(self, parameters: ShiftParameters | None = None) -> None:
        self.parameters = (parameters or ShiftParameters(30.0)).validated(self.name)
        own = {name: Column() for name in ("short", "short_weight", "long", "long_weight", "deviation")}
        super().__init__({**own, **spot.columns(2, self.parameters.tails)})
        self._tails = spot.Tails(self._table, self.parameters.tails)

    def _step(self, block: Block) -> Verdict:
        place, table = block.place, self._table
        young = self._tails.young(place)
        if len(young):
            new = young[self._tails.number(block.series[young]) == 0.0]
            table.floats("long")[block.series[new]] = block.value[new]
        expected = table.floats("long")[place].copy()
        value = self._learned(block, expected)
        short = faded(value, "short", place, table, self.parameters.short)
        p_high, p_low = self._tails.both_sides(place, short, expected)
        expected[young] = np.nan
        return Verdict(p_high, p_low, expected)

    def _learned(self, block: Block, expected: Floats) -> Floats:
        """Return the values, tamed, after the long average and the usual deviation from it have learned them."""
        place, value, names = block.place, block.value, ("long", "long_weight", "deviation")
        columns = [self._table.floats(name) for name in names]
        long, weight, usual = (column[place] for column in columns)
        moved = value - expected
        size = np.abs(moved)
        far = (size > _REACH * usual).nonzero()[0]
        if len(far):  # few
            much = tamed(size.take(far), _REACH * usual.take(far))
            size[far] = much
            much = np.copysign(much, moved.take(far))
            moved[far] = much
            value = value.copy()
            value[far] = expected.take(far) + much
        age(weight, self.parameters.long)
        follow(moved, long, weight)
        size -= usual
        follow(size, usual, weight)
        for column, learned in zip(columns, (long, weight, usual), strict=True):
            column[place] = learned
        return value


class Activity(Gauges):
    """How much a series moves from value to value, over about fifty values against a thousand: more than usual is high.

    The tail is that of the logarithm of the ratio of the two mean steps; expected is the value before.

    Examples
    --------
    >>> bank = Activity()
    >>> bank.resize(1)
    >>> at = np.arange(600) * 60_000
    >>> value = np.sin(np.arange(600.0) * 1.7)
    >>> value[550:] *= 4.0
    >>> scores = bank.update(Block(np.zeros(600, np.int64), at, at, value))
    >>> bool(scores.p_high[550:].min() < 1e-5), bool(scores.p_high[:550].min() > 1e-3)
    (True, True)
    """

    name = "activity"
    version = 5

    def __init__(self, parameters: ShiftParameters | None = None) -> None:
        self.parameters = (parameters or ShiftParameters(50.0, tails=_IN_RUNS)).validated(self.name)
        own = {name: Column() for name in ("before", "short", "short_weight", "long", "long_weight")}
        own["gate"] = Column(fill=-1.0)  # times the long mean, what the short one must exceed to be judged
        super().__init__({**own, **spot.columns(1, self.parameters.tails)})
        self._tails = spot.Tails(self._table, self.parameters.tails)

    def _step(self, block: Block) -> Verdict:
        place, table, value = block.place, self._table, block.value
        befores, number, young = table.floats("before"), self._tails.number(place), self._tails.young(place)
        before = befores[place].copy()
        if len(young):
            before = np.where(number == 0.0, value, before)
        befores[place] = value
        step = np.abs(value - before)
        short = faded(step, "short", place, table, self.parameters.short)
        long = faded(step, "long", place, table, self.parameters.long)
        p_high = self._judge(block.series, place, short, long)
        before[young] = np.nan
        return Verdict(p_high, np.ones(len(value)), before)

    def _judge(self, rows: Ints, place: Ints | slice, short: Floats, long: Floats) -> Floats:
        """Return the tail of the log of the ratio of the mean steps; few ratios are large enough to need their log."""
        gates = self._table.floats("gate")
        bound = long + _NOTHING
        bound *= gates[place]
        p = np.ones(len(rows))
        some = (short > bound).nonzero()[0]
        if len(some):
            usual = long.take(some)
            least = _LEAST_RATIO * usual + _NOTHING
            number = np.log((short.take(some) + least) / (least + usual))
            number[np.abs(number) <= spot.EXACT] = 0.0
            entry = self._tails.entry[0]
            over = number > entry.take(rows.take(some))
            some = some[over]
            judged = rows.take(some)
            p[some] = self._tails.judge(0, judged, number[over])
            gates[judged] = np.exp(entry.take(judged)) * (1.0 + _LEAST_RATIO) - _LEAST_RATIO
        self._tails.count(place)
        return p
