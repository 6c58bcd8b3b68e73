"""From when to when a recording goes: Kafka timestamps that agree with their event's own time."""

import numpy as np

from ioc.envelope import Stamp
from streams.times import parse_rfc3339

_LAST_INSTANT_MS = 2**63 - 1
_TIME = '"time":"'
_AHEAD_MS = 600_000
_LATE_MS = 900_000


class Spans:
    """The bounds of all Kafka timestamps, and of those that agree with their event's own time."""

    def __init__(self) -> None:
        self._all = [_LAST_INSTANT_MS, -1]
        self._agreeing = [_LAST_INSTANT_MS, -1]

    def add(self, stamps: list[Stamp]) -> None:
        """Take in a block's timestamps."""
        if not stamps:
            return
        ts_ms = np.array([stamp.ts for stamp in stamps], np.int64)
        told = parse_rfc3339([_time_in(stamp.payload) for stamp in stamps])
        apart_ms = ts_ms - told.at_ms
        agrees = told.valid & (apart_ms >= -_AHEAD_MS) & (apart_ms <= _LATE_MS)
        for bounds, chosen in ((self._all, ts_ms), (self._agreeing, ts_ms[agrees])):
            if len(chosen):
                bounds[:] = [min(bounds[0], int(chosen.min())), max(bounds[1], int(chosen.max()))]

    def bounds(self) -> tuple[int, int]:
        """Return the first and the last instant."""
        first, last = self._agreeing if self._agreeing[1] >= 0 else self._all
        return first, last


def _time_in(payload: str | None) -> str:
    """Return the text of the event's `time`, empty where there is none; the schema is checked elsewhere."""
    start = -1 if payload is None else payload.find(_TIME)
    if payload is None or start < 0:
        return ""
    start += len(_TIME)
    return payload[start : payload.find('"', start)]
