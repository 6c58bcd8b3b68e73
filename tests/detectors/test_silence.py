"""Silence is announced by a deadline, told from nights and weekends, and judged by the series' own cadence."""

import math
from typing import Any

import numpy as np
import pytest

from detectors.arrays import Block, Ints
from detectors.silence import UNKNOWN, Silence, SilenceParameters

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MONDAY = 1_699_833_600_000  # 2023-11-13 00:00 UTC


def fed(at: Ints, offset_ms: int = 0) -> Silence:
    """Return a bank of one series that has seen these arrivals."""
    bank = Silence()
    bank.resize(1)
    bank.update(Block(np.zeros(len(at), np.int64), at, at + offset_ms, np.zeros(len(at))))
    return bank


def office_hours(days: list[int], first_hour: int = 7, last_hour: int = 19) -> Ints:
    """Return arrivals every five minutes of the opening hours of the given days."""
    minutes = np.arange(first_hour * 60, last_hour * 60, 5) * MINUTE
    return np.concatenate([MONDAY + day * DAY + minutes for day in days])


def test_a_regular_source_is_missed_within_the_hour() -> None:
    """Every five minutes for four days: the deadline is after 15 min and before an hour."""
    at = MONDAY + np.arange(0, 4 * DAY, 5 * MINUTE)
    late_ms = int(fed(at).deadlines()[0]) - int(at[-1])
    assert 15 * MINUTE <= late_ms <= HOUR


def test_the_deadline_is_where_the_gap_becomes_improbable() -> None:
    """An arrival just before it is no silence, one just after it is."""
    at = MONDAY + np.arange(0, 4 * DAY, 5 * MINUTE)
    deadline = int(fed(at).deadlines()[0])
    ps = []
    for when in (deadline - MINUTE, deadline + MINUTE):
        moment = np.array([when])
        ps.append(fed(at).update(Block(np.zeros(1, np.int64), moment, moment, np.zeros(1))).p_high[0])
    assert ps[0] > SilenceParameters().p >= ps[1]


def test_a_young_series_has_no_deadline() -> None:
    """Nothing is said before two days; nothing at all of a series that never spoke."""
    assert fed(MONDAY + np.arange(0, DAY, 5 * MINUTE)).deadlines()[0] == UNKNOWN
    assert fed(np.array([], dtype=np.int64)).deadlines()[0] == UNKNOWN


def test_a_closed_night_moves_the_deadline_to_the_morning() -> None:
    """After the last arrival at 18:55 nothing is missed before opening time."""
    at = office_hours([0, 1, 2, 3])
    deadline = int(fed(at).deadlines()[0])
    assert MONDAY + 4 * DAY + 7 * HOUR < deadline < MONDAY + 4 * DAY + 8 * HOUR


def test_a_first_weekend_raises_nothing() -> None:
    """Hours that were never lived through expect no arrivals: the deadline is on Monday."""
    at = office_hours([0, 1, 2, 3, 4])
    deadline = int(fed(at).deadlines()[0])
    assert MONDAY + 7 * DAY + 7 * HOUR < deadline < MONDAY + 7 * DAY + 8 * HOUR


def test_hours_are_those_of_the_local_clock() -> None:
    """The same wall clock at another offset has the same deadline on that wall clock."""
    at = office_hours([0, 1, 2, 3])
    assert fed(at - 7 * HOUR, 7 * HOUR).deadlines()[0] + 7 * HOUR == fed(at).deadlines()[0]


def test_an_irregular_source_is_given_more_time() -> None:
    """Exponential gaps of the same mean wait longer than a steady beat."""
    rng = np.random.default_rng(8)
    steady = MONDAY + np.arange(0, 4 * DAY, 5 * MINUTE)
    random = MONDAY + np.cumsum(rng.exponential(5 * MINUTE, len(steady))).astype(np.int64)
    waits = [int(fed(at).deadlines()[0]) - int(at[-1]) for at in (steady, random)]
    assert waits[1] > 1.5 * waits[0]


