"""The detectors under contract: how to make one, what to feed it, and its naive twin."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Block, Floats, Ints, Scores
from detectors.queueing import QueueBlock
from detectors.registry import DETECTORS, QUEUE_DETECTORS
from tests.contract import feeds
from tests.contract.naive_flatline import NaiveFlatline
from tests.contract.naive_level import NaiveLevel
from tests.contract.naive_queue import NaiveQueue, NaiveStall, NaiveWait, Snapshot
from tests.contract.naive_rare import NaiveRare
from tests.contract.naive_seasonal import NaiveSeasonal
from tests.contract.naive_silence import NaiveSilence

AnyBlock = Block | QueueBlock
Triple = tuple[float, float, float]


class Case(NamedTuple):
    """One detector of the registry."""

    name: str
    make: Callable[[], Any]
    feed: Callable[[], feeds.Feed]
    naive: Callable[[AnyBlock], list[Triple]]

    def fresh(self, size: int = feeds.SERIES) -> Any:
        """Return a cold detector of ``size`` series."""
        detector = self.make()
        detector.resize(size)
        return detector


def take(block: AnyBlock, chosen: NDArray[Any] | slice) -> AnyBlock:
    """Return the chosen observations."""
    columns: Any = (column[chosen] for column in block)
    return type(block)(*columns)


def joined(parts: list[Scores]) -> Scores:
    """Return the scores of consecutive blocks as one."""
    return Scores(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def same(left: Scores, right: Scores) -> bool:
    """Say whether scores are equal bit for bit."""
    return all(a.tobytes() == b.tobytes() for a, b in zip(left, right, strict=True))


def blanked(block: AnyBlock, chosen: Ints) -> AnyBlock:
    """Return a copy in which the chosen observations are unknown."""
    value: Floats = (block.value if isinstance(block, Block) else block.waiting).copy()
    value[chosen] = np.nan
    return block._replace(value=value) if isinstance(block, Block) else block._replace(waiting=value)


def _by_value(make: Callable[[], Any]) -> Callable[[AnyBlock], list[Triple]]:
    def run(block: AnyBlock) -> list[Triple]:
        assert isinstance(block, Block)
        twins = [make() for _ in range(feeds.SERIES)]
        columns = (column.tolist() for column in block)
        return [twins[series].observe(*rest) for series, *rest in zip(*columns, strict=True)]

    return run


def _by_snapshot(make: Callable[[], NaiveQueue]) -> Callable[[AnyBlock], list[Triple]]:
    def run(block: AnyBlock) -> list[Triple]:
        assert isinstance(block, QueueBlock)
        twins = [make() for _ in range(feeds.SERIES)]
        scored = []
        for series, *rest in zip(*(column.tolist() for column in block), strict=True):
            p, expected = twins[series].observe(Snapshot(*rest))
            scored.append((p, 1.0, expected))
        return scored

    return run


_FEEDS: dict[str, tuple[Callable[[], feeds.Feed], Callable[[AnyBlock], list[Triple]]]] = {
    "flatline": (feeds.counts, _by_value(NaiveFlatline)),
    "level": (feeds.gauges, _by_value(NaiveLevel)),
    "predicted_wait": (feeds.queues, _by_snapshot(NaiveWait)),
    "rare": (feeds.counts, _by_value(NaiveRare)),
    "seasonal": (feeds.half_hours, _by_value(NaiveSeasonal)),
    "silence": (feeds.arrivals, _by_value(NaiveSilence)),
    "stalled_counter": (feeds.queues, _by_snapshot(NaiveStall)),
}

CASES = [Case(name, make, *_FEEDS[name]) for name, make in sorted({**DETECTORS, **QUEUE_DETECTORS}.items())]
