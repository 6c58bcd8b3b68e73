"""What admission has to know of every event, column by column, taken while its events are still in the cache."""

from collections.abc import Sequence
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from streams.dedupe import Hashes, event_digests, hashes_of
from streams.events import Event, Punctuation
from streams.events.consistency import unrecognised_in
from streams.events.control import Edge
from streams.rejection import Rejected

_SET_ASIDE: Final = frozenset({Rejected, Punctuation})


class Heads:
    """Collects a batch of decoded records, run by run; the events themselves need not be kept.

    Attributes
    ----------
    records : int
        How many records were collected.
    sources, times, sequences : list
        One entry per event, in the order of records. Punctuation is no event, nor is what the codec refused.
    rejected : list of (int, Rejected)
        Rows that the codec refused, ascending, and why.
    punctuations : list of int
        Rows of punctuation, ascending.
    unrecognised : list of (int, int)
        Events with values from outside their closed sets: their place among the events, and how many such values.
    end_ms : int or None
        Until when the sources of a recording were heard, if its end is among these records.

    Examples
    --------
    >>> from streams.rejection import Reason
    >>> heads = Heads()
    >>> heads.add([Rejected(Reason.NOT_JSON, "…"), Rejected(Reason.NOT_JSON, "…")])
    []
    >>> heads.records, heads.rows.tolist(), len(heads.rejected)
    (2, [], 2)
    """

    def __init__(self) -> None:
        self.records = 0
        self.sources: list[str] = []
        self.times: list[str] = []
        self.sequences: list[str | None] = []
        self.rejected: list[tuple[int, Rejected]] = []
        self.punctuations: list[int] = []
        self.unrecognised: list[tuple[int, int]] = []
        self.end_ms: int | None = None
        self._digests: list[bytes] = []

    def add(self, decoded: Sequence[Event | Rejected]) -> list[Event]:
        """Collect the next records and return the events among them; not to be changed, it may be ``decoded``."""
        events = self._sort_out(decoded)
        sources = [event.source for event in events]
        self.unrecognised += [(len(self.sources) + at, count) for at, count in unrecognised_in(events)]
        self._digests += event_digests(sources, [event.id for event in events])
        self.times += [event.time for event in events]
        self.sequences += [event.sequence for event in events]
        self.sources += sources
        self.records += len(decoded)
        return events

    def _sort_out(self, decoded: Sequence[Event | Rejected]) -> list[Event]:
        """Return the events, and note the places of what is none."""
        if _SET_ASIDE.isdisjoint(map(type, decoded)):
            return cast("list[Event]", decoded)
        for row, item in enumerate(decoded, self.records):
            if isinstance(item, Rejected):
                self.rejected.append((row, item))
            elif isinstance(item, Punctuation):
                self.punctuations.append(row)
                if item.data.edge is Edge.END:
                    self.end_ms = max(self.end_ms or 0, item.data.heard_ms or 0)
        return [item for item in decoded if not isinstance(item, (Rejected, Punctuation))]

    @property
    def rows(self) -> NDArray[np.int64]:
        """Where each event stands in the batch, (n,) int64."""
        others = [row for row, _ in self.rejected]
        return np.delete(np.arange(self.records), others + self.punctuations)

    @property
    def hashes(self) -> Hashes:
        """The identity of each event, (n,) uint64."""
        return hashes_of(self._digests)

    @property
    def trusted(self) -> NDArray[np.bool_] | None:
        """Which records are punctuation, (records,) bool; None if none is."""
        if not self.punctuations:
            return None
        trusted = np.zeros(self.records, np.bool_)
        trusted[self.punctuations] = True
        return trusted
