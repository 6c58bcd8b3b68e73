"""Deadlines of field reports: what is on time, late, late with an extension, open, and what nobody can know."""

import pytest

from ioc.service_levels import ReportDeadline, Reports, ServiceLevels, Within
from tests.levels import Desk, lived, ms, report

RECEIPT, RESOLUTION = "report_receipt", "report_resolution"
SUBMITTED = "03-02 08:00 submitted"  # a Monday
RECEIVED = "03-02 09:00 received"


@pytest.mark.parametrize(
    ("end", "outcome"),
    [("03-11 08:00", "on_time"), ("03-11 08:01", "late"), ("03-07 20:00", "on_time"), ("04-15 09:00", "late")],
)
def test_a_report_is_resolved_on_time_within_seven_working_days(end: str, outcome: str) -> None:
    """From Monday at eight until Wednesday of the next week at eight; the weekend doesn't count."""
    assert lived(SUBMITTED, RECEIVED, f"{end} resolved").outcomes(RESOLUTION) == {outcome: 1}


def test_tet_does_not_count() -> None:
    """Seven working days from 2026-02-10 are over on 2026-02-26: the 16th to the 20th are holidays."""
    start = ("02-10 08:00 submitted", "02-10 09:00 received")
    assert lived(*start, "02-26 08:00 resolved").outcomes(RESOLUTION) == {"on_time": 1}
    assert lived(*start, "02-26 08:01 resolved").outcomes(RESOLUTION) == {"late": 1}


@pytest.mark.parametrize("act", ["received", "assigned", "accepted", "rejected", "resolved", "info_requested"])
def test_whatever_an_office_does_first_is_its_receipt(act: str) -> None:
    """Within 24 hours, day and night."""
    assert lived(SUBMITTED, f"03-03 08:00 {act}").outcomes(RECEIPT) == {"on_time": 1}
    assert lived(SUBMITTED, f"03-03 08:01 {act}").outcomes(RECEIPT) == {"late": 1}


@pytest.mark.parametrize("act", ["resolved", "closed", "rejected"])
def test_a_resolution_is_counted_once_however_it_is_called(act: str) -> None:
    """What is closed after that is no second one; refusing a report is an answer."""
    lines = (SUBMITTED, RECEIVED, f"03-04 10:00 {act}", "03-05 10:00 closed", "03-05 11:00 verified")
    assert lived(*lines).outcomes(RESOLUTION) == {"on_time": 1}


def test_an_extension_makes_a_late_report_late_with_an_extension() -> None:
    """Past the first deadline it is late all the same; past the extension it is plainly late."""
    lines = (SUBMITTED, RECEIVED, "03-09 10:00 extended until=03-20 17:00")
    assert lived(*lines, "03-11 08:00 resolved").outcomes(RESOLUTION) == {"on_time": 1}
    assert lived(*lines, "03-20 17:00 resolved").outcomes(RESOLUTION) == {"late_extended": 1}
    assert lived(*lines, "03-20 17:01 resolved").outcomes(RESOLUTION) == {"late": 1}


def test_an_extension_that_is_granted_late_or_is_shorter_changes_little() -> None:
    """After the first deadline it still makes `late_extended`; before it, it puts nothing off."""
    late = (SUBMITTED, RECEIVED, "03-13 10:00 extended until=03-20 17:00", "03-16 08:00 resolved")
    short = (SUBMITTED, RECEIVED, "03-03 10:00 extended until=03-05 17:00", "03-10 08:00 resolved")
    assert lived(*late).outcomes(RESOLUTION) == {"late_extended": 1}
    assert lived(*short).outcomes(RESOLUTION) == {"on_time": 1}


