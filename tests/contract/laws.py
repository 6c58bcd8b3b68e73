"""The laws of detectors: functions of a case that fail where its detector breaks the law; `LAWS` holds all by name."""

import warnings
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.arrays import Scores
from tests.contract import feeds
from tests.contract.blocks import AnyBlock, blanked, constant, extreme, out_of_reach, take
from tests.contract.cases import Case, joined, same

Law = Callable[[Case], None]
LAWS: dict[str, Law] = {}
EARLY, LATE = 0.7, 0.9
"""Shares of a feed after which laws begin."""
_CONSTANT_HOURS = 21 * 24
_GROWN = feeds.SERIES + 50
_EXTREMES = [0.0, 5e-324, 1e-300, 1.0, 1e9, 1e15, 1e150, 1.7e308, -1.0, -1.7e308, np.inf, -np.inf, np.nan, 3.0]


def law(check: Law) -> Law:
    """Enter a function among the laws."""
    LAWS[check.__name__] = check
    return check


class Begun(NamedTuple):
    """A detector that has seen a share of its feed: where that ends, what it said and holds, what is to come."""

    end: int
    said: Scores
    state: Mapping[str, NDArray[np.generic]]
    rest: AnyBlock


@cache
def whole(case: Case) -> tuple[Scores, dict[str, bytes]]:
    """Return the scores of the whole feed in one block and the state after it; worked out once."""
    detector = case.fresh()
    scores = detector.update(case.feed().block)
    return scores, held(detector)


@cache
def begun(case: Case, share: float) -> Begun:
    """Return how the detector stands after a share of the feed; worked out once.

    Laws are about detectors that know their series: most of them begin here, not at the cold start.
    """
    block = case.feed().block
    begin = begun(case, EARLY).end if share > EARLY else 0
    end = round(len(block.series) * share)
    detector = resumed(case, EARLY) if begin else case.fresh()
    said = detector.update(take(block, slice(begin, end)))
    return Begun(end, said, _copied(detector.state()), take(block, slice(end, None)))


def resumed(case: Case, share: float) -> Any:
    """Return a detector that has seen a share of the feed."""
    detector = case.make()
    detector.load(_copied(begun(case, share).state))
    return detector


def later(case: Case, share: float) -> Scores:
    """Return what is said of the rest of the feed when the whole is one block."""
    return Scores(*(column[begun(case, share).end :] for column in whole(case)[0]))


def held(detector: Any) -> dict[str, bytes]:
    """Return the state, bit for bit."""
    return {name: array.tobytes() for name, array in detector.state().items()}


