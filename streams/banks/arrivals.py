"""Banks of arrivals: a sensor that falls silent, noticed by a timer in event time and ended by its next event."""

from collections.abc import Mapping, Sequence
from typing import Generic

import msgspec
import numpy as np

from detectors.arrays import Block, Ints, rounds
from detectors.silence import Silence
from streams.anomalies import Anomaly, Kind, digest
from streams.banks.bank import Horizon, Item, joined
from streams.banks.samples import Reader
from streams.blocks import pack, unpack
from streams.events import Event
from streams.series import Columns, Key, Pending, SeriesTable, take

SLOT_MS = 30_000
"""Of a sensor's events in one slot of event time only the first counts: finer silence is no news, and costs."""

RETIRED_AFTER_MS = 7 * 24 * 3_600_000
"""After so long a silence the sensor is taken to be retired, and its episode ends."""


class ArrivalBank(Generic[Key]):
    """All sensors of one family and when they were last heard; a `streams.banks.bank.Bank`."""

    def __init__(self, name: str, reader: Reader[Key], silence: Silence) -> None:
        self._name = name
        self._reader = reader
        self._table: SeriesTable[Key] = SeriesTable()
        self._pending = Pending(width=1)
        self._silence = silence
        self._slot = np.empty(0, np.int64)
        self._last_ms = np.empty(0, np.int64)
        self._silent: dict[int, int] = {}

    def observe(self, events: Sequence[Event], at_ms: Ints, local_ms: Ints) -> None:
        """Keep the arrivals of a batch until the watermark passes them."""
        samples = self._reader.read(events)
        if samples.positions:
            rows = self._table.rows(
                samples.positions, samples.keys, lambda row: self._reader.identify(events[row]), at_ms
            )
            index = samples.indices()
            self._pending.add(Columns(rows, at_ms[index], local_ms[index], np.zeros((1, len(rows)))))

    def close(self, horizon: Horizon) -> list[Item]:
        """Learn the arrivals that the watermark has passed, and tell who is silent and who is back."""
        told = joined(self._table)
        self._grow()
        ready = self._pending.release(horizon.watermark_ms)
        if ready is not None:
            arrivals = self._first_of_slot(ready)
            for index in rounds(arrivals.series):
                told.extend(self._arrive(take(arrivals, index)))
        told.extend(self._time_out(horizon.heard_ms))
        return told

    def _grow(self) -> None:
        fresh = len(self._table) - len(self._slot)
        if fresh:
            self._slot = np.r_[self._slot, np.full(fresh, np.iinfo(np.int64).min)]
            self._last_ms = np.r_[self._last_ms, np.zeros(fresh, np.int64)]
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

    def _arrive(self, arrivals: Columns) -> list[Item]:
        """Take in arrivals, no series twice."""
        rows = arrivals.series
        deadline = self._silence.deadlines()[rows]
        told: list[Item] = []
        for i in np.flatnonzero(arrivals.at_ms > deadline).tolist():
            row, at = int(rows[i]), int(arrivals.at_ms[i])
            if row not in self._silent:
                told.append(self._notice(row, int(deadline[i])))
            told.append(self._tell(row, self._silent.pop(row), at, back=True))
        self._silence.update(
            Block(rows, arrivals.at_ms, arrivals.local_ms, arrivals.values[0])
        )  # its scores say as tails what the deadlines say as times
        self._last_ms[rows] = arrivals.at_ms
        return told

    def _time_out(self, heard_ms: int) -> list[Item]:
        deadline = self._silence.deadlines()
        due = np.flatnonzero(deadline < heard_ms)
        fresh = [int(row) for row in due[np.argsort(deadline[due], kind="stable")] if int(row) not in self._silent]
        return [self._notice(row, int(deadline[row])) for row in fresh]

    def _notice(self, row: int, deadline_ms: int) -> Anomaly:
        self._silent[row] = deadline_ms
        return self._tell(row, deadline_ms, deadline_ms, back=False)

    def _tell(self, row: int, noticed_ms: int, at_ms: int, *, back: bool) -> Anomaly:
        series, silence = self._table.series[row], self._silence
        last_ms = int(self._last_ms[row])
        return Anomaly(
            id=digest(
                silence.name, silence.version, series.tenant, series.label, last_ms, "back" if back else "silent"
            ),
            at_ms=at_ms,
            detector=silence.name,
            version=silence.version,
            kind=Kind.SILENT,
            series=series,
            start_ms=last_ms,
            end_ms=at_ms,
            expires_ms=noticed_ms + RETIRED_AFTER_MS,
            open=not back,
            p=silence.parameters.p,
            observed=(noticed_ms - last_ms) / 1000.0,
            expected=float(np.exp(silence.state()["log_median"][row])),
        )

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks."""
        return {
            **self._table.snapshot(f"{self._name}/series"),
            **pack(f"{self._name}/silence", self._silence.state()),
            **pack(f"{self._name}/last", {"slot": self._slot, "last_ms": self._last_ms}),
            f"{self._name}/pending": self._pending.snapshot(),
            f"{self._name}/silent": msgspec.msgpack.encode(sorted(self._silent.items())),
        }

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh bank."""
        self._table.restore(f"{self._name}/series", blocks, self._reader.key_type)
        self._silence.load(unpack(f"{self._name}/silence", blocks))
        last = unpack(f"{self._name}/last", blocks)
        self._slot, self._last_ms = last["slot"].astype(np.int64), last["last_ms"].astype(np.int64)
        self._pending.restore(blocks[f"{self._name}/pending"])
        self._silent = dict(msgspec.msgpack.decode(blocks[f"{self._name}/silent"], type=list[tuple[int, int]]))
