"""Counters that only count up: cameras and telemetry that tell totals are scored by what they counted in between."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.arrays import Block
from detectors.seasonal import SeasonalCounts
from streams.banks.increments import READING, increments


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 9)), max_size=40),
    st.integers(0, 40),
)
def test_increments_are_those_of_a_reading_one_by_one_however_they_are_cut(
    readings: list[tuple[int, int, int]], cut: int
) -> None:
    """The naive reading keeps a dictionary."""
    kept: dict[int, tuple[int, int, float]] = {}
    expected: list[float] = []
    at_ms = np.cumsum([wait for _, wait, _ in readings], dtype=np.int64)
    for (row, _, total), at in zip(readings, at_ms.tolist(), strict=True):
        before, since, usual = kept.get(row, (0, at, math.inf))
        counted = total if total < before else total - before
        expected.append(math.nan if row not in kept or at - since > 1.5 * usual else float(counted))
        kept[row] = total, at, at - since if row in kept and at > since else usual
    last = np.full((4, READING), np.nan)
    found: list[float] = []
    for part in (slice(cut), slice(cut, None)):
        rows, _, totals = np.array(readings[part], np.int64).reshape(-1, 3).T
        found.extend(increments(rows, at_ms[part], totals.astype(np.float64), last).tolist())
    np.testing.assert_array_equal(found, expected)


def test_two_readings_at_the_same_time_lose_nothing() -> None:
    """The gap after them is as usual: what was counted in it is told, and a missed reading is still seen."""
    at_ms = np.array([0, 60, 120, 120, 180, 360])
    total = np.array([10.0, 14.0, 19.0, 20.0, 26.0, 50.0])
    for cut in range(7):
        last = np.full((1, READING), np.nan)
        parts = [increments(np.zeros(len(at), np.int64), at, total[part], last)
                 for part in (slice(cut), slice(cut, None)) for at in (at_ms[part],)]  # fmt: skip
        np.testing.assert_array_equal(np.concatenate(parts), [math.nan, 4.0, 5.0, 1.0, 6.0, math.nan])


def test_what_a_counter_counted_while_nobody_read_it_is_no_surge() -> None:
    """Six missed hours would be seven hours of traffic in one; nor is a reset one."""
    hours = np.r_[0:500, 506:600]
    at_ms, rows = 1_772_384_400_000 + hours * 3_600_000, np.zeros(len(hours), np.int64)
    total = np.random.default_rng(5).poisson(40.0, 600).cumsum().astype(np.float64)
    total[400:] -= total[399]
    counted = increments(rows, at_ms, total[hours], np.full((1, READING), np.nan))
    bank = SeasonalCounts()
    bank.resize(1)
    scores = bank.update(Block(rows, at_ms, at_ms, counted))
    assert np.flatnonzero(np.isnan(counted)).tolist() == [0, 500]
    assert scores.p_high.min() > 1e-4
