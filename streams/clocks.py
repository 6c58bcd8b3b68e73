"""Clocks of sources: which are steadily wrong, so that their events are read at ingest time instead."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeVar

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

Ints = NDArray[np.int64]
_T = TypeVar("_T")

_SHRINK: Final = 20  # a run that loses more than a 20th of the time it takes is a flush that catches up
_FOLLOW: Final = 16  # how slowly the offset of a suspect follows its clock's drift


class ClockSettings(Struct, frozen=True):
    """When a clock is taken for wrong, and for right again.

    ``behind_ms`` and ``ahead_ms`` bound what is normal (-ahead <= ingest - time <= behind). A run of ``events`` over
    ``span_ms`` of ingest time whose offsets lie within ``spread_ms`` proves a state. At most ``sources`` are
    watched, and as many are suspect.
    """

    behind_ms: int
    ahead_ms: int = 60_000
    events: int = 20
    span_ms: int = 600_000
    spread_ms: int = 120_000
    sources: int = 4096


class ClockNote(Struct, frozen=True):
    """A maintenance note: the clock of ``source`` has proved steadily wrong, or right again.

    ``offset_s`` is ingest less event time in seconds (positive: the clock is slow); ``since_ms`` the ingest time of
    the first event that showed it, ``at_ms`` that of the event that proved it.
    """

    source: str
    state: Literal["wrong", "right"]
    offset_s: float
    since_ms: int
    at_ms: int


class Judged(NamedTuple):
    """The verdict on n events.

    Attributes
    ----------
    suspect : (n,) bool
        The event's time is to be replaced by its ingest time.
    notes : list of ClockNote
        In the order of the events that gave rise to them.
    """

    suspect: NDArray[np.bool_]
    notes: list[ClockNote]


class _Run(Struct, array_like=True):
    """Events in a row with abnormal, similar offsets, from a source that isn't proved wrong by them yet."""

    since_ms: int
    first: int
    least: int
    greatest: int
    events: int


class _Suspect(Struct, array_like=True):
    """A source whose clock is wrong by ``offset``; ``right`` events in a row have been normal since ``right_ms``."""

    offset: int
    right: int = 0
    right_ms: int = 0


