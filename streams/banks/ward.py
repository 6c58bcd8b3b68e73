"""A ward: the series of one group, in rows of their own, scored by the group's detectors and judged."""

from collections.abc import Callable, Mapping, Sequence

from detectors.arrays import Block, Ints
from streams.anomalies import Anomaly, Series
from streams.banks.panel import Watch
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
        self._detectors = {
            f"{name}/{watch.detector.name}/{watch.detector.version}": watch.detector for watch in watches
        }
        self._judges = [
            (of, side, f"{of}/{side}/{judge.kind.value}", judge)
            for of, watch in zip(self._detectors, watches, strict=True)
            for side, judge in watch.judges()
        ]

    def judge(self, block: Block, rows: Ints, series_of: SeriesOf) -> list[Anomaly]:
        """Score a block whose series have (n,) rows here, learn it, and return what is to be told of it."""
        if not self._detectors:
            return []
        own = block._replace(series=rows)
        scores = {}
        for name, detector in self._detectors.items():
            detector.resize(self.size)
            scores[name] = detector.update(own)
        told = []
        for of, side, _, judge in self._judges:
            p = scores[of].p_high if side == "high" else scores[of].p_low
            evidence = Evidence(block.series, block.at_ms, block.at_ms, p, block.value, scores[of].expected)
            told += judge.judge(evidence, series_of)
        return told

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks."""
        blocks = {name: judge.snapshot() for _, _, name, judge in self._judges}
        for name, detector in self._detectors.items():
            blocks |= pack(name, detector.state())
        return blocks

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh ward by what fits of a snapshot."""
        for name, detector in self._detectors.items():
            try:
                detector.load(unpack(name, blocks))
            except ValueError:
                continue
        for _, _, name, judge in self._judges:
            if name in blocks:
                judge.restore(blocks[name])
