"""Mistakes in what a detector says, and of what it says it: `steady` with one each, as anybody might make it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Block, Floats, Scores
from detectors.bank import Verdict
from tests.contract.steady import Known, Steady


class LearnsFirst(Steady):
    """Judges a value by a mean that it is part of."""

    def _judged(self, value: Floats, known: Known) -> Verdict:
        return super()._judged(value, known._replace(mean=self._learned(value, known).mean))


class Unbiased(Steady):
    """Divides by one less than the definition says."""

    def _judged(self, value: Floats, known: Known) -> Verdict:
        one_less = known.squares * known.seen / np.maximum(known.seen - 1.0, 1.0)
        return super()._judged(value, known._replace(squares=one_less))


class Mute(Steady):
    """Knows what to expect, and never says that something else came."""

    def _judged(self, value: Floats, known: Known) -> Verdict:
        p_high, p_low, expected = super()._judged(value, known)
        return Verdict(np.ones_like(p_high), np.ones_like(p_low), expected)


class Certain(Steady):
    """Rounds what is improbable to impossible."""

    def _judged(self, value: Floats, known: Known) -> Verdict:
        p_high, p_low, expected = super()._judged(value, known)
        return Verdict(np.where(p_high < 1e-3, 0.0, p_high), p_low, expected)


class AboveOne(Steady):
    """Has no upper end of its lower tail."""

    def _judged(self, value: Floats, known: Known) -> Verdict:
        p_high, p_low, expected = super()._judged(value, known)
        return Verdict(p_high, p_low + p_low * 1e-3, expected)


class Single(Steady):
    """Answers in single precision."""

    def update(self, block: Block) -> Scores:
        """Score as ever, and round."""
        p_high, p_low, expected = super().update(block)
        rounded: Any = p_low.astype(np.float32)
        return Scores(p_high, rounded, expected)


class LearnsAfterTheBlock(Steady):
    """Judges all values of a block by the state before the block."""

    def update(self, block: Block) -> Scores:
        """Score all by what was known, then learn all."""
        before = {name: array.copy() for name, array in self.state().items()}
        scores = super().update(block)
        known = Known(*(np.asarray(before[name], np.float64)[block.series] for name in Known._fields))
        seen = self._known(block.value)
        p_high, p_low, expected = self._judged(np.where(seen, block.value, 0.0), known)
        return Scores(
            np.where(seen, p_high, 1.0), np.where(seen, p_low, 1.0), np.where(seen, expected, scores.expected)
        )


class BlockMaximum(Steady):
    """Scales by the largest value of the block."""

    def update(self, block: Block) -> Scores:
        """Cut what is close to the maximum."""
        p_high, p_low, expected = super().update(block)
        known = block.value[self._known(block.value)]
        largest = known.max() if len(known) else 0.0
        return Scores(np.where(block.value == largest, p_high * 0.5, p_high), p_low, expected)


class NextValue(Steady):
    """Says nothing where the next value is back to normal."""

    def update(self, block: Block) -> Scores:
        """Look one observation ahead."""
        p_high, p_low, expected = super().update(block)
        following = np.append(p_high[1:], 1.0)
        return Scores(np.where(following > 0.5, 1.0, p_high), p_low, expected)


class Spaced(Steady):
    """Judges only the first value of a series in each block: the others come too fast."""

    def update(self, block: Block) -> Scores:
        """Mute repetitions."""
        p_high, p_low, expected = super().update(block)
        first = np.zeros(len(block.series), np.bool_)
        first[np.unique(block.series, return_index=True)[1]] = True
        return Scores(np.where(first | (len(first) > 40), p_high, 1.0), p_low, expected)


class OddRows(Steady):
    """Gives rows of the bank a meaning."""

    def update(self, block: Block) -> Scores:
        """Mute every second row."""
        p_high, p_low, expected = super().update(block)
        return Scores(np.where(block.series % 2, 1.0, p_high), p_low, expected)


class Pooled(Steady):
    """Speaks as soon as the bank as a whole has seen enough."""

    def _judged(self, value: Floats, known: Known) -> Verdict:
        quiet = self.parameters.quiet_observations
        enough = quiet if self._table.floats("seen")[: self.size].sum() >= quiet else 0.0
        return super()._judged(value, known._replace(seen=np.maximum(known.seen, enough)))


class NeverStill(Steady):
    """Takes a spread of zero for the surest of all."""

    def _judged(self, value: Floats, known: Known) -> Verdict:
        p_high, p_low, expected = super()._judged(value, known)
        sure = (known.squares == 0.0) & (known.seen >= self.parameters.quiet_observations)
        return Verdict(np.where(sure, 1e-6, p_high), p_low, expected)


class Overflows(Steady):
    """Squares whatever it is given."""

    def _known(self, value: Floats) -> NDArray[np.bool_]:
        return np.isfinite(value)
