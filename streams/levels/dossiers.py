"""The life of a dossier against the date on which its result was promised."""

from collections.abc import Sequence
from itertools import product
from typing import Any

from streams.events import DossierLifecycle, Event
from streams.events.dossier import DossierAction, DossierChannel, Payment
from streams.events.dossier import Level as Depth
from streams.levels.clock import Clock, Clocks
from streams.levels.matter import Canon, Ending, Happening, Matter, Step, Told, milliseconds
from streams.levels.rules import DOSSIER, Level, Rules

_ORDER = {action: place for place, action in enumerate(DossierAction.__members__.values())}
_READY = frozenset({DossierAction.RESULT_READY, DossierAction.RESULT_RETURNED})
_AFTERWARDS = frozenset({DossierAction.RESULT_RETURNED})
_GOES_ON = frozenset({DossierAction.SUBMITTED, DossierAction.ACCEPTED, DossierAction.FORWARDED})
_LEVELS = tuple(str(level) for level in Depth if level is not Depth.UNRECOGNISED)
_CHANNELS = tuple(str(channel) for channel in DossierChannel if channel is not DossierChannel.UNRECOGNISED)
_PAID = frozenset({Payment.ONLINE, Payment.CASH, Payment.FAILED})


class DossierStep(Step, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One step of a dossier."""

    action: DossierAction
    procedure: str = ""
    level: str = ""
    channel: str = ""
    received_ms: int | None = None
    due_ms: int | None = None
    payment: str = ""


class Dossier(Matter, gc=False, kw_only=True, omit_defaults=True):
    """A dossier (mutable).

    ``told_ms`` is the due date as it was last told, ``moved`` that a pause has put the deadline off since, ``accepted``
    that it was accepted, ``again`` that it may be submitted anew, ``submitted`` that its submission was counted.
    """

    procedure: str = ""
    first_ms: int | None = None
    start_ms: int | None = None
    clock: Clock | None = None
    told_ms: int | None = None
    moved: bool = False
    accepted: bool = False
    again: bool = False
    submitted: bool = False
    payment: str = ""


class DossierLife:
    """How dossiers live; a `streams.levels.matter.Life`.

    A dossier is on time if its result is ready at the one-stop counter by ``due_at``, the date on the appointment slip:
    it ends with ``result_ready``, with ``result_returned`` where that was not told, or with ``rejected``, for a refusal
    is a result that was due as well. ``approved`` and ``returned`` are steps between authorities. ``withdrawn`` ends
    without an outcome. Between ``supplement_requested`` and the next ``submitted``, ``accepted`` or ``forwarded`` the
    clock stands still: the citizen has the dossier.

    A due date that changes is an extension (as with a letter of apology and a new appointment), so that the first
    stays the deadline. It replaces the first one if it comes with the acceptance, after a pause, or is an earlier one.
    Without a due date the rule of the procedure counts from ``received_at``, or from the acceptance, or else from the
    submission; where there is none of these, nothing is guessed.

    Parameters
    ----------
    clocks : Clocks
        Set and move the deadlines.
    rules : Rules
        Say what is allowed by procedure and agency.
    agencies : frozenset of str
        The closed set of labels.
    """

    step_type = DossierStep
    matter_type = Dossier
    unit_level: Level = DOSSIER
    happenings = (
        *(Happening("dossier_payments", (str(payment),)) for payment in sorted(_PAID)),
        *(Happening("dossiers_submitted", how) for how in product(_LEVELS, _CHANNELS)),
    )

    def __init__(self, clocks: Clocks, rules: Rules, agencies: frozenset[str]) -> None:
        self._clocks = clocks
        self._rules = rules
        self._agencies = Canon(agencies | rules.agencies)
        self._procedures = Canon(rules.subjects)

    def places(self, events: Sequence[Any]) -> Sequence[int]:
        """Return the places of the events that are steps: few among those of tickets and displays."""
        return [place for place, event in enumerate(events) if type(event) is DossierLifecycle]

    def step(self, event: Event, at_ms: int) -> DossierStep:
        """Return what is needed of an event."""
        if not isinstance(event, DossierLifecycle):
            raise TypeError(f"{type(event).__name__} is no step of a dossier")
        data = event.data
        return DossierStep(
            at_ms=at_ms,
            order=_ORDER[data.action],
            event=event.id,
            tenant=data.tenant,
            name=data.dossier_id,
            unit=data.unit_code,
            agency=self._agencies.of(data.agency),
            action=data.action,
            procedure=self._procedures.of(data.procedure_code),
            level=str(data.level or ""),
            channel=str(data.channel or ""),
            received_ms=milliseconds(data.received_at),
            due_ms=milliseconds(data.due_at),
            payment=str(data.payment) if data.payment in _PAID else "",
        )

    def begin(self, step: DossierStep, number: int) -> Dossier:
        """Return the dossier whose first step this is."""
        return Dossier(
            tenant=step.tenant, name=step.name, unit=step.unit, number=number, open=step.action not in _AFTERWARDS
        )

    def running(self, matter: Dossier) -> list[tuple[Level, Clock]]:
        """Return its clock, if it has one."""
        return [] if matter.clock is None else [(DOSSIER, matter.clock)]

    def apply(self, matter: Dossier, step: DossierStep) -> list[Told]:
        """Take a step and return what it brings."""
        if step.action is DossierAction.SUBMITTED and matter.again:
            _anew(matter)
        matter.agency = step.agency or matter.agency
        matter.procedure = step.procedure or matter.procedure
        told = _happenings(matter, step)
        if matter.open:
            self._set_clock(matter, step)
            told += _end(matter, step)
        matter.accepted = matter.accepted or step.action is DossierAction.ACCEPTED
        return told

    def _set_clock(self, matter: Dossier, step: DossierStep) -> None:
        """Take beginning and deadline from a step, and let the clock stand or go on."""
        _begin(matter, step)
        clock = matter.clock
        if clock is not None and clock.paused_ms is not None and step.action in _GOES_ON:
            self._clocks.go_on(clock, step.at_ms)
            matter.moved = True
        if step.due_ms is not None and step.due_ms != matter.told_ms:
            self._take_due(matter, step, step.due_ms)
        elif matter.told_ms is None:
            self._by_rule(matter, step)
        if matter.clock is not None and step.action is DossierAction.SUPPLEMENT_REQUESTED:
            matter.clock.pause(step.at_ms)

    def _take_due(self, matter: Dossier, step: DossierStep, due_ms: int) -> None:
        """Take a due date that was not told before."""
        clock, matter.told_ms = matter.clock, due_ms
        official = step.action is DossierAction.ACCEPTED and not matter.accepted
        if clock is None or not clock.fixed:
            start_ms = matter.first_ms if matter.start_ms is None else matter.start_ms
            paused_ms = None if clock is None else clock.paused_ms
            matter.clock = self._clocks.until(step.at_ms if start_ms is None else start_ms, due_ms)
            matter.clock.paused_ms = paused_ms
        elif official or matter.moved or due_ms < clock.due_ms:
            self._clocks.replace(clock, due_ms)
        else:
            self._clocks.extend(clock, due_ms)
        matter.moved = False

    def _by_rule(self, matter: Dossier, step: DossierStep) -> None:
        """Set the deadline by the procedure's rule, until a pause has fixed it; the acceptance sets it anew."""
        clock, start_ms = matter.clock, matter.start_ms
        official = step.action is DossierAction.ACCEPTED and not matter.accepted
        stays = clock is not None and (clock.fixed or clock.paused_ms is not None)
        if start_ms is None or (stays and not official):
            return
        allowance = self._rules.find(DOSSIER, (matter.procedure,), matter.agency, start_ms)
        matter.clock = None if allowance is None else self._clocks.allow(start_ms, allowance)


def _begin(matter: Dossier, step: DossierStep) -> None:
    """Note from when on the dossier counts."""
    if matter.first_ms is None:
        matter.first_ms = step.at_ms
    if step.received_ms is not None and step.received_ms <= step.at_ms:
        matter.start_ms = step.received_ms
    elif (step.action is DossierAction.ACCEPTED and not matter.accepted) or (
        step.action is DossierAction.SUBMITTED and matter.start_ms is None
    ):
        matter.start_ms = step.at_ms


def _anew(matter: Dossier) -> None:
    """Forget the life that a dossier has had: it is submitted again."""
    matter.open, matter.again, matter.submitted, matter.accepted, matter.moved = True, False, False, False, False
    matter.first_ms = matter.start_ms = matter.told_ms = matter.clock = None


def _happenings(matter: Dossier, step: DossierStep) -> list[Told]:
    """Return submission and payment; a payment that several steps repeat is one."""
    told: list[Told] = []
    if step.action is DossierAction.SUBMITTED and not matter.submitted:
        matter.submitted = True
        told.append(Happening("dossiers_submitted", (step.level, step.channel)))
    if step.payment and step.payment != matter.payment:
        matter.payment = step.payment
        told.append(Happening("dossier_payments", (step.payment,)))
    return told


def _end(matter: Dossier, step: DossierStep) -> list[Told]:
    """End an open dossier if the step does."""
    rejected, withdrawn = step.action is DossierAction.REJECTED, step.action is DossierAction.WITHDRAWN
    if not (rejected or withdrawn or step.action in _READY):
        return []
    matter.open, matter.again = False, rejected or withdrawn
    if withdrawn:
        return []
    return [Ending(DOSSIER, "unknown" if matter.clock is None else matter.clock.outcome(step.at_ms))]
