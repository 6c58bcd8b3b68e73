"""Sums what events bring per series in fixed windows of event time, once the watermark has passed a window."""

from typing import NamedTuple

import numpy as np

from detectors.arrays import Floats, Ints
from streams.series import Columns, Pending


class Panes(NamedTuple):
    """Closed windows with at least one event, by time and row; (n,) each.

    Attributes
    ----------
    series : (n,) int64
        Rows.
    at_ms, local_ms, end_ms : (n,) int64
        Start of the window, the same on the wall clock, and its end.
    sums : (k, n) float64
        What the events brought, added up.
    """

    series: Ints
    at_ms: Ints
    local_ms: Ints
    end_ms: Ints
    sums: Floats


class PaneSums:
    """Values of events per series become sums per window ``[k * width, (k + 1) * width)`` of event time.

    A window without events is not told. The local time of a window is its start on the wall clock that is least ahead
    among its events, so that their order doesn't matter; nor does it to sums of whole numbers.
    """

    def __init__(self, width_ms: int, values: int = 1) -> None:
        self.width_ms = width_ms
        self._pending = Pending(width=values)

    def add(self, columns: Columns) -> None:
        """Keep events until their window closes."""
        self._pending.add(columns)

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
        sums = np.add.reduceat(ready.values[:, order], first, axis=1)
        start_ms = pane[first] * self.width_ms
        return Panes(rows[first], start_ms, start_ms + offset_ms[order][first], start_ms + self.width_ms, sums)

    def snapshot(self) -> bytes:
        """Return the waiting events."""
        return self._pending.snapshot()

    def restore(self, data: bytes) -> None:
        """Replace the waiting events by those of ``snapshot``."""
        self._pending.restore(data)
