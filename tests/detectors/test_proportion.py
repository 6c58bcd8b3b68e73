"""Shares: exact Beta-binomial tails, a baseline that is slow and robust, and Wilson's interval."""

from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.arrays import Floats, Scores
from detectors.betabinomial import beta_binomial_tails
from detectors.proportion import Proportion, ProportionParameters, ShareBlock, wilson

HOUR = 3_600_000


def exact(hits: int, trials: int, a: Fraction, b: Fraction) -> tuple[float, float]:
    """Return both tails in rational numbers, from the ratios of neighbouring probabilities."""
    ratios = [Fraction(trials - k, k + 1) * (a + k) / (b + trials - k - 1) for k in range(trials)]
    weights = list(accumulate(ratios, lambda x, y: x * y, initial=Fraction(1)))
    return float(sum(weights[hits:]) / sum(weights)), float(sum(weights[: hits + 1]) / sum(weights))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_both_tails_equal_rational_arithmetic(data: st.DataObject) -> None:
    """To eleven digits, for flat, peaked, skewed and two-humped chances, far out too."""
    trials = data.draw(st.integers(1, 150))
    hits = data.draw(st.integers(0, trials))
    a, b = (Fraction(data.draw(st.sampled_from([1, 3, 20, 150, 4000, 90_000]))) / 10 for _ in range(2))
    found = beta_binomial_tails(*(np.array([float(x)]) for x in (hits, trials, a, b)))
    truth = exact(hits, trials, a, b)
    for got, wanted in zip(found, truth, strict=True):
        assert got[0] == pytest.approx(wanted, rel=1e-11)


def test_a_tail_does_not_depend_on_its_neighbours() -> None:
    """One count alone has the same bits as among others that need more terms."""
    rng = np.random.default_rng(1)
    trials = rng.integers(1, 4000, 100).astype(np.float64)
    columns = (np.floor(trials * rng.random(100)), trials, 10 ** rng.uniform(-1, 3, 100), 10 ** rng.uniform(-1, 3, 100))
    high, low = beta_binomial_tails(*columns)
    for i in range(100):
        alone = beta_binomial_tails(*(column[i : i + 1] for column in columns))
        assert (alone[0][0], alone[1][0]) == (high[i], low[i])


def test_what_is_below_the_smallest_double_is_zero() -> None:
    """Without a warning: those are errors here."""
    high, low = beta_binomial_tails(*(np.array([x]) for x in (9000.0, 10_000.0, 100.0, 9900.0)))
    assert high[0] == 0.0
    assert low[0] == 1.0


def scored(hits: Floats, trials: Floats, parameters: ProportionParameters | None = None) -> Scores:
    """Return the scores of hourly shares, (hours, series), of a cold bank."""
    bank = Proportion(parameters)
    hours, series = hits.shape
    bank.resize(series)
    at = np.repeat(np.arange(hours) * HOUR, series)
    block = ShareBlock(np.tile(np.arange(series), hours), at, at, hits.ravel(), trials.ravel())
    return Scores(*(column.reshape(hours, series) for column in bank.update(block)))


def quiet(hours: int, series: int, dispersion: float, seed: int) -> tuple[Floats, Floats]:
    """Return hits among 20 to 200 trials, of shares from 2 to 40 %, that vary by ``dispersion``."""
    rng = np.random.default_rng(seed)
    share = 10 ** rng.uniform(-1.7, -0.4, series)
    trials = rng.integers(20, 200, (hours, series)).astype(np.float64)
    size = 1.0 / dispersion - 1.0
    chance = rng.beta(share * size, (1.0 - share) * size, (hours, series))
    return rng.binomial(trials.astype(int), chance).astype(np.float64), trials


@pytest.mark.parametrize("dispersion", [1e-9, 0.01, 0.05])
def test_tails_keep_their_promise(dispersion: float) -> None:
    """On quiet shares p below 0.01 and 0.001 is at most twice as frequent as that, on both sides, young and old."""
    scores = scored(*quiet(300, 500, dispersion, 2))
    for p in (scores.p_high, scores.p_low):
        for part in (slice(20, 100), slice(100, None)):
            for level in (1e-2, 1e-3):
                assert (p[part] < level).mean() < 2.0 * level
    assert (scores.p_high[100:] < 1e-2).mean() > 2e-3


def test_a_surge_and_a_drop_are_found_at_once() -> None:
    """A third instead of a tenth fail to come, or almost all of the usual half."""
    hits, trials = quiet(120, 2, 0.01, 3)
    trials[:] = 80.0
    hits[:, 0] = np.tile([6.0, 8.0, 10.0], 40)
    hits[:, 1] = np.tile([38.0, 40.0, 42.0], 40)
    hits[-1] = [27.0, 2.0]
    scores = scored(hits, trials)
    assert scores.p_high[-1, 0] < 1e-5
    assert scores.p_low[-1, 1] < 1e-8
    assert scores.expected[-1] == pytest.approx([8.0, 40.0], rel=0.1)


