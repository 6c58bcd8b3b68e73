"""Banks of arrivals: a sensor that falls silent, noticed by a timer in event time and ended by its next event."""

from collections.abc import Mapping, Sequence
from typing import Generic

import msgspec
import numpy as np

from detectors.arrays import Block, Ints
from detectors.silence import Overdue, Silence
from streams.anomalies import Anomaly, Kind, digest
from streams.banks.bank import Horizon, Item, joined
from streams.banks.intake import Intake, Reader
from streams.blocks import pack, unpack
from streams.events import Event
from streams.levels.sensors import Sensors
from streams.measures import Measured
from streams.series import Columns, Key, Pending, SeriesTable, take

SLOT_MS = 30_000
"""Of a sensor's events in one slot of event time only the first counts: finer silence is no news, and costs."""

RETIRED_AFTER_MS = 7 * 24 * 3_600_000
"""After so long a silence the sensor is taken to be retired, and its episode ends."""


class ArrivalBank(Generic[Key]):
    """All sensors of one family and when they were last heard; a `streams.banks.bank.Bank`."""

    def __init__(self, name: str, reader: Reader[Key], silence: Silence, sensors: Sensors) -> None:
        self._name = name
        self._sensors = sensors
        self._key_type = reader.key_type
        self._table: SeriesTable[Key] = SeriesTable()
        self._intake = Intake(reader, self._table)
        self._pending = Pending(width=0)
        self._silence = silence
        self._slot = np.empty(0, np.int64)
        self._silent: dict[int, int] = {}

    def read(self, events: Sequence[Event]) -> None:
        """Read who sent the events of a run."""
        self._intake.read(events)

    def observe(self, kept: Ints, at_ms: Ints, local_ms: Ints) -> None:
        """Keep the arrivals of the admitted events until the watermark passes them."""
        self._pending.add(self._intake.take(kept, at_ms, local_ms))

    def close(self, horizon: Horizon) -> list[Item]:
        """Learn the arrivals that the watermark has passed, and tell who is silent and who is back."""
        told = joined(self._table)
        self._grow()
        ready = self._pending.release(horizon.watermark_ms)
        if ready is not None:
            kept = self._first_of_slot(ready)
            block = Block(kept.series, kept.at_ms, kept.local_ms, np.zeros(len(kept.series)))
            for overdue in self._silence.follow(block)[1]:
                told.extend(self._come_back(overdue))
        told.extend(self._time_out(horizon.heard_ms))
        self._sensors.follow(self._table.series, self._silent, horizon.heard_ms - RETIRED_AFTER_MS)
        return told

    def measured(self) -> Measured:
        """Return how many sensors are watched and silent."""
        return self._sensors.measured()

    def _grow(self) -> None:
        fresh = len(self._table) - len(self._slot)
        if fresh:
            self._slot = np.r_[self._slot, np.full(fresh, np.iinfo(np.int64).min)]
            self._silence.resize(len(self._table))

    def _first_of_slot(self, ready: Columns) -> Columns:
        slot = ready.at_ms // SLOT_MS
        order = np.lexsort((np.arange(len(slot)), slot, ready.series))
        rows, slots = ready.series[order], slot[order]
        before = np.r_[np.iinfo(np.int64).min, slots[:-1]]
        other = np.r_[True, rows[1:] != rows[:-1]]
        before[other] = self._slot[rows[other]]
        keep = np.sort(order[slots > before])
        last = np.r_[other[1:], True]
        self._slot[rows[last]] = np.maximum(slots[last], self._slot[rows[last]])
        return take(ready, keep)

    def _come_back(self, late: Overdue) -> list[Item]:
        """End an episode with the arrival after it, and begin it first if its deadline hasn't been noticed."""
        back = self._tell(late, back=True)
        if self._silent.pop(late.series, None) is None:
            return [self._tell(late, back=False), back]
        return [back]

    def _time_out(self, heard_ms: int) -> list[Item]:
        """Begin the episodes of those whose deadline has passed."""
        deadlines = self._silence.deadlines()
        due = np.flatnonzero(deadlines < heard_ms)
        fresh = [row for row in due[np.argsort(deadlines[due], kind="stable")].tolist() if row not in self._silent]
        if not fresh:
            return []
        state = self._silence.state()
        self._silent.update((row, int(deadlines[row])) for row in fresh)
        return [
            self._tell(
                Overdue(
                    series=row,
                    at_ms=int(deadlines[row]),
                    deadline_ms=int(deadlines[row]),
                    last_ms=int(state["last_ms"][row]),
                    median_s=float(np.exp(state["log_median"][row])),
                ),
                back=False,
            )
            for row in fresh
        ]

    def _tell(self, late: Overdue, *, back: bool) -> Anomaly:
        series, silence = self._table.series[late.series], self._silence
        at_ms = late.at_ms if back else late.deadline_ms
        name = "back" if back else "silent"
        return Anomaly(
            id=digest(silence.name, silence.version, series.tenant, series.label, late.last_ms, name),
            at_ms=at_ms,
            detector=silence.name,
            version=silence.version,
            kind=Kind.SILENT,
            series=series,
            start_ms=late.last_ms,
            end_ms=at_ms,
            expires_ms=late.deadline_ms + RETIRED_AFTER_MS,
            open=not back,
            p=silence.parameters.p,
            observed=(late.deadline_ms - late.last_ms) / 1000.0,
            expected=late.median_s,
        )

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks."""
        return {
            **self._table.snapshot(f"{self._name}/series"),
            **pack(f"{self._name}/silence", self._silence.state()),
            **pack(f"{self._name}/slots", {"slot": self._slot}),
            f"{self._name}/pending": self._pending.snapshot(),
            f"{self._name}/silent": msgspec.msgpack.encode(sorted(self._silent.items())),
        }

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh bank."""
        self._table.restore(f"{self._name}/series", blocks, self._key_type)
        self._silence.load(unpack(f"{self._name}/silence", blocks))
        self._slot = unpack(f"{self._name}/slots", blocks)["slot"].astype(np.int64)
        self._pending.restore(blocks[f"{self._name}/pending"])
        self._silent = dict(msgspec.msgpack.decode(blocks[f"{self._name}/silent"], type=list[tuple[int, int]]))
