"""The life of a field report against two deadlines: until an office takes it up, and until it is resolved."""

from collections.abc import Sequence
from typing import Any

from streams.events import Event, FieldReport
from streams.events.fieldreport import Action, LifecycleData, Status
from streams.levels.clock import Clock, Clocks
from streams.levels.matter import Canon, Ending, Happening, Matter, Step, Told, milliseconds
from streams.levels.rules import OTHER, RECEIPT, RESOLUTION, Level, Rules

_ORDER = {action: place for place, action in enumerate(Action.__members__.values())}
_SILENT = frozenset({Action.SUBMITTED, Action.RATED, Action.DUPLICATE_OF, Action.HIDDEN, Action.UNRECOGNISED})
"""Steps that no office takes by them: all others end the wait for a receipt."""
_DONE = frozenset({Action.RESOLVED, Action.CLOSED, Action.REJECTED})
_VOID = frozenset({Action.DUPLICATE_OF, Action.HIDDEN})
_AFTERWARDS = frozenset({Action.VERIFIED, Action.RATED})
_HINTS = _AFTERWARDS | {Action.UNRECOGNISED}
"""Steps of which the status says whether the report had ended: its end itself may have been missed."""
_AFTER_A_STOP = frozenset({Action.REOPENED, Action.INFO_GIVEN})


