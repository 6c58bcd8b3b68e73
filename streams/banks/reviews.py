"""The bank of reviews: whether more and more of what a camera tells turns out to be false when people look at it."""

from collections.abc import Mapping, Sequence
from typing import Generic

import numpy as np

from detectors.arrays import Block, Floats, Ints, rounds
from detectors.pagehinkley import PageHinkley
from streams.banks.bank import Horizon, Item
from streams.banks.intake import Intake, Reader
from streams.banks.panel import Watch
from streams.blocks import pack, unpack
from streams.events import Event
from streams.judge import Evidence
from streams.series import Key, Pending, SeriesTable

_RECENT = 50
"""So many last reviews are counted for the explanation."""


class ReviewBank(Generic[Key]):
    """All reviewed series of one partition; a `streams.banks.bank.Bank`.

    Every review is an observation, 1 a false alarm: reviews are too few for shares of days. The detector adds up how
    far they lie above the usual share; what is told are the last fifty.

    Parameters
    ----------
    name : str
        Prefix of the snapshot's blocks.
    reader : Reader
        Its samples are the reviews.
    watch : Watch
        Its detector finds a drift of their mean.
    """

    def __init__(self, name: str, reader: Reader[Key], watch: Watch) -> None:
        self._name = name
        self._key_type = reader.key_type
        self._table: SeriesTable[Key] = SeriesTable()
        self._intake = Intake(reader, self._table)
        self._pending = Pending(width=1)
        self._detector: PageHinkley = watch.detector
        self._judges = dict(watch.judges())
        self._recent = np.empty((0, _RECENT))

    def read(self, events: Sequence[Event]) -> None:
        """Read the reviews of a run."""
        self._intake.read(events)

    def observe(self, kept: Ints, at_ms: Ints, local_ms: Ints) -> None:
        """Keep the reviews among the admitted events until the watermark passes them."""
        self._pending.add(self._intake.take(kept, at_ms, local_ms))

    def close(self, horizon: Horizon) -> list[Item]:
        """Score and judge what the watermark has passed."""
        ready = self._pending.release(horizon.watermark_ms)
        if ready is None:
            return []
        fresh = len(self._table) - len(self._recent)
        self._recent = np.concatenate([self._recent, np.full((fresh, _RECENT), np.nan)])
        self._detector.resize(len(self._table))
        block = Block(ready.series, ready.at_ms, ready.local_ms, ready.values[0])
        scores = self._detector.update(block)
        false, reviewed = trailing(block.series, block.value, self._recent)
        tails = {"high": scores.p_high, "low": scores.p_low}
        expected, facts = scores.expected * reviewed, {"trials": reviewed}
        told: list[Item] = []
        for side, judge in self._judges.items():
            evidence = Evidence(block.series, block.at_ms, block.at_ms, tails[side], false, expected, facts)
            told += judge.judge(evidence, self._table.series.__getitem__)
        return told

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks."""
        return {
            **self._table.snapshot(f"{self._name}/series"),
            **pack(f"{self._name}/detector", self._detector.state()),
            **pack(f"{self._name}/recent", {"recent": self._recent}),
            f"{self._name}/pending": self._pending.snapshot(),
            **{f"{self._name}/judge/{side}": judge.snapshot() for side, judge in self._judges.items()},
        }

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh bank."""
        self._table.restore(f"{self._name}/series", blocks, self._key_type)
        self._detector.load(unpack(f"{self._name}/detector", blocks))
        self._recent = unpack(f"{self._name}/recent", blocks)["recent"].astype(np.float64)
        self._pending.restore(blocks[f"{self._name}/pending"])
        for side, judge in self._judges.items():
            judge.restore(blocks[f"{self._name}/judge/{side}"])


def trailing(series: Ints, value: Floats, last: Floats) -> tuple[Floats, Floats]:
    """Return the sum and the number of the last values of each series up to each value, kept in ``last``.

    Parameters
    ----------
    series : (n,) int64
        Row of each value, several of one row in their order.
    value : (n,) float64
        Whole numbers.
    last : (rows, most) float64
        The last values of every row, newest first, NaN where there was none; updated in place.

    Returns
    -------
    sums, numbers : (n,) float64

    Examples
    --------
    >>> last = np.full((1, 3), np.nan)
    >>> [each.tolist() for each in trailing(np.zeros(5, np.int64), np.array([1.0, 0.0, 1.0, 1.0, 1.0]), last)]
    [[1.0, 1.0, 2.0, 2.0, 3.0], [1.0, 2.0, 3.0, 3.0, 3.0]]
    """
    sums, numbers = np.empty(len(series)), np.empty(len(series))
    for some in rounds(series):
        rows = series[some]
        last[rows] = np.concatenate([value[some, None], last[rows, :-1]], axis=1)
        known = ~np.isnan(last[rows])
        sums[some] = np.where(known, last[rows], 0.0).sum(axis=1)
        numbers[some] = known.sum(axis=1)
    return sums, numbers
