"""Lasting changes: of the level, by a short average against a long one, and of how much a series moves."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import spot
from detectors.arrays import Block, Floats
from detectors.averages import fade
from detectors.bank import Bank, Column, Verdict

_EXACT = 1e-9  # relative differences smaller than this are rounding
_LEAST_RATIO = 1e-3  # a calm series' movement counts as at least this part of its usual one


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


class Shift(Bank):
    """The average of about thirty values against that of the last thousand; expected is the latter.

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
    version = 1

    def __init__(self, parameters: ShiftParameters | None = None) -> None:
        self.parameters = (parameters or ShiftParameters(30.0)).validated(self.name)
        own = {name: Column() for name in ("short", "short_weight", "long", "long_weight")}
        super().__init__({**own, **spot.columns(2, self.parameters.tails)})

    def _known(self, value: Floats) -> NDArray[np.bool_]:
        return spot.known(value)

    def _step(self, block: Block) -> Verdict:
        rows, table, parameters = block.series, self._table, self.parameters
        names = ("short", "short_weight", "long", "long_weight")
        short, short_weight, long, long_weight = (table.floats(name)[rows] for name in names)
        expected = np.where(long_weight == 0.0, block.value, long)
        short, short_weight = fade(block.value, short, short_weight, parameters.short)
        long, long_weight = fade(block.value, long, long_weight, parameters.long)
        difference = short - expected
        rounding = np.abs(difference) <= _EXACT * np.maximum(np.abs(short), np.abs(expected))
        ready = table.floats("seen")[rows, 0] >= parameters.tails.quiet_observations
        p_high, p_low = spot.both_sides(rows, np.where(rounding, 0.0, difference), table, parameters.tails)
        for name, column in zip(names, (short, short_weight, long, long_weight), strict=True):
            table.floats(name)[rows] = column
        return Verdict(p_high, p_low, np.where(ready, expected, np.nan))


class Activity(Bank):
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
    >>> bool(scores.p_high[550:].min() < 1e-6), bool(scores.p_high[:550].min() > 1e-3)
    (True, True)
    """

    name = "activity"
    version = 1

    def __init__(self, parameters: ShiftParameters | None = None) -> None:
        self.parameters = (parameters or ShiftParameters(50.0)).validated(self.name)
        own = {name: Column() for name in ("before", "short", "long", "short_weight", "long_weight")}
        super().__init__({**own, **spot.columns(1, self.parameters.tails)})

    def _known(self, value: Floats) -> NDArray[np.bool_]:
        return spot.known(value)

    def _step(self, block: Block) -> Verdict:
        rows, table, parameters = block.series, self._table, self.parameters
        names = ("before", "short", "long", "short_weight", "long_weight")
        before, short, long, short_weight, long_weight = (table.floats(name)[rows] for name in names)
        before = np.where(long_weight == 0.0, block.value, before)
        step = np.abs(block.value - before)
        short, short_weight = fade(step, short, short_weight, parameters.short)
        long, long_weight = fade(step, long, long_weight, parameters.long)
        least = _LEAST_RATIO * long + 1e-300
        ratio = np.log((short + least) / (long + least))
        ready = table.floats("seen")[rows, 0] >= parameters.tails.quiet_observations
        ratio = np.where(np.abs(ratio) <= _EXACT, 0.0, ratio)
        p = spot.tails(rows, ratio[:, None], table, parameters.tails)[:, 0]
        for name, column in zip(names, (block.value, short, long, short_weight, long_weight), strict=True):
            table.floats(name)[rows] = column
        return Verdict(p, np.ones(len(p)), np.where(ready, before, np.nan))
