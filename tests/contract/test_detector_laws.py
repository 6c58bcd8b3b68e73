"""Every detector of the registry keeps every law; there is no way to opt out."""

from typing import Any

import numpy as np
import pytest

from detectors.arrays import Scores
from detectors.registry import EVERY
from tests.contract import feeds
from tests.contract.blocks import blanked, constant, extreme, take
from tests.contract.cases import CASES, Case, joined, same

every = pytest.mark.parametrize(
    "case",  # all laws of a detector in one process, which works out its feed once
    [pytest.param(case, id=case.name, marks=pytest.mark.xdist_group(case.name)) for case in CASES],
)


_WHOLE: dict[str, tuple[Scores, dict[str, bytes]]] = {}


def whole(case: Case) -> tuple[Scores, dict[str, bytes]]:
    """Return the scores of the whole feed in one block and the state after it; worked out once."""
    if case.name not in _WHOLE:
        detector = case.fresh()
        scores = detector.update(case.feed().block)
        _WHOLE[case.name] = scores, _bytes(detector)
    return _WHOLE[case.name]


def scored(case: Case, start: int = 0) -> Scores:
    """Return the scores of the whole feed in one block, from one observation on."""
    return Scores(*(column[start:] for column in whole(case)[0]))


_BEGUN: dict[tuple[str, float], tuple[int, Scores, dict[str, Any]]] = {}


def begun(case: Case, share: float) -> tuple[int, Scores, dict[str, Any]]:
    """Return where a share of the feed ends, the scores up to there and a copy of the state; worked out once.

    Laws are about detectors that know their series: most of them begin here, not at the cold start.
    """
    key = case.name, share
    if key not in _BEGUN:
        block = case.feed().block
        end = round(len(block.series) * share)
        detector = case.fresh()
        scores = detector.update(take(block, slice(0, end)))
        _BEGUN[key] = end, scores, {name: array.copy() for name, array in detector.state().items()}
    return _BEGUN[key]


def resumed(case: Case, share: float) -> tuple[Any, Any, int]:
    """Return a detector that has seen a share of the feed, the rest of the feed, and where that begins."""
    end, _, state = begun(case, share)
    detector = case.make()
    detector.load({name: array.copy() for name, array in state.items()})
    return detector, take(case.feed().block, slice(end, None)), end


def test_every_detector_of_the_registry_is_under_contract() -> None:
    """The names of the registry are the names of the cases, and of the detectors themselves."""
    assert [case.name for case in CASES] == sorted(EVERY)
    assert all(make().name == name for name, make in EVERY.items())


