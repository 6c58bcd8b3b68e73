"""Whatever a stream holds, however late or cut it is and wherever its series stand: detectors keep their laws on it."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.arrays import Scores
from tests.contract.blocks import AnyBlock, take
from tests.contract.cases import CASES, Case, joined, same
from tests.contract.feeds import SERIES
from tests.contract.laws import LATE, begun, held, resumed
from tests.strategies import cuts, observations

every = pytest.mark.parametrize(
    "case",  # beside the laws of the same detector, whose feed has then been worked out
    [pytest.param(case, id=case.name, marks=pytest.mark.xdist_group(case.name)) for case in CASES],
)
few = settings(max_examples=10, deadline=None, derandomize=True)


def valid(scores: Scores) -> bool:
    """Say whether both tails are probabilities."""
    return all(bool(((tail > 0.0) & (tail <= 1.0)).all()) for tail in (scores.p_high, scores.p_low))


def updated(case: Case, block: AnyBlock, *, warm: bool) -> tuple[Any, Scores]:
    """Return a detector that has seen the block, as a new one or after its feed, and what it said of it."""
    detector = resumed(case, LATE) if warm else case.fresh()
    return detector, detector.update(block)


@every
@few
@given(data=st.data(), warm=st.booleans())
def test_any_cut_of_any_stream_gives_the_same_bits(case: Case, data: st.DataObject, *, warm: bool) -> None:
    """Of scores and state; the scores are probabilities and no warning is raised (they are errors here)."""
    block = data.draw(observations(case))
    whole, expected = updated(case, block, warm=warm)
    ends = data.draw(cuts(len(block.series)))
    parts = resumed(case, LATE) if warm else case.fresh()
    assert valid(expected)
    assert same(joined([parts.update(take(block, slice(a, b))) for a, b in pairwise(ends)]), expected)
    assert held(parts) == held(whole)


@every
@few
@given(data=st.data(), order=st.permutations(range(SERIES)), alone=st.integers(0, SERIES - 1))
def test_other_rows_and_other_series_change_no_bit(
    case: Case, data: st.DataObject, order: list[int], alone: int
) -> None:
    """In any order of the bank's rows, and without the other series, a series scores the same."""
    block, state = data.draw(observations(case)), begun(case, LATE).state
    _, expected = updated(case, block, warm=True)
    moved, single = case.make(), case.make()
    moved.load({name: array[np.argsort(order)] for name, array in state.items()})
    assert same(moved.update(block._replace(series=np.array(order)[block.series])), expected)
    single.load({name: array[alone : alone + 1] for name, array in state.items()})
    mine = np.flatnonzero(block.series == alone)
    found = single.update(take(block, mine)._replace(series=np.zeros(len(mine), np.int64)))
    assert same(found, Scores(*(column[mine] for column in expected)))


@every
@few
@given(data=st.data())
def test_a_detector_goes_on_after_whatever_it_was_given(case: Case, data: st.DataObject) -> None:
    """Late blocks, impossible values: its state stays one that can be saved, loaded and gone on from."""
    detector, _ = updated(case, data.draw(observations(case)), warm=True)
    restored = case.make()
    restored.load({name: array.copy() for name, array in detector.state().items()})
    after = data.draw(observations(case))
    scores = detector.update(after)
    assert valid(scores)
    assert same(restored.update(after), scores)
    assert held(restored) == held(detector)