class ReportStep(Step, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One step of a report; ``until_ms`` is what an extension puts its deadline off to, ``closed`` what a hint says."""

    action: Action
    closed: bool | None = None
    code: str = ""
    group: str = ""
    requested_ms: int | None = None
    expected_ms: int | None = None
    until_ms: int | None = None
    rating: int | None = None


class Report(Matter, gc=False, kw_only=True, omit_defaults=True):
    """A report (mutable).

    ``whole`` says that its submission was seen, ``blind`` that its clock had stood still before it was known, so that
    nobody can say what is left, ``received`` that an office has taken it up, ``rated`` that it was rated since it
    was last open.
    """

    code: str = ""
    group: str = ""
    label: str = OTHER
    start_ms: int | None = None
    whole: bool = False
    blind: bool = False
    received: bool = False
    rated: bool = False
    receipt: Clock | None = None
    resolution: Clock | None = None

    @property
    def category(self) -> str:
        """The label of its category."""
        return self.label


class ReportLife:
    """How reports live; a `streams.levels.matter.Life`.

    Both clocks begin with ``submitted``, or, where that was not seen, at ``requested_datetime``; where neither is known
    nothing is guessed. The receipt ends with the first act of an office, whichever it is. The resolution ends with
    ``resolved``, ``closed`` or ``rejected``; every such end counts, so a report that was ``reopened`` counts again. The
    clock stands still from its end until it is reopened, and from ``info_requested`` to ``info_given``. A duplicate and
    a hidden report end without an outcome. Where the end was missed and a later step shows the report closed, it was on
    time if it is so even now; else nobody knows.

    Parameters
    ----------
    clocks : Clocks
        Set and move the deadlines.
    rules : Rules
        Say what is allowed by category and agency.
    agencies, categories : frozenset of str
        The closed sets of labels.
    expected : bool
        Whether the first ``expected_datetime`` of a report is its deadline, before any rule.
    """

    step_type = ReportStep
    matter_type = Report
    unit_level: Level = RESOLUTION
    happenings = tuple(Happening("report_ratings", (str(rating),)) for rating in range(1, 6))

    def __init__(
        self, clocks: Clocks, rules: Rules, agencies: frozenset[str], categories: frozenset[str], *, expected: bool
    ) -> None:
        self._clocks = clocks
        self._rules = rules
        self._agencies = Canon(agencies | rules.agencies)
        self._subjects = Canon(categories | rules.subjects)
        self._categories = categories
        self._expected = expected

    def places(self, events: Sequence[Any]) -> Sequence[int]:
        """Return the places of the events that are steps: all, on their own topic."""
        return range(len(events))

    def step(self, event: Event, at_ms: int) -> ReportStep:
        """Return what is needed of an event."""
        if not isinstance(event, FieldReport):
            raise TypeError(f"{type(event).__name__} is no step of a report")
        data = event.data
        return ReportStep(
            at_ms=at_ms,
            order=_ORDER[data.action],
            event=event.id,
            tenant=data.tenant,
            name=data.service_request_id,
            unit=data.unit_code,
            agency=self._agencies.of(data.agency_responsible),
            action=data.action,
            closed=_closed(data),
            code=self._subjects.of(data.service_code),
            group=self._subjects.of(data.service_group),
            requested_ms=milliseconds(data.requested_datetime),
            expected_ms=milliseconds(data.expected_datetime) if self._expected else None,
            until_ms=milliseconds(data.extension_until),
            rating=data.rating,
        )

    def begin(self, step: ReportStep, number: int) -> Report:
        """Return the report whose first step this is; one that had ended by then is not open."""
        over = step.action in _AFTERWARDS if step.closed is None else step.closed
        return Report(
            tenant=step.tenant,
            name=step.name,
            unit=step.unit,
            number=number,
            open=not over,
            received=over,
            blind=step.action in _AFTER_A_STOP,
        )

    def running(self, matter: Report) -> list[tuple[Level, Clock]]:
        """Return the clocks that have not come to their end."""
        clocks: list[tuple[Level, Clock]] = []
        if matter.receipt is not None and not matter.received:
            clocks.append((RECEIPT, matter.receipt))
        if matter.resolution is not None:
            clocks.append((RESOLUTION, matter.resolution))
        return clocks

    def apply(self, matter: Report, step: ReportStep) -> list[Told]:
        """Take a step and return what it brings."""
        self._describe(matter, step)
        self._set_clocks(matter, step)
        told: list[Told] = []
        if (step.action not in _SILENT or step.closed) and not matter.received:
            matter.received = True
            told += _receipt(matter, step)
        if matter.open:
            told += self._go_on(matter, step)
        elif step.action is Action.REOPENED:
            matter.open, matter.rated = True, False
            matter.blind = matter.resolution is None
            if matter.resolution is not None:
                self._clocks.go_on(matter.resolution, step.at_ms)
        if step.action is Action.RATED and step.rating is not None and not matter.rated:
            matter.rated = True
            told.append(Happening("report_ratings", (str(step.rating),)))
        return told

    def _describe(self, matter: Report, step: ReportStep) -> None:
        """Note category, agency and beginning as far as the step tells them."""
        matter.agency = step.agency or matter.agency
        matter.code = step.code or matter.code
        matter.group = step.group or matter.group
        matter.label = next((name for name in (matter.group, matter.code) if name in self._categories), OTHER)
        if step.action is Action.SUBMITTED:
            matter.whole = True
            if matter.start_ms is None:
                matter.start_ms = step.at_ms
        elif matter.start_ms is None and step.requested_ms is not None and step.requested_ms <= step.at_ms:
            matter.start_ms = step.requested_ms

    def _set_clocks(self, matter: Report, step: ReportStep) -> None:
        """Set the clocks by what is known now, until their deadlines are fixed."""
        start_ms = matter.start_ms
        if start_ms is None or matter.blind or not matter.open:
            return
        if not matter.received:
            matter.receipt = self._by_rule(RECEIPT, matter, start_ms)
        resolution = matter.resolution
        if resolution is not None and (resolution.fixed or resolution.paused_ms is not None):
            return
        if step.expected_ms is not None and step.expected_ms >= start_ms:
            matter.resolution = self._clocks.until(start_ms, step.expected_ms)
        else:
            matter.resolution = self._by_rule(RESOLUTION, matter, start_ms)

    def _by_rule(self, level: Level, matter: Report, start_ms: int) -> Clock | None:
        allowance = self._rules.find(level, (matter.code, matter.group), matter.agency, start_ms)
        return None if allowance is None else self._clocks.allow(start_ms, allowance)

    def _go_on(self, matter: Report, step: ReportStep) -> list[Told]:
        """Take a step of an open report."""
        clock = matter.resolution
        if step.action in _DONE or step.action in _VOID:
            matter.open, matter.received = False, True
            outcome = "unknown" if clock is None else clock.outcome(step.at_ms)
            if clock is not None:
                clock.pause(step.at_ms)
            return [] if step.action in _VOID else [Ending(RESOLUTION, outcome)]
        if step.closed:
            matter.open = False
            known = clock is not None and clock.outcome(step.at_ms) == "on_time"
            if clock is not None:
                clock.pause(step.at_ms)
            return [Ending(RESOLUTION, "on_time" if known else "unknown")]
        if clock is None:
            return []
        if step.action is Action.INFO_REQUESTED:
            clock.pause(step.at_ms)
        elif step.action is Action.INFO_GIVEN:
            self._clocks.go_on(clock, step.at_ms)
        elif step.action is Action.EXTENDED and step.until_ms is not None:
            self._clocks.extend(clock, step.until_ms)
        return []


def _closed(data: LifecycleData) -> bool | None:
    """Return what the status of a hint says; None where it says nothing."""
    told = {Status.CLOSED: True, Status.OPEN: False}
    return told.get(data.status) if data.status is not None and data.action in _HINTS else None


def _receipt(matter: Report, step: ReportStep) -> list[Told]:
    """Return how long the receipt took; where steps may have been missed, only in time is sure."""
    if matter.receipt is None:
        return [Ending(RECEIPT, "unknown")]
    outcome = matter.receipt.outcome(step.at_ms)
    first = not step.closed and (matter.whole or step.action is Action.RECEIVED)
    known = first or outcome == "on_time"
    return [Ending(RECEIPT, outcome if known else "unknown")]