@law
def it_equals_its_naive_twin(case: Case) -> None:
    """Find the same probabilities and expectations as a per-series implementation that shares no code."""
    scores, _ = whole(case)
    twin = np.array(case.naive(case.feed().block))
    assert np.array_equal(np.isnan(scores.expected), np.isnan(twin[:, 2]))
    np.testing.assert_allclose(np.log(scores.p_high), np.log(twin[:, 0]), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(np.log(scores.p_low), np.log(twin[:, 1]), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(scores.expected, twin[:, 2], rtol=1e-6, atol=1e-9)


@law
def its_feed_makes_it_speak(case: Case) -> None:
    """Hear something: a law proved on a detector that says nothing would prove nothing."""
    scores, _ = whole(case)
    assert np.minimum(scores.p_high, scores.p_low).min() < 1e-3
    assert np.isfinite(scores.expected).any()


@law
def probabilities_are_probabilities(case: Case) -> None:
    """Get three float64 columns as long as the block, and both tails in (0, 1]."""
    scores, _ = whole(case)
    for column in scores:
        assert column.dtype == np.float64
        assert column.shape == case.feed().block.series.shape
    for tail in (scores.p_high, scores.p_low):
        assert ((tail > 0.0) & (tail <= 1.0)).all()


@law
def what_is_expected_was_known_before(case: Case) -> None:
    """Score before learning: of two observations that are both out of reach, neither draws the expectation to itself.

    Within reach some detectors expect what is nearest to the observation. That tails too are of the state before, only
    the twin can tell: seen from outside, the tail of a state that has learned is a tail as well.
    """
    compared = 0
    for share in (EARLY, LATE):
        rest = begun(case, share).rest
        each = [np.flatnonzero(rest.series == row) for row in range(feeds.SERIES)]
        probed = np.array([at[min(len(at) // 2, 9)] for at in each])
        for pair in out_of_reach(take(rest, slice(0, probed.max() + 1)), probed):
            one, other = (resumed(case, share).update(block).expected[probed] for block in pair)
            both = np.isfinite(one) & np.isfinite(other)
            np.testing.assert_allclose(one[both], other[both], rtol=0.0, atol=1e-200)
            compared += int(both.sum())
    assert compared


@law
def splitting_a_block_changes_nothing(case: Case) -> None:
    """Blocks of any size give the same scores and leave the same state, bit for bit."""
    for size, share in ((1, LATE), (13, EARLY)):
        parts, rest = resumed(case, share), begun(case, share).rest
        found = joined([parts.update(take(rest, slice(at, at + size))) for at in range(0, len(rest.series), size)])
        assert same(found, later(case, share))
        assert held(parts) == whole(case)[1]


@law
def the_future_does_not_change_the_past(case: Case) -> None:
    """Scores of a prefix are the prefix of the scores."""
    end, prefix, _, _ = begun(case, EARLY)
    assert same(prefix, Scores(*(column[:end] for column in whole(case)[0])))


@law
def permuting_series_permutes_scores(case: Case) -> None:
    """Move series to other rows: a row is only an address, of the state as well."""
    rest, order = begun(case, EARLY).rest, np.random.default_rng(5).permutation(feeds.SERIES)
    moved = case.make()
    moved.load({name: array[np.argsort(order)] for name, array in begun(case, EARLY).state.items()})
    assert same(moved.update(rest._replace(series=order[rest.series])), later(case, EARLY))


@law
def a_series_scores_the_same_alone(case: Case) -> None:
    """Nothing is shared between the series of a bank."""
    block = case.feed().block
    mine = np.flatnonzero(block.series == 4)
    alone = case.fresh(1).update(take(block, mine)._replace(series=np.zeros(len(mine), np.int64)))
    assert same(alone, Scores(*(column[mine] for column in whole(case)[0])))


@law
def state_and_load_in_mid_stream_change_nothing(case: Case) -> None:
    """Go on from a copy of the state in a detector with another past: it is all there is, and stays as it was."""
    _, _, state, rest = begun(case, EARLY)
    copy = _copied(state)
    restored = case.fresh()
    restored.update(take(rest, slice(0, 40)))
    restored.load(copy)
    assert same(restored.update(rest), later(case, EARLY))
    assert held(restored) == whole(case)[1]
    assert all(copy[name].tobytes() == array.tobytes() for name, array in state.items())


@law
def growing_in_mid_stream_changes_nothing(case: Case) -> None:
    """Add series: they start as cold as in a new bank, and the others don't notice."""
    detector = resumed(case, EARLY)
    detector.resize(_GROWN)
    assert same(detector.update(begun(case, EARLY).rest), later(case, EARLY))
    cold = case.fresh(_GROWN).state()
    for name, array in detector.state().items():
        assert array[: feeds.SERIES].tobytes() == whole(case)[1][name]
        assert array[feeds.SERIES :].tobytes() == cold[name][feeds.SERIES :].tobytes()


@law
def nan_is_neutral_and_touches_no_other(case: Case) -> None:
    """Unknown observations score 1, 1, NaN, and everything else is as if they had not been there."""
    with_nan, without, block = resumed(case, EARLY), resumed(case, EARLY), begun(case, EARLY).rest
    rng = np.random.default_rng(6)
    unknown = np.flatnonzero(rng.random(len(block.series)) < 0.1)
    rest = np.setdiff1d(np.arange(len(block.series)), unknown)
    scores = with_nan.update(blanked(block, unknown))
    assert same(Scores(*(column[rest] for column in scores)), without.update(take(block, rest)))
    assert (scores.p_high[unknown] == 1.0).all()
    assert (scores.p_low[unknown] == 1.0).all()
    assert np.isnan(scores.expected[unknown]).all()
    assert held(with_nan) == held(without)


@law
def inputs_are_not_written(case: Case) -> None:
    """Hand in read-only arrays: they are as good as any."""
    detector: Any = resumed(case, LATE)
    block: Any = begun(case, LATE).rest
    block = type(block)(*(column.copy() for column in block))
    for column in block:
        column.flags.writeable = False
    detector.update(block)
    assert all(column.tobytes() == same.tobytes() for column, same in zip(block, begun(case, LATE).rest, strict=True))


@law
def a_constant_series_is_silent(case: Case) -> None:
    """Repeat a value for three weeks: what never changes is no anomaly, from the first one on."""
    at = np.repeat(feeds.START + np.arange(_CONSTANT_HOURS) * feeds.HOUR, 3)
    rows, value = np.tile(np.arange(3), _CONSTANT_HOURS), np.tile([0.0, 1.0, 250.0], _CONSTANT_HOURS)
    scores = case.fresh(3).update(constant(type(case.feed().block), rows, at, value))
    assert np.minimum(scores.p_high, scores.p_low).min() > 1e-3


@law
def extreme_values_raise_no_warning(case: Case) -> None:
    """Pass the smallest, the largest and the impossible without overflow."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = case.fresh(1).update(extreme(type(case.feed().block), np.tile(_EXTREMES, 40)))
    assert ((scores.p_high > 0.0) & (scores.p_high <= 1.0)).all()
    assert ((scores.p_low > 0.0) & (scores.p_low <= 1.0)).all()


@law
def an_empty_block_is_fine(case: Case) -> None:
    """Nothing in, nothing out."""
    detector = resumed(case, LATE)
    before = held(detector)
    assert [len(column) for column in detector.update(take(case.feed().block, slice(0, 0)))] == [0, 0, 0]
    assert held(detector) == before


@law
def wrong_blocks_are_refused_by_name(case: Case) -> None:
    """Wrong types, lengths, rows and orders are ValueErrors that name the culprit, and teach nothing."""
    block: Any = take(case.feed().block, slice(0, 50))
    wrong: list[tuple[str, Any]] = [
        ("series has 2 axes", type(block)(*(column[:, None] for column in block))),
        (f"series {2 * feeds.SERIES - 1} is outside 0..5", block._replace(series=block.series + feeds.SERIES)),
        ("series -1 is outside 0..5", block._replace(series=block.series - 1)),
        ("at_ms decreases", block._replace(at_ms=block.at_ms[::-1].copy())),
    ]
    for name, column in zip(block._fields, block, strict=True):
        other = np.float64 if column.dtype.kind in "ib" else np.float32
        with np.errstate(over="ignore"):
            wrong.append((f"{name} is {np.dtype(other)}", block._replace(**{name: column.astype(other)})))
        if name != "series":
            wrong.append((f"{name} is {column.dtype}", block._replace(**{name: column[:-1]})))
    detector = case.fresh()
    before = held(detector)
    for message, bad in wrong:
        with pytest.raises(ValueError, match=message):
            detector.update(bad)
        assert held(detector) == before


@law
def a_bank_only_grows(case: Case) -> None:
    """Ask for fewer rows: a smaller bank would give a series another one's history."""
    detector = case.fresh()
    with pytest.raises(ValueError, match="only grows"):
        detector.resize(2)
    detector.resize(feeds.SERIES)
    assert {len(array) for array in detector.state().values()} == {feeds.SERIES}


@law
def foreign_states_are_refused_by_name(case: Case) -> None:
    """Other arrays, types, shapes and lengths are ValueErrors that name the culprit, and replace nothing."""
    detector = resumed(case, LATE)
    before, state = held(detector), _copied(begun(case, LATE).state)
    for name, array in state.items():
        other = np.complex128 if array.dtype == np.float64 else np.float64
        wrong = {
            r"\.load: arrays": {key: value for key, value in state.items() if key != name},
            f"load: {name} is": {**state, name: array.astype(other)},
            f"load: {name} is .*": {**state, name: array[..., None]},
            "load: arrays of": {**state, name: array[:-1]},
        }
        if len(state) == 1:
            del wrong["load: arrays of"]  # a state of one array may have any length
        for message, bad in wrong.items():
            with pytest.raises(ValueError, match=message):
                detector.load(bad)
    with pytest.raises(ValueError, match=r"\.load: arrays"):
        detector.load({**state, "other": next(iter(state.values()))})
    assert held(detector) == before


def _copied(state: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
    return {name: array.copy() for name, array in state.items()}
