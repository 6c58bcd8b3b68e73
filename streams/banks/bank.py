"""The contract of a bank, and what all banks share: where items come from and how a bank's state is kept."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from detectors.arrays import Ints
from streams.anomalies import Anomaly, Counts, Joined, digest
from streams.events import Event
from streams.series import Key, SeriesTable

Item = Anomaly | Joined | Counts


class Horizon(NamedTuple):
    """How far event time has come.

    Nothing more is expected before ``watermark_ms``; sources that were not heard until ``heard_ms`` have been silent.
    The second stays behind where a recording ends: its sources did not fall silent.
    """

    watermark_ms: int
    heard_ms: int


class Bank(Protocol):
    """A family of series, their waiting observations, their detectors and judges."""

    def observe(self, events: Sequence[Event], at_ms: Ints, local_ms: Ints) -> None:
        """Take the observations out of a batch of admitted events; ``at_ms`` and ``local_ms`` are (n,) like them."""
        ...

    def close(self, horizon: Horizon) -> list[Item]:
        """Score what event time has passed and return what is to be told, in event-time order per series."""
        ...

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks."""
        ...

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh bank."""
        ...


def joined(table: SeriesTable[Key]) -> list[Item]:
    """Return the news of series seen for the first time."""
    return [
        Joined(id=digest("joined", series.tenant, series.label), at_ms=first_ms, series=series)
        for series, first_ms in table.untold()
    ]