def test_of_a_unit_late_with_an_extension_is_late() -> None:
    """Its figures know on_time and late; those of agency and category tell the extension apart."""
    lines = (f"{SUBMITTED} agency=Sở Xây dựng; group=Giao thông", RECEIVED, "03-09 10:00 extended until=03-20 17:00")
    desk = lived(*lines, "03-16 08:00 resolved")
    assert desk.total("deadlines") == {("03127", RESOLUTION, "late"): 1}
    assert desk.total("agency_deadlines")["Sở Xây dựng", RESOLUTION, "late_extended"] == 1
    assert desk.total("category_deadlines")["Giao thông", RESOLUTION, "late_extended"] == 1
    assert desk.total("category_deadlines")["Giao thông", RECEIPT, "on_time"] == 1


def test_the_clock_stands_still_while_the_citizen_is_asked() -> None:
    """Two working days until the answer are two more for the office."""
    lines = (SUBMITTED, RECEIVED, "03-04 08:00 info_requested", "03-06 08:00 info_given")
    assert lived(*lines, "03-13 08:00 resolved").outcomes(RESOLUTION) == {"on_time": 1}
    assert lived(*lines, "03-13 08:01 resolved").outcomes(RESOLUTION) == {"late": 1}


def test_what_is_closed_while_the_citizen_is_asked_took_until_the_question() -> None:
    """Nobody answered for a month, and the office closed it."""
    assert lived(SUBMITTED, RECEIVED, "03-04 08:00 info_requested", "04-10 08:00 closed").outcomes(RESOLUTION) == {
        "on_time": 1
    }


def test_a_question_after_the_deadline_saves_nothing() -> None:
    """Late is late."""
    lines = (SUBMITTED, RECEIVED, "03-12 08:00 info_requested", "03-13 08:00 info_given", "03-13 09:00 resolved")
    assert lived(*lines).outcomes(RESOLUTION) == {"late": 1}


def test_a_question_at_the_deadline_saves_nothing_but_is_not_late() -> None:
    """All of the time was used; what is closed now is on time, what goes on is late."""
    lines = (SUBMITTED, RECEIVED, "03-11 08:00 info_requested")
    assert lived(*lines, "03-13 08:00 closed").outcomes(RESOLUTION) == {"on_time": 1}
    assert lived(*lines, "03-13 08:00 info_given", "03-13 08:00 resolved").outcomes(RESOLUTION) == {"late": 1}


def test_a_pause_never_brings_a_deadline_nearer() -> None:
    """It was told to be on a Sunday, and the citizen was asked during a night."""
    lines = (f"{SUBMITTED} expected=03-08 12:00", RECEIVED, "03-03 20:00 info_requested", "03-03 21:00 info_given")
    assert lived(*lines, "03-08 12:00 resolved").outcomes(RESOLUTION) == {"on_time": 1}
    assert lived(*lines, "03-08 12:01 resolved").outcomes(RESOLUTION) == {"late": 1}


def test_a_reopened_report_goes_on_where_it_stood_and_counts_again() -> None:
    """It had used two of its seven days; a week in which it was thought done doesn't count."""
    lines = (SUBMITTED, RECEIVED, "03-04 08:00 resolved", "03-11 08:00 reopened")
    assert lived(*lines, "03-18 08:00 resolved").outcomes(RESOLUTION) == {"on_time": 2}
    assert lived(*lines, "03-18 08:01 resolved").outcomes(RESOLUTION) == {"on_time": 1, "late": 1}
    assert lived(*lines, until="03-19 00:00").open(RESOLUTION) == {"overdue": 1}


@pytest.mark.parametrize("void", ["duplicate_of parent_id=PA-0", "hidden"])
def test_a_duplicate_or_hidden_report_has_no_outcome(void: str) -> None:
    """Nor is it open any more, whatever follows."""
    desk = lived(SUBMITTED, f"03-06 08:00 {void}", "03-07 08:00 received", "03-20 08:00 closed")
    assert desk.outcomes(RECEIPT) == desk.outcomes(RESOLUTION) == {}
    assert desk.open(RECEIPT) == desk.open(RESOLUTION) == {}


