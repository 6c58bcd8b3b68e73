"""The bank of service queues: the wait a newcomer must expect, and queues in which nobody is called."""

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np

from detectors.arrays import Floats, Ints, Scores
from detectors.queueing import PredictedWait, QueueBlock
from detectors.queueing import QueueBank as QueueDetector
from streams.anomalies import Kind, Series
from streams.banks.bank import Horizon, Item
from streams.banks.panel import Watch
from streams.blocks import pack, unpack
from streams.events import Event, QueueSnapshot
from streams.events.queue import ServiceStatus
from streams.judge import Evidence, Judge
from streams.levels.waits import QueueLevels, WaitTargets
from streams.measures import Measured
from streams.series import Columns, Pending, SeriesTable

FAMILY = "queue.state"
_DIGITS_AT_END = re.compile(r"[0-9]{1,9}$")


class QueueBank:
    """All queues of one partition, read from their snapshots; a `streams.banks.bank.EventBank`."""

    def __init__(self, watches: Sequence[Watch], targets: WaitTargets) -> None:
        self._levels = QueueLevels(targets)
        self._table: SeriesTable[tuple[str, str, str]] = SeriesTable()
        self._pending = Pending(width=5)
        self._watched: list[tuple[QueueDetector, list[Judge]]] = [
            (watch.detector, [judge for _, judge in watch.judges()]) for watch in watches
        ]

    def observe(self, events: Sequence[Event], at_ms: Ints, local_ms: Ints) -> None:
        """Keep the readings of a batch until the watermark passes them."""
        self._levels.hear(events, local_ms)
        rows, positions, readings, row_of = [], [], [], self._table.row_of
        for position, event in enumerate(events):
            if not isinstance(event, QueueSnapshot):
                continue
            data = event.data
            key = (data.office_id, data.queue_id or "", data.queue_line or "")
            row = row_of.get(key)
            if row is None:
                series = Series(data.tenant, data.unit_code, FAMILY, data.office_id, _part(event))
                row = self._table.add(key, series, int(at_ms[position]))
            rows.append(row)
            positions.append(position)
            readings.append(
                (
                    _number(data.tickets_waiting),
                    _number(data.counters_open),
                    _number(data.mean_service_s),
                    _running_number(data.ticket_served),
                    0.0 if data.service_status in (ServiceStatus.CLOSED, ServiceStatus.SUSPENDED) else 1.0,
                )
            )
        if rows:
            index = np.array(positions)
            values = np.array(readings, np.float64).T
            self._pending.add(Columns(np.array(rows, np.int64), at_ms[index], local_ms[index], values))

    def close(self, horizon: Horizon) -> list[Item]:
        """Score and judge what the watermark has passed."""
        self._levels.pass_time(horizon.watermark_ms)
        ready = self._pending.release(horizon.watermark_ms)
        if ready is None:
            return []
        waiting, counters, service_s, served, is_open = ready.values
        block = QueueBlock(ready.series, ready.at_ms, ready.local_ms, waiting, counters, service_s, served, is_open > 0)
        told: list[Item] = []
        for detector, judges in self._watched:
            detector.resize(len(self._table))
            scores = detector.update(block)
            needed = None
            if isinstance(detector, PredictedWait):
                needed = self._levels.follow(block, scores.expected, len(self._table))
            evidence = _evidence(block, scores, needed)
            for judge in judges:
                told += judge.judge(evidence[judge.kind], self._table.series.__getitem__)
        return told

    def measured(self) -> Measured:
        """Return the waits, open counters and needed counters of the units."""
        return self._levels.measured(self._table.series)

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks."""
        return {
            **self._table.snapshot("queues/series"),
            **self._levels.snapshot("queues/levels"),
            "queues/pending": self._pending.snapshot(),
            **self._judged(),
        }

    def _judged(self) -> dict[str, bytes]:
        blocks: dict[str, bytes] = {}
        for detector, judges in self._watched:
            blocks |= pack(f"queues/{detector.name}", detector.state())
            blocks |= {f"queues/{detector.name}/{judge.kind.value}": judge.snapshot() for judge in judges}
        return blocks

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh bank; a detector that is new in the configuration starts cold."""
        self._table.restore("queues/series", blocks, tuple[str, str, str])
        self._pending.restore(blocks["queues/pending"])
        self._levels.restore("queues/levels", blocks)
        for detector, judges in self._watched:
            if f"queues/{detector.name}/0" in blocks:
                detector.load(unpack(f"queues/{detector.name}", blocks))
            for judge in judges:
                if (saved := blocks.get(f"queues/{detector.name}/{judge.kind.value}")) is not None:
                    judge.restore(saved)


def _evidence(block: QueueBlock, scores: Scores, needed: Floats | None) -> dict[Kind, Evidence]:
    """Return how the scores of a detector of queues read: as a wait in seconds, or as people before no counter."""
    facts = {"waiting": block.waiting, "counters_open": block.counters_open}
    wait_s, at_ms = scores.expected, block.at_ms
    wait_facts = (
        {**facts, "wait_s": wait_s} if needed is None else {**facts, "wait_s": wait_s, "counters_needed": needed}
    )
    return {
        Kind.LONG_WAIT: Evidence(block.series, at_ms, at_ms, scores.p_high, wait_s, wait_s, wait_facts),
        Kind.STALLED: Evidence(block.series, at_ms, at_ms, scores.p_high, block.waiting, wait_s, facts),
    }


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _running_number(ticket: str | None) -> float:
    """Return the digits at the end of a ticket's name, as in A017."""
    digits = _DIGITS_AT_END.search(ticket) if ticket else None
    return math.nan if digits is None else float(digits[0])


def _part(event: QueueSnapshot) -> str:
    data = event.data
    named = " ".join(part for part in (data.queue_line, data.service_id) if part)
    return named or data.queue_id or ""
