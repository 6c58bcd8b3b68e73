"""What hypothesis draws in several tests: observations of any detector, from the usual to the impossible."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.contract.blocks import REPORTERS, AnyBlock, take
from tests.contract.cases import Case
from tests.contract.feeds import DAY, HOUR, MINUTE, SERIES

anything = st.floats(width=64) | st.integers(0, 50).map(float)
"""Any float, NaN and infinities too, and more often than chance has it a small count."""

gaps_ms = st.sampled_from([0, 1, MINUTE, 5 * MINUTE, HOUR, 26 * HOUR, 200 * HOUR])
"""From one observation to the next: at once, at any cadence, or after more than a week."""

since_ms = st.sampled_from([-40 * DAY, -HOUR, 0, 5 * MINUTE, HOUR, DAY, 400 * DAY])
"""From the end of what a detector has seen to the next block: late, in time, or after more than a year."""


@st.composite
def observations(draw: st.DrawFn, case: Case, most: int = 24) -> AnyBlock:
    """Draw a block for the detector of a case: observations of its feed, of which some columns hold anything.

    Times may repeat and lie before all of the feed; the wall clock is put forward and back between observations.
    """
    known = case.feed().block
    count = draw(st.integers(1, most))
    wild = np.array(draw(st.lists(anything, min_size=1, max_size=8)), np.float64)
    share = draw(st.sampled_from([0.0, 0.2, 1.0]))
    rows = draw(st.lists(st.integers(0, SERIES - 1), min_size=count, max_size=count))
    gaps = draw(st.lists(gaps_ms, min_size=count, max_size=count))
    offsets = draw(st.lists(st.sampled_from([6, 7, 7, 7, 8]), min_size=count, max_size=count))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    at_ms = known.at_ms[-1] + draw(since_ms) + np.cumsum(np.array(gaps, np.int64))
    block: Any = take(known, rng.integers(0, len(known.series), count))
    columns = {"series": np.array(rows, np.int64), "at_ms": at_ms, "local_ms": at_ms + HOUR * np.array(offsets)}
    for name in block._fields[3:]:
        column = getattr(block, name).copy()
        changed = rng.random(column.shape) < share
        others = {"f": wild, "i": REPORTERS, "b": np.array([False, True])}[column.dtype.kind]
        column[changed] = rng.choice(others, int(changed.sum()))
        columns[name] = column
    changed_block: AnyBlock = block._replace(**columns)
    return changed_block


def cuts(count: int) -> st.SearchStrategy[list[int]]:
    """Draw where to cut that many observations, both ends included."""
    return st.sets(st.integers(0, count), max_size=5).map(lambda inner: sorted(inner | {0, count}))
