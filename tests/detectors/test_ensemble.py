"""Combined tails hold under dependence, learn what bias is left, and count anew only for a record."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.arrays import Block, Floats
from detectors.combining import average_e, cauchy, e_mixture, e_power, fisher, half_cauchy
from detectors.ensemble import COMBINE, Ensemble, EnsembleParameters, Refractory, RefractoryParameters, TailBlock
from detectors.tails import normal_sf

ALL: list[Callable[[Floats], Floats]] = [fisher, cauchy, half_cauchy, average_e]
HOLDING = [cauchy, half_cauchy, average_e]
LEVELS = (1e-2, 1e-3, 1e-4)


def dependent(number: int, detectors: int, correlation: float, seed: int) -> Floats:
    """Return uniform tails (number, detectors) of normal scores with that pairwise correlation."""
    rng = np.random.default_rng(seed)
    common, own = rng.normal(size=(number, 1)), rng.normal(size=(number, detectors))
    return normal_sf(np.sqrt(correlation) * common + np.sqrt(1.0 - correlation) * own)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("combine", HOLDING)
def test_cauchy_and_e_values_hold_the_nominal_rate(combine: Callable[[Floats], Floats], correlation: float) -> None:
    """Down to one in ten thousand, a quarter more at most (and what half a million observations leave to chance)."""
    found = combine(dependent(500_000, 3, correlation, 1))
    for level in LEVELS:
        assert (found < level).sum() < 1.25 * level * 500_000 + 3.0 * np.sqrt(level * 500_000)


def test_fisher_fails_it_under_dependence() -> None:
    """Right when independent; at a correlation of 0.9 twenty times too often at one in a thousand."""
    assert (fisher(dependent(500_000, 3, 0.0, 2)) < 1e-3).mean() == pytest.approx(1e-3, rel=0.15)
    assert (fisher(dependent(500_000, 3, 0.9, 2)) < 1e-3).mean() > 1e-2


def test_a_default_ensemble_holds_what_fisher_breaks() -> None:
    """The default is one of those that hold."""
    assert COMBINE[EnsembleParameters().how] in HOLDING


tails = st.floats(1e-300, 1.0)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(tails, min_size=1, max_size=6), st.data())
def test_a_missing_tail_changes_nothing_and_order_little(values: list[float], data: st.DataObject) -> None:
    """NaN is as if the detector weren't there; results are tails; a smaller one never makes the whole larger."""
    where = data.draw(st.integers(0, len(values)))
    lower = [value * data.draw(st.floats(0.1, 1.0)) if i == 0 else value for i, value in enumerate(values)]
    for combine in ALL:
        whole = combine(np.array(values))
        assert combine(np.array([*values[:where], np.nan, *values[where:]])) == pytest.approx(float(whole), rel=1e-12)
        assert combine(np.array(values[::-1])) == pytest.approx(float(whole), rel=1e-9)
        assert 0.0 < whole <= 1.0
        assert combine(np.array(lower)) <= whole * (1.0 + 1e-12)


@pytest.mark.parametrize("combine", ALL)
def test_no_tail_at_all_is_one(combine: Callable[[Floats], Floats]) -> None:
    """Nothing said, nothing claimed."""
    assert combine(np.array([[np.nan, np.nan], [1.0, 1.0]])).tolist()[0] == 1.0


@pytest.mark.parametrize("combine", [fisher, cauchy, half_cauchy])
def test_a_single_tail_is_itself(combine: Callable[[Floats], Floats]) -> None:
    """From one half to where doubles end."""
    for p in (0.5, 1e-3, 1e-9, 1e-100, 1e-290):
        assert combine(np.array([p, np.nan])) == pytest.approx(p, rel=1e-9)


def test_a_detector_that_sees_nothing_has_no_veto() -> None:
    """Except with the two-sided Cauchy."""
    contrary = np.array([1e-6, 1.0 - 1e-9])
    assert half_cauchy(contrary) == pytest.approx(2e-6, rel=1e-3)
    assert cauchy(contrary) > 0.99


@pytest.mark.parametrize("calibrate", [e_power, e_mixture, lambda p: e_power(p, 0.1)])
def test_e_values_of_uniform_tails_have_mean_one(calibrate: Callable[[Floats], Floats]) -> None:
    """By the midpoint rule in the logarithm of p; so they may be averaged under any dependence."""
    log = np.linspace(-600.0, 0.0, 600_001)
    middle = 0.5 * (log[1:] + log[:-1])
    mean = (calibrate(np.exp(middle)) * np.exp(middle)).sum() * (log[1] - log[0])
    assert mean == pytest.approx(1.0, abs=2e-3)


def test_the_mixture_is_smooth_where_it_is_nought_by_nought() -> None:
    """At p = 1 it is one half; across the seam it doesn't jump; an e-value needs a kappa below 1."""
    near = e_mixture(1.0 - np.array([0.0, 0.00099999, 0.00100001]))
    assert near[0] == 0.5
    assert near[1] == pytest.approx(near[2], rel=1e-6)
    with pytest.raises(ValueError, match=r"e_power: kappa must lie between 0 and 1, is 1"):
        e_power(np.array([0.5]), 1.0)


