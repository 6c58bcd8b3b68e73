"""Several detectors' tails of one observation as one calibrated tail, and what counts anew after an alarm."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np

from detectors import peaks
from detectors.arrays import Block, Floats, Ints, Scores
from detectors.bank import NEVER, Bank, Column, Held, Table, Verdict
from detectors.blocks import LEAST, Flags, TailBlock, check_block, in_rounds
from detectors.combining import average_e, cauchy, fisher, half_cauchy

__all__ = ["Ensemble", "EnsembleParameters", "Refractory", "RefractoryParameters", "TailBlock"]

How = Literal["half_cauchy", "cauchy", "average_e", "fisher"]
COMBINE: Mapping[str, Callable[[Floats], Floats]] = MappingProxyType(
    {"half_cauchy": half_cauchy, "cauchy": cauchy, "average_e": average_e, "fisher": fisher}
)
_START = float(np.log(10.0))  # depth from which on a combined tail is learned: one observation in ten
_PRIOR = (100.0, 0.1, 10.0, 0.993)  # as promised, but for ten peaks only; mean excess as `peaks` corrects it


class EnsembleParameters(NamedTuple):
    """Parameters of `Ensemble`.

    Attributes
    ----------
    detectors : int
        Width of the block: how many detectors are combined.
    how : str
        Function of `detectors.combining`. The default holds under dependence; ``fisher`` only for independent tails.
    suspicious : float
        Combined tails below it are learned with a tenth of the weight.
    """

    detectors: int = 3
    how: How = "half_cauchy"
    suspicious: float = 1e-5

    def validated(self) -> "EnsembleParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        if self.detectors < 1:
            raise ValueError(f"ensemble.detectors must be at least 1, is {self.detectors}")
        if self.how not in COMBINE:
            raise ValueError(f"ensemble.how must be one of {', '.join(COMBINE)}, is {self.how!r}")
        if not 0.0 < self.suspicious < 1.0:
            raise ValueError(f"ensemble.suspicious must lie between 0 and 1, is {self.suspicious}")
        return self


class Ensemble(Held):
    """One tail per side out of those of several detectors, corrected by how small it has been in this series.

    Tails of one series' detectors depend on each other: they read the same values. The default, the half-Cauchy
    combination, holds under dependence (`detectors.combining`); what bias is left, of the combination and of the
    detectors themselves, is learned per series and side: how often the combined tail is below 0.1, and how far it
    then reaches. It begins as if all were right and so speaks at once, though a young one is less sure: 1e-8 is 7e-6 at
    first and 6e-7 after a hundred observations. ``expected`` is the share of observations whose combined upper tail is
    below 0.1, which is 0.1 when all is right.

    Examples
    --------
    >>> bank = Ensemble(EnsembleParameters(detectors=2))
    >>> bank.resize(1)
    >>> at = np.zeros(1, np.int64)
    >>> scores = bank.update(TailBlock(at, at, at, np.array([[1e-6, 0.3]]), np.array([[1.0, np.nan]])))
    >>> f"{scores.p_high[0]:.1e}", float(scores.p_low[0])
    ('6.5e-05', 1.0)
    """

    name = "ensemble"
    version = 2

    def __init__(self, parameters: EnsembleParameters | None = None) -> None:
        self.parameters = (parameters or EnsembleParameters()).validated()
        self._table = Table(self.name, {side: Column((4,), fill=np.array(_PRIOR)) for side in ("high", "low")})

    def update(self, block: TailBlock) -> Scores:
        """Combine every observation's tails, then learn the result.

        Raises
        ------
        ValueError
            A column has the wrong dtype or shape, a series is outside the bank, or time runs backwards.
        """
        width = (np.float64, (self.parameters.detectors,))
        check_block(self.name, block, {"p_high": width, "p_low": width}, self.size)
        known: Flags = np.any(_valid(block.p_high) | _valid(block.p_low), axis=1)
        return Scores(*in_rounds(block, known, self._step, (1.0, 1.0, np.nan)))

    def _step(self, block: TailBlock) -> tuple[Floats, Floats, Floats]:
        share = self._table.floats("high")[block.series, 1]
        return self._side("high", block.series, block.p_high), self._side("low", block.series, block.p_low), share

    def _side(self, side: str, rows: Ints, tails: Floats) -> Floats:
        """Return the calibrated tail of one side and learn it; where no detector speaks it is 1 and nothing learned."""
        valid = _valid(tails)
        combined = COMBINE[self.parameters.how](np.where(valid, tails, np.nan))
        state = self._table.floats(side)[rows]
        combined = np.maximum(combined, LEAST)
        p = np.exp(peaks.log_corrected(combined, _START, state))
        weight = np.where(p < self.parameters.suspicious, 0.1, 1.0) * valid.any(axis=1)
        peaks.learn(-np.log(combined) - _START, weight, state)
        self._table.floats(side)[rows] = state
        return np.maximum(p, LEAST)


class RefractoryParameters(NamedTuple):
    """Parameters of `Refractory`.

    Attributes
    ----------
    alarm_below : float
        A tail that counts and lies below this is an alarm.
    observations : int
        For so many observations after an alarm only a record counts: less than each of the last so many tails.
    horizon_ms : float
        The same in time, milliseconds; what ends first ends it. Infinite: observations only.
    """

    alarm_below: float = 1e-6
    observations: int = 100
    horizon_ms: float = np.inf

    def validated(self) -> "RefractoryParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        if not 0.0 < self.alarm_below < 1.0:
            raise ValueError(f"refractory.alarm_below must lie between 0 and 1, is {self.alarm_below}")
        if self.observations < 1:
            raise ValueError(f"refractory.observations must be at least 1, is {self.observations}")
        if not self.horizon_ms > 0.0:
            raise ValueError(f"refractory.horizon_ms must be above 0, is {self.horizon_ms}")
        return self


class Refractory(Bank):
    """After an alarm a tail counts only if it is more improbable than everything just before: a strict record.

    It is fed with tails as values (NaN, or outside (0, 1]: neutral) and answers in ``p_high`` with the tail where it
    counts, else with 1; ``expected`` is the record to beat after an alarm, the smallest tail of the last observations.
    Every record that is an alarm begins the time anew. Tails count as seen whether they counted or not.

    Examples
    --------
    >>> bank = Refractory()
    >>> bank.resize(1)
    >>> at = np.arange(5)
    >>> tails = np.array([0.3, 1e-7, 1e-7, 1e-6, 1e-9])
    >>> bank.update(Block(np.zeros(5, np.int64), at, at, tails)).p_high.tolist()
    [0.3, 1e-07, 1.0, 1.0, 1e-09]
    """

    name = "refractory"
    version = 1

    def __init__(self, parameters: RefractoryParameters | None = None) -> None:
        self.parameters = (parameters or RefractoryParameters()).validated()
        last = (self.parameters.observations,)
        super().__init__(
            {
                "tails": Column(last, fill=np.inf),
                "at_ms": Column(last, np.int64, NEVER),
                "since": Column((), np.int64, np.iinfo(np.int64).max),  # observations since the last alarm
                "alarm_ms": Column((), np.int64, NEVER),
                "seen": Column((), np.int64, 0),
            }
        )

    def _known(self, value: Floats) -> Flags:
        return _valid(value)

    def _step(self, block: Block) -> Verdict:
        rows, table, parameters = block.series, self._table, self.parameters
        since, alarm = table.ints("since"), table.ints("alarm_ms")
        bound = (since[rows] < parameters.observations) & self._within(alarm[rows], block.at_ms)
        record = np.full(len(rows), np.inf)
        record[bound] = self._record(rows[bound], block.at_ms[bound])
        counts = block.value < record
        alarmed = counts & (block.value < parameters.alarm_below)
        since[rows] = np.where(alarmed, 0, np.minimum(since[rows], np.iinfo(np.int64).max - 1) + 1)
        alarm[rows] = np.where(alarmed, block.at_ms, alarm[rows])
        place = table.ints("seen")[rows] % parameters.observations
        table.floats("tails")[rows, place] = block.value
        table.ints("at_ms")[rows, place] = block.at_ms
        table.ints("seen")[rows] += 1
        p = np.where(counts, np.maximum(block.value, LEAST), 1.0)
        return Verdict(p, np.ones(len(rows)), np.where(np.isinf(record), np.nan, record))

    def _record(self, rows: Ints, now_ms: Ints) -> Floats:
        """Return the smallest of the last tails, (m,)."""
        recent = self._within(self._table.ints("at_ms")[rows], now_ms[:, None])
        record: Floats = np.where(recent, self._table.floats("tails")[rows], np.inf).min(axis=1)
        return record

    def _within(self, then_ms: Ints, now_ms: Ints) -> Flags:
        """Say whether instants lie within the horizon; never is not."""
        never = then_ms == NEVER
        within: Flags = ~never & ((now_ms - np.where(never, now_ms, then_ms)) <= self.parameters.horizon_ms)
        return within


def _valid(tails: Floats) -> Flags:
    with np.errstate(invalid="ignore"):
        valid: Flags = (tails > 0.0) & (tails <= 1.0)
    return valid
