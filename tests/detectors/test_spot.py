"""Peaks over a threshold: what the tails promise, what they forget, and the detectors that judge by them."""

from collections.abc import Callable

import numpy as np
import pytest

from detectors.arrays import Block, Floats
from detectors.bank import Table
from detectors.daily import Daily, DailyParameters
from detectors.shift import Activity, Shift, ShiftParameters
from detectors.spot import Spot, SpotParameters, Tails, columns
from tests.contract.naive_spot import NaiveSpot

MINUTE = 60_000


def judged(bank: Spot | Daily | Shift | Activity, value: Floats, step_ms: int = 5 * MINUTE) -> tuple[Floats, Floats]:
    """Return the tails of one series, high and low."""
    bank.resize(1)
    at = np.arange(len(value)) * step_ms
    scores = bank.update(Block(np.zeros(len(value), np.int64), at, at, value))
    return scores.p_high, scores.p_low


@pytest.mark.parametrize("kind", ["normal", "exponential", "student"])
def test_a_small_tail_is_as_rare_as_it_says(kind: str) -> None:
    """Within a factor of three at one in a thousand, on thin and heavy tails, once a thousand values are known."""
    rng = np.random.default_rng(11)
    draw: dict[str, Callable[[int], Floats]] = {
        "normal": rng.standard_normal,
        "exponential": rng.standard_exponential,
        "student": lambda size: rng.standard_t(4, size),
    }
    bank = Spot()
    bank.resize(20)
    low = seen = 0
    for step in range(4000):
        at = np.full(20, step * MINUTE)
        p = bank.update(Block(np.arange(20), at, at, draw[kind](20))).p_high
        if step >= 1000:
            low, seen = low + int((p < 1e-3).sum()), seen + 20
    assert 1 / 3 < low / seen / 1e-3 < 3


def test_nothing_is_said_of_what_is_not_above_the_threshold() -> None:
    """The body of the distribution is nobody's tail: 1, and no noise for those who combine tails."""
    value = np.random.default_rng(12).normal(size=2000)
    p_high, p_low = judged(Spot(), value)
    assert ((p_high < 1.0) & (p_low < 1.0)).sum() == 0
    assert 0.005 < (p_high < 1.0).mean() < 0.03


def test_rounding_is_no_peak() -> None:
    """0.3 and 0.1 + 0.2 are one value: a steady series has shown no difference yet, so the last bit is none either."""
    value = np.where(np.arange(600) % 2, 0.1 + 0.2, 0.3)
    p_high, p_low = judged(Daily(), value)
    assert value.min() < value.max()
    assert ((p_high == 1.0) & (p_low == 1.0)).all()


def test_tails_do_not_depend_on_scale_or_offset() -> None:
    """They are fitted to differences of the series' own values."""
    value = np.random.default_rng(13).exponential(size=900)
    plain, moved = judged(Spot(), value), judged(Spot(), 1e6 * value - 4e6)
    np.testing.assert_allclose(np.log(moved[0]), np.log(plain[0]), rtol=1e-6, atol=1e-9)


def test_a_series_that_calms_down_is_judged_by_how_it_is_now() -> None:
    """Peaks of a wild past are forgotten by halves; without that the calm series could never surprise again."""
    rng = np.random.default_rng(14)
    value = np.concatenate([rng.normal(size=1000) * 50.0, rng.normal(size=6000), [12.0]])
    forgetting, remembering = SpotParameters(memory=1000), SpotParameters(memory=100_000)
    assert judged(Spot(forgetting), value)[0][-1] < 1e-4
    assert judged(Spot(remembering), value)[0][-1] == 1.0


def test_odds_are_what_would_be_judged_and_are_not_learned() -> None:
    """As often as they are asked; then the number comes."""
    table = Table("test", columns(1, SpotParameters(), "own_"))
    table.resize(1)
    tails, row = Tails(table, SpotParameters(), "own_"), np.zeros(1, np.int64)
    least = 1.0
    for number in np.random.default_rng(18).exponential(size=(500, 1)):
        if number[0] > tails.entry[0, 0]:
            odds = tails.odds(0, row, number)
            assert odds == tails.odds(0, row, number)
            assert odds == tails.judge(0, row, number)
            least = min(least, float(odds[0]))
        tails.count(slice(0, 1))
    assert 1e-4 < least < 0.01


def test_forgetting_keeps_the_rate() -> None:
    """Half the peaks of half as many values: what is improbable before is as improbable after."""
    value = np.random.default_rng(15).exponential(size=999)
    bank = Spot(SpotParameters(memory=1000))
    judged(bank, value)
    before = bank.state()["seen"].copy()
    last = np.array([value.mean()])
    at = np.array([10**9])
    bank.update(Block(np.zeros(1, np.int64), at, at, last))
    assert (before == 999.0).all()
    assert (bank.state()["seen"] == 500.0).all()
    kept = bank.state()["top"][0, 0]
    np.testing.assert_array_equal(kept[:32], np.sort(value)[::-1][1:65:2])


