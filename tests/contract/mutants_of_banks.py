"""Mistakes in how a detector keeps its state and reads its input: `steady` with one each, as anybody might make it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Block, Scores
from detectors.bank import Verdict
from tests.contract.feeds import HOUR
from tests.contract.steady import Known, Steady

State = Mapping[str, NDArray[np.generic]]


class Forgetful(Steady):
    """Keeps the number of values outside of its state."""

    def __init__(self) -> None:
        super().__init__()
        self._seen = np.zeros(1000)

    def _step(self, block: Block) -> Verdict:
        self._seen[block.series] += 1.0
        p_high, p_low, expected = super()._step(block)
        ready = self._seen[block.series] > self.parameters.quiet_observations
        return Verdict(np.where(ready, p_high, 1.0), np.where(ready, p_low, 1.0), np.where(ready, expected, np.nan))


class Sharing(Steady):
    """Goes on in the arrays that it was given."""

    def load(self, state: State) -> None:
        """Keep the arrays themselves."""
        super().load(state)
        self._table._arrays = dict(state)


class Adding(Steady):
    """Adds a loaded state to what it has seen itself."""

    def load(self, state: State) -> None:
        """Load, and go on counting."""
        before = self._table.floats("seen")[: self.size].copy()
        super().load(state)
        self._table.floats("seen")[: len(before)] += before


class GrowingAnew(Steady):
    """Begins anew when a series joins."""

    def resize(self, size: int) -> None:
        """Grow, and forget."""
        if size > self.size > 0:
            self._table.floats("seen")[:] = 0.0
        super().resize(size)


class GrowingWarm(Steady):
    """Gives new series the history of the last one."""

    def resize(self, size: int) -> None:
        """Grow, and copy."""
        before = self.size
        super().resize(size)
        if before:
            self._table.floats("seen")[before:] = self._table.floats("seen")[before - 1]


class NanIsZero(Steady):
    """Takes an unknown value for zero."""

    def update(self, block: Block) -> Scores:
        """Fill in what is missing."""
        return super().update(block._replace(value=np.nan_to_num(block.value, posinf=0.0, neginf=0.0)))


class NanIsTold(Steady):
    """Answers for an unknown value with what it would have expected."""

    def update(self, block: Block) -> Scores:
        """Score, and tell the mean after the block."""
        p_high, p_low, expected = super().update(block)
        return Scores(p_high, p_low, np.where(np.isnan(block.value), 0.0, expected))


class NanHitsTheNextRow(Steady):
    """Counts an unknown value, in the wrong row."""

    def update(self, block: Block) -> Scores:
        """Score, then count."""
        scores = super().update(block)
        rows = block.series[np.isnan(block.value)]
        np.add.at(self._table.floats("seen"), (rows + 1) % self.size, 1.0)
        return scores


class Writes(Steady):
    """Brings local times to the full hour where they stand."""

    def update(self, block: Block) -> Scores:
        """Write the block, then score."""
        block.local_ms[:] -= block.local_ms % HOUR
        return super().update(block)


class EmptyFails(Steady):
    """Asks an empty block for its last time."""

    def update(self, block: Block) -> Scores:
        """Look at the end first."""
        scores = super().update(block)
        assert block.at_ms[-1] >= 0
        return scores


class Casts(Steady):
    """Makes any numbers fit."""

    def update(self, block: Block) -> Scores:
        """Cast instead of refusing."""
        return super().update(block._replace(value=np.asarray(block.value, np.float64)))


class Wraps(Steady):
    """Takes row -1 for the last series, as NumPy does."""

    def update(self, block: Block) -> Scores:
        """Wrap instead of refusing."""
        return super().update(block._replace(series=np.where(block.series < 0, self.size - 1, block.series)))


class Sorts(Steady):
    """Puts a block in order by itself."""

    def update(self, block: Block) -> Scores:
        """Sort instead of refusing."""
        if len(block.at_ms) == len(block.series) and block.at_ms.dtype == np.int64:
            return super().update(block._replace(at_ms=np.sort(block.at_ms)))
        return super().update(block)


class LearnsThenRefuses(Steady):
    """Looks at the rows only when it has counted."""

    def update(self, block: Block) -> Scores:
        """Count first, then check."""
        self._table.floats("seen")[: self.size] += 1.0
        scores = super().update(block)
        self._table.floats("seen")[: self.size] -= 1.0
        return scores


class Shrinks(Steady):
    """Drops series when asked to be smaller."""

    def resize(self, size: int) -> None:
        """Cut the arrays."""
        if size < self.size:
            super().load({name: array[:size] for name, array in self.state().items()})
        super().resize(size)


class LoadsAnything(Steady):
    """Takes what it knows out of any state."""

    def load(self, state: State) -> None:
        """Pick the known names, and cast."""
        own = self.state()
        super().load({name: np.array(state.get(name, own[name]), np.float64) for name in Known._fields})
