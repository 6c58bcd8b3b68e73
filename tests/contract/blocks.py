"""What the laws need to know of each type of block: how to blank it, and what is constant and extreme in it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Block, Floats, Ints
from detectors.blocks import AreaBlock, CountBlock, PointBlock, RosterBlock, ShareBlock, TailBlock
from detectors.queueing import QueueBlock
from tests.contract.block_feeds import DETECTORS, PLACES, UNITS
from tests.contract.feeds import HOUR, MINUTE, START

AnyBlock = Block | QueueBlock | CountBlock | ShareBlock | RosterBlock | AreaBlock | PointBlock | TailBlock

REPORTERS = np.array([0, 1, -1, np.iinfo(np.int64).max, np.iinfo(np.int64).min])

BLANK: dict[type[Any], tuple[str, ...]] = {
    Block: ("value",),
    QueueBlock: ("waiting",),
    CountBlock: ("counted",),
    ShareBlock: ("hits",),
    RosterBlock: ("silent",),
    AreaBlock: ("counts",),
    PointBlock: ("lat",),
    TailBlock: ("p_high", "p_low"),
}
"""Columns that make an observation unknown where they are NaN."""


def take(block: AnyBlock, chosen: NDArray[Any] | slice) -> AnyBlock:
    """Return the chosen observations."""
    columns: Any = (column[chosen] for column in block)
    return type(block)(*columns)


def blanked(block: AnyBlock, chosen: Ints) -> AnyBlock:
    """Return a copy in which the chosen observations are unknown."""
    columns = {name: getattr(block, name).copy() for name in BLANK[type(block)]}
    for column in columns.values():
        column[chosen] = np.nan
    return block._replace(**columns)


def out_of_reach(block: AnyBlock, chosen: Ints) -> list[tuple[AnyBlock, AnyBlock]]:
    """Return pairs of copies in which something out of reach is observed at ``chosen``, or the most and the least.

    What says where, of how many or by whom stays: expectations may depend on that.
    """
    observed = {QueueBlock: ("served",), PointBlock: ("reporter",)}.get(type(block), BLANK[type(block)])
    most = getattr(block, "trials", np.ones(len(block.series)))[chosen]
    bounded = {ShareBlock: (0.0 * most, most), RosterBlock: (0.0, 1.0)}.get(type(block))
    pairs = []
    for pair in [bounded] if bounded else [(1e11, 1e12), (1e-290, 1e-280)]:
        both = []
        for level in pair:
            columns = {name: getattr(block, name).copy() for name in observed}
            for column in columns.values():
                column[chosen] = np.where(np.isnan(column[chosen]), column[chosen], level)
            both.append(block._replace(**columns))
        pairs.append((both[0], both[1]))
    return pairs


def constant(kind: type[Any], rows: Ints, at_ms: Ints, value: Floats) -> AnyBlock:
    """Return a block of ``kind`` in which each row's observations are always the same, as ``value`` of the row is."""
    head, ones = (rows, at_ms, at_ms), np.ones(len(rows))
    blocks: dict[type[Any], Callable[[], AnyBlock]] = {
        QueueBlock: lambda: QueueBlock(*head, value, ones, value, value, ones > 0),
        CountBlock: lambda: CountBlock(*head, value, 250.0 * ones),
        ShareBlock: lambda: ShareBlock(*head, value, 250.0 * ones),
        RosterBlock: lambda: RosterBlock(*head, (np.arange(PLACES) < value[:, None]).astype(np.float64)),
        AreaBlock: lambda: AreaBlock(*head, np.repeat(value[:, None], UNITS, axis=1)),
        PointBlock: lambda: PointBlock(*head, value / 10.0, value / 5.0, np.arange(len(rows))),
        TailBlock: lambda: TailBlock(*head, *[np.repeat(1.0 / (1.0 + value)[:, None], DETECTORS, axis=1)] * 2),
    }
    return blocks.get(kind, lambda: Block(*head, value))()


def extreme(kind: type[Any], value: Floats) -> AnyBlock:
    """Return a block of ``kind`` of one series, hourly (queues: minutely); columns are shifts of ``value``."""
    step = MINUTE if kind is QueueBlock else HOUR
    rows, at_ms = np.zeros(len(value), np.int64), START + np.arange(len(value)) * step
    head, shifted = (rows, at_ms, at_ms), [np.roll(value, by) for by in range(PLACES)]
    blocks: dict[type[Any], Callable[[], AnyBlock]] = {
        QueueBlock: lambda: QueueBlock(*head, value, shifted[3], shifted[5], shifted[2], value > 0),
        CountBlock: lambda: CountBlock(*head, value, shifted[3]),
        ShareBlock: lambda: ShareBlock(*head, value, shifted[3]),
        RosterBlock: lambda: RosterBlock(*head, np.stack(shifted, axis=1)),
        AreaBlock: lambda: AreaBlock(*head, np.stack(shifted[:UNITS], axis=1)),
        PointBlock: lambda: PointBlock(*head, value, shifted[3], np.resize(REPORTERS, len(value))),
        TailBlock: lambda: TailBlock(*head, np.stack(shifted[:3], axis=1), np.stack(shifted[3:6], axis=1)),
    }
    return blocks.get(kind, lambda: Block(*head, value))()
