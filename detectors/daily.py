"""Residuals of a value of any kind from what is usual at that time of day, on weekdays and at weekends."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import spot
from detectors.arrays import Block, Floats, Ints
from detectors.bank import DAY_MS, NEVER, Bank, Column, Verdict

_BINS = 96
_BIN_MS = DAY_MS // _BINS
_KINDS = 3  # weekdays, weekends, all days
_SATURDAY = 5
_EXACT = 1e-9  # residuals smaller than this part of the values are rounding


class DailyParameters(NamedTuple):
    """Parameters of `Daily`.

    Attributes
    ----------
    memory_visits : float
        Visits of a quarter of an hour after which its memory fades (e-fold).
    level_observations : float
        Memory of the overall mean that bins without memory start from.
    prior_visits : float
        Weight with which a bin shrinks to the same time of any day, and that to the overall mean.
    tails : spot.SpotParameters
        How residuals become tails.
    """

    memory_visits: float = 10.0
    level_observations: float = 2000.0
    prior_visits: float = 1.0
    tails: spot.SpotParameters = spot.SpotParameters()

    def validated(self) -> "DailyParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        for name in ("memory_visits", "level_observations", "prior_visits"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"daily.{name} must be above 0, is {getattr(self, name)}")
        self.tails.validated()
        return self


class Daily(Bank):
    """Exponentially weighted means per quarter of an hour of weekdays and weekends; residuals by their own tails.

    Unlike `seasonal` it assumes no counts: values may be negative, smooth or of any scale, and nothing is known of
    their noise but the largest residuals of both signs. A bin is learned once per visit whatever the cadence.

    Examples
    --------
    >>> bank = Daily()
    >>> bank.resize(1)
    >>> at = np.arange(0, 8 * 86_400_000, 900_000)
    >>> value = 5.0 * np.sin(at / 86_400_000 * 2 * np.pi) + 0.1 * np.sin(at / 700_000)
    >>> value[-5] = 1.0
    >>> scores = bank.update(Block(np.zeros(len(at), np.int64), at, at, value))
    >>> float(scores.expected[-5].round()), bool(scores.p_high[-5] < 1e-3)
    (-2.0, True)
    """

    name = "daily"
    version = 1

    def __init__(self, parameters: DailyParameters | None = None) -> None:
        self.parameters = (parameters or DailyParameters()).validated()
        own = {
            "last_ms": Column((), np.int64, NEVER),
            "count": Column(),
            "level": Column(),
            "sum": Column((_KINDS * _BINS,)),  # faded sums of the values of a bin
            "visits": Column((_KINDS * _BINS,)),  # and of its visits
        }
        super().__init__({**own, **spot.columns(2, self.parameters.tails)})

    def _known(self, value: Floats) -> NDArray[np.bool_]:
        return spot.known(value)

    def _step(self, block: Block) -> Verdict:
        rows, table, value, parameters = block.series, self._table, block.value, self.parameters
        last = table.ints("last_ms")[rows]
        weight = np.where(last == NEVER, 1.0, np.clip((block.at_ms - np.maximum(last, 0)) / _BIN_MS, 0.0, 1.0))
        table.ints("last_ms")[rows] = np.maximum(last, block.at_ms)
        count, level = table.floats("count")[rows], table.floats("level")[rows]
        level = np.where(count == 0.0, value, level)
        bins = _bins(rows, block.local_ms)
        sums, visits = table.floats("sum").ravel()[bins], table.floats("visits").ravel()[bins]
        prior = parameters.prior_visits
        of_any_day = (sums[1] + prior * level) / (visits[1] + prior)
        expected = (sums[0] + prior * of_any_day) / (visits[0] + prior)
        residual = value - expected
        rounding = np.abs(residual) <= _EXACT * np.maximum(np.abs(value), np.abs(expected))
        ready = count >= parameters.tails.quiet_observations
        p_high, p_low = spot.both_sides(rows, np.where(rounding, 0.0, residual), table, parameters.tails)
        fade = np.exp(-weight / parameters.memory_visits)
        table.floats("sum").ravel()[bins] = fade * sums + weight * value
        table.floats("visits").ravel()[bins] = fade * visits + weight
        count += 1.0
        table.floats("count")[rows] = count
        table.floats("level")[rows] = level + (value - level) / np.minimum(count, parameters.level_observations)
        return Verdict(p_high, p_low, np.where(ready, expected, np.nan))


def _bins(rows: Ints, local_ms: Ints) -> Ints:
    """Return the places in the flattened profile, (2, m): of weekdays or weekends, and of all days."""
    day = local_ms // DAY_MS
    of_day = (local_ms - day * DAY_MS) // _BIN_MS
    weekend = (day + 3) % 7 >= _SATURDAY  # 1970-01-01 was a Thursday
    return np.stack([of_day + np.where(weekend, _BINS, 0), of_day + 2 * _BINS]) + rows * (_KINDS * _BINS)