def test_the_usual_of_a_weekend_is_not_that_of_a_weekday() -> None:
    """A weekday's noon on a Sunday is a surprise to the daily baseline, though no value is unusual."""
    minutes = np.arange(0, 28 * 1440, 15)
    rng = np.random.default_rng(16)
    weekday = minutes // 1440 % 7 < 5
    noon = np.exp(-(((minutes % 1440 - 720) / 120.0) ** 2))
    value = 100.0 * noon * np.where(weekday, 1.0, 0.3) + rng.normal(size=len(minutes))
    sunday_noon = len(minutes) - 48
    value[sunday_noon] = 90.0
    bank = Daily()
    bank.resize(1)
    at = 4 * 86_400_000 + minutes * MINUTE  # 1970-01-05 was a Monday
    scores = bank.update(Block(np.zeros(len(at), np.int64), at, at, value))
    assert scores.p_high[sunday_noon] < 0.01
    assert scores.p_high[sunday_noon] == scores.p_high[14 * 96 :].min()
    assert judged(Spot(), value)[0][sunday_noon] == 1.0
    assert scores.expected[sunday_noon] == pytest.approx(30.0, abs=10.0)  # shrunk towards all days


def test_rounding_is_no_surprise() -> None:
    """A rhythm that repeats exactly leaves residues of 1e-15, whose largest are no news."""
    value = 0.1 + 0.2 * np.tile(np.sin(np.arange(96) / 96 * 2 * np.pi), 20)
    p_high, p_low = judged(Daily(), value, 15 * MINUTE)
    assert np.minimum(p_high, p_low)[5 * 96 :].min() > 1e-3


def test_a_shift_and_unrest_are_told_apart() -> None:
    """A new level moves the averages, not how much the series moves from value to value; unrest the other way round."""
    rng = np.random.default_rng(17)
    quiet = rng.normal(size=3000)
    shifted, restless = quiet.copy(), quiet.copy()
    shifted[2500:] += 4.0
    restless[2500:] *= 5.0
    assert judged(Shift(), shifted)[0][2500:2560].min() < 1e-3
    assert judged(Activity(), shifted)[0][2500:2560].min() > 1e-3
    assert judged(Activity(), restless)[0][2500:2560].min() < 1e-4


def test_heavy_tails_dont_hide_a_shift() -> None:
    """A step by 4 in sixty values of Student's t: 14 of 20 fall below 1e-4, 9 if values counted as they are."""
    rng = np.random.default_rng(3)
    value = rng.standard_t(3, size=(6060, 20))
    value[6000:] += 4.0
    found = [judged(Shift(), each)[0][6000:].min() <= 1e-4 for each in value.T]
    assert np.mean(found) >= 0.6


def test_what_follows_a_standstill_counts_at_once() -> None:
    """Nothing is usual yet: the first step is judged as it is, however large."""
    value = np.zeros(400)
    value[300:] = 1e12
    p_high, p_low = judged(Shift(), value)
    assert p_high[300] < 1e-3
    assert p_low.min() > 1e-3


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (SpotParameters(share=1.0), "spot.share must lie between 0 and 1, is 1.0"),
        (SpotParameters(least_peaks=1), "spot.least_peaks must be at least 2, is 1"),
        (SpotParameters(peaks=19), "spot.peaks must be at least twice least_peaks"),
        (SpotParameters(quiet_observations=10), "spot.quiet_observations must be above least_peaks"),
        (SpotParameters(memory=200), "spot.memory must be at least 300, is 200"),
        (SpotParameters(together=0.5), "spot.together must be at least 1, is 0.5"),
        (SpotParameters(shape=1.0), "spot.shape must lie between -1 and 1, is 1.0"),
        (SpotParameters(shape_prior=-1.0), "spot.shape_prior must be at least 0, is -1.0"),
        (DailyParameters(prior_visits=0.0), "daily.prior_visits must be above 0, is 0.0"),
        (DailyParameters(tails=SpotParameters(share=0.0)), "spot.share"),
    ],
)
def test_parameters_out_of_range_are_named(parameters: SpotParameters | DailyParameters, message: str) -> None:
    """With range and value."""
    with pytest.raises(ValueError, match=message):
        parameters.validated()


def test_a_short_average_must_be_shorter_than_the_long_one() -> None:
    """Else their difference means nothing."""
    with pytest.raises(ValueError, match=r"shift.short must be at least 1 and below long \(1000.0\), is 2000.0"):
        Shift(ShiftParameters(2000.0))


def test_what_was_forgotten_leaves_no_gap_for_small_values_to_fill() -> None:
    """Long after half of the peaks went, and went again, tails keep their promise: values must exceed what was kept."""
    parameters = SpotParameters(memory=2000)
    bank = Spot(parameters)
    bank.resize(200)
    rng = np.random.default_rng(24)
    below = dict.fromkeys((0.01, 0.001, 0.0001), 0)
    for step in range(9000):
        at = np.full(200, step * 60_000)
        scores = bank.update(Block(np.arange(200), at, at, rng.normal(size=200)))
        if step >= 3000:
            for level in below:
                below[level] += int((scores.p_high <= level).sum() + (scores.p_low <= level).sum())
    for level, found in below.items():
        assert 0.5 < found / (2 * 200 * 6000) / level < 2.0, (level, found)


@pytest.mark.parametrize("calmed", [1.0, 0.02])
def test_it_equals_its_naive_twin_beyond_its_memory(calmed: float) -> None:
    """Three times half of the peaks goes, of a series as ever and of one that calmed down."""
    value = np.random.default_rng(25).normal(size=26_000)
    value[11_000:] *= calmed
    twin = NaiveSpot()
    expected = np.array([twin.observe(0, 0, number) for number in value.tolist()])
    for p, naive in zip(judged(Spot(), value), (expected[:, 0], expected[:, 1]), strict=True):
        np.testing.assert_allclose(np.log(p), np.log(naive), rtol=1e-6, atol=1e-9)
        assert (p[18_000:] < 1.0).any()
