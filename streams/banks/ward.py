"""A ward: the series of one group, in rows of their own, scored by the group's detectors and judged."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from detectors.arrays import Block, Floats, Ints
from detectors.bank import HOUR_MS
from streams.anomalies import Anomaly, Series
from streams.banks.panel import Watch
from streams.banks.window_sums import WindowSums
from streams.blocks import pack, unpack
from streams.judge import Evidence

SeriesOf = Callable[[int], Series]


class Ward:
    """Scores and judges; which series are its own, and in which rows, its bank knows.

    Detectors and judges are kept under their names. What a changed configuration no longer names is forgotten, and what
    it names for the first time, or what no longer fits its saved state, starts cold.
    """

    def __init__(self, name: str, watches: Sequence[Watch]) -> None:
        self.size = 0
        self._desks = [_Desk(f"{name}/{watch.name}", watch) for watch in watches]

    def judge(self, block: Block, rows: Ints, series_of: SeriesOf) -> list[Anomaly]:
        """Score a block whose series have (n,) rows here, learn it, and return what is to be told of it."""
        own = block._replace(series=rows)
        told = []
        for desk in self._desks:
            told += desk.judge(block, own, self.size, series_of)
        return told

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks."""
        return {name: data for desk in self._desks for name, data in desk.snapshot().items()}

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh ward by what fits of a snapshot."""
        for desk in self._desks:
            desk.restore(blocks)


class _Desk:
    """One detector of a ward, what it reads, and the judges of its sides."""

    def __init__(self, name: str, watch: Watch) -> None:
        self._name = name
        self._detector = watch.detector
        self._sums = WindowSums(watch.window_ms) if watch.window_ms else None
        self._judges = [(side, f"{name}/{side}/{judge.kind.value}", judge) for side, judge in watch.judges()]

    def judge(self, block: Block, own: Block, size: int, series_of: SeriesOf) -> list[Anomaly]:
        """Score the block ``own``, which is ``block`` by the ward's ``size`` rows, and return what is to be told."""
        self._detector.resize(size)
        series, start_ms = block.series, block.at_ms
        facts: dict[str, Floats] = {}
        if self._sums is not None:
            self._sums.resize(size)
            over = self._sums.add(own)
            series, start_ms, own = block.series[over.where], over.start_ms, over.block
            if len(series) == 0:
                return []
            facts = {"window_h": np.full(len(series), self._sums.width_ms / HOUR_MS)}
        scores = self._detector.update(own)
        told = []
        for side, _, judge in self._judges:
            p = scores.p_high if side == "high" else scores.p_low
            evidence = Evidence(series, start_ms, own.at_ms, p, own.value, scores.expected, facts)
            told += judge.judge(evidence, series_of)
        return told

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks."""
        blocks = {name: judge.snapshot() for _, name, judge in self._judges}
        blocks |= pack(self._name, self._detector.state())
        return blocks if self._sums is None else blocks | pack(f"{self._name}/sums", self._sums.state())

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh desk by what fits of a snapshot."""
        try:
            self._detector.load(unpack(self._name, blocks))
            if self._sums is not None:
                self._sums.load(unpack(f"{self._name}/sums", blocks))
        except ValueError:
            pass
        for _, name, judge in self._judges:
            if name in blocks:
                judge.restore(blocks[name])
