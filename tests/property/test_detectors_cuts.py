"""However a stream is cut and whatever it holds, detectors give the same bits, valid probabilities, and no warning."""

from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.arrays import Block
from detectors.registry import DETECTORS
from tests.contract.blocks import extreme, take
from tests.contract.cases import CASES, joined, same

HOUR = 3_600_000
anything = st.floats(width=64) | st.integers(0, 50).map(float)


@st.composite
def streams(draw: st.DrawFn) -> tuple[Block, list[int]]:
    """Draw observations of three series (uneven gaps, any float) and where to cut them."""
    n = draw(st.integers(1, 40))
    gaps = draw(st.lists(st.sampled_from([0, 1, 60_000, HOUR, 26 * HOUR, 200 * HOUR]), min_size=n, max_size=n))
    values = draw(st.lists(anything, min_size=n, max_size=n))
    rows = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    at = 1_700_000_000_000 + np.cumsum(np.array(gaps, dtype=np.int64))
    cuts = sorted(draw(st.sets(st.integers(0, n), max_size=5)) | {0, n})
    return Block(np.array(rows, dtype=np.int64), at, at + 7 * HOUR, np.array(values, dtype=np.float64)), cuts


@settings(max_examples=40, deadline=None, derandomize=True)
@given(streams())
def test_any_cut_of_any_stream_gives_the_same_bits(stream: tuple[Block, list[int]]) -> None:
    """For every detector of single values, including state."""
    block, cuts = stream
    for make in DETECTORS.values():
        whole: Any = make()
        parts: Any = make()
        whole.resize(3)
        parts.resize(3)
        expected = whole.update(block)
        found = joined([parts.update(take(block, slice(a, b))) for a, b in pairwise(cuts)])
        assert same(found, expected)
        assert all(array.tobytes() == parts.state()[name].tobytes() for name, array in whole.state().items())
        assert ((expected.p_high > 0.0) & (expected.p_high <= 1.0)).all()
        assert ((expected.p_low > 0.0) & (expected.p_low <= 1.0)).all()


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.lists(anything, min_size=1, max_size=30), st.sets(st.integers(0, 30), max_size=3))
def test_any_cut_of_any_type_of_block_gives_the_same_bits(values: list[float], cuts: set[int]) -> None:
    """For the detectors of shares, rosters, areas, points and tails too, whatever their columns hold."""
    ends = sorted({0, len(values)} | {cut for cut in cuts if cut < len(values)})
    for case in CASES:
        block = extreme(type(case.feed().block), np.array(values, dtype=np.float64))
        whole, parts = case.fresh(1), case.fresh(1)
        expected = whole.update(block)
        assert same(joined([parts.update(take(block, slice(a, b))) for a, b in pairwise(ends)]), expected)
        assert all(array.tobytes() == parts.state()[name].tobytes() for name, array in whole.state().items())
        assert ((expected.p_high > 0.0) & (expected.p_high <= 1.0)).all()
