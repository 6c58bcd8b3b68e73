"""Deadlines of dossiers: due when the result is ready, paused while the citizen has them, extended by an apology."""

import pytest

from ioc.service_levels import DossierDeadline, Dossiers, ServiceLevels, Within
from streams.topics import SERVICE_QUEUES
from tests.levels import Desk, dossier, filed, ms

DOSSIER = "dossier"
SUBMITTED = "03-02 08:00 submitted due=03-06 17:00"
ACCEPTED = "03-02 09:00 accepted due=03-06 17:00"


@pytest.mark.parametrize("end", ["result_ready", "result_returned", "rejected"])
def test_a_dossier_is_due_when_its_result_is_ready(end: str) -> None:
    """A refusal is a result as well; a result that is fetched weeks later was ready all the same."""
    assert filed(SUBMITTED, ACCEPTED, f"03-06 17:00 {end}").outcomes(DOSSIER) == {"on_time": 1}
    assert filed(SUBMITTED, ACCEPTED, f"03-06 17:01 {end}", "04-01 08:00 result_returned").outcomes(DOSSIER) == {
        "late": 1
    }


def test_steps_between_authorities_end_nothing() -> None:
    """What is approved lies somewhere else than at the counter."""
    lines = (SUBMITTED, ACCEPTED, "03-03 08:00 forwarded", "03-05 08:00 approved", "03-05 09:00 returned")
    desk = filed(*lines, until="03-09 00:00")
    assert desk.outcomes(DOSSIER) == {}
    assert desk.open(DOSSIER) == {"overdue": 1}
    assert desk.standing["deadlines_overdue"] == {("11", "03127", DOSSIER): 1.0}


def test_a_withdrawn_dossier_has_no_outcome() -> None:
    """And is not open."""
    desk = filed(SUBMITTED, ACCEPTED, "03-12 08:00 withdrawn")
    assert desk.outcomes(DOSSIER) == {}
    assert desk.open(DOSSIER) == {}


@pytest.mark.parametrize("back", ["submitted", "accepted", "forwarded"])
def test_the_clock_stands_still_until_the_citizen_has_completed_the_dossier(back: str) -> None:
    """Asked on Wednesday at eight, back on Friday at eight: due on Tuesday at five."""
    lines = (SUBMITTED, ACCEPTED, "03-04 08:00 supplement_requested", f"03-06 08:00 {back}")
    assert filed(*lines, "03-10 17:00 result_ready").outcomes(DOSSIER) == {"on_time": 1}
    assert filed(*lines, "03-10 17:01 result_ready").outcomes(DOSSIER) == {"late": 1}


def test_a_due_date_that_is_told_after_a_pause_is_the_deadline() -> None:
    """The counter has worked it out anew; however many steps later it says so."""
    lines = (SUBMITTED, ACCEPTED, "03-04 08:00 supplement_requested", "03-06 08:00 submitted due=03-06 17:00")
    for step in ("03-06 09:00 accepted", "03-09 09:00 forwarded"):
        assert filed(*lines, f"{step} due=03-12 17:00", "03-12 17:00 result_ready").outcomes(DOSSIER) == {"on_time": 1}
        assert filed(*lines, f"{step} due=03-12 17:00", "03-12 17:01 result_ready").outcomes(DOSSIER) == {"late": 1}


def test_a_due_date_that_moves_otherwise_is_an_extension() -> None:
    """A letter of apology names a new day; the first one stays the deadline."""
    lines = (SUBMITTED, ACCEPTED, "03-06 16:00 apology_sent due=03-11 17:00")
    assert filed(*lines, "03-06 17:00 result_ready").outcomes(DOSSIER) == {"on_time": 1}
    assert filed(*lines, "03-11 17:00 result_ready").outcomes(DOSSIER) == {"late_extended": 1}
    assert filed(*lines, "03-11 17:01 result_ready").outcomes(DOSSIER) == {"late": 1}


def test_the_acceptance_names_the_deadline_and_an_earlier_one_replaces_it() -> None:
    """What a portal promised at submission was a guess."""
    later = (SUBMITTED, "03-03 09:00 accepted due=03-10 17:00", "03-10 17:00 result_ready")
    earlier = (SUBMITTED, ACCEPTED, "03-03 09:00 forwarded due=03-05 17:00", "03-06 08:00 result_ready")
    assert filed(*later).outcomes(DOSSIER) == {"on_time": 1}
    assert filed(*earlier).outcomes(DOSSIER) == {"late": 1}


def test_a_dossier_that_is_submitted_again_after_a_refusal_begins_anew() -> None:
    """With a deadline of its own."""
    again = ("03-05 08:00 rejected", "03-09 08:00 submitted due=03-12 17:00", "03-12 17:01 result_ready")
    desk = filed(SUBMITTED, ACCEPTED, *again)
    assert desk.outcomes(DOSSIER) == {"on_time": 1, "late": 1}
    assert sum(desk.total("dossiers_submitted").values()) == 2


def test_what_follows_a_result_changes_nothing() -> None:
    """It is fetched, forwarded by mistake, or told twice."""
    lines = ("03-05 08:00 result_ready", "03-05 08:00 result_ready", "03-09 08:00 forwarded", "03-09 09:00 submitted")
    desk = filed(SUBMITTED, ACCEPTED, *lines, "03-20 08:00 result_returned")
    assert desk.outcomes(DOSSIER) == {"on_time": 1}
    assert desk.open(DOSSIER) == {}


