"""Rolls the counts of units up to the province: what is rare in each unit can be a surge in all of them together."""

from collections.abc import Mapping

import numpy as np

from streams.anomalies import Anomaly, Counts, Series
from streams.banks.panel import Watch
from streams.banks.surges import SurgeSeries


class Rollup:
    """The (province, category) series over all input partitions."""

    def __init__(self, watch: Watch) -> None:
        self._surges = SurgeSeries("rollup", watch)

    def add(self, counts: Counts) -> None:
        """Take in one closed window of one input partition."""
        start_ms = counts.at_ms - counts.width_ms
        local_ms = start_ms + counts.local_offset_ms
        rows = [
            self._surges.row(
                (series.tenant, series.entity),
                Series(series.tenant, "", series.family, series.entity),
                start_ms,
                local_ms,
            )
            for series, _ in counts.rows
        ]
        n = len(rows)
        self._surges.add(
            np.array(rows, np.int64),
            np.full(n, start_ms),
            np.full(n, local_ms),
            np.array([count for _, count in counts.rows], np.int64),
        )

    def close(self, watermark_ms: int) -> list[Anomaly]:
        """Return what surges in the windows that all input partitions have passed."""
        return self._surges.close(watermark_ms)[1]

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks."""
        return self._surges.snapshot()

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh instance."""
        self._surges.restore(blocks)
