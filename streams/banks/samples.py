"""Banks of sampled values (camera counts, telemetry): surge, drop, and a reading that is dead or stuck."""

from collections.abc import Mapping, Sequence
from typing import Generic

import numpy as np
from msgspec import Struct

from detectors.arrays import Block, Detector, Floats, Ints
from streams.anomalies import Kind
from streams.banks.bank import Horizon, Item, joined
from streams.banks.increments import increments
from streams.banks.intake import Intake, Reader
from streams.blocks import pack, unpack
from streams.events import Event
from streams.judge import Evidence, Judge, Policy
from streams.series import Columns, Key, Pending, SeriesTable


class Watch(Struct, frozen=True):
    """One detector of the bank, and the kinds to judge of its high and its low side (None: ignored)."""

    detector: Detector
    high: Kind | None
    low: Kind | None
    policy: Policy


class SampleBank(Generic[Key]):
    """All series of one family that report values; a `streams.banks.bank.Bank`."""

    def __init__(self, name: str, reader: Reader[Key], watches: Sequence[Watch]) -> None:
        self._name = name
        self._key_type = reader.key_type
        self._table: SeriesTable[Key] = SeriesTable()
        self._intake = Intake(reader, self._table)
        self._pending = Pending(width=2)
        self._last = np.empty(0)
        self._detectors = [watch.detector for watch in watches]
        self._judges = [
            (number, side, Judge(kind, watch.detector.name, watch.detector.version, watch.policy))
            for number, watch in enumerate(watches)
            for side, kind in (("high", watch.high), ("low", watch.low))
            if kind is not None
        ]

    def read(self, events: Sequence[Event]) -> None:
        """Read the values of a run."""
        self._intake.read(events)

    def observe(self, kept: Ints, at_ms: Ints, local_ms: Ints) -> None:
        """Keep the values of the admitted events until the watermark passes them."""
        self._pending.add(self._intake.take(kept, at_ms, local_ms))

    def close(self, horizon: Horizon) -> list[Item]:
        """Score and judge what the watermark has passed."""
        told = joined(self._table)
        ready = self._pending.release(horizon.watermark_ms)
        if ready is None:
            return told
        block = Block(ready.series, ready.at_ms, ready.local_ms, self._values(ready))
        for detector in self._detectors:
            detector.resize(len(self._table))
        scores = [detector.update(block) for detector in self._detectors]
        for number, side, judge in self._judges:
            p = scores[number].p_high if side == "high" else scores[number].p_low
            evidence = Evidence(block.series, block.at_ms, block.at_ms, p, block.value, scores[number].expected)
            told.extend(judge.judge(evidence, self._table.series.__getitem__))
        return told

    def _values(self, ready: Columns) -> Floats:
        """Return values to score: as they came, of counters the increments."""
        value: Floats = ready.values[0]
        cumulative = ready.values[1] > 0
        if not cumulative.any():
            return value
        fresh = len(self._table) - len(self._last)
        self._last = np.r_[self._last, np.full(fresh, np.nan)]
        value = value.copy()
        value[cumulative] = increments(ready.series[cumulative], value[cumulative], self._last)
        return value

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks."""
        blocks = {**self._table.snapshot(f"{self._name}/series"), f"{self._name}/pending": self._pending.snapshot()}
        blocks |= pack(f"{self._name}/last", {"last": self._last})
        for number, detector in enumerate(self._detectors):
            blocks |= pack(f"{self._name}/{number}", detector.state())
        for number, (_, _, judge) in enumerate(self._judges):
            blocks[f"{self._name}/judge/{number}"] = judge.snapshot()
        return blocks

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh bank."""
        self._table.restore(f"{self._name}/series", blocks, self._key_type)
        self._pending.restore(blocks[f"{self._name}/pending"])
        self._last = unpack(f"{self._name}/last", blocks)["last"].astype(np.float64)
        for number, detector in enumerate(self._detectors):
            detector.load(unpack(f"{self._name}/{number}", blocks))
        for number, (_, _, judge) in enumerate(self._judges):
            judge.restore(blocks[f"{self._name}/judge/{number}"])
