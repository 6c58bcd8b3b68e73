"""Erlang's formulas against the domain's table, brute force, and their own limits."""

import math

import numpy as np
import pytest

from detectors.erlang import MOST_COUNTERS, counters_needed, erlang_a, erlang_b, erlang_c


@pytest.mark.parametrize(
    ("visits", "counters", "mean_min", "within"), [(10, 4, 3.2, 0.93), (20, 6, 8.8, 0.78), (30, 9, 5.1, 0.89)]
)
def test_waits_match_the_table_of_the_domain(visits: int, counters: int, mean_min: float, within: float) -> None:
    """Service of 15 min, threshold of 15 min; the table is that of the service-counter plan."""
    queue = erlang_c(np.array(counters), np.array(visits / 3600), np.array(900.0), 900.0)
    assert round(float(queue.mean_wait_s) / 60, 1) == mean_min
    assert round(float(queue.within), 2) == within


def test_erlang_b_equals_its_definition() -> None:
    """Truncated Poisson, summed naively."""
    for counters in (0, 1, 5, 20):
        for load in (0.1, 3.0, 25.0):
            terms = [load**n / math.factorial(n) for n in range(counters + 1)]
            found = float(erlang_b(np.array(counters), np.array(load)))
            assert found == pytest.approx(terms[-1] / sum(terms), rel=1e-12)


def test_erlang_b_is_stable_for_thousands_of_counters() -> None:
    """The recursion neither overflows nor loses the tail."""
    found = erlang_b(np.array([2000, 2000]), np.array([1900.0, 2500.0]))
    assert 0.0 < found[0] < 0.01
    assert found[1] == pytest.approx(0.2, abs=0.005)


def test_an_overloaded_office_waits_forever() -> None:
    """With more work than counters everyone waits, and the mean has no end."""
    queue = erlang_c(np.array([2, 0]), np.array([10.0, 1.0]) / 3600, np.array([900.0, 900.0]), 900.0)
    assert queue.waits.tolist() == [1.0, 1.0]
    assert np.isinf(queue.mean_wait_s).all()
    assert queue.within.tolist() == [0.0, 0.0]


def test_endless_patience_makes_erlang_a_erlang_c() -> None:
    """Nobody leaves, and the waiting probability is that of Erlang C."""
    waits, leaves = erlang_a(6, 20 / 3600, 900.0, 1e9)
    assert waits == pytest.approx(
        float(erlang_c(np.array(6), np.array(20 / 3600), np.array(900.0), 1.0).waits), rel=1e-5
    )
    assert leaves < 1e-5


def test_impatience_bounds_an_overloaded_office() -> None:
    """Six hours of work an hour for four counters: about a third leave."""
    _, leaves = erlang_a(4, 24 / 3600, 900.0, 1800.0)
    assert 0.33 < leaves < 0.4


@pytest.mark.parametrize("counters", [-1, -5])
def test_negative_counters_are_refused(counters: int) -> None:
    """The message says which and what."""
    with pytest.raises(ValueError, match=f"counters must be at least 0, least is {counters}"):
        erlang_b(np.array(counters), np.array(1.0))


def test_negative_or_endless_load_is_refused() -> None:
    """Neither is a load."""
    for load in (-1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="load must be finite"):
            erlang_b(np.array(1), np.array(load))
    with pytest.raises(ValueError, match="counters must be at least 1"):
        erlang_a(0, 1.0, 1.0, 1.0)


def test_the_counters_needed_are_the_fewest_that_keep_the_target() -> None:
    """One fewer waits longer by Erlang C itself; drawn over loads from next to none to thirty counters' work."""
    random = np.random.default_rng(3)
    arrivals, service = random.uniform(0.0001, 0.05, 200), random.uniform(60.0, 600.0, 200)
    needed = counters_needed(arrivals, service, 300.0)
    assert (erlang_c(needed, arrivals, service, 1.0).mean_wait_s <= 300.0).all()
    assert (erlang_c(needed - 1, arrivals, service, 1.0).mean_wait_s > 300.0)[needed > 1].all()
    assert needed.max() > 20


def test_nobody_needs_no_counter_and_a_crowd_has_an_upper_bound() -> None:
    """Readings that can't be are no reason to search for ever."""
    assert counters_needed(np.array([0.0, 100.0]), np.array([600.0, 600.0]), 900.0).tolist() == [0, MOST_COUNTERS]
