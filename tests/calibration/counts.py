"""Families of counts: Poisson and negative-binomial counts with rhythms of day and week, runs of zeros, rare reports.

To add one: a function ``run(seed, size)`` that yields `Tails` of settled observations, and a `Family` in ``FAMILIES``.
Where the detector judges each count by itself, hand in the generator's own tails too (`binomial_tails`): counts are
discrete, so P(N >= n) is below 0.01 less often than once in a hundred, also for a detector that knows everything.
Detectors of sums (`count_cusum`, and `seasonal` with its runs) judge a statistic that is nearly continuous: theirs are
held against the level itself.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np

from detectors.arrays import Block, Floats
from detectors.blocks import CountBlock
from detectors.exposed import ExposedCounts
from detectors.rare import RareCounts
from detectors.registry import DETECTORS
from tests.calibration.family import HOUR_MS, Family, Tails, feed
from tests.calibration.repeats import generated
from tests.calibration.series import USUAL, Counts, counts, runs_of_zeros
from tests.calibration.steps import Reports, by_day
from tests.calibration.truth import binomial_tails
from tests.calibration.units import each, head, high_of_reports

_DAY = 24
_SEASONAL = (1000, 60 * _DAY, 160 * _DAY)  # series, hours that don't count, hours in all
_RARE = (1000, 60 * _DAY, 200 * _DAY)
_RATES = 10
_EXPOSED = (1000, 60 * _DAY, 120 * _DAY)
_CUSUM = (2500, 60 * _DAY, 240 * _DAY)
_YEAR = (500, 60 * _DAY, 360 * _DAY)
_EVERY_5 = (250, 60 * _DAY * 12, 100 * _DAY * 12)  # the same in steps of five minutes
_ZEROS = (2000, 60 * _DAY, 160 * _DAY)
_POISSON, _STEADY, _SCATTERED = np.inf, 1.0 / 0.03, 1.0 / 0.2  # sizes
_FEW, _MANY = Counts(20.0, 1.0, 30.0), Counts(_STEADY, 3.0, 400.0)
_SEASONS = Counts(_STEADY, 3.0, 400.0, days=0.15, seasons=0.15)
_WEEKS = Counts(_STEADY, 20.0, 1000.0, week=0.1)
_ALL = Counts(_STEADY, 3.0, 400.0, days=0.1, seasons=0.1, week=0.1)
_KINDS = {
    "Poisson": _POISSON,
    "negative binomial, dispersion 0.03": _STEADY,
    "negative binomial, dispersion 0.2": _SCATTERED,
}


def _seasonal(name: str, study: tuple[int, int, int], kind: Counts) -> Family:
    def run(seed: int, size: float) -> Iterator[Tails]:
        series, settled, length = study
        rows = (value for value, _ in counts(max(round(series * size), 20), length, seed, kind))
        return feed(DETECTORS["seasonal"](), rows, settled, HOUR_MS // kind.an_hour)

    return Family("seasonal", name, ("high", "low"), run, "60 days")


def _flatline(seed: int, size: float) -> Iterator[Tails]:
    """Yield tails of runs of zeros, and the true ones: a run gets longer in steps, and so do its tails."""
    series, settled, length = _ZEROS
    number = max(round(series * size), 20)
    rows = enumerate(runs_of_zeros(number, length, seed))
    blocks = ((Block(*head(number, step), row), (np.ones(number), true)) for step, (row, true) in rows)
    return each(DETECTORS["flatline"](), blocks, settled)


def _count_cusum(name: str, study: tuple[int, int, int], kind: Counts) -> Family:
    def run(seed: int, size: float) -> Iterator[Tails]:
        series, settled, length = study
        rows = (value for value, _ in counts(max(round(series * size), 20), length, seed, kind))
        return feed(DETECTORS["count_cusum"](), rows, settled, HOUR_MS // kind.an_hour)

    return Family("count_cusum", name, ("high", "low"), run, "60 days")


def _rare(least: float, clump: float, seed: int, size: float) -> Iterator[Tails]:
    """Yield tails of all panes, those without a report as 1, and the true ones; ``clump`` reports come with each.

    Series have ten rates, from ``least`` to ten times that a day, so that no one step of counts decides.
    """
    series, settled, length = _RARE
    rng, number = np.random.default_rng(seed), max(round(series * size), 20)
    reports = Reports(np.geomspace(least, 10.0 * least, _RATES), clump)
    often, rate = reports.often(seed + 1), np.arange(number) % _RATES
    bank, rows, ring = RareCounts(), np.arange(number), np.zeros((_DAY, number), np.int64)
    bank.resize(number)
    bank.update(Block(*head(number, 0), np.zeros(number)))
    for step in range(1, length):
        ring[step % _DAY] = count = reports.row(rng, step, rate)
        p = high_of_reports(bank, step, count)
        if step >= settled:
            some, true = np.flatnonzero(count), np.ones(number)
            true[some] = often.tail(reports.least(ring, step, some, rate), rate[some])
            yield Tails(p, np.ones(number), rows, true)


def _exposed(clumps: float, idle: float, seed: int, size: float) -> Iterator[Tails]:
    """Yield tails of counts of 1 to 8 counters, 0.1 to 100 an hour, uncounted in some hours, and the true tails."""
    series, settled, length = _EXPOSED
    rng, number = np.random.default_rng(seed), max(round(series * size), 20)
    level = 10 ** rng.uniform(-1.0, 2.0, number)

    def blocks() -> Iterator[tuple[CountBlock, tuple[Floats, Floats]]]:
        for step in range(length):
            open_ = rng.integers(1, 9, number).astype(np.float64)
            mean = level * open_ / 4.0 * by_day(step)
            count = rng.poisson(mean * rng.gamma(1.0 / clumps, clumps, number)).astype(np.float64)
            count *= rng.random(number) >= idle
            high, low = binomial_tails(count, mean, 1.0 / clumps)
            truth = np.where(count > 0.0, (1.0 - idle) * high, 1.0), idle + (1.0 - idle) * low
            yield CountBlock(*head(number, step), count, open_), truth

    return each(ExposedCounts(), blocks(), settled)


def _reports(name: str, least: float, clump: float) -> Family:
    return Family("rare", name, ("high",), partial(_rare, least, clump), "60 days")


FAMILIES = (
    _seasonal("hourly negative binomial, 1 to 400 an hour", _SEASONAL, USUAL),
    *(_seasonal(f"hourly {name}, 3 to 400", _SEASONAL, Counts(size, 3.0, 400.0)) for name, size in _KINDS.items()),
    *(
        _seasonal(f"every 5 minutes {name}, 3 to 400", _EVERY_5, Counts(size, 3.0, 400.0, 12))
        for name, size in _KINDS.items()
    ),
    _seasonal("hourly with days and seasons of their own, 3 to 400", _YEAR, _SEASONS),
    _seasonal("hourly with days of the week, days and seasons of their own, 3 to 400", _YEAR, _ALL),
    Family("flatline", "hourly values with runs of zeros", ("low",), _flatline, "60 days"),
    Family(
        "flatline", "hourly counts, 1 to 30, zero or repeated by chance", ("low",), partial(generated, _FEW), "60 days"
    ),
    Family("flatline", "hourly counts, 3 to 400, repeated by chance", ("low",), partial(generated, _MANY), "60 days"),
    _count_cusum("hourly negative binomial, 1 to 400 an hour", _CUSUM, USUAL),
    _count_cusum("hourly with days and seasons of their own, 3 to 400", _YEAR, _SEASONS),
    _count_cusum("hourly with days of the week of their own, 20 to 1,000", _YEAR, _WEEKS),
    _count_cusum(
        "every 5 minutes negative binomial, dispersion 0.03, 3 to 400", _EVERY_5, Counts(_STEADY, 3.0, 400.0, 12)
    ),
    *(
        _reports(name + (", half of them in clumps" if clump else ""), least, clump)
        for clump in (0.0, 0.5)
        for name, least in (("0.1 to 1 reports a day", 0.1), ("1 to 10 a day", 1.0), ("10 to 100 a day", 10.0))
    ),
    Family("exposed", "rates that hardly vary", ("high", "low"), partial(_exposed, 0.01, 0.0), "60 days"),
    Family("exposed", "rates that vary by themselves", ("high", "low"), partial(_exposed, 1.0, 0.0), "60 days"),
    Family("exposed", "idle in three hours of ten", ("high",), partial(_exposed, 0.1, 0.3), "60 days"),
)