def test_open_reports_are_told_by_the_working_time_that_they_have_used() -> None:
    """Of 52.5 hours from Monday at eight 26.25 are over on Thursday at 13:45, 39.4 on Monday, 47.25 on Tuesday."""
    marks = {
        "03-02 10:00": "under_50",
        "03-05 13:44": "under_50",
        "03-05 13:45": "from_50",
        "03-09 09:52": "from_50",
        "03-09 09:53": "from_75",
        "03-10 10:14": "from_75",
        "03-10 10:15": "from_90",
        "03-11 08:00": "from_90",
        "03-11 08:01": "overdue",
    }
    found = {when: lived(SUBMITTED, RECEIVED, until=when).open(RESOLUTION) for when in marks}
    assert found == {when: {name: 1} for when, name in marks.items()}


def test_an_overdue_report_stands_under_unit_and_agency_until_it_ends() -> None:
    """So that a share of what is on time can hold it in its denominator."""
    lines = (f"{SUBMITTED} agency=Sở Xây dựng", "03-05 08:00 received")
    before, after = lived(*lines, until="03-12 00:00"), lived(*lines, "03-12 09:00 resolved")
    assert before.standing["deadlines_overdue"] == {("11", "03127", RESOLUTION): 1.0}
    assert before.standing["agency_deadlines_overdue"] == {
        ("11", "Sở Xây dựng", RECEIPT): 0.0,
        ("11", "Sở Xây dựng", RESOLUTION): 1.0,
    }
    assert set(after.standing["agency_deadlines_overdue"].values()) == {0.0}
    assert set(after.standing["deadlines_overdue"].values()) == {0.0}


def test_an_extension_keeps_an_open_report_from_being_overdue() -> None:
    """Until it is over; when it ends its lateness is told."""
    lines = (SUBMITTED, RECEIVED, "03-09 10:00 extended until=03-20 17:00")
    assert lived(*lines, until="03-16 08:00").open(RESOLUTION) == {"from_50": 1}
    assert lived(*lines, until="03-20 17:01").open(RESOLUTION) == {"overdue": 1}


def test_while_the_citizen_is_asked_an_open_report_stays_in_its_phase() -> None:
    """For as long as it takes."""
    assert lived(SUBMITTED, RECEIVED, "03-06 08:00 info_requested", until="06-01 08:00").open(RESOLUTION) == {
        "from_50": 1
    }


def test_a_report_that_moves_to_another_agency_is_counted_there() -> None:
    """With what it has used so far, and where it is not known as other."""
    lines = (f"{SUBMITTED} agency=Sở Xây dựng", RECEIVED, "03-05 08:00 assigned agency=Phòng nào đó")
    desk = lived(*lines, until="03-12 00:00")
    assert desk.standing["agency_deadlines_overdue"]["11", "Sở Xây dựng", RESOLUTION] == 0.0
    assert desk.standing["agency_deadlines_overdue"]["11", "other", RESOLUTION] == 1.0


def test_a_report_first_seen_later_begins_when_it_was_requested() -> None:
    """So its resolution is judged; its receipt only if it can't have been late."""
    late = lived("03-11 07:00 assigned requested=03-02 08:00", "03-11 08:01 resolved")
    assert late.outcomes(RESOLUTION) == {"late": 1}
    assert late.outcomes(RECEIPT) == {"unknown": 1}
    assert lived("03-11 07:00 received requested=03-02 08:00").outcomes(RECEIPT) == {"late": 1}
    assert lived("03-02 18:00 assigned requested=03-02 08:00").outcomes(RECEIPT) == {"on_time": 1}


def test_without_a_beginning_nothing_is_guessed() -> None:
    """It is counted as unknown, and not as open."""
    desk = lived("03-05 08:00 assigned", until="03-06 00:00")
    assert desk.open(RESOLUTION) == {}
    assert desk.outcomes(RECEIPT) == {"unknown": 1}
    assert lived("03-05 08:00 assigned", "03-06 08:00 resolved").outcomes(RESOLUTION) == {"unknown": 1}
    impossible = lived("03-05 08:00 assigned requested=03-05 09:00", "03-06 08:00 resolved")
    assert impossible.outcomes(RESOLUTION) == {"unknown": 1}


