"""A family of quiet series, and the count of its tails below each level against how many there should be."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, NamedTuple

import numpy as np

from detectors.arrays import Block, Floats, Ints

LEVELS = (1e-2, 1e-3, 1e-4, 1e-5)
"""Tail probabilities at which rates are compared."""
FACTOR = 2.0
"""Observed rates are to be within this factor of nominal ones."""
ENOUGH = 20.0
"""Expected tails below which a level is not judged."""
HOUR_MS = 3_600_000
MONDAY_MS = 1_772_409_600_000 // (24 * HOUR_MS) * 24 * HOUR_MS
"""Monday, 2 March 2026, midnight UTC."""
_SURE = 1.96  # standard errors of a 95 % interval

Side = Literal["high", "low", "either"]
"""Which tail: "either" is the smaller of both, of a detector whose one number is told on one side or the other."""


class Tails(NamedTuple):
    """What a detector said of some settled observations of quiet series.

    Attributes
    ----------
    p_high, p_low : (m,) float64
        The detector's tail probabilities.
    series : (m,) int64
        Which series each is of. Series are independent of each other; within one, alarms come in clusters, and the
        interval of a rate widens by how much.
    true_high, true_low : (m,) float64 or None
        P(N >= n) and P(N <= n) as the generator knows them, for discrete counts: "p below 0.01" is then held
        against how often the true tail is below 0.01, as steps of counts make both rarer alike. None: continuous.
    chance : (m,) float64 or None
        How often a quiet series lets the detector say anything but 1, such as a record: no level is reached more often.
    """

    p_high: Floats
    p_low: Floats
    series: Ints
    true_high: Floats | None = None
    true_low: Floats | None = None
    chance: Floats | None = None


class Family(NamedTuple):
    """Quiet series of one kind under one detector.

    Attributes
    ----------
    detector : str
        Its name in the registry.
    name : str
        What is generated (or recorded), in words.
    sides : tuple of Side
        The tails that the detector answers with.
    run : Callable
        Takes a seed and a size, 1 for a whole study, less for fewer series of the same length; yields tails after the
        detector has settled.
    settled : str
        After how long observations count, in words.
    recorded : bool
        Whether these are quiet stretches of a recording.
    """

    detector: str
    name: str
    sides: tuple[Side, ...]
    run: Callable[[int, float], Iterator[Tails]]
    settled: str
    recorded: bool = False


class Rate(NamedTuple):
    """How often tails were at most ``level``.

    Attributes
    ----------
    level : float
        The nominal probability.
    observed : float
        How many were.
    nominal : float
        How many should have been.
    low, high : float
        95 % interval of observed over nominal: Poisson's for as many independent clusters as the scatter between
        series speaks for.
    """

    level: float
    observed: float
    nominal: float
    low: float
    high: float

    @property
    def ratio(self) -> float:
        """Observed over nominal; NaN where none is expected."""
        return self.observed / self.nominal if self.nominal else float("nan")

    @property
    def enough(self) -> bool:
        """Whether so many are expected that the rate can be judged."""
        return self.nominal >= ENOUGH

    @property
    def outside(self) -> bool:
        """Whether the rate is surely further from nominal than the factor: the whole interval is."""
        return self.enough and (self.low > FACTOR or self.high < 1.0 / FACTOR)

    @property
    def inside(self) -> bool:
        """Whether the rate is surely within the factor: the whole interval is."""
        return self.enough and self.low >= 1.0 / FACTOR and self.high <= FACTOR


class Measured(NamedTuple):
    """Rates of one family on one side, one per level."""

    detector: str
    family: str
    side: Side
    settled: str
    recorded: bool
    observations: int
    rates: tuple[Rate, ...]


def measure(
    family: Family, seed: int = 1, size: float = 1.0, levels: tuple[float, ...] = LEVELS
) -> tuple[Measured, ...]:
    """Return how often a family's tails fall below each level, for each of its sides.

    Parameters
    ----------
    family : Family
        What runs.
    seed : int
        Of its random numbers.
    size : float
        1 for a whole study, less for a short version.
    levels : tuple of float
        At which probabilities.
    """
    bounds, shape = np.array(levels), (len(family.sides), len(levels))
    nominal, number = np.zeros(shape), 0
    counts = np.zeros((0, *shape))
    for tails in family.run(seed, size):
        number += len(tails.series)
        if len(tails.series) and tails.series.max() >= len(counts):
            grown = np.zeros((int(tails.series.max()) + 1, *shape))
            grown[: len(counts)] = counts
            counts = grown
        for at, side in enumerate(family.sides):
            p, true = _of_side(tails, side)
            for place, level in enumerate(bounds):
                np.add.at(counts[:, at, place], tails.series[p <= level], 1.0)
                nominal[at, place] += _expected(tails, true, level)
    return tuple(
        Measured(
            family.detector,
            family.name,
            side,
            family.settled,
            family.recorded,
            number,
            _rates(levels, counts[:, at], nominal[at]),
        )
        for at, side in enumerate(family.sides)
    )


def _expected(tails: Tails, true: Floats | None, level: float) -> float:
    """Return how many tails of one side should be at most ``level``."""
    if true is not None:
        return float((true <= level).sum())
    if tails.chance is not None:
        return float(np.minimum(tails.chance, level).sum())
    return level * len(tails.series)


def _of_side(tails: Tails, side: Side) -> tuple[Floats, Floats | None]:
    """Return a side's tails, and the true ones where the generator knows them."""
    if side == "high":
        return tails.p_high, tails.true_high
    if side == "low":
        return tails.p_low, tails.true_low
    return np.minimum(tails.p_high, tails.p_low), None


