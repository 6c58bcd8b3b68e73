"""Families of gauges: independent normal, autoregressive and heavy-tailed values, each under every gauge detector."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from detectors.registry import DETECTORS
from tests.calibration.family import Family, Side, Tails, feed
from tests.calibration.series import Rows, autoregressive, heavy, independent

_STEP_MS = 300_000
_BOTH: tuple[Side, ...] = ("high", "low")


class Study(NamedTuple):
    """How much is generated.

    Attributes
    ----------
    detector : str
        Name in the registry.
    series, settled, length : int
        Series, steps that don't count, steps in all.
    sides : tuple of Side
        Tails that the detector answers with.
    records : bool
        Whether it speaks only of records.
    """

    detector: str
    series: int
    settled: int
    length: int
    sides: tuple[Side, ...] = _BOTH
    records: bool = False


STUDIES = (
    Study("activity", 500, 6000, 14_000, ("high",)),
    Study("changepoint", 700, 3000, 8000),
    Study("cusum", 3500, 4000, 10_000),
    Study("daily", 500, 6048, 14_112),
    Study("envelope", 2000, 150, 4000, records=True),
    Study("level", 2000, 2000, 5000),
    Study("nearest", 275, 6000, 14_000, ("either",)),
    Study("pagehinkley", 2000, 12_000, 24_000),
    Study("shift", 500, 6000, 14_000),
    Study("spot", 500, 6000, 14_000),
)
"""Alarms of detectors that look at many values come in clusters, so these get more observations."""
KINDS: dict[str, Callable[[int, int, int], Rows]] = {
    "independent normal": independent,
    "autoregressive 0.5": autoregressive,
    "Student's t, 3 degrees": heavy,
}


def _family(study: Study, kind: str) -> Family:
    def run(seed: int, size: float) -> Iterator[Tails]:
        rows = KINDS[kind](max(round(study.series * size), 20), study.length, seed)
        return feed(DETECTORS[study.detector](), rows, study.settled, _STEP_MS, records=study.records)

    return Family(study.detector, kind, study.sides, run, f"{study.settled:,} observations")


FAMILIES = tuple(_family(study, kind) for study in STUDIES for kind in KINDS)