def test_a_report_first_seen_when_it_goes_on_again_is_unknown() -> None:
    """How long its clock had stood still before, nobody knows."""
    for first in ("reopened", "info_given"):
        desk = lived(f"03-05 08:00 {first} requested=03-02 08:00", "03-20 08:00 resolved")
        assert desk.outcomes(RESOLUTION) == {"unknown": 1}


@pytest.mark.parametrize("first", ["rated rating=4; ", "verified ", "other status=closed; "])
def test_a_report_first_seen_after_its_end_is_not_open(first: str) -> None:
    """A rating of last month's report is no new report."""
    desk = lived(f"03-05 08:00 {first}requested=02-02 08:00")
    assert desk.open(RESOLUTION) == desk.open(RECEIPT) == {}
    assert desk.outcomes(RESOLUTION) == {}


def test_a_report_that_is_verified_but_still_open_is_open() -> None:
    """Some systems verify before they act; the status tells."""
    assert lived("03-02 09:00 verified requested=03-02 08:00; status=open", until="03-03 00:00").open(RESOLUTION) == {
        "under_50": 1
    }
    assert lived(SUBMITTED, RECEIVED, "03-04 08:00 verified", until="03-05 08:00").open(RESOLUTION) == {"under_50": 1}


@pytest.mark.parametrize("hint", ["rated rating=4; ", "verified ", "other "])
def test_an_end_that_was_missed_is_on_time_if_the_report_is_closed_by_the_deadline(hint: str) -> None:
    """After it, nobody knows when it ended; either way it is open no more."""
    early = lived(SUBMITTED, RECEIVED, f"03-11 08:00 {hint}status=closed", "03-12 08:00 closed")
    late = lived(SUBMITTED, RECEIVED, f"03-11 08:01 {hint}status=closed", "03-12 08:00 closed")
    assert (early.outcomes(RESOLUTION), late.outcomes(RESOLUTION)) == ({"on_time": 1}, {"unknown": 1})
    assert early.open(RESOLUTION) == late.open(RESOLUTION) == {}


def test_a_receipt_that_was_missed_together_with_the_end_is_judged_alike() -> None:
    """In time if the report was closed in time, else unknown."""
    for when, outcome in (("03-03 08:00", "on_time"), ("03-03 08:01", "unknown")):
        desk = lived(SUBMITTED, f"{when} rated rating=4; status=closed", "03-05 08:00 received")
        assert desk.outcomes(RECEIPT) == {outcome: 1}


def test_steps_come_in_any_order_and_more_than_once() -> None:
    """What counts is when they happened."""
    lines = [SUBMITTED, RECEIVED, "03-04 08:00 info_requested", "03-06 08:00 info_given", "03-13 08:00 resolved"]
    desk = Desk()
    desk.take(report(line, number=n) for n in range(2) for line in reversed(lines))
    desk.pass_time(ms("03-20 00:00"))
    assert desk.outcomes(RESOLUTION) == {"on_time": 1}
    assert desk.outcomes(RECEIPT) == {"on_time": 1}


def test_at_one_instant_steps_follow_each_other_as_in_life() -> None:
    """A bulk entry gives all of them the same time."""
    names = ("closed", "resolved", "received", "submitted")
    desk = lived(*(f"03-04 08:00 {name}" for name in names))
    assert desk.outcomes(RECEIPT) == {"on_time": 1}
    assert desk.outcomes(RESOLUTION) == {"on_time": 1}


def test_a_rating_is_counted_once_until_the_report_is_reopened() -> None:
    """And then once more."""
    lines = (SUBMITTED, RECEIVED, "03-04 08:00 resolved", "03-05 08:00 rated rating=2", "03-05 09:00 rated rating=5")
    assert lived(*lines).total("report_ratings") == {("2",): 1}
    again = ("03-06 08:00 reopened", "03-07 08:00 resolved", "03-08 08:00 rated rating=5")
    assert lived(*lines, *again).total("report_ratings") == {("2",): 1, ("5",): 1}