def _rates(levels: tuple[float, ...], per_series: Floats, nominal: Floats) -> tuple[Rate, ...]:
    """Return the rates from how many tails each series had at most each level, (series, levels).

    Alarms that come together speak like one; at a rare level they clump at least as at the commoner one before it,
    which may have been seen more often.
    """
    rates, clump = [], 1.0
    for at, level in enumerate(levels):
        observed, expected = float(per_series[:, at].sum()), float(nominal[at])
        if observed > 0.0 and len(per_series) > 1:
            clump = max(clump, float(per_series[:, at].var(ddof=1)) * len(per_series) / observed)
        low, high = poisson_interval(observed / clump)
        scale = clump / expected if expected else float("nan")
        rates.append(Rate(level, observed, expected, low * scale, high * scale))
    return tuple(rates)


def poisson_interval(count: float) -> tuple[float, float]:
    """Return the 95 % interval of a Poisson mean of which ``count`` events were seen.

    Wilson and Hilferty's approximation of the exact one (Breslow and Day, Statistical Methods in Cancer Research II,
    1987, 2.11), for a count that need not be whole.

    Examples
    --------
    >>> [round(bound, 2) for bound in poisson_interval(0.0)], [round(bound, 1) for bound in poisson_interval(20.0)]
    ([0.0, 3.67], [12.2, 30.9])
    """
    low = count * (1.0 - 1.0 / (9.0 * count) - _SURE / (3.0 * np.sqrt(count))) ** 3 if count > 0.0 else 0.0
    above = count + 1.0
    high = above * (1.0 - 1.0 / (9.0 * above) + _SURE / (3.0 * np.sqrt(above))) ** 3
    return max(float(low), 0.0), float(high)


def feed(
    bank: Any, rows: Iterable[Floats], settled: int, step_ms: int = HOUR_MS, *, records: bool = False
) -> Iterator[Tails]:
    """Yield the tails of a bank of single values, one value per series and step, once ``settled`` steps are over.

    Parameters
    ----------
    bank : a detector of `detectors.arrays.Block`
        New.
    rows : Iterable of (series,) float64
        The values of one step.
    settled : int
        Steps that don't count.
    step_ms : int
        Time from step to step; the first is on a Monday at midnight.
    records : bool
        Whether it speaks only of records, which one value in as many as there were is.
    """
    numbers: Ints = np.zeros(0, np.int64)
    for step, row in enumerate(rows):
        if len(numbers) != len(row):
            numbers = np.arange(len(row))
            bank.resize(len(row))
        at = np.full(len(row), MONDAY_MS + step * step_ms)
        scores = bank.update(Block(numbers, at, at, row))
        if step >= settled:
            chance = np.full(len(row), 1.0 / (step + 1.0)) if records else None
            yield Tails(scores.p_high, scores.p_low, numbers, chance=chance)
