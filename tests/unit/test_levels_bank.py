"""The bank of deadlines: whole minutes, bounded memory, snapshots of what changed, and where it stands."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest

from ioc.app import Assembly
from ioc.config import Config
from ioc.service_levels import Reports, ServiceLevels
from streams.banks.bank import Horizon, Measuring
from streams.codec import encode
from streams.levels.bank import LevelBank
from streams.measures import MEASURES, NOTHING, Labels
from streams.records import RecordBatch
from streams.topics import FIELD_REPORTS, SERVICE_QUEUES, SOURCES
from tests.levels import Desk, fresh, ms, report

RESOLUTION = "report_resolution"
MINUTE_MS = 60_000


def submitted(number: int, unit: str = "") -> str:
    """Return the submission of a report, a minute after the other."""
    return f"03-02 {8 + number // 60:02}:{number % 60:02} submitted" + (f" unit_code={unit}" if unit else "")


def small(remembered: int) -> ServiceLevels:
    """Return settings that keep few reports."""
    return ServiceLevels(reports=Reports(remembered=remembered))


def taken(number: int, settings: ServiceLevels | None = None) -> Desk:
    """Return a desk with so many open reports."""
    desk = Desk(FIELD_REPORTS, settings)
    desk.take(report(submitted(n), f"PA-{n}") for n in range(number))
    desk.pass_time(ms("03-02 20:00"))
    return desk


def end(desk: Desk, name: str, when: str) -> None:
    """Resolve a report."""
    desk.take([report(f"{when} resolved", name)])
    desk.pass_time(ms(when) + MINUTE_MS)


def test_banks_of_deadlines_stand_on_the_topics_of_reports_and_of_queues() -> None:
    """And measure only families that are declared, with their labels."""
    assembly = Assembly(Config())
    assert {topic for topic in SOURCES if "levels" in assembly.levels.banks(topic)} == {FIELD_REPORTS, SERVICE_QUEUES}
    desk = taken(1)
    end(desk, "PA-0", "03-03 08:00")
    for family, figures in (desk.counted | desk.standing).items():
        assert {len(labels) for labels in figures} <= {len(MEASURES[family].labels)}


def test_a_minute_that_has_not_passed_is_not_looked_into() -> None:
    """So that no two cuts of the input can show different figures for it."""
    desk = Desk()
    desk.take([report("03-02 08:00 submitted", "PA-0"), report("03-02 08:01 submitted", "PA-1")])
    desk.pass_time(ms("03-02 08:01") + 59_000)
    assert desk.open(RESOLUTION) == {"under_50": 1}
    desk.pass_time(ms("03-02 08:02"))
    assert desk.open(RESOLUTION) == {"under_50": 2}


def test_what_has_not_changed_is_not_measured_again() -> None:
    """Time passes, and no open report comes to another phase."""
    desk = taken(1)
    bank = desk.bank
    assert isinstance(bank, Measuring)
    bank.close(Horizon(ms("03-02 21:00"), ms("03-02 21:00")))
    assert bank.measured() is NOTHING
    bank.close(Horizon(ms("03-06 21:00"), ms("03-06 21:00")))
    assert bank.measured().standing["deadlines_open"]["11", RESOLUTION, "from_50"] == 1.0


def test_steps_that_are_not_admitted_are_forgotten() -> None:
    """A duplicate, or a late one; the others keep their times."""
    desk = Desk()
    told = [report(submitted(n), f"PA-{n}") for n in range(4)]
    desk.bank.read([event for _, event in told[:3]])
    desk.bank.read([event for _, event in told[3:]])
    kept = np.array([1, 3])
    desk.bank.observe(kept, np.array([told[1].at_ms, told[3].at_ms]), kept)
    desk.bank.read([told[0].event])
    desk.bank.observe(np.array([], np.int64), np.array([], np.int64), np.array([], np.int64))
    desk.pass_time(ms("03-02 08:03"))
    assert desk.open(RESOLUTION) == {"under_50": 1}
    desk.pass_time(ms("03-02 08:04"))
    assert desk.open(RESOLUTION) == {"under_50": 2}


def test_a_step_behind_the_watermark_counts_at_the_watermark() -> None:
    """Its record was written out of order; nothing is lost and no clock runs backwards."""
    desk = taken(1)
    desk.pass_time(ms("03-11 09:00"))
    desk.take([report("03-11 07:59 resolved", "PA-0")])
    desk.pass_time(ms("03-11 09:01"))
    assert desk.outcomes(RESOLUTION) == {"late": 1}


def test_the_report_that_ended_first_is_forgotten_first() -> None:
    """Even if it was submitted last; a report that was reopened has not ended. A restart changes nothing of it."""
    desk = taken(4, small(4))
    for name, when in (("PA-3", "03-03 08:00"), ("PA-0", "03-03 08:10"), ("PA-2", "03-03 08:20")):
        end(desk, name, when)
    desk.take([report("03-03 08:30 reopened", "PA-3")])
    desk.pass_time(ms("03-03 09:00"))
    desk.restart()
    desk.take([report("03-03 10:00 submitted", "PA-9")])
    desk.pass_time(ms("03-03 10:01"))
    end(desk, "PA-2", "03-03 10:10")  # has ended and is known: counts no more
    end(desk, "PA-3", "03-03 10:20")
    assert desk.outcomes(RESOLUTION) == {"on_time": 4}
    end(desk, "PA-0", "03-03 10:30")  # is forgotten: nobody knows when it began; it takes the place of PA-2
    assert desk.outcomes(RESOLUTION) == {"on_time": 4, "unknown": 1}
    desk.take([report("03-03 11:00 submitted", "PA-10")])  # in the place of PA-3, which has ended again
    end(desk, "PA-3", "03-03 11:30")
    assert desk.outcomes(RESOLUTION) == {"on_time": 4, "unknown": 2}


def test_where_none_has_ended_the_first_is_forgotten_and_counted_as_unknown() -> None:
    """It stands open no more."""
    desk = taken(5, small(3))
    assert desk.open(RESOLUTION) == {"under_50": 3}
    assert desk.outcomes(RESOLUTION) == {"unknown": 2}
    assert desk.outcomes("report_receipt") == {"unknown": 2}


def test_a_snapshot_writes_only_the_blocks_that_changed() -> None:
    """Of 600 reports one is resolved: one block of matters is another."""
    desk = taken(600)
    before = desk.bank.snapshot()
    assert desk.bank.snapshot() == before
    end(desk, "PA-300", "03-03 08:00")
    after = desk.bank.snapshot()
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"reports/matters/1", "reports/matters", "reports/minute"}
    desk.restart()
    assert desk.bank.snapshot() == after


def test_blocks_of_forgotten_reports_are_gone() -> None:
    """What is left lies in the blocks of the last."""
    desk = taken(600, small(10))
    names = {name for name in desk.bank.snapshot() if name.startswith("reports/matters/")}
    assert names == {"reports/matters/2"}


def test_after_a_restart_all_figures_stand_as_before() -> None:
    """Those that are none as well, even where nothing is open any more."""
    desk = taken(2)
    for name, when in (("PA-1", "03-03 08:00"), ("PA-0", "03-03 09:00")):
        end(desk, name, when)
        before = desk.standing
        desk.restart()
        desk.standing = {}
        desk.pass_time(ms(when) + 2 * MINUTE_MS)
        assert desk.standing == before
        assert before


def test_no_more_than_a_thousand_units_are_told_apart() -> None:
    """Codes come from outside; the rest is "other"."""
    desk = Desk()
    desk.take(report(submitted(n % 600, f"{n:05}"), f"PA-{n}") for n in range(1200))
    desk.pass_time(ms("04-30 00:00"))
    overdue = desk.standing["deadlines_overdue"]
    assert len(overdue) == 1001
    assert overdue["11", "other", RESOLUTION] == 200.0


def test_a_deadline_that_was_put_off_passes_on_when_it_is_due_by_then() -> None:
    """What had been expected of it before is void."""
    desk = taken(1)
    desk.take([report("03-06 08:00 extended until=03-20 17:00", "PA-0")])
    found: list[str] = []
    for when in ("03-05 20:00", "03-06 20:00", "03-11 20:00", "03-17 20:00", "03-18 20:00", "03-20 17:01"):
        desk.pass_time(ms(when))
        found.append(*desk.open(RESOLUTION))
    assert found == ["from_50", "under_50", "from_50", "from_75", "from_75", "overdue"]


def test_the_queue_of_coming_phases_does_not_grow_with_steps() -> None:
    """A report that is touched a thousand times waits once."""
    desk = Desk()
    for n in range(500):
        desk.take([report(submitted(n)), report(submitted(n).replace("submitted", "assigned"))])
        desk.pass_time(ms("03-02 08:00") + n * MINUTE_MS)
    bank = desk.bank
    assert isinstance(bank, LevelBank)
    assert len(bank._book._next) <= 2 * 2 + 64 + 4


def test_events_of_other_kinds_are_passed_over() -> None:
    """A bank can't be fed the wrong topic."""
    bank = fresh(ServiceLevels(), SERVICE_QUEUES)
    event = report("03-02 08:00 submitted").event
    bank.read([event])
    bank.observe(np.array([0]), np.array([0]), np.array([0]))
    assert isinstance(bank, LevelBank)
    assert bank._waiting == []
    with pytest.raises(TypeError, match="FieldReport is no step of a dossier"):
        bank._life.step(event, 0)