def ensembled(high: Floats, parameters: EnsembleParameters | None = None) -> Floats:
    """Return the upper tails (steps, series) of an ensemble fed with (steps, series, detectors)."""
    steps, series, detectors = high.shape
    bank = Ensemble(parameters or EnsembleParameters(detectors=detectors))
    bank.resize(series)
    at = np.repeat(np.arange(steps), series)
    flat = high.reshape(-1, detectors)
    return bank.update(TailBlock(np.tile(np.arange(series), steps), at, at, flat, 1.0 - 0.5 * flat)).p_high.reshape(
        steps, series
    )


@pytest.mark.parametrize("bias", [0.6, 1.0, 1.4])
def test_what_bias_is_left_is_learned(bias: float) -> None:
    """Detectors that are too careful (powers of their tails below 1), right, or too bold."""
    high = dependent(1000 * 400, 3, 0.8, 3).reshape(1000, 400, 3) ** bias
    p = ensembled(high)[500:]
    for level in (1e-2, 1e-3):
        assert (p < level).mean() < 2.0 * level
    assert (p < 1e-2).mean() > 3e-3


def test_learning_fishers_bias_mends_it() -> None:
    """Its combined tail is below 0.01 five times too often; after learning not twice."""
    high = dependent(1000 * 400, 3, 0.8, 4).reshape(1000, 400, 3)
    assert (fisher(high) < 1e-2).mean() > 4e-2
    p = ensembled(high, EnsembleParameters(how="fisher"))[500:]
    assert (p < 1e-2).mean() < 2e-2


def test_an_ensemble_speaks_from_the_first_observation() -> None:
    """As if all were right; a young tail is taken for less sure: 1e-8 is 7e-6 at first, 6e-7 after 100 observations."""
    first = np.full((1, 1, 3), np.nan)
    first[0, 0, 0] = 1e-8
    assert 1e-8 < ensembled(first)[0, 0] < 1e-5
    later = np.full((101, 200, 3), np.nan)
    later[:100, :, 0] = dependent(100 * 200, 1, 0.0, 5).reshape(100, 200)
    later[100, :, 0] = 1e-8
    assert np.median(ensembled(later)[100]) < 1e-6


def test_an_alarm_that_lasts_keeps_its_depth() -> None:
    """Twenty times one in a thousand million: learned with a tenth of the weight."""
    high = dependent(1000, 3, 0.5, 5).reshape(1000, 1, 3)
    high[500:520] = 1e-9
    p = ensembled(high)[:, 0]
    assert p[500:520].max() < 1e-5


def counted(values: list[float], parameters: RefractoryParameters | None = None, step_ms: int = 1) -> list[bool]:
    """Return which tails count, one every ``step_ms``."""
    bank = Refractory(parameters)
    bank.resize(1)
    at = np.arange(len(values)) * step_ms
    scores = bank.update(Block(np.zeros(len(values), np.int64), at, at, np.array(values)))
    assert all(p in (value, 1.0) for p, value in zip(scores.p_high.tolist(), values, strict=True))
    return [p < 1.0 for p in scores.p_high.tolist()]


def test_before_an_alarm_everything_counts() -> None:
    """Whatever its order."""
    assert all(counted([0.5, 0.2, 1e-5, 1e-5, 0.9]))


def test_after_an_alarm_only_a_strict_record_counts() -> None:
    """An equal tail is none; a record that is an alarm begins the time anew."""
    three = RefractoryParameters(observations=3)
    assert counted([1e-7, 1e-7, 1e-8, 1e-8, 1e-7, 0.1, 0.2], three) == [True, False, True, False, False, False, True]


def test_so_many_observations_after_the_alarm_everything_counts_again() -> None:
    """A deeper record before that begins the count anew, and is what has to be beaten then."""
    two = RefractoryParameters(alarm_below=1e-3, observations=2)
    assert counted([1e-4, 0.1, 1e-4, 0.1], two) == [True, False, False, True]
    assert counted([1e-4, 1e-9, 0.1, 1e-5, 1e-6, 1e-6], two) == [True, True, False, False, True, False]


def test_a_horizon_in_time_ends_it_sooner() -> None:
    """Ten milliseconds after the alarm anything counts again, and what is older is no record."""
    short = RefractoryParameters(horizon_ms=10.0)
    assert counted([1e-9, 0.5, 0.5, 0.5], short, step_ms=5) == [True, False, False, True]
    assert counted([1e-9, 0.5, 0.5, 0.5], step_ms=5) == [True, False, False, False]


def test_parameters_out_of_range_are_named() -> None:
    """With the value."""
    with pytest.raises(ValueError, match=r"ensemble\.detectors must be at least 1, is 0"):
        Ensemble(EnsembleParameters(detectors=0))
    with pytest.raises(ValueError, match=r"ensemble\.how must be one of half_cauchy, .* is 'sum'"):
        Ensemble(EnsembleParameters(how="sum"))  # type: ignore[arg-type]  # what configuration could hold
    with pytest.raises(ValueError, match=r"ensemble\.suspicious must lie between 0 and 1, is 1\.0"):
        Ensemble(EnsembleParameters(suspicious=1.0))
    with pytest.raises(ValueError, match=r"refractory\.alarm_below must lie between 0 and 1, is 0"):
        Refractory(RefractoryParameters(alarm_below=0.0))
    with pytest.raises(ValueError, match=r"refractory\.observations must be at least 1, is 0"):
        Refractory(RefractoryParameters(observations=0))
    with pytest.raises(ValueError, match=r"refractory\.horizon_ms must be above 0, is nan"):
        Refractory(RefractoryParameters(horizon_ms=float("nan")))
