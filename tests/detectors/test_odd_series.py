"""Healthy series are no anomaly however they come: cold, irregular, after a gap, at clock changes, drifting."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from detectors.arrays import Block, Floats
from detectors.registry import DETECTORS
from tests.detectors import odd_series
from tests.detectors.odd_series import DAY, EACH, GAP, HOUR, OFFSET, SCENARIOS, START

ALARM = 1e-6
"""The usual threshold: each scenario has some 8,000 observations, so a calibrated tail falls below it once in sixty."""

_KINDS = {
    "count_cusum": odd_series.counts,
    "daily": odd_series.rooms,
    "flatline": odd_series.counts,
    "rare": odd_series.reports,
    "seasonal": odd_series.counts,
    "silence": odd_series.arrivals,
}
_CHANCE = {("seasonal", "forward"): 5e-8}
"""In its fourth week one of these series counts 67 where 35 are expected, which comes once in 20,000: told as 1e-7."""
_CASES = [(name, scenario) for name in DETECTORS for scenario in SCENARIOS if scenario != "drift"]


@cache
def _scored(name: str) -> tuple[Block, Floats, Floats]:
    """Return all scenarios of a detector's kind of value, the smaller of both tails, and what was expected."""
    block = odd_series.block(_KINDS.get(name, odd_series.noise))
    detector = DETECTORS[name]()
    detector.resize(EACH * len(SCENARIOS))
    scores = detector.update(block)
    return block, np.minimum(scores.p_high, scores.p_low), scores.expected


def _of(name: str, scenario: str) -> tuple[Block, Floats]:
    """Return the observations of one scenario and their tails; more than half of them are judged."""
    block, p, expected = _scored(name)
    mine = block.series // EACH == list(SCENARIOS).index(scenario)
    assert np.isfinite(expected[mine]).mean() > 0.5
    return Block(*(column[mine] for column in block)), p[mine]


@pytest.mark.parametrize(("name", "scenario"), _CASES)
def test_a_healthy_series_is_no_anomaly_at_any_cadence_after_a_gap_or_at_a_clock_change(
    name: str, scenario: str
) -> None:
    """Six series of eight weeks; the least tails were 3e-6 (`activity`, `silence`) to 1e-2.

    A gap is `silence`'s anomaly: there the first arrival behind it is left out, and must be one.
    """
    block, p = _of(name, scenario)
    if (name, scenario) == ("silence", "gap"):
        behind = np.zeros(len(p), np.bool_)
        behind[np.searchsorted(block.at_ms, GAP[1]) + np.arange(EACH)] = True
        assert p[behind].max() < ALARM
        p = p[~behind]
    assert p.min() > _CHANCE.get((name, scenario), ALARM)


@pytest.mark.parametrize("name", sorted(set(DETECTORS) - {"pagehinkley"}))
def test_a_slow_drift_is_no_anomaly(name: str) -> None:
    """Half a standard deviation, or a fifth more, in six weeks: they adapt (least tail 9e-6, of `shift`)."""
    _, p = _of(name, "drift")
    assert p.min() > ALARM


def test_a_slow_drift_is_found_by_who_watches_for_it() -> None:
    """`pagehinkley` compares with a mean of months; it says nothing of the same series without drift."""
    _, drifting = _of("pagehinkley", "drift")
    _, still = _of("pagehinkley", "regular")
    assert drifting.min() < ALARM
    assert still.min() > 1e-3


@pytest.mark.parametrize("name", DETECTORS)
def test_a_cold_start_says_nothing_whatever_comes(name: str) -> None:
    """Values of any size, arrivals at any time: until the quiet period is over nothing is said or expected."""
    rng = np.random.default_rng(42)
    detector: Any = DETECTORS[name]()
    quiet = _quiet(detector.parameters)
    at_ms = START + np.arange(quiet) * HOUR
    if name == "silence":
        at_ms = START + np.sort(rng.integers(0, quiet * HOUR, quiet))
    value = 10.0 ** rng.uniform(-3.0, 6.0, quiet) * np.where(rng.random(quiet) < 0.3, 0.0, 1.0)
    detector.resize(1)
    scores = detector.update(Block(np.zeros(quiet, np.int64), at_ms, at_ms + OFFSET, np.round(value)))
    assert (scores.p_high == 1.0).all()
    assert (scores.p_low == 1.0).all()
    assert np.isnan(scores.expected).all()


def _quiet(parameters: Any) -> int:
    """Return how many hourly observations a detector must see before it may speak, by its parameters."""
    parameters = getattr(parameters, "tails", parameters)
    by_count = [getattr(parameters, name, 0) for name in ("quiet_observations", "quiet_arrivals")]
    return int(max(*by_count, getattr(parameters, "quiet_days", 0) * DAY // HOUR))
