"""What reports and dossiers have in common: they are matters, whose steps come in and bring something to count."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

from msgspec import Struct

from streams.events import Event
from streams.levels.clock import Clock, Outcome
from streams.levels.rules import OTHER, Level

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Step(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One step of a matter; ``order`` says which of two steps at the same instant comes first, then ``event``, its id.

    ``agency`` is empty where the step doesn't name one.
    """

    at_ms: int
    order: int
    event: str
    tenant: str
    name: str
    unit: str
    agency: str


class Matter(Struct, gc=False, kw_only=True, omit_defaults=True):
    """A report or a dossier (mutable).

    ``number`` counts the matters of a bank by their first step, ``ended`` those that came to an end by their last.
    """

    tenant: str
    name: str
    unit: str
    number: int
    agency: str = OTHER
    open: bool = True
    ended: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others."""
        return self.tenant, self.name

    @property
    def category(self) -> str:
        """The label of its category; empty if it has none."""
        return ""


class Ending(NamedTuple):
    """A deadline was kept or not; unknown: its beginning or the deadline itself is."""

    level: Level
    outcome: Outcome | Literal["unknown"]


class Happening(NamedTuple):
    """Something to count besides: the family, and what its labels say behind the tenant."""

    family: str
    labels: tuple[str, ...]


Told = Ending | Happening
StepT = TypeVar("StepT", bound=Step)
MatterT = TypeVar("MatterT", bound=Matter)


class Life(Protocol[StepT, MatterT]):
    """How matters of one kind live."""

    step_type: type[StepT]
    matter_type: type[MatterT]
    unit_level: Level
    """Of which level the figures of a unit are."""
    happenings: tuple[Happening, ...]
    """What may be counted besides deadlines."""

    def places(self, events: Sequence[Any]) -> Sequence[int]:
        """Return the places of the events that are steps."""
        ...

    def step(self, event: Event, at_ms: int) -> StepT:
        """Return what is needed of an event."""
        ...

    def begin(self, step: StepT, number: int) -> MatterT:
        """Return the matter whose first step this is, to which the step itself is still to be applied."""
        ...

    def apply(self, matter: MatterT, step: StepT) -> list[Told]:
        """Take a step and return what it brings."""
        ...

    def running(self, matter: MatterT) -> list[tuple[Level, Clock]]:
        """Return the clocks of an open matter that have not come to their end."""
        ...


class Canon:
    """Names of a closed set, each as one object; any other is `OTHER`."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = {name: name for name in names}

    def of(self, name: str | None) -> str:
        """Return the name as the set has it; empty for none."""
        return self._names.get(name, OTHER) if name else ""


def milliseconds(moment: datetime | None) -> int | None:
    """Return an instant as milliseconds since 1970 UTC.

    Examples
    --------
    >>> milliseconds(datetime(1970, 1, 2, tzinfo=UTC)), milliseconds(None)
    (86400000, None)
    """
    return None if moment is None else (moment - _EPOCH) // _MILLISECOND
