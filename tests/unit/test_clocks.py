"""Clocks that are steadily wrong, and what only looks like it."""

import numpy as np
import pytest

from streams.clocks import ClockNote, Clocks, ClockSettings, Judged

START = 1_577_836_800_000
MINUTE = 60_000
HOUR = 60 * MINUTE
YEAR = 365 * 24 * HOUR
SETTINGS = ClockSettings(behind_ms=15 * MINUTE)


def judged(clocks: Clocks, offsets: list[int], step_ms: int = MINUTE, start: int = START, source: str = "a") -> Judged:
    """Judge events of one source that arrive at a steady pace with the given offsets."""
    ingest = start + step_ms * np.arange(len(offsets), dtype=np.int64)
    return clocks.judge([source] * len(offsets), ingest, np.array(offsets, np.int64))


def flush(speed: float, outage_ms: int, size: int, step_ms: int) -> list[int]:
    """Return offsets of a buffer that is sent ``speed`` times as fast as it was filled, ``step_ms`` apart."""
    return [round(outage_ms - row * step_ms * (speed - 1)) for row in range(size)]


@pytest.mark.parametrize("offset", [-YEAR, 2881 * 24 * HOUR, HOUR, -2 * MINUTE])
def test_a_steady_offset_makes_the_source_suspect_with_the_event_that_proves_it(offset: int) -> None:
    """20 events and 10 minutes: at one a minute the twentieth, and one note."""
    suspect, notes = judged(Clocks(SETTINGS), [offset] * 30)
    assert suspect.tolist() == [False] * 19 + [True] * 11
    assert notes == [ClockNote("a", "wrong", offset / 1000, START, START + 19 * MINUTE)]


def test_many_events_at_once_prove_nothing_before_ten_minutes_have_passed() -> None:
    """A burst from a year ahead is one observation, not twenty."""
    assert not judged(Clocks(SETTINGS), [-YEAR] * 500, step_ms=1000).suspect.any()
    assert judged(Clocks(SETTINGS), [-YEAR] * 602, step_ms=1000).suspect.sum() == 2


@pytest.mark.parametrize("speed", [1.07, 1.15, 1.5, 3.0, 100.0])
@pytest.mark.parametrize("step_ms", [100, 5000, 30_000])
def test_a_flush_after_an_outage_is_late_not_suspect(speed: float, step_ms: int) -> None:
    """The offsets shrink as the buffer empties, also when the link is hardly faster than what fills it."""
    offsets = [offset for offset in flush(speed, 6 * HOUR, 4000, step_ms) if offset > 0]
    suspect, notes = judged(Clocks(SETTINGS), offsets, step_ms)
    assert not suspect.any()
    assert notes == []


def test_a_buffer_that_is_sent_twice_an_hour_is_not_suspect() -> None:
    """A sawtooth of offsets: each upload shrinks from 30 minutes to none."""
    sawtooth = [30 * MINUTE - row * MINUTE for row in range(30)] * 20
    ingest = START + np.repeat(np.arange(20) * 30 * MINUTE, 30) + np.tile(np.arange(30) * 100, 20)
    assert not Clocks(SETTINGS).judge(["a"] * 600, ingest, np.array(sawtooth)).suspect.any()


def test_a_clock_that_stands_still_is_not_steady() -> None:
    """Its offset grows by the minute."""
    assert not judged(Clocks(SETTINGS), [HOUR + row * MINUTE for row in range(500)]).suspect.any()


def test_one_right_event_refutes_a_run() -> None:
    """Two devices under one name, one of them wrong: nobody can say which."""
    assert not judged(Clocks(SETTINGS), [-YEAR, -YEAR, 0] * 100).suspect.any()


def test_the_clock_is_right_again_after_twenty_normal_events_over_ten_minutes() -> None:
    """Normal events keep their own time at once; the note comes when it is sure."""
    clocks = Clocks(SETTINGS)
    judged(clocks, [-YEAR] * 30)
    later = START + HOUR
    suspect, notes = judged(clocks, [2000] * 30, start=later)
    assert not suspect.any()
    assert notes == [ClockNote("a", "right", 2.0, later, later + 19 * MINUTE)]
    assert Clocks(SETTINGS).snapshot() == clocks.snapshot()


