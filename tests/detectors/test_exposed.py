"""Counts out of something: proportion to the exposure, idle zeros, past outbreaks, and tails that hold."""

import numpy as np
import pytest

from detectors.arrays import Floats, Scores
from detectors.exposed import CountBlock, ExposedCounts, ExposedParameters

HOUR = 3_600_000


def counted(counts: Floats, exposure: Floats) -> tuple[Scores, ExposedCounts]:
    """Return the scores of hourly counts, (hours, series), of a cold bank, and the bank."""
    hours, series = counts.shape
    bank = ExposedCounts()
    bank.resize(series)
    at = np.repeat(np.arange(hours) * HOUR, series)
    block = CountBlock(np.tile(np.arange(series), hours), at, at, counts.ravel(), exposure.ravel())
    return Scores(*(column.reshape(hours, series) for column in bank.update(block))), bank


def share(bank: ExposedCounts, name: str) -> Floats:
    """Return the first over the second number of a state array of two."""
    both: Floats = bank.state()[name].astype(np.float64)
    return both[:, 0] / both[:, 1]


def drawn(rate: float, clumps: float, idle: float, shape: tuple[int, int], seed: int) -> tuple[Floats, Floats]:
    """Return negative-binomial counts of 1 to 8 counters, of which none are made in some hours; and the counters."""
    rng = np.random.default_rng(seed)
    exposure = rng.integers(1, 9, shape).astype(np.float64)
    counts = rng.poisson(rate * exposure * rng.gamma(1.0 / clumps, clumps, shape)).astype(np.float64)
    return counts * (rng.random(shape) >= idle), exposure


def test_twice_the_exposure_expects_twice_the_count() -> None:
    """Six times the usual count is nothing with six times the counters, and an outbreak without."""
    counts, exposure = drawn(2.0, 0.01, 0.0, (24 * 40, 2), 1)
    counts[-1], exposure[-1] = 60.0, (24.0, 4.0)
    scores, _ = counted(counts, exposure)
    assert scores.expected[-1] == pytest.approx([48.0, 8.0], rel=0.2)
    assert scores.p_high[-1, 0] > 0.01
    assert scores.p_high[-1, 1] < 1e-9


def test_idle_hours_are_told_from_small_counts() -> None:
    """In three hours of ten nobody counts; the rate is that of the others, and a zero is no drop."""
    counts, exposure = drawn(2.0, 0.05, 0.3, (24 * 60, 20), 2)
    busy, others = drawn(2.0, 0.05, 0.0, (24 * 60, 20), 3)
    counts[-1], busy[-1], exposure[-1], others[-1] = 0.0, 0.0, 8.0, 8.0
    scores, bank = counted(counts, exposure)
    assert share(bank, "zeros").mean() == pytest.approx(0.3, abs=0.03)
    assert scores.expected[-1].mean() == pytest.approx(16.0, rel=0.1)
    assert scores.p_low[-1].min() > 0.1
    assert counted(busy, others)[0].p_low[-1].max() < 0.01


def test_overdispersion_alone_is_not_taken_for_idleness() -> None:
    """Counts whose rate varies by itself have many zeros too; 3.6 % are taken for idle."""
    counts, exposure = drawn(2.0, 1.0, 0.0, (24 * 100, 20), 4)
    _, bank = counted(counts, exposure)
    assert share(bank, "zeros").mean() < 0.05
    assert share(bank, "scatter").mean() == pytest.approx(1.0, abs=0.2)


def test_a_past_outbreak_does_not_become_the_norm() -> None:
    """A week of five times the counts: what is expected after it is what was before, within a fifth."""
    counts, exposure = drawn(3.0, 0.02, 0.0, (24 * 50, 10), 5)
    exposure[-1] = 4.0
    before = counted(counts, exposure)[0].expected[-1]
    counts[24 * 40 : 24 * 47] *= 5.0
    scores, _ = counted(counts, exposure)
    days = np.median(scores.p_high[24 * 40 : 24 * 47].reshape(7, -1), axis=1)
    assert days.max() < 1e-6  # 4e-11 on the first, 7e-8 on the last
    assert scores.expected[-1] == pytest.approx(before, rel=0.2)


@pytest.mark.parametrize(("clumps", "idle"), [(0.05, 0.0), (1.0, 0.0), (0.1, 0.3)])
def test_tails_keep_their_promise(clumps: float, idle: float) -> None:
    """Clumped or not, with idle hours or without: at most 1.6 times as many below 0.01 and 0.001."""
    counts, exposure = drawn(2.0, clumps, idle, (24 * 60, 150), 6)
    p = counted(counts, exposure)[0].p_high[24 * 30 :]
    for level in (1e-2, 1e-3):
        assert 0.3 * level < (p < level).mean() < 1.6 * level


def test_a_history_without_idle_hours_makes_zeros_odd() -> None:
    """Sixty days of some eighty an hour: low tails below 0.01 and 0.001 keep their promise, and a stop is far below.

    0.8 and 0.9 times as many, and 2e-5; while zeros might be idle however long none was, it was 4e-4 at least.
    """
    counts, exposure = drawn(20.0, 0.05, 0.0, (24 * 60, 100), 8)
    counts[-1], exposure[-1] = 0.0, 4.0
    p = counted(counts, exposure)[0].p_low
    for level in (1e-2, 1e-3):
        assert 0.5 * level < (p[24 * 30 : -1] < level).mean() < 1.5 * level
    assert np.median(p[-1]) < 1e-4


def test_without_exposure_nothing_could_be_counted() -> None:
    """No counter, an unknown number of them, or an unknown count: as if the hour had not been."""
    counts, exposure = drawn(2.0, 0.1, 0.0, (24 * 20, 1), 7)
    with_gaps, open_ = counts.copy(), exposure.copy()
    open_[100, 0], open_[101, 0], with_gaps[102, 0], with_gaps[103, 0] = 0.0, np.nan, np.nan, -1.0
    scores, _ = counted(with_gaps, open_)
    assert np.isnan(scores.expected[100:104]).all()
    bank, keep = ExposedCounts(), np.setdiff1d(np.arange(24 * 20), np.arange(100, 104))
    bank.resize(1)
    at, rows = keep * HOUR, np.zeros(len(keep), np.int64)
    left = bank.update(CountBlock(rows, at, at, counts[keep, 0], exposure[keep, 0]))
    assert left.p_high.tolist() == scores.p_high[keep, 0].tolist()


def test_parameters_out_of_range_are_named() -> None:
    """With the value."""
    with pytest.raises(ValueError, match=r"exposed\.memory_visits must be above 0 and finite, is 0"):
        ExposedCounts(ExposedParameters(memory_visits=0.0))
    with pytest.raises(ValueError, match=r"exposed\.prior_idle must be below 1, is 1"):
        ExposedCounts(ExposedParameters(prior_idle=1.0))
