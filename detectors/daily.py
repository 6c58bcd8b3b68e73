"""Residuals of a value of any kind from what is usual at that time of day, on weekdays and at weekends."""

from typing import NamedTuple, TypeVar

import numpy as np

from detectors import spot
from detectors.arrays import Block, Floats, Ints
from detectors.bank import DAY_MS, Column, Gauges, Verdict

_BINS = 96
_BIN_MS = DAY_MS // _BINS
_KINDS = 3  # weekdays, weekends, all days
_SATURDAY = 5

T = TypeVar("T", int, Ints)
_Place = tuple[Ints | int, Ints | slice]


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


class Daily(Gauges):
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
    version = 3

    def __init__(self, parameters: DailyParameters | None = None) -> None:
        self.parameters = (parameters or DailyParameters()).validated()
        self._forget = -float(np.expm1(-1.0 / self.parameters.memory_visits))  # by a whole visit
        super().__init__(
            {
                "last_ms": Column(fill=-np.inf),
                "level": Column(),
                "sum": Column((_KINDS * _BINS,), series_last=True),  # faded sums of the values of a bin
                "visits": Column((_KINDS * _BINS,), series_last=True),  # and of its visits
                **spot.columns(2, self.parameters.tails),
            }
        )
        self._tails = spot.Tails(self._table, self.parameters.tails)

    def _step(self, block: Block) -> Verdict:
        place, table, value, parameters = block.place, self._table, block.value, self.parameters
        levels, number = table.floats("level"), self._tails.number(place)
        young = self._tails.young(place)
        level = levels[place]
        if len(young):
            level = np.where(number == 0.0, value, level)
        weight = self._visit(place, block.at_ms)
        expected = level
        keep = 1.0 - self._forget * weight
        gained = weight * value
        for bins in _bins(block.local_ms, place):
            sums, visits = table.floats("sum"), table.floats("visits")
            total, weights = sums[bins], visits[bins]
            expected = parameters.prior_visits * expected
            expected += total
            expected /= weights + parameters.prior_visits
            total *= keep
            total += gained
            weights *= keep
            weights += weight
            sums[bins], visits[bins] = total, weights
        step = value - level
        step /= np.minimum(number + 1.0, parameters.level_observations)
        level += step
        levels[place] = level
        p_high, p_low = self._tails.both_sides(place, value, expected)
        expected[young] = np.nan
        return Verdict(p_high, p_low, expected)

    def _visit(self, place: Ints | slice, at_ms: Ints) -> Floats:
        """Return the part of a visit of its bin that each observation is: the time since the one before, 0 to 1."""
        lasts = self._table.floats("last_ms")
        last, now = lasts[place], at_ms.astype(np.float64)
        weight = now - last
        weight *= 1.0 / _BIN_MS
        weight.clip(0.0, 1.0, out=weight)
        lasts[place] = np.maximum(last, now, out=last)
        return weight


def _bins(local_ms: Ints, place: Ints | slice) -> tuple[_Place, _Place]:
    """Return where the profiles of all days, and of weekdays or weekends, are at these times: bins and series."""
    first, last = int(local_ms.min()), int(local_ms.max())
    if first // _BIN_MS == last // _BIN_MS:  # the usual case: one stretch of the profile
        all_days, kind = _quarters(first)
        return (all_days, place), (kind, place)
    of_day, of_kind = _quarters(local_ms)
    rows = np.arange(place.start, place.stop) if isinstance(place, slice) else place
    return (of_day, rows), (of_kind, rows)


def _quarters(local_ms: T) -> tuple[T, T]:
    """Return the bins of all days, and of weekdays or weekends, at this time or these times, (m,) each."""
    day = local_ms // DAY_MS
    of_day = (local_ms - day * DAY_MS) // _BIN_MS
    weekend = (day + 3) % 7 >= _SATURDAY  # 1970-01-01 was a Thursday
    return of_day + 2 * _BINS, of_day + weekend * _BINS
