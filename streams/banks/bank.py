"""The contract of a bank, and what all banks share: where items come from and how a bank's state is kept."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from detectors.arrays import Ints
from streams.anomalies import Anomaly, Counts, Joined, digest
from streams.events import Event
from streams.measures import Measured
from streams.series import Key, SeriesTable

Item = Anomaly | Joined | Counts


class Horizon(NamedTuple):
    """How far event time has come.

    Nothing more is expected before ``watermark_ms``; sources that were not heard until ``heard_ms`` have been silent.
    The second stays behind where a recording ends: its sources did not fall silent.
    """

    watermark_ms: int
    heard_ms: int


class State(Protocol):
    """What every bank does once it has observed."""

    def close(self, horizon: Horizon) -> list[Item]:
        """Score what event time has passed and return what is to be told, in event-time order per series."""
        ...

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks."""
        ...

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh bank."""
        ...


class Bank(State, Protocol):
    """A family of series, their waiting observations, their detectors and judges."""

    def read(self, events: Sequence[Event]) -> None:
        """Take what is needed out of the next events of a batch; they are not to be kept."""
        ...

    def observe(self, kept: Ints, at_ms: Ints, local_ms: Ints) -> None:
        """Observe those of the events read that were admitted, and forget the others.

        Parameters
        ----------
        kept : (n,) int64
            Their places among the events read since the last call, ascending.
        at_ms, local_ms : (n,) int64
            Event time of each, and the same on the source's wall clock.
        """
        ...


@runtime_checkable
class Measuring(Protocol):
    """A bank that also measures what those see who watch service levels."""

    def measured(self) -> Measured:
        """Return what came about since the last call, and what stands if that may have changed.

        Called once after every batch; a standing figure that costs time is worked out anew once a minute of event time.
        """
        ...


class EventBank(State, Protocol):
    """A bank of a family with few events, which wants them whole."""

    def observe(self, events: Sequence[Event], at_ms: Ints, local_ms: Ints) -> None:
        """Take the observations out of admitted events; ``at_ms`` and ``local_ms`` are (n,) like them."""
        ...


class Whole:
    """Keeps the events of a batch until they are admitted; makes a `Bank` of an `EventBank`."""

    def __init__(self, bank: EventBank) -> None:
        self._bank = bank
        self._events: list[Event] = []
        self.close = bank.close
        self.snapshot = bank.snapshot
        self.restore = bank.restore
        if isinstance(bank, Measuring):
            self.measured = bank.measured

    def read(self, events: Sequence[Event]) -> None:
        """Keep the events of a run."""
        self._events += events

    def observe(self, kept: Ints, at_ms: Ints, local_ms: Ints) -> None:
        """Hand over the events that were admitted."""
        self._bank.observe([self._events[place] for place in kept.tolist()], at_ms, local_ms)
        self._events = []


def joined(table: SeriesTable[Key]) -> list[Item]:
    """Return the news of series seen for the first time."""
    return [
        Joined(id=digest("joined", series.tenant, series.label), at_ms=first_ms, series=series)
        for series, first_ms in table.untold()
    ]
