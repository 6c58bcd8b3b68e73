"""Shapes never seen before: what is new although every value of it is usual, and how long the past is."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.arrays import Block, Floats, Ints
from detectors.knn import Nearest, NearestParameters


def one(value: Floats, first: int = 0) -> Block:
    """Return the values of one series, a minute apart."""
    at = np.arange(first, first + len(value)) * 60_000
    return Block(np.zeros(len(value), np.int64), at, at, value)


def judged(value: Floats, bank: Nearest | None = None) -> Floats:
    """Return the least tail of one series."""
    bank = bank or Nearest()
    bank.resize(1)
    scores = bank.update(one(value))
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


class Thorough(Nearest):
    """Searches every shape, and relies on no sum."""

    def _surely_near(self, rows: Ints, value: Floats, lags: Ints) -> NDArray[np.bool_]:
        super()._surely_near(rows, value, lags)
        return np.zeros(len(rows), np.bool_)


@pytest.mark.parametrize("unit", [1.0, 1e-140, 1e120])
def test_what_is_surely_near_need_not_be_searched(unit: float) -> None:
    """Spikes of any size, heavy tails, a level far from 0 and a stretch of one value change nothing, bit for bit."""
    rng = np.random.default_rng(23)
    value = 1e3 + np.cumsum(rng.standard_t(2, 3000)) * 0.1 + wave(3000)
    value[700:702] = 1e12
    value[1500:1900] = value[1500]
    value[2300:] *= 1e-3
    banks = Nearest(), Thorough()
    for bank in banks:
        bank.resize(1)
    scores = [bank.update(one(value * unit)) for bank in banks]
    for quick, slow in zip(*scores, strict=True):
        assert quick.tobytes() == slow.tobytes()
    assert 0.0 < (scores[0].p_high < 1.0).mean() < 0.2


def test_most_shapes_of_a_settled_series_are_surely_near() -> None:
    """Of noisy waves nine in ten need no search once two windows have passed."""
    searched = []

    class Counting(Nearest):
        def _search(self, rows: Ints, at: Ints, lags: Ints, step: Floats) -> tuple[Floats, Floats]:
            searched.append(len(rows))
            return super()._search(rows, at, lags, step)

    bank = Counting()
    bank.resize(1)
    bank.update(one(wave(1100)))
    before = len(searched)
    bank.update(one(wave(3100)[1100:], first=1100))
    assert len(searched) - before < 200


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


def least(value: Callable[[np.random.Generator], Floats], steps: int, spike: float = 0.0) -> Floats:
    """Return the least tail of fifty series that come together, per step; the last value of all may be far off."""
    rng, bank, rows = np.random.default_rng(24), Nearest(), np.arange(50)
    bank.resize(50)
    found = np.ones((steps, 50))
    for step in range(steps):
        now = np.full(50, step * 60_000)
        scores = bank.update(Block(rows, now, now, value(rng) + spike * (step == steps - 1)))
        found[step] = np.minimum(scores.p_high, scores.p_low)
    return found


def test_single_values_tell_how_heavy_a_tail_is() -> None:
    """Of 125,000 shapes of Student's t with 3 degrees 12.5 may be below 1e-4: by distances alone there were 20, now 0.

    At 1e-3 there were 230 and are 106.
    """
    p = least(lambda rng: rng.standard_t(3, size=50), 5000)[2500:]
    assert (p <= 1e-4).sum() < 10
    assert 60 < (p <= 1e-3).sum() < 180


def test_a_value_far_off_is_as_rare_as_single_values_say() -> None:
    """Forty units or more come once in 29,000 values of Student's t, for nineteen shapes; twelve of normal ones never.

    Medians of 50 series after 4,000 values were 6.7e-4, where 6.5e-4 is exact, and 6e-6.
    """
    heavy = least(lambda rng: rng.standard_t(3, size=50), 4000, 40.0)[-1]
    light = least(lambda rng: rng.normal(size=50), 4000, 12.0)[-1]
    assert 19 * 3.44e-5 / 3 < np.median(heavy) < 19 * 3.44e-5 * 3
    assert np.median(light) < 2e-5


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
