"""Families of counts: hourly negative-binomial counts with the rhythms of days and weeks.

To add one: a function ``run(seed, size)`` that yields `Tails` of settled observations, and a `Family` in ``FAMILIES``.
Where the detector judges each count by itself, hand in the generator's own tails too (`tails_of_counts`): counts are
discrete, so P(N >= n) is below 0.01 less often than once in a hundred, also for a detector that knows everything.
Detectors of sums (`count_cusum`) judge a statistic that is nearly continuous: theirs are held against the level itself.
"""

from collections.abc import Iterator

from detectors.arrays import Floats
from detectors.registry import DETECTORS
from tests.calibration.family import Family, Tails, feed
from tests.calibration.series import SIZE, counts
from tests.calibration.truth import binomial_tails

_DAY = 24
_SEASONAL = (1000, 60 * _DAY, 160 * _DAY)  # series, hours that don't count, hours in all
_CUSUM = (2500, 60 * _DAY, 240 * _DAY)


def tails_of_counts(detector: str, study: tuple[int, int, int], seed: int, size: float) -> Iterator[Tails]:
    """Yield a detector's tails of hourly counts, with the true ones."""
    series, settled, length = study
    rows = list(counts(max(round(series * size), 20), length, seed))
    told = feed(DETECTORS[detector](), (value for value, _ in rows), settled)
    for (value, mean), tails in zip(rows[settled:], told, strict=True):
        high, low = binomial_tails(value, mean, SIZE)
        yield tails._replace(true_high=high, true_low=low)


def _seasonal(seed: int, size: float) -> Iterator[Tails]:
    return tails_of_counts("seasonal", _SEASONAL, seed, size)


def _count_cusum(seed: int, size: float) -> Iterator[Tails]:
    series, settled, length = _CUSUM
    rows: Iterator[Floats] = (value for value, _ in counts(max(round(series * size), 20), length, seed))
    return feed(DETECTORS["count_cusum"](), rows, settled)


FAMILIES = (
    Family("seasonal", "hourly negative binomial, 1 to 400 an hour", ("high", "low"), _seasonal, "60 days"),
    Family("count_cusum", "hourly negative binomial, 1 to 400 an hour", ("high", "low"), _count_cusum, "60 days"),
)
