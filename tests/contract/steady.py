"""The smallest detector that keeps every law: what mutants are made of, and an example of what a detector needs."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Block, Floats
from detectors.bank import Bank, Column, Verdict

_LARGEST = 1e100
_FARTHEST = 1e6  # standard deviations


class SteadyParameters(NamedTuple):
    """Parameters of `Steady`.

    Attributes
    ----------
    quiet_observations : float
        Length of history before which nothing is said.
    """

    quiet_observations: float = 20.0

    def validated(self) -> "SteadyParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        if not self.quiet_observations > 1.0:
            raise ValueError(f"steady.quiet_observations must be above 1, is {self.quiet_observations}")
        return self


class Known(NamedTuple):
    """What is known of each series of a round, (m,) each: values seen, their mean, the sum of squares around it."""

    seen: Floats
    mean: Floats
    squares: Floats


class Steady(Bank):
    """How far a value lies from the mean of all before it, by Cantelli's inequality, which holds for any distribution.

    Source: Welford (1962), Note on a method for calculating corrected sums of squares and products, Technometrics,
    doi:10.1080/00401706.1962.10490022.

    Examples
    --------
    >>> bank = Steady()
    >>> bank.resize(1)
    >>> at = np.arange(30) * 60_000
    >>> value = np.where(np.arange(30) == 29, 100.0, np.arange(30) % 2)
    >>> scores = bank.update(Block(np.zeros(30, np.int64), at, at, value))
    >>> bool(scores.p_high[-1] < 1e-4), bool(scores.p_high[:-1].min() > 0.1)
    (True, True)
    """

    name = "steady"
    version = 1

    def __init__(self, parameters: SteadyParameters | None = None) -> None:
        self.parameters = (parameters or SteadyParameters()).validated()
        super().__init__({"seen": Column(), "mean": Column(), "squares": Column()})

    def _known(self, value: Floats) -> NDArray[np.bool_]:
        with np.errstate(invalid="ignore"):
            return np.abs(value) <= _LARGEST

    def _step(self, block: Block) -> Verdict:
        known = Known(*(self._table.floats(name)[block.series] for name in Known._fields))
        verdict = self._judged(block.value, known)
        self._put(block, self._learned(block.value, known))
        return verdict

    def _judged(self, value: Floats, known: Known) -> Verdict:
        ready = known.seen >= self.parameters.quiet_observations
        spread = np.sqrt(known.squares / np.maximum(known.seen, 1.0))
        z = (value - known.mean) / np.maximum(spread, 1e-9 * np.maximum(np.abs(known.mean), 1.0))
        z = np.where(ready, np.clip(z, -_FARTHEST, _FARTHEST), 0.0)
        p_high, p_low = (1.0 / (1.0 + np.maximum(side, 0.0) ** 2) for side in (z, -z))
        return Verdict(p_high, p_low, np.where(ready, known.mean, np.nan))

    def _learned(self, value: Floats, known: Known) -> Known:
        seen, away = known.seen + 1.0, value - known.mean
        mean = known.mean + away / seen
        return Known(seen, mean, known.squares + away * (value - mean))

    def _put(self, block: Block, known: Known) -> None:
        for name, column in zip(Known._fields, known, strict=True):
            self._table.floats(name)[block.series] = column
