"""Counters that only count up: cameras and telemetry that tell totals are scored by what they counted in between."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.banks.increments import increments


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=40),
    st.integers(0, 40),
)
def test_increments_are_those_of_a_reading_one_by_one_however_they_are_cut(
    readings: list[tuple[int, int]], cut: int
) -> None:
    """The naive reading keeps a dictionary."""
    shown: dict[int, float] = {}
    expected: list[float] = []
    for row, total in readings:
        before = shown.get(row)
        expected.append(float("nan") if before is None else float(total if total < before else total - before))
        shown[row] = float(total)
    last = np.full(4, np.nan)
    found: list[float] = []
    for part in (readings[:cut], readings[cut:]):
        rows = np.array([row for row, _ in part], np.int64)
        found.extend(increments(rows, np.array([total for _, total in part], np.float64), last).tolist())
    np.testing.assert_array_equal(found, expected)
