"""The bank of shares: no-shows among tickets, failed among payments; hits and trials per series, hour by hour."""

from collections.abc import Mapping, Sequence
from typing import Generic, NamedTuple

import numpy as np
from msgspec import Struct

from detectors.arrays import Floats, Ints
from detectors.proportion import Proportion, ShareBlock
from streams.banks.bank import Horizon, Item
from streams.banks.intake import Intake, Reader
from streams.banks.panel import Watch
from streams.banks.panes import Panes, PaneSums
from streams.blocks import pack, unpack
from streams.events import Event
from streams.judge import Evidence
from streams.series import Columns, Key, SeriesTable

HOUR_MS = 3_600_000


class Gathering(Struct, frozen=True):
    """When the hours of a series make an observation: as soon as they hold ``least_trials`` trials.

    Fewer say little one by one, and a small office has few an hour. What hasn't come together ``within_ms`` of its
    beginning is forgotten: two halves of two weeks are no observation.
    """

    least_trials: float = 20.0
    within_ms: int = 48 * HOUR_MS


class _Windows(NamedTuple):
    """Observations: row, beginning and end in event time, the last hour's start and its local time, hits, trials."""

    series: Ints
    start_ms: Ints
    end_ms: Ints
    at_ms: Ints
    local_ms: Ints
    hits: Floats
    trials: Floats


class ShareBank(Generic[Key]):
    """All shares of one family; a `streams.banks.bank.Bank`.

    Parameters
    ----------
    name : str
        Prefix of the snapshot's blocks.
    reader : Reader
        Its samples are the trials: 1 a hit, 0 none.
    watch : Watch
        Its detector scores hits among trials.
    gathering : Gathering, optional
        Which hours make an observation.
    """

    def __init__(self, name: str, reader: Reader[Key], watch: Watch, gathering: Gathering | None = None) -> None:
        self._name = name
        self._key_type = reader.key_type
        self._table: SeriesTable[Key] = SeriesTable()
        self._intake = Intake(reader, self._table)
        self._hours = PaneSums(HOUR_MS, values=2)
        self._detector: Proportion = watch.detector
        self._judges = dict(watch.judges())
        self._gathering = gathering or Gathering()
        self._since = np.empty(0, np.int64)
        self._sums = np.empty((0, 2))

    def read(self, events: Sequence[Event]) -> None:
        """Read the trials of a run."""
        self._intake.read(events)

    def observe(self, kept: Ints, at_ms: Ints, local_ms: Ints) -> None:
        """Keep the trials of the admitted events until the watermark passes their hour."""
        trials = self._intake.take(kept, at_ms, local_ms)
        if len(trials.series):
            hits = trials.values[0]
            both = np.stack([hits, np.ones(len(hits))])
            self._hours.add(Columns(trials.series, trials.at_ms, trials.local_ms, both))

    def close(self, horizon: Horizon) -> list[Item]:
        """Score and judge what has come together in the hours that the watermark has passed."""
        panes = self._hours.close(horizon.watermark_ms)
        if panes is None:
            return []
        self._grow()
        windows = self._gathered(panes)
        block = ShareBlock(windows.series, windows.at_ms, windows.local_ms, windows.hits, windows.trials)
        scores = self._detector.update(block)
        tails = {"high": scores.p_high, "low": scores.p_low}
        facts = {"trials": windows.trials}
        told: list[Item] = []
        for side, judge in self._judges.items():
            evidence = Evidence(
                windows.series, windows.start_ms, windows.end_ms, tails[side], windows.hits, scores.expected, facts
            )
            told += judge.judge(evidence, self._table.series.__getitem__)
        return told

    def _grow(self) -> None:
        fresh = len(self._table) - len(self._since)
        if fresh:
            self._since = np.r_[self._since, np.zeros(fresh, np.int64)]
            self._sums = np.concatenate([self._sums, np.zeros((fresh, 2))])
            self._detector.resize(len(self._table))

    def _gathered(self, panes: Panes) -> _Windows:
        """Add hours to what was there of each series, and return what is enough, in order of time."""
        since, sums, enough = self._since, self._sums, []
        starts, totals = np.empty(len(panes.series), np.int64), np.empty((2, len(panes.series)))
        for i, row in enumerate(panes.series.tolist()):
            if sums[row, 1] == 0.0 or panes.end_ms[i] - since[row] > self._gathering.within_ms:
                since[row], sums[row] = panes.at_ms[i], 0.0
            sums[row] += panes.sums[:, i]
            if sums[row, 1] >= self._gathering.least_trials:
                starts[i], totals[:, i] = since[row], sums[row]
                sums[row] = 0.0
                enough.append(i)
        chosen = np.array(enough, np.int64)
        return _Windows(
            panes.series[chosen],
            starts[chosen],
            panes.end_ms[chosen],
            panes.at_ms[chosen],
            panes.local_ms[chosen],
            *totals[:, chosen],
        )

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks."""
        return {
            **self._table.snapshot(f"{self._name}/series"),
            **pack(f"{self._name}/detector", self._detector.state()),
            **pack(f"{self._name}/gathered", {"since": self._since, "sums": self._sums}),
            f"{self._name}/pending": self._hours.snapshot(),
            **{f"{self._name}/judge/{side}": judge.snapshot() for side, judge in self._judges.items()},
        }

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh bank."""
        self._table.restore(f"{self._name}/series", blocks, self._key_type)
        self._detector.load(unpack(f"{self._name}/detector", blocks))
        gathered = unpack(f"{self._name}/gathered", blocks)
        self._since = gathered["since"].astype(np.int64)
        self._sums = gathered["sums"].astype(np.float64)
        self._hours.restore(blocks[f"{self._name}/pending"])
        for side, judge in self._judges.items():
            judge.restore(blocks[f"{self._name}/judge/{side}"])