def test_the_deadline_that_the_citizen_was_told_first_counts_before_any_rule() -> None:
    """A later one is no new deadline: that would be an extension, which has a step of its own."""
    lines = (f"{SUBMITTED} expected=03-04 08:00", f"{RECEIVED} expected=03-30 08:00")
    assert lived(*lines, "03-04 08:01 resolved").outcomes(RESOLUTION) == {"late": 1}
    ignored = ServiceLevels(reports=Reports(expected_datetime="ignored"))
    assert lived(*lines, "03-04 08:01 resolved", settings=ignored).outcomes(RESOLUTION) == {"on_time": 1}


def _by_category() -> ServiceLevels:
    def rule(day: str, days: float, category: str = "", agency: str = "") -> ReportDeadline:
        within = Within(working_days=days)
        return ReportDeadline(day, "Quyết định thử nghiệm", category, agency, resolution=within)

    rules = (
        rule("2026-01-01", 5.0, "Giao thông"),
        rule("2026-01-01", 1.0, "Tai nạn giao thông"),
        rule("2026-03-03", 2.0, "Giao thông"),
        rule("2026-01-01", 3.0, agency="Sở Xây dựng"),
        rule("2026-01-01", 4.0, "Giao thông", "Sở Xây dựng"),
    )
    return ServiceLevels(reports=Reports(deadlines=rules))


@pytest.mark.parametrize(
    ("submitted", "fields", "last"),
    [
        ("03-02 08:00", "group=Môi trường", "03-11 08:00"),
        ("03-02 08:00", "group=Giao thông", "03-09 08:00"),
        ("03-03 08:00", "group=Giao thông", "03-05 08:00"),
        ("03-02 08:00", "group=Giao thông; category=Tai nạn giao thông", "03-03 08:00"),
        ("03-02 08:00", "group=Môi trường; agency=Sở Xây dựng", "03-05 08:00"),
        ("03-02 08:00", "group=Giao thông; agency=Sở Xây dựng", "03-06 08:00"),
        ("03-02 08:00", "category=Tai nạn giao thông; agency=Sở Xây dựng", "03-03 08:00"),
    ],
)
def test_the_rule_that_says_most_of_a_report_holds(submitted: str, fields: str, last: str) -> None:
    """Code before group before agency before all; what was submitted before a rule was in force keeps the old one."""
    lines = (f"{submitted} submitted {fields}", f"{submitted[:6]}09:00 received")
    outcomes = [
        lived(*lines, f"{when} resolved", settings=_by_category()).outcomes(RESOLUTION)
        for when in (last, f"{last[:-1]}1")
    ]
    assert outcomes == [{"on_time": 1}, {"late": 1}]


def test_a_report_that_gets_another_agency_gets_its_deadline_too() -> None:
    """Until a pause or an extension has changed it."""
    lines = (SUBMITTED, "03-02 09:00 assigned agency=Sở Xây dựng", "03-05 08:01 resolved")
    assert lived(*lines, settings=_by_category()).outcomes(RESOLUTION) == {"late": 1}
    asked = ("03-02 08:30 info_requested", "03-02 08:40 info_given")
    assert lived(lines[0], *asked, *lines[1:], settings=_by_category()).outcomes(RESOLUTION) == {"on_time": 1}


def test_every_figure_is_told_as_none_before_it_is_one() -> None:
    """So that a rate can be taken from the first outcome on."""
    desk = lived(SUBMITTED, until="03-02 08:30")
    assert set(desk.counted["deadlines"]) == {("11", "03127", RESOLUTION, name) for name in ("on_time", "late")}
    assert len(desk.counted["agency_deadlines"]) == 6
    assert set(desk.counted["report_ratings"]) == {("11", str(rating)) for rating in range(1, 6)}
    assert {value for counts in desk.counted.values() for value in counts.values()} == {0.0}
