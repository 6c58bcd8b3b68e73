"""How many people came to each queue in the last half hour, from its snapshots."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from detectors.arrays import Floats, Ints
from detectors.queueing import QueueBlock
from streams.blocks import pack, unpack

WINDOW_MS = 30 * 60_000
_LEAST_MS = 10 * 60_000  # of the window must have been seen, or a rate is a guess
_DAY_MS = 24 * 3_600_000
_FASTEST_S = 20.0  # between two calls of a counter: a number that runs faster was set, not called


class _Moves(NamedTuple):
    """Who came between two snapshots of a queue: at the second one, over so many milliseconds; by queue and time."""

    series: Ints
    at_ms: Ints
    came: Ints
    over_ms: Ints


class Inflow:
    """The arrivals at all queues of one partition.

    Who came is what the queue grew by and who was called meanwhile, as far as the source numbers its calls; where it
    doesn't, only the growth is seen, which is less. Snapshots of two days, or more than half an hour apart, say
    nothing. Everything is counted in whole people and milliseconds, so that it doesn't depend on how snapshots were
    cut into blocks.
    """

    def __init__(self) -> None:
        empty = np.empty(0, np.int64)
        self._moves = _Moves(empty, empty, empty, empty)
        self._last = np.empty((0, 4))  # of each queue: instant, day, waiting, number served

    def follow(self, block: QueueBlock, queues: int) -> Floats:
        """Take in snapshots, whose waiting is known; return the arrivals per second before each, NaN if unknown.

        Parameters
        ----------
        block : QueueBlock
            Snapshots in order of time, none older than those of the last call.
        queues : int
            How many queues there are.
        """
        fresh = queues - len(self._last)
        self._last = np.concatenate([self._last, np.full((fresh, 4), np.nan)])
        order = np.argsort(block.series, kind="stable")
        series = block.series[order]
        now = np.stack([block.at_ms, block.local_ms // _DAY_MS, block.waiting, block.served], axis=1)[order]
        first = np.r_[True, series[1:] != series[:-1]][: len(series)]
        before = np.concatenate([now[:1], now[:-1]])
        before[first] = self._last[series[first]]
        self._last[series] = now
        added = _moves(series, now, before, np.maximum(block.counters_open[order], 1.0))
        rates = np.empty(len(series))
        rates[order] = self._rates(added, series, now[:, 0].astype(np.int64))
        return rates

    def _rates(self, added: _Moves, series: Ints, at_ms: Ints) -> Floats:
        """Return what came in the window before each snapshot, and forget what no later window reaches."""
        joined = [np.concatenate(pair) for pair in zip(self._moves, added, strict=True)]
        moves = _Moves(*(column[np.lexsort((joined[1], joined[0]))] for column in joined))
        if len(at_ms) == 0:
            return np.empty(0)
        base = min(int(at_ms.min()), int(moves.at_ms.min(initial=at_ms.min()))) - WINDOW_MS
        span = int(at_ms.max()) - base + 1
        places = moves.series * span + (moves.at_ms - base)
        until = np.searchsorted(places, series * span + (at_ms - base), side="right")
        since = np.searchsorted(places, series * span + (at_ms - WINDOW_MS - base), side="right")
        came, over_ms = (np.r_[0, np.cumsum(column)] for column in (moves.came, moves.over_ms))
        seen_ms = over_ms[until] - over_ms[since]
        rates = np.where(seen_ms >= _LEAST_MS, (came[until] - came[since]) * 1000.0 / np.maximum(seen_ms, 1), np.nan)
        kept = moves.at_ms > at_ms.max() - WINDOW_MS
        self._moves = _Moves(*(column[kept] for column in moves))
        return rates

    def snapshot(self, name: str) -> dict[str, bytes]:
        """Return the state as blocks."""
        return {**pack(f"{name}/last", {"last": self._last}), **pack(f"{name}/moves", self._moves._asdict())}

    def restore(self, name: str, blocks: Mapping[str, bytes]) -> None:
        """Replace the state by that of ``snapshot``."""
        self._last = unpack(f"{name}/last", blocks)["last"].astype(np.float64)
        saved = unpack(f"{name}/moves", blocks)
        self._moves = _Moves(*(saved[column].astype(np.int64) for column in _Moves._fields))


def _moves(series: Ints, now: Floats, before: Floats, counters: Floats) -> _Moves:
    over_ms = now[:, 0] - before[:, 0]
    with np.errstate(invalid="ignore"):
        useful = (over_ms > 0.0) & (over_ms <= WINDOW_MS) & (now[:, 1] == before[:, 1])
        called = now[:, 3] - before[:, 3]
        possible = (called >= 0.0) & (called <= 3.0 + counters * over_ms / 1000.0 / _FASTEST_S)
        came = np.maximum(now[:, 2] - before[:, 2] + np.where(possible, called, 0.0), 0.0)
    return _Moves(
        series[useful],
        now[useful, 0].astype(np.int64),
        np.rint(came[useful]).astype(np.int64),
        over_ms[useful].astype(np.int64),
    )
