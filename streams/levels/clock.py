"""The clock of one deadline: paused and gone on, extended, and read at any instant."""

from bisect import bisect_right
from typing import Literal, NamedTuple

from msgspec import Struct

from streams.working_time import WorkingTime

Outcome = Literal["on_time", "late_extended", "late"]

OUTCOMES: tuple[Outcome, ...] = ("on_time", "late_extended", "late")
PHASES = ("under_50", "from_50", "from_75", "from_90", "overdue")
"""How much of its time an open clock has used, in per cent; the last is past its deadline."""

_LEFT_PERCENT = (50, 25, 10)


class Allowance(NamedTuple):
    """How long something may take: milliseconds of working time, or on the wall clock."""

    length_ms: int
    working: bool


class Clock(Struct, gc=False):
    """A deadline that was set (mutable); instants are milliseconds since 1970 UTC.

    ``due_ms`` is the deadline with the time of pauses added, ``until_ms`` the one in force, which an extension has put
    off further. ``allowed_ms`` is the time until then that counts, pauses left out, in working time or not. While it
    stands still, ``paused_ms`` is since when. ``fixed`` says that the deadline was told, or that time has been added to
    it, so that no other rule may change it.
    """

    allowed_ms: int
    working: bool
    due_ms: int
    until_ms: int
    paused_ms: int | None = None
    fixed: bool = False

    def outcome(self, end_ms: int) -> Outcome:
        """Return whether an end then is on time; what ends during a pause has needed no more than until the pause.

        Past the first deadline but within an extension it is late all the same, and said to be extended.
        """
        at_ms = end_ms if self.paused_ms is None else min(end_ms, self.paused_ms)
        if at_ms <= self.due_ms:
            return "on_time"
        return "late_extended" if at_ms <= self.until_ms else "late"

    def pause(self, at_ms: int) -> None:
        """Stand still from now on."""
        if self.paused_ms is None:
            self.paused_ms = at_ms


def phase(marks: tuple[int, ...], at_ms: int) -> int:
    """Return the place in `PHASES` at an instant, from the marks of a clock."""
    return bisect_right(marks, at_ms)


class Clocks:
    """Sets clocks and moves them, by a site's working time."""

    def __init__(self, work: WorkingTime) -> None:
        self._work = work

    def allow(self, start_ms: int, allowance: Allowance) -> Clock:
        """Return a clock that runs from ``start_ms`` for as long as it is allowed to."""
        length_ms, working = allowance
        due_ms = self._after(start_ms, length_ms, working=working)
        return Clock(length_ms, working, due_ms, due_ms)

    def until(self, start_ms: int, due_ms: int) -> Clock:
        """Return a clock whose deadline was told; the share of it that is used is one of working time."""
        allowed_ms = max(self._work.between(start_ms, due_ms), 0)
        return Clock(allowed_ms, working=True, due_ms=due_ms, until_ms=due_ms, fixed=True)

    def go_on(self, clock: Clock, at_ms: int) -> None:
        """End a pause: what was left of the time is left from now on. A deadline that had passed stays where it was."""
        since_ms, clock.paused_ms = clock.paused_ms, None
        if since_ms is None or since_ms >= at_ms:
            return
        due_ms, until_ms = clock.due_ms, clock.until_ms
        clock.due_ms = self._put_off(due_ms, since_ms, at_ms, working=clock.working)
        clock.until_ms = self._put_off(until_ms, since_ms, at_ms, working=clock.working)
        clock.fixed = clock.fixed or clock.until_ms > until_ms

    def extend(self, clock: Clock, until_ms: int) -> None:
        """Put the deadline in force off; the first one stays. An earlier one is no extension."""
        if until_ms > clock.until_ms:
            clock.allowed_ms += self._between(clock.until_ms, until_ms, working=clock.working)
            clock.until_ms = until_ms
            clock.fixed = True

    def replace(self, clock: Clock, due_ms: int) -> None:
        """Set the deadline anew, as if it had been so from the beginning; extensions are void."""
        clock.allowed_ms = max(clock.allowed_ms + self._between(clock.until_ms, due_ms, working=clock.working), 0)
        clock.due_ms = clock.until_ms = due_ms
        clock.fixed = True

    def marks(self, clock: Clock) -> tuple[int, ...]:
        """Return from when on a clock that runs is in each of `PHASES` but the first."""
        past_ms = clock.until_ms + 1
        early = [
            self._after(clock.until_ms, -(clock.allowed_ms * left // 100), working=clock.working)
            for left in _LEFT_PERCENT
        ]
        return *(min(mark, past_ms) for mark in early), past_ms

    def _put_off(self, deadline_ms: int, since_ms: int, at_ms: int, *, working: bool) -> int:
        if since_ms >= deadline_ms:
            return deadline_ms
        left_ms = self._between(since_ms, deadline_ms, working=working)
        return max(deadline_ms, self._after(at_ms, left_ms, working=working))

    def _between(self, start_ms: int, end_ms: int, *, working: bool) -> int:
        return self._work.between(start_ms, end_ms) if working else end_ms - start_ms

    def _after(self, start_ms: int, length_ms: int, *, working: bool) -> int:
        return self._work.after(start_ms, length_ms) if working else start_ms + length_ms
