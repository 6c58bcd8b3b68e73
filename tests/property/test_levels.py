"""Deadlines: against an office that looks at the clock every minute, and the same however steps arrive."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ioc.service_levels import DossierDeadline, Dossiers, ReportDeadline, Reports, ServiceLevels, Within
from streams.topics import FIELD_REPORTS, SERVICE_QUEUES
from tests.levels import Desk, Told, dossier, moment, report

MINUTE = timedelta(minutes=1)
START = moment("03-02 00:00")
SPAN = 16 * 24 * 60  # minutes in which things happen: two weeks and two days
ALLOWED = 11 * 60  # minutes of working time that a resolution may take
LATENESS_MS = 900_000
END_MS = int(moment("04-10 00:00").timestamp() * 1000)

AGENCIES = ("Sở Xây dựng", "Công an tỉnh", "Ban nào đó")
SETTINGS = ServiceLevels(
    reports=Reports(
        resolution=Within(working_hours=ALLOWED / 60),
        deadlines=(ReportDeadline("2026-03-05", "thử", agency="Công an tỉnh", resolution=Within(hours=30)),),
    ),
    dossiers=Dossiers(deadlines=(DossierDeadline("2026-01-01", "thử", Within(working_days=2)),)),
)
REPORT_ACTIONS = (
    "submitted", "received", "assigned", "accepted", "rejected", "extended", "info_requested", "info_given",
    "resolved", "verified", "reopened", "closed", "duplicate_of", "hidden", "rated",
)  # fmt: skip
DOSSIER_ACTIONS = (
    "submitted", "accepted", "supplement_requested", "forwarded", "returned", "approved", "rejected", "result_ready",
    "result_returned", "withdrawn", "apology_sent",
)  # fmt: skip

minutes = st.integers(0, SPAN - 1)
few = settings(max_examples=40, deadline=None, derandomize=True)


def line(minute: int, action: str, *fields: str) -> str:
    """Return a step as `tests.levels` reads it."""
    when = START + minute * MINUTE
    return f"{when:%m-%d %H:%M} {action}" + (" " + "; ".join(fields) if fields else "")


def text(minute: int) -> str:
    """Return an instant as a field has it."""
    return f"{START + minute * MINUTE:%m-%d %H:%M}"


class Office:
    """One report whose office looks at the clock every minute; sums no tables and searches nothing."""

    def __init__(self) -> None:
        self.left = self.left_extended = ALLOWED  # minutes of work until both deadlines
        self.over: datetime | None = None  # when the last minute of the first was used
        self.over_extended: datetime | None = None
        self.open = True
        self.stopped: datetime | None = None
        self.outcomes: dict[str, int] = {}

    def act(self, now: datetime, action: str, until: datetime) -> None:
        """Do what happens now."""
        if not self.open:
            if action == "reopened":
                self.open, self.stopped = True, None
        elif action == "info_requested":
            self.stopped = self.stopped or now
        elif action == "info_given":
            self.stopped = None
        elif action == "extended":
            work = worked_until(self.stopped or now, until)
            if work > self.left_extended:
                self.left_extended, self.over_extended = work, None
        elif action == "resolved":
            self.stopped = self.stopped or now
            outcome = self.judge(self.stopped)
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
            self.open = False

    def judge(self, end: datetime) -> str:
        """Return what an end then is."""
        if self.over is None or end <= self.over:
            return "on_time"
        return "late_extended" if self.over_extended is None or end <= self.over_extended else "late"

    def tick(self, now: datetime) -> None:
        """Let the minute pass that begins now."""
        if self.stopped is not None or not is_worked(now):
            return
        self.left, self.left_extended = max(self.left - 1, 0), max(self.left_extended - 1, 0)
        if not self.left and self.over is None:
            self.over = now + MINUTE
        if not self.left_extended and self.over_extended is None:
            self.over_extended = now + MINUTE


def is_worked(minute: datetime) -> bool:
    """Whether someone works in the minute that begins now; there is no holiday in these weeks."""
    clock = f"{minute:%H:%M}"
    return minute.weekday() < 5 and ("07:30" <= clock < "11:30" or "13:30" <= clock < "17:00")


def worked_until(start: datetime, end: datetime) -> int:
    """Count minutes of work."""
    return sum(is_worked(start + n * MINUTE) for n in range(int((end - start) / MINUTE)))


def put_off_to(now: datetime) -> datetime:
    """Return the deadline that an extension asks for: four in the afternoon some days ahead."""
    day = now + timedelta(days=2 + now.minute % 3)
    return day.replace(hour=16, minute=0)


acts = st.sampled_from(["extended", "info_requested", "info_given", "assigned", "resolved", "reopened"])


@few
@given(st.integers(0, SPAN // 2), st.dictionaries(minutes, acts, max_size=9))
def test_a_report_ends_as_one_whose_office_looks_at_the_clock_every_minute(begun: int, later: dict[int, str]) -> None:
    """With pauses, extensions, ends and new beginnings in any order."""
    steps = {minute: action for minute, action in later.items() if minute > begun}
    office = Office()
    for minute in range(begun, max(steps, default=begun) + 1):
        now = START + minute * MINUTE
        office.act(now, steps.get(minute, ""), put_off_to(now))
        office.tick(now)
    desk = Desk(FIELD_REPORTS, SETTINGS)
    desk.take([report(line(begun, "submitted"))])
    for minute, action in steps.items():
        until = f"until={put_off_to(START + minute * MINUTE):%m-%d %H:%M}"
        desk.take([report(line(minute, action, *([until] if action == "extended" else [])))])
    desk.pass_time(END_MS)
    assert desk.outcomes("report_resolution") == office.outcomes


@st.composite
def report_steps(draw: st.DrawFn) -> Told:
    """Draw a step of one of nine reports."""
    action = draw(st.sampled_from(REPORT_ACTIONS))
    fields = [f"agency={draw(st.sampled_from(AGENCIES))}"] if draw(st.booleans()) else []
    fields += [
        f"{name}={text(draw(minutes))}" for name in sorted(draw(st.sets(st.sampled_from(["requested", "expected"]))))
    ]
    if action == "extended":
        fields.append(f"until={text(draw(minutes))}")
    if action == "rated":
        fields.append(f"rating={draw(st.integers(1, 5))}")
    if action == "duplicate_of":
        fields.append("parent_id=PA-0")
    return report(line(draw(minutes), action, *fields), f"PA-{draw(st.integers(1, 9))}")


@st.composite
def dossier_steps(draw: st.DrawFn) -> Told:
    """Draw a step of one of nine dossiers."""
    fields = [f"agency={draw(st.sampled_from(AGENCIES))}"] if draw(st.booleans()) else []
    fields += [f"{name}={text(draw(minutes))}" for name in sorted(draw(st.sets(st.sampled_from(["due", "received"]))))]
    fields.append(f"payment={draw(st.sampled_from(['none', 'online', 'cash', 'failed']))}")
    step = line(draw(minutes), draw(st.sampled_from(DOSSIER_ACTIONS)), *fields)
    return dossier(step, f"HS-{draw(st.integers(1, 9))}")


Figures = tuple[dict[str, dict[tuple[str, ...], float]], dict[str, dict[tuple[str, ...], float]]]


def at_once(topic: str, steps: Sequence[Told]) -> Figures:
    """Return all figures when everything is known before time passes."""
    desk = Desk(topic, SETTINGS)
    desk.take(steps)
    desk.pass_time(END_MS)
    return desk.counted, desk.standing


def as_it_comes(topic: str, steps: Sequence[Told], delays: Sequence[int], cuts: Sequence[int], restart: int) -> Figures:
    """Return all figures when steps arrive minutes late, some twice, in batches, with a restart before one of them."""
    arrivals = [(step.at_ms + delays[n % len(delays)] * 1000, n, step) for n, step in enumerate(steps)]
    arrivals += [(at_ms + 60_000, n, step) for at_ms, n, step in arrivals if n % 3 == 0]
    arrivals.sort()
    desk = Desk(topic, SETTINGS)
    number = 0
    while arrivals:
        size = cuts[number % len(cuts)]
        batch, arrivals = arrivals[:size], arrivals[size:]
        if number == restart:
            desk.restart()
        desk.take(step for _, _, step in batch)
        desk.pass_time(batch[-1][0] - LATENESS_MS)
        number += 1
    desk.pass_time(END_MS)
    return desk.counted, desk.standing


delays = st.lists(st.integers(0, 800), min_size=1, max_size=7)
cuts = st.lists(st.integers(1, 5), min_size=1, max_size=5)


@few
@given(st.lists(report_steps(), min_size=1, max_size=25), delays, cuts, st.integers(0, 4))
def test_reports_bring_the_same_figures_however_their_steps_arrive(
    steps: list[Told], late: list[int], sizes: list[int], restart: int
) -> None:
    """Any steps, however impossible, in any order within the lateness, twice, in any batches, over a restart."""
    assert as_it_comes(FIELD_REPORTS, steps, late, sizes, restart) == at_once(FIELD_REPORTS, steps)


@few
@given(st.lists(dossier_steps(), min_size=1, max_size=25), delays, cuts, st.integers(0, 4))
def test_dossiers_bring_the_same_figures_however_their_steps_arrive(
    steps: list[Told], late: list[int], sizes: list[int], restart: int
) -> None:
    """Any steps, however impossible, in any order within the lateness, twice, in any batches, over a restart."""
    assert as_it_comes(SERVICE_QUEUES, steps, late, sizes, restart) == at_once(SERVICE_QUEUES, steps)


@few
@given(st.lists(report_steps(), min_size=1, max_size=25), st.lists(st.integers(0, SPAN), min_size=1, max_size=4))
def test_open_clocks_are_where_a_fresh_look_at_their_steps_finds_them(steps: list[Told], stops: list[int]) -> None:
    """Passing from phase to phase, minute by minute or in leaps, ends in the same figures; none is below zero."""
    desk = Desk(FIELD_REPORTS, SETTINGS)
    desk.take(steps)
    for stop in sorted(stops):
        at_ms = int((START + stop * MINUTE).timestamp() * 1000)
        desk.pass_time(at_ms)
        fresh = Desk(FIELD_REPORTS, SETTINGS)
        fresh.take(steps)
        fresh.pass_time(at_ms)
        assert desk.standing == fresh.standing
        assert all(figure >= 0 for figures in desk.standing.values() for figure in figures.values())