class Clocks:
    """Follows the clocks of the sources that show abnormal offsets; the others cost nothing.

    Offset is ingest less event time. Abnormal events of a source form a run as long as their offsets differ by at
    most 120 s; a normal event ends it. A run of 20 events over 10 minutes proves the clock wrong, unless its offset
    has shrunk by more than a 20th of the time passed: that is a buffer being flushed faster than it was filled. From
    then on events within 120 s of the offset are suspect, and the offset follows slowly. 20 normal events in a row
    over 10 minutes prove the clock right again; normal events are never suspect. Sources are kept by hash, the least
    recently heard goes first, and runs can't push out suspects.

    Examples
    --------
    >>> clocks = Clocks(ClockSettings(behind_ms=900_000, events=3))
    >>> ingest_ms = np.array([0, 300_000, 600_000, 900_000])
    >>> judged = clocks.judge(["/queue/1"] * 4, ingest_ms, np.full(4, -31_622_398_000))
    >>> judged.suspect.tolist(), judged.notes[0].state, judged.notes[0].offset_s
    ([False, False, True, True], 'wrong', -31622398.0)
    """

    def __init__(self, settings: ClockSettings) -> None:
        for name in ("behind_ms", "ahead_ms", "span_ms", "spread_ms"):
            if getattr(settings, name) < 0:
                raise ValueError(f"{name} must be at least 0, not {getattr(settings, name)}; 0 allows no deviation")
        for name in ("events", "sources"):
            if getattr(settings, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(settings, name)}; the default is safe")
        self._settings = settings
        self._runs: dict[int, _Run] = {}
        self._suspects: dict[int, _Suspect] = {}

    def judge(self, sources: Sequence[str], ingest_ms: Ints, offset_ms: Ints) -> Judged:
        """Judge the next events and learn from them.

        Parameters
        ----------
        sources : sequence of n str
            Who sent them, in the order of records.
        ingest_ms : (n,) int64
            Ingest times.
        offset_ms : (n,) int64
            Ingest less event time.
        """
        suspect = np.zeros(len(sources), np.bool_)
        notes: list[ClockNote] = []
        abnormal = (offset_ms < -self._settings.ahead_ms) | (offset_ms > self._settings.behind_ms)
        watched = self._watched(sources, abnormal)
        if not watched:
            return Judged(suspect, notes)
        rows = [row for row, source in enumerate(sources) if source in watched]
        columns = zip(rows, ingest_ms[rows].tolist(), offset_ms[rows].tolist(), abnormal[rows].tolist(), strict=True)
        for row, ingest, offset, is_abnormal in columns:
            source = sources[row]
            key = watched[source]
            if not is_abnormal:
                note = self._normal(source, key, ingest, offset)
            else:
                suspect[row], note = self._abnormal(source, key, ingest, offset)
            if note is not None:
                notes.append(note)
        return Judged(suspect, notes)

    def _watched(self, sources: Sequence[str], abnormal: NDArray[np.bool_]) -> dict[str, int]:
        watched = {sources[row] for row in np.flatnonzero(abnormal).tolist()}
        keys = {source: xxh3_64_intdigest(source.encode()) for source in watched}
        if self._runs or self._suspects:
            for source in set(sources) - watched:
                key = xxh3_64_intdigest(source.encode())
                if key in self._runs or key in self._suspects:
                    keys[source] = key
        return keys

    def _normal(self, source: str, key: int, ingest: int, offset: int) -> ClockNote | None:
        self._runs.pop(key, None)
        suspect = self._suspects.pop(key, None)
        if suspect is None:
            return None
        if suspect.right == 0:
            suspect.right_ms = ingest
        suspect.right += 1
        if suspect.right < self._settings.events or ingest - suspect.right_ms < self._settings.span_ms:
            self._suspects[key] = suspect
            return None
        return ClockNote(source, "right", offset / 1000, suspect.right_ms, ingest)

    def _abnormal(self, source: str, key: int, ingest: int, offset: int) -> tuple[bool, ClockNote | None]:
        suspect = self._suspects.pop(key, None)
        if suspect is not None:
            suspect.right = 0
            self._suspects[key] = suspect  # now the most recently heard
            if abs(offset - suspect.offset) <= self._settings.spread_ms:
                suspect.offset += (offset - suspect.offset) // _FOLLOW
                self._runs.pop(key, None)
                return True, None
        run = self._extend(self._runs.pop(key, None), ingest, offset)
        if not self._steady(run, ingest, offset):
            _put(self._runs, key, run, self._settings.sources)
            return False, None
        self._suspects.pop(key, None)
        _put(self._suspects, key, _Suspect(offset), self._settings.sources)
        return True, ClockNote(source, "wrong", offset / 1000, run.since_ms, ingest)

    def _extend(self, run: _Run | None, ingest: int, offset: int) -> _Run:
        if run is not None:
            least, greatest = min(run.least, offset), max(run.greatest, offset)
            if greatest - least <= self._settings.spread_ms:
                run.least, run.greatest = least, greatest
                run.events += 1
                return run
        return _Run(ingest, offset, offset, offset, 1)

    def _steady(self, run: _Run, ingest: int, offset: int) -> bool:
        span = ingest - run.since_ms
        if run.events < self._settings.events or span < self._settings.span_ms:
            return False
        return (run.first - offset) * _SHRINK <= span

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as two blocks."""
        encode = msgspec.msgpack.encode
        return {"runs": encode(list(self._runs.items())), "suspects": encode(list(self._suspects.items()))}

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Take over the state of `snapshot`."""
        self._runs = dict(msgspec.msgpack.decode(blocks["runs"], type=list[tuple[int, _Run]]))
        self._suspects = dict(msgspec.msgpack.decode(blocks["suspects"], type=list[tuple[int, _Suspect]]))


def _put(table: dict[int, _T], key: int, value: _T, size: int) -> None:
    table[key] = value
    if len(table) > size:
        del table[next(iter(table))]