def test_noisy_shares_need_a_larger_surge() -> None:
    """The same surge over the same mean is less surprising where shares vary by themselves."""
    steady, trials = quiet(300, 1, 1e-9, 4)
    trials[:] = 100.0
    steady[:, 0] = np.random.default_rng(5).binomial(100, 0.1, 300)
    noisy = np.random.default_rng(6).binomial(100, np.random.default_rng(7).beta(1.0, 9.0, (300, 1))).astype(np.float64)
    steady[-1] = noisy[-1] = 30.0
    assert scored(steady, trials).p_high[-1, 0] < 1e-5
    assert scored(noisy, trials).p_high[-1, 0] > 1e-2


def test_an_incident_does_not_become_the_norm_and_a_change_does() -> None:
    """A day at five times the share is forgotten the day after; months at twice are the norm."""
    rng = np.random.default_rng(8)
    trials = np.full((1500, 2), 60.0)
    hits = rng.binomial(60, 0.08, (1500, 2)).astype(np.float64)
    hits[300:324, 0] = rng.binomial(60, 0.4, 24)
    hits[300:, 1] = rng.binomial(60, 0.16, 1200)
    scores = scored(hits, trials)
    assert (scores.p_high[300:324, 0] < 1e-3).mean() > 0.9
    assert scores.expected[330, 0] < 1.4 * scores.expected[299, 0]
    assert scores.expected[-1, 1] == pytest.approx(60 * 0.16, rel=0.1)


def test_more_trials_than_can_be_summed_are_scaled_to_the_quiet_side() -> None:
    """Ten million trials cost no more than ten thousand; what is surprising still is, what isn't is not."""
    hits, trials = np.full((60, 3), 1e6), np.full((60, 3), 1e7)
    hits[:, 0] += np.tile([-50_000.0, 50_000.0], 30)
    hits[-1] = [1e6, 4e6, 1e5]
    scores = scored(hits, trials)
    assert np.minimum(scores.p_high, scores.p_low)[20:, 0].min() > 0.05
    assert scores.p_high[-1, 1] < 1e-6
    assert scores.p_low[-1, 2] < 1e-3
    assert scores.expected[-1, 1] == pytest.approx(1e6, rel=0.05)


def test_nothing_is_said_before_enough_is_known() -> None:
    """Neither before twenty observations nor before a hundred trials."""
    few, trials = np.zeros((60, 1)), np.full((60, 1), 2.0)
    few[30], few[55] = 2.0, 2.0
    scores = scored(few, trials)
    assert (scores.p_high[:50] == 1.0).all()
    assert np.isnan(scores.expected[:50]).all()
    assert scores.p_high[55, 0] < 0.05


def test_a_round_without_anything_known_says_nothing() -> None:
    """No trials, more hits than trials, and a repeated series: each neutral by itself."""
    bank = Proportion()
    bank.resize(2)
    rows, at = np.array([0, 0, 1]), np.zeros(3, np.int64)
    scores = bank.update(ShareBlock(rows, at, at, np.array([1.0, 2.0, np.nan]), np.array([5.0, 1.0, 3.0])))
    assert scores.p_high.tolist() == [1.0, 1.0, 1.0]
    assert bank.state()["count"].tolist() == [1.0, 0.0]


def test_parameters_out_of_range_are_named() -> None:
    """With the value."""
    with pytest.raises(ValueError, match=r"proportion\.memory must be above 0 and finite, is 0"):
        Proportion(ProportionParameters(memory=0.0))
    with pytest.raises(ValueError, match=r"proportion\.usual_share must be below 1, is 1\.5"):
        Proportion(ProportionParameters(usual_share=1.5))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(1, 10**6), st.floats(0.0, 1.0), st.floats(0.1, 6.0))
def test_the_ends_of_wilsons_interval_are_where_the_score_test_turns(trials: int, part: float, z: float) -> None:
    """At each end the observed share is z standard errors, of a share at that end, away; or the end is 0 or 1."""
    share = round(part * trials) / trials
    low, high = wilson(np.array([share * trials]), np.array([float(trials)]), z)
    assert 0.0 <= low[0] <= share + 1e-12
    assert share - 1e-12 <= high[0] <= 1.0
    for end in (low[0], high[0]):
        if 0.0 < end < 1.0:
            assert (share - end) ** 2 * trials == pytest.approx(z * z * end * (1.0 - end), rel=1e-6)


def test_without_trials_any_share_is_possible() -> None:
    """And with all hits, 1 is; a z that is none is refused."""
    low, high = wilson(np.array([0.0, 9.0]), np.array([0.0, 9.0]))
    assert (low[0], high[0], high[1]) == (0.0, 1.0, 1.0)
    with pytest.raises(ValueError, match=r"wilson: z must be above 0 and finite, is -1"):
        wilson(np.zeros(1), np.ones(1), -1.0)
