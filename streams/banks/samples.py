"""Banks of sampled values (camera counts, telemetry), whose series are watched in groups."""

from collections.abc import Mapping, Sequence
from typing import Generic

import msgspec
import numpy as np

from detectors.arrays import Block, Floats, Ints
from streams.banks.bank import Horizon, Item, joined
from streams.banks.increments import READING, increments
from streams.banks.intake import Intake, Reader
from streams.banks.panel import Panel, closest
from streams.banks.ward import Ward
from streams.blocks import pack, unpack
from streams.calendar import Calendar
from streams.events import Event
from streams.series import Columns, Key, Pending, SeriesTable

_UNKNOWN, _NOBODY = -2, -1  # wards of a series that hasn't reported yet, and of one that no group takes
_FRESH = np.array([_UNKNOWN, 0, 0])


class SampleBank(Generic[Key]):
    """All series of one family that report values; a `streams.banks.bank.Bank`."""

    def __init__(self, name: str, reader: Reader[Key], panels: Sequence[Panel], calendar: Calendar) -> None:
        self._name = name
        self._key_type = reader.key_type
        self._table: SeriesTable[Key] = SeriesTable()
        self._intake = Intake(reader, self._table)
        self._pending = Pending(width=2)
        self._last = np.empty((0, READING))
        self._panels = panels
        self._calendar = calendar
        self._wards = [Ward(f"{name}/{panel.name}", panel.watches) for panel in panels]
        self._places = np.empty((0, 3), np.int64)  # of each series its ward, its row there, whether it is a counter

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
        self._admit(ready)
        block = Block(ready.series, ready.at_ms, self._calendar.usual(ready.local_ms), self._values(ready))
        wards, rows, _ = self._places[block.series].T
        for number, ward in enumerate(self._wards):
            mine = wards == number
            if mine.all():
                told += ward.judge(block, np.ascontiguousarray(rows), self._table.series.__getitem__)
            elif mine.any():
                part = Block(*(column[mine] for column in block))
                told += ward.judge(part, rows[mine], self._table.series.__getitem__)
        return told

    def _admit(self, ready: Columns) -> None:
        """Give the series that report for the first time to their wards."""
        fresh = len(self._table) - len(self._places)
        if fresh:
            self._places = np.concatenate([self._places, np.tile(_FRESH, (fresh, 1))])
        strange = np.flatnonzero(self._places[ready.series, 0] == _UNKNOWN)
        for at in strange[np.unique(ready.series[strange], return_index=True)[1]].tolist():
            self._assign(int(ready.series[at]), counter=bool(ready.values[1][at] > 0))

    def _assign(self, series: int, *, counter: bool) -> None:
        number = closest(self._panels, self._table.series[series].part, counter=counter)
        if number is None:
            self._places[series] = _NOBODY, 0, counter
            return
        ward = self._wards[number]
        self._places[series] = number, ward.size, counter
        ward.size += 1

    def _values(self, ready: Columns) -> Floats:
        """Return values to score: as they came, of counters the increments."""
        value: Floats = ready.values[0]
        cumulative = ready.values[1] > 0
        if not cumulative.any():
            return value
        fresh = len(self._table) - len(self._last)
        self._last = np.concatenate([self._last, np.full((fresh, READING), np.nan)])
        value = value.copy()
        series, at_ms = ready.series[cumulative], ready.at_ms[cumulative]
        value[cumulative] = increments(series, at_ms, value[cumulative], self._last)
        return value

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks."""
        blocks = {**self._table.snapshot(f"{self._name}/series"), f"{self._name}/pending": self._pending.snapshot()}
        blocks |= pack(f"{self._name}/last", {"last": self._last})
        blocks |= pack(f"{self._name}/places", {"places": self._places})
        sizes = {panel.name: ward.size for panel, ward in zip(self._panels, self._wards, strict=True)}
        blocks[f"{self._name}/wards"] = msgspec.msgpack.encode(list(sizes.items()))
        for ward in self._wards:
            blocks |= ward.snapshot()
        return blocks

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh bank; a series that now belongs to another group starts cold there."""
        self._table.restore(f"{self._name}/series", blocks, self._key_type)
        self._pending.restore(blocks[f"{self._name}/pending"])
        self._last = unpack(f"{self._name}/last", blocks)["last"].astype(np.float64)
        saved = msgspec.msgpack.decode(blocks[f"{self._name}/wards"], type=list[tuple[str, int]])
        for panel, ward in zip(self._panels, self._wards, strict=True):
            ward.size = dict(saved).get(panel.name, 0)
            ward.restore(blocks)
        self._places = unpack(f"{self._name}/places", blocks)["places"].astype(np.int64)
        names = [name for name, _ in saved]
        for series, (number, _, counter) in enumerate(self._places.tolist()):
            now = closest(self._panels, self._table.series[series].part, counter=bool(counter))
            before = names[number] if number >= 0 else None
            if number != _UNKNOWN and (None if now is None else self._panels[now].name) != before:
                self._assign(series, counter=bool(counter))
            elif now is not None and number != _UNKNOWN:
                self._places[series, 0] = now
