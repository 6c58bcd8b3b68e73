"""How long people wait before they give up, by office, from the ends of their tickets."""

from collections.abc import Sequence

import msgspec
import numpy as np

from detectors.arrays import Ints
from streams.events import Event, QueueTicket
from streams.levels.tickets import Outcome, outcome_of, wait_s

_DAY_MS = 24 * 3_600_000
_DAYS = 14
_LEAST_GONE = 5  # fewer people who left say nothing


class Patience:
    """What is known of patience: over two weeks, the time that people waited for each one who had left when called."""

    def __init__(self) -> None:
        self._days: dict[tuple[str, int], tuple[float, int]] = {}
        self._mean_s: dict[str, float] | None = None

    def observe(self, events: Sequence[Event], local_ms: Ints) -> None:
        """Learn from the tickets among admitted events that came to an end."""
        for event, local in zip(events, local_ms.tolist(), strict=True):
            if type(event) is not QueueTicket:
                continue
            waited_s, outcome = wait_s(event.data), outcome_of(event.data)
            if waited_s is None or outcome not in (Outcome.SERVED, Outcome.NO_SHOW):
                continue
            key = event.data.office_id, local // _DAY_MS
            sum_s, gone = self._days.get(key, (0.0, 0))
            self._days[key] = sum_s + waited_s, gone + (outcome is Outcome.NO_SHOW)
            self._mean_s = None

    def seconds(self, office: str) -> float:
        """Return the mean time after which somebody gives up, infinity where hardly anybody was seen to.

        The time waited of all over the number of those who left: the estimate for exponential patience of which most
        is cut off by the call.
        """
        if self._mean_s is None:
            self._mean_s = self._estimated()
        return self._mean_s.get(office, np.inf)

    def _estimated(self) -> dict[str, float]:
        newest = max((day for _, day in self._days), default=0)
        self._days = {key: sums for key, sums in self._days.items() if key[1] > newest - _DAYS}
        waited: dict[str, tuple[float, int]] = {}
        for (office, _), (sum_s, gone) in sorted(self._days.items()):
            so_far = waited.get(office, (0.0, 0))
            waited[office] = so_far[0] + sum_s, so_far[1] + gone
        return {office: sum_s / gone for office, (sum_s, gone) in waited.items() if gone >= _LEAST_GONE and sum_s > 0}

    def snapshot(self) -> bytes:
        """Return the state as bytes."""
        return msgspec.msgpack.encode(sorted(self._days.items()))

    def restore(self, data: bytes) -> None:
        """Replace the state by that of ``snapshot``."""
        self._days = dict(msgspec.msgpack.decode(data, type=list[tuple[tuple[str, int], tuple[float, int]]]))
        self._mean_s = None
