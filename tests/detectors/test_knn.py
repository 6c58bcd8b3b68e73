"""Shapes never seen before: what is new although every value of it is usual, and how long the past is."""

import numpy as np
import pytest

from detectors.arrays import Block, Floats
from detectors.knn import Nearest, NearestParameters


def judged(value: Floats, bank: Nearest | None = None) -> Floats:
    """Return the least tail of one series."""
    bank = bank or Nearest()
    bank.resize(1)
    at = np.arange(len(value)) * 60_000
    scores = bank.update(Block(np.zeros(len(value), np.int64), at, at, value))
    return np.minimum(scores.p_high, scores.p_low)


def wave(length: int, seed: int = 21) -> Floats:
    """Return a noisy wave of thirty values' length."""
    noise = np.random.default_rng(seed).normal(size=length) * 0.05
    return np.sin(np.arange(length) / 30 * 2 * np.pi) + noise


def test_a_shape_is_new_although_each_of_its_values_is_usual() -> None:
    """Half a wave the other way round lies wholly within the range of the series."""
    value = wave(1500)
    value[1400:1415] = value[1400:1415][::-1] * -1.0
    p = judged(value)
    assert p[1400:1430].min() < 0.01
    assert p[600:1400].min() == 1.0


def test_what_was_new_is_known_the_tenth_time() -> None:
    """An event teaches: after as many repetitions as there are neighbours it has them."""
    value = wave(2400)
    for start in range(1500, 2300, 45):
        value[start : start + 10] += 2.0
    p = judged(value, Nearest(NearestParameters(neighbours=5)))
    assert p[1500:1530].min() < 1e-3
    assert p[2000:2300].min() > 0.01


def test_running_sums_stay_exact_after_a_spike() -> None:
    """A value of 1e12 comes and goes; what is said later is what would be said without it, once it is out of sight."""
    with_spike, without = wave(3000), wave(3000)
    with_spike[900] = 1e12
    banks = Nearest(), Nearest()
    for value, bank in zip((with_spike, without), banks, strict=True):
        judged(value, bank)
    squares = [bank.state()["square"][0] for bank in banks]
    np.testing.assert_allclose(squares[0], squares[1], rtol=1e-6)


def test_series_of_any_age_in_any_order_are_searched_alike() -> None:
    """Rows are searched in groups of one phase, in place where they are neighbours: the result is each row's own."""
    rng = np.random.default_rng(22)
    value = np.stack([wave(700, seed) for seed in range(40)])
    bank = Nearest()
    bank.resize(40)
    found = np.ones(value.shape)
    reached = np.zeros(40, np.int64)
    for at in range(900):
        rows = rng.permutation(np.flatnonzero((rng.random(40) < 0.9) & (reached < 700)))
        now = np.full(len(rows), at * 60_000)
        scores = bank.update(Block(rows, now, now, value[rows, reached[rows]]))
        found[rows, reached[rows]] = np.minimum(scores.p_high, scores.p_low)
        reached[rows] += 1
    assert (reached == 700).all()
    for row in (0, 17, 39):
        np.testing.assert_array_equal(found[row], judged(value[row]))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (NearestParameters(length=0), "nearest.length must be at least 1, is 0"),
        (NearestParameters(neighbours=0), "nearest.neighbours must be at least 1, is 0"),
        (NearestParameters(window=19), "nearest.window must be at least 20, is 19; raise it"),
    ],
)
def test_parameters_out_of_range_are_named(parameters: NearestParameters, message: str) -> None:
    """With range and value."""
    with pytest.raises(ValueError, match=message):
        parameters.validated()