@every
def test_it_equals_its_naive_twin(case: Case) -> None:
    """A per-series implementation that shares no code finds the same probabilities and expectations."""
    scores = scored(case)
    twin = np.array(case.naive(case.feed().block))
    assert np.array_equal(np.isnan(scores.expected), np.isnan(twin[:, 2]))
    np.testing.assert_allclose(np.log(scores.p_high), np.log(twin[:, 0]), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(np.log(scores.p_low), np.log(twin[:, 1]), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(scores.expected, twin[:, 2], rtol=1e-6, atol=1e-9)


@every
def test_the_feed_makes_it_speak(case: Case) -> None:
    """A law proved on a detector that says nothing would prove nothing."""
    scores = scored(case)
    assert np.minimum(scores.p_high, scores.p_low).min() < 1e-3
    assert np.isfinite(scores.expected).any()


@every
def test_probabilities_are_probabilities_and_silence_is_one(case: Case) -> None:
    """Both tails lie in (0, 1]; where nothing is expected nothing is claimed."""
    scores = scored(case)
    for tail in (scores.p_high, scores.p_low):
        assert tail.dtype == np.float64
        assert ((tail > 0.0) & (tail <= 1.0)).all()


@every
@pytest.mark.parametrize(("size", "share"), [(1, 0.9), (13, 0.7)])
def test_splitting_a_block_changes_nothing(case: Case, size: int, share: float) -> None:
    """Blocks of any size give the same scores and leave the same state, bit for bit."""
    parts, rest, start = resumed(case, share)
    found = joined([parts.update(take(rest, slice(at, at + size))) for at in range(0, len(rest.series), size)])
    assert same(found, scored(case, start))
    assert _bytes(parts) == whole(case)[1]


@every
def test_the_future_does_not_change_the_past(case: Case) -> None:
    """Scores of a prefix are the prefix of the scores."""
    end, prefix, _ = begun(case, 0.7)
    assert same(prefix, Scores(*(column[:end] for column in scored(case))))


@every
def test_permuting_series_permutes_scores(case: Case) -> None:
    """The row of a series is only its address, of its state as well."""
    _, block, start = resumed(case, 0.7)
    order = np.random.default_rng(5).permutation(feeds.SERIES)
    moved = case.make()
    moved.load({name: array[np.argsort(order)] for name, array in begun(case, 0.7)[2].items()})
    assert same(moved.update(block._replace(series=order[block.series])), scored(case, start))


@every
def test_a_series_scores_the_same_alone(case: Case) -> None:
    """Nothing is shared between the series of a bank."""
    block = case.feed().block
    together = scored(case)
    mine = np.flatnonzero(block.series == 4)
    alone = case.fresh(1).update(take(block, mine)._replace(series=np.zeros(len(mine), np.int64)))
    assert same(alone, Scores(*(column[mine] for column in together)))


@every
def test_state_and_load_in_mid_stream_change_nothing(case: Case) -> None:
    """A detector restored from a copy of the state goes on bit for bit."""
    restored, rest, start = resumed(case, 0.7)
    assert same(restored.update(rest), scored(case, start))
    assert _bytes(restored) == whole(case)[1]


@every
def test_growing_in_mid_stream_changes_nothing(case: Case) -> None:
    """New series start cold and the others don't notice."""
    detector, rest, start = resumed(case, 0.7)
    detector.resize(feeds.SERIES + 50)
    assert same(detector.update(rest), scored(case, start))
    assert all(len(array) == feeds.SERIES + 50 for array in detector.state().values())


@every
def test_nan_is_neutral_and_touches_no_other(case: Case) -> None:
    """Unknown observations score 1, 1, NaN, and everything else is as if they had not been there."""
    with_nan, block, _ = resumed(case, 0.7)
    without, _, _ = resumed(case, 0.7)
    rng = np.random.default_rng(6)
    unknown = np.flatnonzero(rng.random(len(block.series)) < 0.1)
    rest = np.setdiff1d(np.arange(len(block.series)), unknown)
    scores = with_nan.update(blanked(block, unknown))
    assert same(Scores(*(column[rest] for column in scores)), without.update(take(block, rest)))
    assert (scores.p_high[unknown] == 1.0).all()
    assert (scores.p_low[unknown] == 1.0).all()
    assert np.isnan(scores.expected[unknown]).all()
    assert _bytes(with_nan) == _bytes(without)


@every
def test_inputs_are_not_written(case: Case) -> None:
    """A block of read-only arrays is as good as any."""
    detector, block, _ = resumed(case, 0.9)
    before = [column.tobytes() for column in block]
    for column in block:
        column.flags.writeable = False
    detector.update(block)
    assert [column.tobytes() for column in block] == before


@every
def test_a_constant_series_is_silent(case: Case) -> None:
    """What never changes is no anomaly, from the first value on and for three weeks."""
    hours = 21 * 24
    at = np.repeat(feeds.START + np.arange(hours) * feeds.HOUR, 3)
    rows, value = np.tile(np.arange(3), hours), np.tile([0.0, 1.0, 250.0], hours)
    scores = case.fresh(3).update(constant(type(case.feed().block), rows, at, value))
    assert np.minimum(scores.p_high, scores.p_low).min() > 1e-3


@every
def test_extreme_values_raise_no_warning(case: Case) -> None:
    """The smallest, the largest and the impossible pass without overflow (warnings are errors here)."""
    extremes = [0.0, 5e-324, 1e-300, 1.0, 1e9, 1e15, 1e150, 1.7e308, -1.0, -1.7e308, np.inf, -np.inf, np.nan, 3.0]
    scores = case.fresh(1).update(extreme(type(case.feed().block), np.tile(extremes, 40)))
    assert ((scores.p_high > 0.0) & (scores.p_high <= 1.0)).all()


@every
def test_an_empty_block_is_fine(case: Case) -> None:
    """Nothing in, nothing out."""
    assert len(case.fresh().update(take(case.feed().block, slice(0, 0))).p_high) == 0


@every
def test_wrong_input_is_refused_by_name(case: Case) -> None:
    """Wrong dtypes, lengths, rows, orders, shrinking and foreign states are ValueErrors that name the culprit."""
    block = take(case.feed().block, slice(0, 50))
    wrong = {
        "series is float64": block._replace(series=block.series.astype(float)),
        "at_ms is int32": block._replace(at_ms=block.at_ms.astype(np.int32)),
        "local_ms is int64": block._replace(local_ms=block.local_ms[:-1]),
        "outside 0..5": block._replace(series=block.series + feeds.SERIES),
        "at_ms decreases": block._replace(at_ms=block.at_ms[::-1].copy()),
    }
    for message, bad in wrong.items():
        with pytest.raises(ValueError, match=message):
            case.fresh().update(bad)
    with pytest.raises(ValueError, match="only grows"):
        case.fresh().resize(2)
    with pytest.raises(ValueError, match=r"\.load: arrays"):
        case.fresh().load({"other": np.zeros(3)})
    state = case.fresh().state()
    name = next(iter(state))
    with pytest.raises(ValueError, match=f"load: {name} is"):
        case.fresh().load({**state, name: state[name].astype(np.float32)})


def _bytes(detector: Any) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in detector.state().items()}