def test_the_stage_hands_out_what_its_bank_measures() -> None:
    """From bytes to figures, over the watermark of the partition."""
    stage = Assembly(Config()).find(FIELD_REPORTS, 0)
    told = [report(submitted(n), f"PA-{n}") for n in range(30)]
    times = [at_ms + 1000 for at_ms, _ in told]
    batch = RecordBatch(
        FIELD_REPORTS, 0, list(range(30)), times, [b"03127"] * 30, [encode(event) for _, event in told], [()] * 30
    )
    standing = stage.process(batch, times[-1]).measured.standing["deadlines_open"]
    in_time = [at_ms for at_ms, _ in told if at_ms < (times[-1] - 900_000) // MINUTE_MS * MINUTE_MS]
    assert standing["11", RESOLUTION, "under_50"] == len(in_time) > 0


def test_counts_of_one_stretch_after_another_add_up() -> None:
    """Nothing is counted twice."""
    desk = taken(3)
    sums: list[dict[Labels, float]] = []
    for hour, name in enumerate(("PA-0", "PA-1", "PA-2"), 8):
        end(desk, name, f"03-03 {hour:02}:00")
        sums.append(dict(desk.counted["deadlines"]))
    key = ("11", "03127", RESOLUTION, "on_time")
    assert [later[key] - before[key] for before, later in pairwise(sums)] == [1.0, 1.0]


def test_a_step_survives_its_snapshot() -> None:
    """Whatever was read of an event waits in bytes."""
    desk = Desk()
    lines = ("03-02 08:00 submitted agency=Sở Xây dựng; group=Giao thông; expected=03-04 08:00", "03-02 08:00 other")
    desk.take(report(line) for line in lines)
    assert isinstance(desk.bank, LevelBank)
    before = list(desk.bank._waiting)
    desk.restart()
    assert isinstance(desk.bank, LevelBank)
    assert desk.bank._waiting == before
    assert msgspec.structs.asdict(before[1])["action"] is msgspec.structs.asdict(desk.bank._waiting[1])["action"]
