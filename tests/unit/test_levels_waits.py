"""Queues of a unit: the mean wait ahead, counters open, counters that would keep the target."""

import numpy as np
import pytest

from detectors.queueing import QueueBlock
from streams.anomalies import Series
from streams.codec import decode_structured
from streams.levels.waits import QueueLevels, WaitTargets
from tests.unit.test_levels_tickets import life

MINUTE_MS = 60_000
MORNING_MS = 1_772_413_200_000
SERIES = [Series("11", "03127", "queue.state", office) for office in ("VP-1", "VP-2")]
OF_UNIT = ("11", "03127")
WAIT, OPEN, NEEDED = "queue_predicted_wait_seconds", "queue_counters_open", "queue_counters_needed"


def readings(
    waiting: list[float], served: list[float], counters: float = 2.0, *, row: int = 0, first_min: int = 0
) -> QueueBlock:
    """Return readings of a queue, one every five minutes."""
    at_ms = MORNING_MS + (first_min + np.arange(len(waiting)) * 5) * MINUTE_MS
    full = np.ones(len(waiting))
    rows = np.full(len(waiting), row)
    return QueueBlock(
        rows, at_ms, at_ms, np.array(waiting), counters * full, 300 * full, np.array(served), counters * full > 0
    )


def after(levels: QueueLevels, *blocks: QueueBlock, service_s: float = 300.0) -> dict[str, float]:
    """Return what stands for the unit when blocks have been taken in, waits being those of equal services."""
    for block in blocks:
        with np.errstate(divide="ignore"):
            wait_s = (block.waiting + 1.0) * service_s / block.counters_open
        levels.follow(block, np.where((block.waiting > 0) & (block.counters_open > 0), wait_s, np.nan), len(SERIES))
        levels.pass_time(int(block.at_ms[-1]) + 1)
    standing = levels.measured(SERIES).standing
    return {name: figures[OF_UNIT] for name, figures in standing.items() if OF_UNIT in figures}


def busy() -> QueueBlock:
    """Ten come and four are called every five minutes: two a minute before counters that serve a fifth of that."""
    return readings([6.0 * step for step in range(8)], [4.0 * step for step in range(8)])


def test_counters_needed_are_those_for_the_arrivals_of_now() -> None:
    """Two a minute, five minutes each: ten counters' work, and eleven keep the mean wait."""
    assert after(QueueLevels(WaitTargets()), busy()) == {WAIT: 43 * 150.0, OPEN: 2.0, NEEDED: 15.0}
    assert after(QueueLevels(WaitTargets(target_s=3600.0)), busy())[NEEDED] == 11.0


def test_those_who_wait_already_need_counters_too() -> None:
    """Nobody comes any more, and 42 people with five minutes each are 15 counters' work within a quarter of an hour."""
    assert after(QueueLevels(WaitTargets()), readings([42.0] * 8, [0.0] * 8))[NEEDED] == 15.0


def test_where_people_give_up_fewer_counters_are_needed() -> None:
    """One in three who waited 20 min had left. By Erlang A 9 counters keep 411 s, 8 of them 725 s."""
    levels = QueueLevels(WaitTargets(target_s=600.0))
    block = readings([0.0] * 13, [10.0 * step for step in range(13)])
    levels.follow(readings([1.0], [0.0]), np.array([300.0]), 2)  # 300 s a service
    steady = after(levels, block)[NEEDED]
    tickets = [value for n in range(15) for value in life(f"A{n}", n, n + 20, "served" if n % 3 else "no_show")]
    levels.hear([decode_structured(value) for value in tickets], np.full(len(tickets), MORNING_MS))
    levels.pass_time(int(block.at_ms[-1]) + MINUTE_MS)
    assert steady == 11.0
    assert levels.measured(SERIES).standing[NEEDED][OF_UNIT] == 9.0


def test_the_wait_of_a_unit_is_that_of_those_who_come() -> None:
    """A long queue that one in three joins counts a third; without arrivals it is that of those who wait."""
    quick = readings([0.0] * 4, [2.0 * step for step in range(4)], row=1)
    slow = readings([9.0] * 4, [1.0 * step for step in range(4)])
    assert after(QueueLevels(WaitTargets()), slow, quick)[WAIT] == pytest.approx(1500.0 / 3)
    assert after(QueueLevels(WaitTargets()), readings([9.0], [1.0]), readings([0.0], [7.0], row=1))[WAIT] == 1500.0


def test_a_closed_office_has_no_counters_and_no_wait() -> None:
    """Its figure is zero, not what it was at noon."""
    assert after(QueueLevels(WaitTargets()), readings([5.0] * 4, [0.0] * 4, counters=0.0)) == {OPEN: 0.0}


def test_a_queue_that_is_not_read_any_more_leaves_the_figures() -> None:
    """After half an hour."""
    levels = QueueLevels(WaitTargets())
    after(levels, busy())
    levels.pass_time(MORNING_MS + 100 * MINUTE_MS)
    assert levels.measured(SERIES).standing == {WAIT: {}, OPEN: {}, NEEDED: {}}


def test_a_reading_without_a_number_changes_nothing() -> None:
    """Neither what waits nor what came."""
    unknown = readings([np.nan], [np.nan], first_min=36)
    assert after(QueueLevels(WaitTargets()), busy(), unknown) == after(QueueLevels(WaitTargets()), busy())


def test_cuts_and_a_restart_change_nothing() -> None:
    """Snapshot by snapshot, each with an heir of the state."""
    whole, block = QueueLevels(WaitTargets()), busy()
    standing = after(whole, block)
    levels = QueueLevels(WaitTargets())
    for place in range(len(block.series)):
        last = after(levels, QueueBlock._make(column[place : place + 1] for column in block))
        heir = QueueLevels(WaitTargets())
        heir.restore("q", levels.snapshot("q"))
        assert heir.snapshot("q") == levels.snapshot("q")
        levels = heir
    assert last == standing
    assert levels.snapshot("q") == whole.snapshot("q")


def test_figures_are_told_once_a_minute_of_event_time() -> None:
    """Working them out costs, and a page shows no more."""
    levels = QueueLevels(WaitTargets())
    after(levels, busy())
    assert levels.measured(SERIES).standing == {}
    levels.pass_time(MORNING_MS + 36 * MINUTE_MS)
    assert OF_UNIT in levels.measured(SERIES).standing[OPEN]
