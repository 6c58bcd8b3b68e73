"""The book of deadlines: what was kept, counted once; what is open, by how much of its time is used."""

from collections.abc import Callable, Iterable, Mapping
from heapq import heapify, heappop, heappush

from msgspec import Struct

from streams.levels.clock import OUTCOMES, PHASES, Clock, phase
from streams.levels.matter import Ending, Happening, Matter
from streams.levels.rules import LEVELS, OTHER, Level
from streams.measures import Labels, Measured

_OVERDUE = len(PHASES) - 1
_MOST_UNITS = 1000
_STALE = 64  # so many entries of the queue may be void besides those that are not
_OUTCOMES_OF = {
    "agency_deadlines": OUTCOMES,
    "category_deadlines": OUTCOMES,
    "deadlines": ("on_time", "late"),  # of a unit: an extension makes nothing less late
}

Marks = tuple[int, ...]


class _Entry(Struct, gc=False):
    """An open clock as it stands in the book (mutable): under which labels, in which phase, and whether it runs.

    ``of`` is all that it was made of: while that stays the same, it stays.
    """

    of: tuple[str, str, int, int, int | None]
    tenant: str
    level: Level
    unit: Labels
    agency: Labels
    marks: Marks
    phase: int
    runs: bool


class Book:
    """What is open and what came about.

    Every figure that can be told is told as 0 first, as soon as its labels are known.

    Parameters
    ----------
    agencies : frozenset of str
        The closed set of labels; any other agency is "other".
    unit_level : Level
        Which level is counted by unit.
    happenings : sequence of Happening
        Whatever else may be counted of a tenant.
    marks : callable
        From when on a clock that runs is in each phase.
    """

    def __init__(
        self,
        agencies: frozenset[str],
        unit_level: Level,
        happenings: Iterable[Happening],
        marks: Callable[[Clock], Marks],
    ) -> None:
        self._agencies = agencies
        self._marks = marks
        self._unit_level = unit_level
        self._happenings = tuple(happenings)
        self._known: dict[str, dict[Labels, None]] = {}
        self._counted: dict[str, dict[Labels, float]] = {}
        self._open: dict[Labels, float] = {}
        self._overdue_units: dict[Labels, float] = {}
        self._overdue_agencies: dict[Labels, float] = {}
        self._moved = False
        self._entries: dict[tuple[int, Level], _Entry] = {}
        self._next: list[tuple[int, int, Level]] = []

    def write(self, matter: Matter, clocks: Mapping[Level, Clock], at_ms: int) -> None:
        """Write down how a matter stands at an instant: its running clocks, and no others."""
        for level in LEVELS:
            clock, entry = clocks.get(level), self._entries.get((matter.number, level))
            of = None if clock is None else _what_counts(matter, clock)
            if entry is not None and entry.of != of:
                del self._entries[matter.number, level]
                self._count(entry, -1)
                entry = None
            if entry is None and clock is not None:
                self._enter(matter, level, clock, at_ms)

    def _enter(self, matter: Matter, level: Level, clock: Clock, at_ms: int) -> None:
        unit, agency = self._labels(matter, level)
        marks, runs = self._marks(clock), clock.paused_ms is None
        at_phase = phase(marks, at_ms if clock.paused_ms is None else min(at_ms, clock.paused_ms))
        entry = _Entry(_what_counts(matter, clock), matter.tenant, level, unit, agency, marks, at_phase, runs)
        self._entries[matter.number, level] = entry
        self._count(entry, 1)
        self._await(matter.number, entry)

    def advance(self, at_ms: int) -> None:
        """Let the open clocks pass on to the phases in which they are at an instant."""
        while self._next and self._next[0][0] <= at_ms:
            mark, number, level = heappop(self._next)
            entry = self._entries.get((number, level))
            if entry is None or not _awaits(entry) or entry.marks[entry.phase] != mark:
                continue  # struck out, stopped, or entered anew meanwhile
            self._count(entry, -1)
            entry.phase += 1
            self._count(entry, 1)
            self._await(number, entry)
        if len(self._next) > 2 * len(self._entries) + _STALE:
            self._tidy()

    def end(self, matter: Matter, ending: Ending) -> None:
        """Count how a deadline ended."""
        level, outcome = ending
        unit, agency = self._labels(matter, level)
        if outcome == "unknown":
            self.count("deadlines_unknown", (matter.tenant, level))
            return
        self.count("agency_deadlines", (*agency, outcome))
        if matter.category:
            self.count("category_deadlines", (matter.tenant, matter.category, level, outcome))
        if unit:
            self.count("deadlines", (*unit, "on_time" if outcome == "on_time" else "late"))

    def count(self, family: str, labels: Labels, amount: float = 1.0) -> None:
        """Count something that came about."""
        counted = self._counted.setdefault(family, {})
        counted[labels] = counted.get(labels, 0.0) + amount

    def measured(self) -> Measured:
        """Return what was counted since the last call, and what stands if that has changed."""
        counted, self._counted = self._counted, {}
        moved, self._moved = self._moved, False
        return Measured(counted=counted, standing=self._standing() if moved else {})

    @property
    def has_news(self) -> bool:
        """Whether there is anything to measure."""
        return self._moved or bool(self._counted)

    @property
    def known(self) -> dict[str, list[Labels]]:
        """The labels that were told so far, by family."""
        return {family: list(labels) for family, labels in self._known.items()}

    def meet_again(self, known: Mapping[str, Iterable[Labels]]) -> None:
        """Tell the labels that are known from before."""
        for family, several in known.items():
            for labels in several:
                self._meet(family, labels)

    def _standing(self) -> dict[str, dict[Labels, float]]:
        return {
            "deadlines_open": self._open.copy(),
            "deadlines_overdue": self._overdue_units.copy(),
            "agency_deadlines_overdue": self._overdue_agencies.copy(),
        }

    def _labels(self, matter: Matter, level: Level) -> tuple[Labels, Labels]:
        """Return the labels of unit (none if the level is not counted by unit) and agency; whoever is new is told."""
        tenant = matter.tenant
        agency = (tenant, matter.agency if matter.agency in self._agencies else OTHER, level)
        unit = (tenant, matter.unit, level) if level == self._unit_level else ()
        units = self._known.setdefault("deadlines", {})
        if unit and unit not in units and len(units) >= _MOST_UNITS:
            unit = (tenant, OTHER, level)
        self._meet("agency_deadlines", agency)
        self._meet("deadlines_unknown", (tenant, level))
        if unit:
            self._meet("deadlines", unit)
        if matter.category:
            self._meet("category_deadlines", (tenant, matter.category, level))
        return unit, agency

    def _meet(self, family: str, labels: Labels) -> None:
        known = self._known.setdefault(family, {})
        if labels in known:
            return
        known[labels] = None
        self._moved = True
        for outcome in _OUTCOMES_OF.get(family, ()):
            self.count(family, (*labels, outcome), 0.0)
        if family == "deadlines":
            self._overdue_units[labels] = 0.0
        elif family == "agency_deadlines":
            self._overdue_agencies[labels] = 0.0
        elif family == "deadlines_unknown":
            self.count(family, labels, 0.0)
            self._open |= {(*labels, name): 0.0 for name in PHASES}
            for happening in self._happenings:
                self.count(happening.family, (labels[0], *happening.labels), 0.0)

    def _count(self, entry: _Entry, by: int) -> None:
        self._moved = True
        self._open[entry.tenant, entry.level, PHASES[entry.phase]] += by
        if entry.phase == _OVERDUE:
            self._overdue_agencies[entry.agency] += by
            if entry.unit:
                self._overdue_units[entry.unit] += by

    def _await(self, number: int, entry: _Entry) -> None:
        if _awaits(entry):
            heappush(self._next, (entry.marks[entry.phase], number, entry.level))

    def _tidy(self) -> None:
        """Forget what the queue still holds of clocks that were entered anew."""
        self._next = [
            (entry.marks[entry.phase], number, level)
            for (number, level), entry in self._entries.items()
            if _awaits(entry)
        ]
        heapify(self._next)


def _what_counts(matter: Matter, clock: Clock) -> tuple[str, str, int, int, int | None]:
    """Return all that a clock's entry is made of."""
    return matter.agency, matter.category, clock.until_ms, clock.allowed_ms, clock.paused_ms


def _awaits(entry: _Entry) -> bool:
    """Whether it will pass on to another phase by itself."""
    return entry.runs and entry.phase < _OVERDUE
