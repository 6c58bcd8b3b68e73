"""The bank that measures tickets: how each came to an end, and how long until it was called; every ticket once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from hashlib import blake2b

import numpy as np

from detectors.arrays import Ints
from streams.banks.bank import Horizon, Item
from streams.banks.intake import Picks
from streams.blocks import pack, unpack
from streams.events import Event, QueueTicket
from streams.events.queue import TicketAction, TicketData
from streams.levels.histograms import Histograms
from streams.measures import MEASURES, NOTHING, Labels, Measured

_DAY_MS = 24 * 3_600_000
_REMEMBERED_MS = 36 * 3_600_000
_PRUNED_MS = 3_600_000
_LONGEST_S = 24 * 3_600.0
"""A longer wait is a wrong clock, and would be most of the mean."""


class Outcome(StrEnum):
    """How a ticket came to an end."""

    SERVED = "served"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"


_OUTCOME = {
    TicketAction.SERVED: Outcome.SERVED,
    TicketAction.NO_SHOW: Outcome.NO_SHOW,
    TicketAction.CANCELLED: Outcome.CANCELLED,
}
_CALLED = frozenset({TicketAction.CALLED, TicketAction.SERVING, TicketAction.SERVED, TicketAction.NO_SHOW})


def outcome_of(data: TicketData) -> Outcome | None:
    """Return how a ticket came to an end, None if it goes on.

    A ``no_show`` that nobody called was taken off a list at closing time: it is cancelled.
    """
    if data.action is TicketAction.NO_SHOW and data.called_at is None and data.counter_id is None:
        return Outcome.CANCELLED
    return _OUTCOME.get(data.action)


def wait_s(data: TicketData) -> float | None:
    """Return how long a ticket waited until it was called, seconds; None where its event doesn't tell."""
    if data.action not in _CALLED:
        return None
    if data.issued_at is not None and data.called_at is not None:
        waited: float | None = (data.called_at - data.issued_at).total_seconds()
    else:
        waited = data.wait_s
    return waited if waited is not None and 0.0 <= waited <= _LONGEST_S else None


class TicketBank:
    """Measures ``tickets`` and ``ticket_wait_seconds``; a `streams.banks.bank.Bank` that tells nothing.

    A ticket is known by its office, id and local day. The first of its events that tells its wait counts for that, and
    the first that ends it for its outcome; both are counted as soon as they are admitted. Where a mid-day reset gives a
    number away twice, the second ticket of that number is not counted.
    """

    def __init__(self) -> None:
        self._picks: Picks[TicketData] = Picks()
        self._seen: tuple[dict[int, int], dict[int, int]] = ({}, {})  # of waits and of ends: ticket, event time
        self._pruned_ms = -(2**62)
        self._ended: Counter[Labels] = Counter()
        self._waits = Histograms(MEASURES["ticket_wait_seconds"].bounds)

    def read(self, events: Sequence[Event]) -> None:
        """Keep the tickets of a run that were called or came to an end."""
        tickets = [
            (place, event.data)
            for place, event in enumerate(events)
            if type(event) is QueueTicket and (event.data.action in _CALLED or event.data.action in _OUTCOME)
        ]
        self._picks.add(tickets, len(events))

    def observe(self, kept: Ints, at_ms: Ints, local_ms: Ints) -> None:
        """Count those of the tickets read that were admitted."""
        for data, at, local in self._picks.take(kept, at_ms, local_ms):
            self._count(data, at, local)

    def _count(self, data: TicketData, at_ms: int, local_ms: int) -> None:
        waits, ends = self._seen
        ticket = _digest(data.office_id, data.ticket_id, local_ms // _DAY_MS)
        waited = wait_s(data)
        if waited is not None and ticket not in waits:
            waits[ticket] = at_ms
            self._waits.observe((data.tenant, data.unit_code), waited)
        outcome = outcome_of(data)
        if outcome is not None and ticket not in ends:
            ends[ticket] = at_ms
            self._ended[data.tenant, outcome.value] += 1

    def close(self, horizon: Horizon) -> list[Item]:
        """Forget the tickets of the day before yesterday."""
        if horizon.watermark_ms - self._pruned_ms >= _PRUNED_MS:
            self._pruned_ms = horizon.watermark_ms
            oldest = horizon.watermark_ms - _REMEMBERED_MS
            waits, ends = ({key: at for key, at in seen.items() if at >= oldest} for seen in self._seen)
            self._seen = waits, ends
        return []

    def measured(self) -> Measured:
        """Return the tickets and waits since the last call."""
        ended, waits = dict(self._ended), self._waits.taken()
        if not ended and not waits:
            return NOTHING
        self._ended.clear()
        return Measured(
            counted={"tickets": {labels: float(count) for labels, count in ended.items()}} if ended else {},
            observed={"ticket_wait_seconds": waits} if waits else {},
        )

    def snapshot(self) -> dict[str, bytes]:
        """Return which tickets were counted as blocks."""
        return {
            name: block
            for name, seen in zip(("waits", "ends"), self._seen, strict=True)
            for name, block in pack(f"tickets/{name}", _columns(seen)).items()
        }

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh bank."""
        waits, ends = (unpack(f"tickets/{name}", blocks) for name in ("waits", "ends"))
        self._seen = (
            dict(zip(waits["ticket"].tolist(), waits["at_ms"].tolist(), strict=True)),
            dict(zip(ends["ticket"].tolist(), ends["at_ms"].tolist(), strict=True)),
        )


def _columns(seen: Mapping[int, int]) -> dict[str, Ints]:
    return {
        "ticket": np.fromiter(seen.keys(), np.int64, len(seen)),
        "at_ms": np.fromiter(seen.values(), np.int64, len(seen)),
    }


def _digest(office: str, ticket: str, day: int) -> int:
    named = f"{office}\x1f{ticket}\x1f{day}".encode()
    return int.from_bytes(blake2b(named, digest_size=8).digest(), "big", signed=True)
