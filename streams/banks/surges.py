"""Hourly counts of reports per category and place, their rare-count detector and judge: of one unit, or rolled up."""

from collections.abc import Mapping

import msgspec
import numpy as np

from detectors.arrays import Block, Ints
from detectors.rare import RareCounts
from streams.anomalies import Anomaly, Series
from streams.banks.panel import Watch
from streams.banks.panes import Panes, PaneSums
from streams.blocks import pack, unpack
from streams.judge import Evidence
from streams.series import Columns, SeriesTable

HOUR_MS = 3_600_000
Key = tuple[str, str]


class SurgeSeries:
    """The counts of (place, category) series, hour by hour, and which of them surge.

    A new category is taken to have reported nothing since its place was first heard of: without that, what is reported
    for the first time during a storm could not surge, because its history would be empty instead of zero.
    """

    def __init__(self, name: str, watch: Watch) -> None:
        self._name = name
        self.table: SeriesTable[Key] = SeriesTable()
        self._counter = PaneSums(HOUR_MS)
        self._detector: RareCounts = watch.detector
        ((_, self._judge),) = watch.judges()
        self._first: dict[str, tuple[int, int]] = {}
        self._unborn: list[tuple[int, int, int]] = []

    def row(self, key: Key, series: Series, at_ms: int, local_ms: int) -> int:
        """Return the row of a series, a new one where it is new; ``at_ms`` and ``local_ms`` are its event's time."""
        place = key[0]
        known = self._first.get(place)
        if known is None or at_ms < known[0]:
            self._first[place] = (at_ms, local_ms)
        row = self.table.row_of.get(key)
        if row is None:
            row = self.table.add(key, series, at_ms)
            self._unborn.append((*self._first[place], row))
        return row

    def add(self, rows: Ints, at_ms: Ints, local_ms: Ints, counts: Ints | None = None) -> None:
        """Count (n,) events, or as many as ``counts`` says, at their times."""
        values = np.ones((1, len(rows))) if counts is None else counts[None, :].astype(np.float64)
        self._counter.add(Columns(rows, at_ms, local_ms, values))

    def close(self, watermark_ms: int) -> tuple[Panes | None, list[Anomaly]]:
        """Return the hours that the watermark has passed, and what surges in them."""
        panes = self._counter.close(watermark_ms)
        if panes is None:
            return None, []
        self._detector.resize(len(self.table))
        if self._unborn:
            born_ms, local_ms, rows = np.array(sorted(self._unborn), np.int64).T.copy()
            self._detector.update(Block(rows, born_ms, local_ms, np.zeros(len(rows))))
            self._unborn = []
        block = Block(panes.series, panes.at_ms, panes.local_ms, panes.sums[0])
        scores, windows = self._detector.explained(block)
        facts = {"window_h": windows.hours, "window_observed": windows.observed, "window_expected": windows.expected}
        evidence = Evidence(block.series, block.at_ms, panes.end_ms, scores.p_high, block.value, scores.expected, facts)
        return panes, self._judge.judge(evidence, self.table.series.__getitem__)

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks."""
        return {
            **self.table.snapshot(f"{self._name}/series"),
            **pack(f"{self._name}/detector", self._detector.state()),
            f"{self._name}/pending": self._counter.snapshot(),
            f"{self._name}/judge": self._judge.snapshot(),
            f"{self._name}/births": msgspec.msgpack.encode((self._first, self._unborn)),
        }

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh instance."""
        self.table.restore(f"{self._name}/series", blocks, tuple[str, str])
        self._detector.load(unpack(f"{self._name}/detector", blocks))
        self._counter.restore(blocks[f"{self._name}/pending"])
        self._judge.restore(blocks[f"{self._name}/judge"])
        births = msgspec.msgpack.decode(
            blocks[f"{self._name}/births"], type=tuple[dict[str, tuple[int, int]], list[tuple[int, int, int]]]
        )
        self._first, self._unborn = births