def missing(share: float, rng: np.random.Generator, days: int = 14) -> Ints:
    """Return arrivals every five minutes, of which this share never comes."""
    at = MONDAY + np.arange(0, days * DAY, 5 * MINUTE)
    return at[rng.random(len(at)) >= share]


def test_who_misses_beats_is_given_time_by_how_many() -> None:
    """Of 2, 7 and 20 % of them: 1.1, 1.7 and 3 times the 18 minutes of a source that misses none."""
    waits = []
    for share in (0.0, 0.02, 0.07, 0.2):
        at = missing(share, np.random.default_rng(4))
        waits.append((int(fed(at).deadlines()[0]) - int(at[-1])) / MINUTE)
    assert 16.0 <= waits[0] <= 20.0
    assert [wait / waits[0] for wait in waits[1:]] == pytest.approx([1.1, 1.7, 3.0], abs=0.25)


def test_uneven_beats_are_no_missed_ones() -> None:
    """A count every five minutes and a heartbeat 40 s after it: silent within three periods all the same."""
    at = MONDAY + np.arange(0, 14 * DAY, 5 * MINUTE)
    both = np.sort(np.r_[at, at + 40_000])
    assert int(fed(both).deadlines()[0]) - int(both[-1]) <= 16 * MINUTE


def test_a_gap_shorter_than_the_least_silence_is_judged_but_not_announced() -> None:
    """A sensor of every ten seconds that is heard again after a minute: improbable, yet no news."""
    at = MONDAY + np.arange(0, 3 * DAY, 10_000)
    bank, moment = fed(at), at[-1:] + MINUTE
    scores, late = bank.follow(Block(np.zeros(1, np.int64), moment, moment, np.zeros(1)))
    assert scores.p_high[0] < 1e-6
    assert late == []


def test_parameters_out_of_range_are_named() -> None:
    """With the value."""
    with pytest.raises(ValueError, match=r"silence\.p must be below 0\.1, is 0\.5"):
        Silence(SilenceParameters(p=0.5))


def test_deadlines_are_where_a_walk_bin_by_bin_finds_them() -> None:
    """The product looks many bins ahead at once; here each is visited, from the same state of forty sources."""
    chance, bank = np.random.default_rng(3), Silence()
    bank.resize(40)
    told = []
    for series in range(40):
        opens, lasts = series % 7 * HOUR, (2 + series % 9) * HOUR
        for day in range(12):
            minutes = chance.integers(0, lasts, chance.integers(5, 60))
            told += [(MONDAY + day * DAY + opens + int(at), series) for at in minutes]
    at, rows = np.array(sorted(told), np.int64).T.copy()
    bank.update(Block(rows, at, at + 7 * HOUR, np.zeros(len(at))))
    state = bank.state()
    found = bank.deadlines().tolist()
    assert sum(deadline != UNKNOWN for deadline in found) > 20
    for series in range(40):
        assert found[series] == pytest.approx(_walked(state, series), abs=1)


def _walked(state: dict[str, np.ndarray[Any, Any]], series: int) -> float:
    quarter = 15 * MINUTE
    last = int(state["last_ms"][series])
    _, share, number, mean = state["tail"][series].tolist()
    odds = (number * (mean - 1) + 8 * share / (1 - share)) / (number + 8)
    rate = math.log(1 + 1 / odds)
    share *= math.sinh(rate / 2) / (rate / 2)
    beats = (number + 8) * ((share / 1e-6) ** (1 / (number + 8)) - 1) / rate
    need = state["beat"][series] * (1.5 + beats)
    local = last + 7 * HOUR
    for _ in range(9 * 96):
        day, of_day = divmod(local // quarter, 96)
        arrivals, visits = state["bins"][series][of_day + (96 if (day + 3) % 7 >= 5 else 0)]
        left = quarter - local % quarter
        pace = arrivals / visits / quarter if visits >= 1.5 else 0.0
        if pace > 0.0 and pace * left >= need:
            soonest = last + math.ceil(1000 * max(3 * math.exp(state["log_median"][series]), 90.0))
            return float(max(local + math.ceil(need / pace) - 7 * HOUR, soonest))
        need -= pace * left
        local += left
    return UNKNOWN
