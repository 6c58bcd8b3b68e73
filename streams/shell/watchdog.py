"""Ends a worker that has work and does none: on its own thread, so that it sees a blocked event loop too."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable

from streams.shell.keeper import Standing

log = logging.getLogger(__name__)

EXIT_STALLED = 8
_PERIOD_S = 1.0


def stalled(standings: Iterable[Standing], now: float, stall_after_s: float) -> str | None:
    """Say why a worker counts as stalled, None while all is well.

    Examples
    --------
    >>> from faust.types import TP
    >>> stalled([Standing(TP("ioc.telemetry", 0), lag=7, moved_at=10.0, busy_since=None)], 131.0, 120.0)
    'ioc.telemetry[0]: 7 records behind and no progress for 121 s'
    >>> stalled([Standing(TP("ioc.telemetry", 0), lag=0, moved_at=10.0, busy_since=None)], 131.0, 120.0) is None
    True
    """
    for each in standings:
        name = f"{each.tp.topic}[{each.tp.partition}]"
        if each.busy_since is not None and now - each.busy_since > stall_after_s:
            return f"{name}: one step is in hand for {now - each.busy_since:.0f} s"
        if each.lag > 0 and now - each.moved_at > stall_after_s:
            return f"{name}: {each.lag} records behind and no progress for {now - each.moved_at:.0f} s"
    return None


class Watchdog:
    """Looks at the standings once a second; when the worker is stalled asks it to stop, then ends the process."""

    def __init__(
        self,
        standings: Callable[[], Iterable[Standing]],
        stall_after_s: float,
        ask_to_stop: Callable[[int, str], None],
        grace_s: float,
    ) -> None:
        self._standings = standings
        self._stall_after_s = stall_after_s
        self._ask_to_stop = ask_to_stop
        self._grace_s = grace_s
        self._called_off = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def call_off(self) -> None:
        """Stop watching: the worker is about to return."""
        self._called_off.set()

    def _watch(self) -> None:
        while not self._called_off.wait(_PERIOD_S):
            reason = stalled(self._standings(), time.monotonic(), self._stall_after_s)
            if reason is not None:
                log.critical("stalled: %s; ending the process with exit code %d", reason, EXIT_STALLED)
                self._ask_to_stop(EXIT_STALLED, f"stalled: {reason}")
                if not self._called_off.wait(self._grace_s):
                    end_now(EXIT_STALLED)
                return


def end_now(exit_code: int) -> None:
    """End the process at once, whatever still hangs; logs are flushed, nothing else is."""
    log.critical("did not stop in time; leaving with exit code %d", exit_code)
    logging.shutdown()
    os._exit(exit_code)