def test_a_dossier_whose_result_was_fetched_before_it_was_first_seen_is_not_open() -> None:
    """Nor is it judged: when it was ready, nobody has told."""
    desk = filed("03-05 08:00 result_returned due=03-04 17:00")
    assert desk.outcomes(DOSSIER) == {}
    assert desk.open(DOSSIER) == {}


def _with_rules() -> ServiceLevels:
    def rule(procedure: str, days: float) -> DossierDeadline:
        return DossierDeadline("2026-01-01", "Quyết định thử nghiệm", Within(working_days=days), procedure)

    return ServiceLevels(dossiers=Dossiers(deadlines=(rule("1.001", 3.0), rule("1.002", 1.0))))


def test_without_a_due_date_the_rule_of_the_procedure_counts_from_the_acceptance() -> None:
    """Or from the time of receipt, where that is told; until then from the submission."""
    lines = ("03-02 08:00 submitted procedure=1.001", "03-03 08:00 accepted")
    for line, when in (((), "03-06"), (("03-03 09:00 forwarded received=03-02 08:00",), "03-05")):
        ends = [filed(*lines, *line, f"{when} {clock} result_ready", settings=_with_rules()).outcomes(DOSSIER)
                for clock in ("08:00", "08:01")]  # fmt: skip
        assert ends == [{"on_time": 1}, {"late": 1}]
    assert filed(lines[0], "03-05 08:01 result_ready", settings=_with_rules()).outcomes(DOSSIER) == {"late": 1}


def test_a_pause_before_the_acceptance_leaves_all_of_the_time() -> None:
    """It counts from the complete dossier."""
    lines = ("03-02 08:00 submitted procedure=1.001", "03-02 10:00 supplement_requested", "03-04 08:00 submitted")
    ends = [filed(*lines, "03-05 08:00 accepted", f"03-10 08:0{minute} result_ready", settings=_with_rules())
            for minute in (0, 1)]  # fmt: skip
    assert [desk.outcomes(DOSSIER) for desk in ends] == [{"on_time": 1}, {"late": 1}]


def test_a_due_date_counts_before_the_rule() -> None:
    """From the moment it is told, even while the clock stands still."""
    lines = ("03-02 08:00 submitted procedure=1.002", "03-02 09:00 supplement_requested due=03-06 17:00")
    back = ("03-04 09:00 submitted", "03-09 17:00 result_ready")
    assert filed(*lines, *back, settings=_with_rules()).outcomes(DOSSIER) == {"on_time": 1}


def test_a_due_date_that_is_told_while_the_clock_stands_still_is_put_off_with_it() -> None:
    """From the pause on, which began before."""
    lines = ("03-02 08:00 submitted procedure=1.001", "03-02 09:00 supplement_requested")
    told = ("03-02 10:00 returned due=03-06 17:00", "03-04 09:00 submitted")
    ends = [filed(*lines, *told, f"03-10 17:0{minute} result_ready", settings=_with_rules()) for minute in (0, 1)]
    assert [desk.outcomes(DOSSIER) for desk in ends] == [{"on_time": 1}, {"late": 1}]


def test_without_due_date_and_rule_nothing_is_guessed() -> None:
    """It is counted as unknown."""
    desk = filed("03-02 08:00 submitted procedure=9.999", "03-03 08:00 result_ready", settings=_with_rules())
    assert desk.outcomes(DOSSIER) == {"unknown": 1}


def test_a_dossier_first_seen_later_is_judged_by_its_due_date() -> None:
    """The share of time that it has used counts from when it was first seen, or received."""
    assert filed("03-05 08:00 forwarded due=03-06 17:00", "03-06 17:01 result_ready").outcomes(DOSSIER) == {"late": 1}
    seen = filed("03-05 08:00 forwarded due=03-06 17:00", until="03-05 11:30")
    told = filed("03-05 08:00 forwarded due=03-06 17:00; received=03-02 08:00", until="03-05 11:30")
    assert (seen.open(DOSSIER), told.open(DOSSIER)) == ({"under_50": 1}, {"from_50": 1})


def test_submissions_are_counted_once_by_level_and_channel() -> None:
    """A completed dossier is submitted again, but is no other."""
    lines = (
        "03-02 08:00 submitted level=full; channel=online; due=03-06 17:00",
        "03-03 08:00 supplement_requested",
        "03-04 08:00 submitted level=full; channel=online",
    )
    assert filed(*lines).total("dossiers_submitted") == {("full", "online"): 1}


def test_a_payment_is_counted_when_it_changes() -> None:
    """A failed one and the one that worked are two; a state that every step repeats is one."""
    lines = [
        f"03-02 08:{minute:02} {step} payment={how}"
        for minute, (step, how) in enumerate(
            [("submitted", "none"), ("accepted", "failed"), ("forwarded", "online"), ("approved", "online")]
        )
    ]
    assert filed(*lines).total("dossier_payments") == {("failed",): 1, ("online",): 1}


def test_steps_come_in_any_order_and_more_than_once() -> None:
    """What counts is when they happened."""
    lines = [
        SUBMITTED,
        ACCEPTED,
        "03-04 08:00 supplement_requested",
        "03-06 08:00 submitted",
        "03-10 17:00 result_ready",
    ]
    desk = Desk(SERVICE_QUEUES)
    desk.take(dossier(line, number=n) for n in range(2) for line in reversed(lines))
    desk.pass_time(ms("03-20 00:00"))
    assert desk.outcomes(DOSSIER) == {"on_time": 1}
