"""Families of what isn't one value: shares, silences, rosters, maps, places, queues, and other detectors' tails.

To add one: a function ``run(seed, size)`` that yields `Tails` of settled observations, and a `Family` in ``FAMILIES``.
``each`` feeds a bank with blocks of one observation per series. For discrete statistics hand in the generator's own
tails (``true_high``, ``true_low``), so that steps count on both sides alike.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from detectors.blocks import TailBlock
from detectors.registry import EVERY
from tests.calibration.family import HOUR_MS, MONDAY_MS, Family, Tails

_ENSEMBLE = (1000, 500, 3000)  # series, steps that don't count, steps in all


def each(bank: Any, blocks: Iterable[Any], settled: int) -> Iterator[Tails]:
    """Yield the tails of a bank that is fed with blocks of one row per series, once ``settled`` blocks are over."""
    for step, block in enumerate(blocks):
        if step == 0:
            bank.resize(len(block.series))
        scores = bank.update(block)
        if step >= settled:
            yield Tails(scores.p_high, scores.p_low, block.series)


def _right_tails(seed: int, size: float) -> Iterator[Tails]:
    """Yield the ensemble's tails of three right detectors of one series, that know nothing of each other."""
    series, settled, length = _ENSEMBLE
    rng, number = np.random.default_rng(seed), max(round(series * size), 20)

    def blocks() -> Iterator[TailBlock]:
        for step in range(length):
            at, high = np.full(number, MONDAY_MS + step * HOUR_MS), rng.random((number, 3))
            yield TailBlock(np.arange(number), at, at, 1.0 - high, np.maximum(high, 1e-300))

    return each(EVERY["ensemble"](), blocks(), settled)


FAMILIES = (
    Family("ensemble", "three right detectors, independent", ("high", "low"), _right_tails, "500 observations"),
)