def test_a_relapse_before_that_stays_in_the_same_episode() -> None:
    """No second note, and the wrong events are suspect at once."""
    clocks = Clocks(SETTINGS)
    judged(clocks, [-YEAR] * 30)
    suspect, notes = judged(clocks, [0] * 15 + [-YEAR] * 5 + [0] * 15, start=START + HOUR)
    assert suspect.tolist() == [False] * 15 + [True] * 5 + [False] * 15
    assert notes == []


def test_a_suspect_clock_that_jumps_has_to_prove_its_new_offset() -> None:
    """A second note says the new one."""
    clocks = Clocks(SETTINGS)
    judged(clocks, [-YEAR] * 30)
    suspect, notes = judged(clocks, [-YEAR + HOUR] * 25, start=START + HOUR)
    assert suspect.tolist() == [False] * 19 + [True] * 6
    assert [(note.state, note.offset_s) for note in notes] == [("wrong", (-YEAR + HOUR) / 1000)]


def test_an_event_at_the_known_offset_refutes_a_jump() -> None:
    """Two halves of a proof with the old offset between them are none."""
    clocks = Clocks(SETTINGS)
    judged(clocks, [-YEAR] * 30)
    suspect, notes = judged(clocks, [-HOUR] * 15 + [-YEAR] + [-HOUR] * 15, start=START + HOUR)
    assert suspect.nonzero()[0].tolist() == [15]
    assert notes == []


def test_the_offset_follows_a_clock_that_drifts() -> None:
    """Ten seconds a day for a month is more than the spread, and stays one episode."""
    clocks = Clocks(SETTINGS)
    suspect, notes = judged(clocks, [HOUR + row * 10_000 // 24 for row in range(24 * 30)], step_ms=HOUR)
    assert suspect[19:].all()
    assert len(notes) == 1


def test_sources_that_show_up_once_push_out_runs_but_no_suspects() -> None:
    """A million invented names can't bring a wrong clock back among the right ones."""
    clocks = Clocks(ClockSettings(behind_ms=15 * MINUTE, sources=10))
    judged(clocks, [-YEAR] * 30)
    judged(clocks, [-YEAR] * 10, source="b")
    clocks.judge([f"x{row}" for row in range(100)], np.full(100, START + HOUR), np.full(100, -YEAR))
    assert judged(clocks, [-YEAR], start=START + HOUR).suspect.tolist() == [True]
    assert judged(clocks, [-YEAR] * 15, start=START + HOUR, source="b").suspect.sum() == 0


def test_cutting_events_into_batches_and_restoring_between_changes_nothing() -> None:
    """Two interleaved sources, through proof, relapse and recovery."""
    offsets = [-YEAR] * 30 + [0] * 10 + [-YEAR] * 3 + [0] * 40
    sources = ["a", "b"] * 83
    ingest = START + MINUTE * np.arange(166)
    column = np.repeat(offsets, 2)
    whole, part = Clocks(SETTINGS), Clocks(SETTINGS)
    expected = whole.judge(sources, ingest, column)
    suspect, notes = [], []
    for start in range(0, 166, 7):
        rows = slice(start, start + 7)
        one = part.judge(sources[rows], ingest[rows], column[rows])
        suspect += one.suspect.tolist()
        notes += one.notes
        blocks, part = part.snapshot(), Clocks(SETTINGS)
        part.restore(blocks)
    assert suspect == expected.suspect.tolist()
    assert notes == expected.notes
    assert part.snapshot() == whole.snapshot()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (ClockSettings(behind_ms=-1), "behind_ms must be at least 0, not -1"),
        (ClockSettings(behind_ms=0, events=0), "events must be at least 1, not 0"),
    ],
)
def test_settings_out_of_range_are_refused(settings: ClockSettings, message: str) -> None:
    """Each names the setting, the range and the value."""
    with pytest.raises(ValueError, match=message):
        Clocks(settings)
