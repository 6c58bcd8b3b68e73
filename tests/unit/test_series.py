"""Observations that wait for the watermark, and the table of series."""

import numpy as np

from streams.anomalies import Series
from streams.series import Columns, Pending, SeriesTable


def columns(rows: list[int], at: list[int]) -> Columns:
    """Return observations whose value is their time."""
    times = np.array(at, np.int64)
    return Columns(np.array(rows, np.int64), times, times, times[None, :].astype(np.float64))


def test_observations_are_released_in_event_time_order_once_the_watermark_has_passed_them() -> None:
    """Order of arrival doesn't matter; what lies at or beyond the watermark waits."""
    pending = Pending(width=1)
    pending.add(columns([0, 1], [30, 10]))
    pending.add(columns([2, 3], [20, 5]))
    ready = pending.release(30)
    assert ready is not None
    assert (ready.series.tolist(), ready.at_ms.tolist()) == ([3, 1, 2], [5, 10, 20])
    assert pending.release(30) is None
    rest = pending.release(31)
    assert rest is not None
    assert rest.series.tolist() == [0]


def test_equal_times_keep_their_order_of_arrival() -> None:
    """Two readings of one series at one instant stay in the order of their partition."""
    pending = Pending(width=1)
    pending.add(columns([4, 2, 9], [7, 7, 7]))
    ready = pending.release(8)
    assert ready is not None
    assert ready.series.tolist() == [4, 2, 9]


def test_waiting_observations_survive_a_snapshot() -> None:
    """What waits is state."""
    pending = Pending(width=1)
    pending.add(columns([1, 0], [30, 10]))
    resumed = Pending(width=1)
    resumed.restore(pending.snapshot())
    ready = resumed.release(100)
    assert ready is not None
    assert ready.values.tolist() == [[10.0, 30.0]]


def test_a_table_survives_a_snapshot_and_tells_new_series_once() -> None:
    """After a restore the old series are no news."""
    table: SeriesTable[tuple[str, str]] = SeriesTable()
    for row in range(1500):
        table.add((f"C{row}", "car"), Series("11", "03127", "camera.count", f"C{row}", "car"), row)
    assert len(table.untold()) == 1500
    resumed: SeriesTable[tuple[str, str]] = SeriesTable()
    resumed.restore("t", table.snapshot("t"), tuple[str, str])
    assert resumed.row_of == table.row_of
    assert resumed.untold() == []
