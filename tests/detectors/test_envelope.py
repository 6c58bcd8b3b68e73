"""Records: what lies beyond everything before, by how far earlier records reached."""

import numpy as np
import pytest

from detectors.arrays import Block, Floats, Scores
from detectors.envelope import Envelope, EnvelopeParameters


def judged(value: Floats, parameters: EnvelopeParameters | None = None) -> Scores:
    """Return the scores of one series."""
    bank = Envelope(parameters)
    bank.resize(1)
    at = np.arange(len(value)) * 60_000
    return bank.update(Block(np.zeros(len(value), np.int64), at, at, value))


def reaching(reach: float, values: int, *past: tuple[float, int]) -> float:
    """Return how probable a reach behind so many values is, after those of other records behind as many as they say."""
    number = len(past) + 0.25
    steady, scaled = 0.05 + sum(each for each, _ in past), 0.05 + sum(each * np.log(n) for each, n in past)
    heavy = 1.0 / (1.0 + (0.7 * number / scaled) ** (1.7 * np.sqrt(number)))
    light = (1.0 + reach * np.log(values) / scaled) ** -number
    return float(heavy * (1.0 + reach / steady) ** -number + (1.0 - heavy) * light)


def test_a_record_is_judged_by_the_records_before_it() -> None:
    """Range 0 to 10, then 12: log(1 + 2/5) behind 200 values, against next to nothing known; 13 against that record."""
    value = np.append(np.tile([0.0, 10.0], 100), [12.0, 13.0])
    scores = judged(value)
    first, second = np.log(1.4), np.log(1.0 + 1.0 / 6.0)
    assert scores.p_high[200] == pytest.approx(reaching(first, 200) / 201.0)
    assert scores.expected[200] == 10.0
    assert scores.p_high[201] == pytest.approx(reaching(second, 201, (first, 200)) / 202.0)
    assert (scores.p_low == 1.0).all()


def test_records_that_reach_as_far_as_ever_are_a_power_law_s() -> None:
    """Each a third further than all before: the next is as probable as among as many exponentials of one mean."""
    value = np.append(np.tile([-1.0, 1.0], 100), 1.0)
    for _ in range(8):
        value = np.append(value, value.max() + (value.max() + 1.0) / 6.0)
    assert judged(value).p_high[-1] * len(value) == pytest.approx((1.0 + 1.0 / 7.0) ** -7.0, rel=0.1)


def test_sides_learn_by_themselves() -> None:
    """A low record after high ones is the first of its kind."""
    value = np.append(np.tile([0.0, 10.0], 100), [12.0, 13.0, -3.0])
    scores = judged(value)
    assert scores.p_low[202] == pytest.approx(reaching(np.log(1.0 + 3.0 / 6.5), 202) / 203.0)
    assert scores.expected[202] == 0.0


def test_a_reach_beyond_all_known_ones_is_improbable() -> None:
    """Of 200 normal series of 600, the last at 12: 1.3e-5 in the median, below 1e-4 in 87 %."""
    tails = []
    for seed in range(200):
        value = np.random.default_rng(seed).normal(size=600)
        tails.append(judged(np.append(value[:-1], 12.0)).p_high[-1])
    assert np.median(tails) < 2e-5
    assert np.mean(np.array(tails) < 1e-4) > 0.8


def test_among_records_only_the_reach_counts() -> None:
    """The probability of a record, 1 in 201, is left out on request."""
    value = np.append(np.tile([0.0, 10.0], 100), 12.0)
    among = judged(value, EnvelopeParameters(given_record=True))
    assert among.p_high[200] == pytest.approx(201.0 * judged(value).p_high[200])


def test_what_was_a_record_once_is_none_again() -> None:
    """The same height a second time is within the range."""
    scores = judged(np.append(np.tile([0.0, 10.0], 100), [15.0, 15.0]))
    assert scores.p_high[200] < 1.0 / 201.0
    assert scores.p_high[201] == 1.0


def test_the_first_change_of_what_never_changed_is_a_record_and_no_more() -> None:
    """A constant has no range, so its reach says little: one in 201, and a sixth of that. It teaches three ranges."""
    scores = judged(np.append(np.full(200, 4.0), [4.5, 6.0]))
    assert scores.p_high[200] == pytest.approx(1.0 / 201.0 / 6.0, rel=0.2)
    assert scores.p_high[201] == pytest.approx(reaching(np.log1p(1.5 / 0.25), 201, (2.0, 200)) / 202.0)


def test_records_of_a_young_series_are_no_news() -> None:
    """Nothing is said before 150 values."""
    scores = judged(np.arange(160.0))
    assert (scores.p_high[:150] == 1.0).all()
    assert (scores.p_high[150:] < 1.0).all()


def test_parameters_out_of_range_are_named() -> None:
    """With range and value."""
    with pytest.raises(ValueError, match=r"envelope\.quiet_observations must be at least 2, is 1"):
        EnvelopeParameters(quiet_observations=1).validated()
