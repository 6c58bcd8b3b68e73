"""Counts events per series in fixed windows of event time, once the watermark has passed a window."""

from typing import NamedTuple

import numpy as np

from detectors.arrays import Block, Ints
from streams.series import Columns, Pending


class Panes(NamedTuple):
    """Closed windows with at least one event, by time and row: counts at the windows' starts, and the ends."""

    block: Block
    end_ms: Ints


class PaneCounter:
    """Event times per series become counts per window ``[k * width, (k + 1) * width)`` of event time.

    A window without events is not told. The local time of a count is the window's start on the wall clock that is
    least ahead among its events, so that their order doesn't matter.
    """

    def __init__(self, width_ms: int) -> None:
        self.width_ms = width_ms
        self._pending = Pending(width=1)

    def add(self, rows: Ints, at_ms: Ints, local_ms: Ints, counts: Ints | None = None) -> None:
        """Keep (n,) events of given rows, event times and local times until their window closes; each counts 1."""
        values = np.ones(len(rows)) if counts is None else counts.astype(np.float64)
        self._pending.add(Columns(rows, at_ms, local_ms, values[None, :]))

    def close(self, watermark_ms: int) -> Panes | None:
        """Return the windows that the watermark has passed since the last call, None if none."""
        ready = self._pending.release(watermark_ms // self.width_ms * self.width_ms)
        if ready is None:
            return None
        pane = ready.at_ms // self.width_ms
        offset_ms = ready.local_ms - ready.at_ms
        order = np.lexsort((offset_ms, ready.series, pane))
        pane, rows = pane[order], ready.series[order]
        first = np.flatnonzero(np.r_[True, (pane[1:] != pane[:-1]) | (rows[1:] != rows[:-1])])
        counts = np.add.reduceat(ready.values[0][order], first)
        start_ms = pane[first] * self.width_ms
        return Panes(Block(rows[first], start_ms, start_ms + offset_ms[order][first], counts), start_ms + self.width_ms)

    def snapshot(self) -> bytes:
        """Return the waiting events."""
        return self._pending.snapshot()

    def restore(self, data: bytes) -> None:
        """Replace the waiting events by those of ``snapshot``."""
        self._pending.restore(data)
