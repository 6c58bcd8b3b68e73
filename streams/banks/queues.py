"""The bank of service queues: the wait a newcomer must expect, and queues in which nobody is called."""

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np

from detectors.arrays import Ints
from detectors.queueing import PredictedWait, QueueBlock, StalledCounter
from streams.anomalies import Kind, Series
from streams.banks.bank import Horizon, Item
from streams.blocks import pack, unpack
from streams.events import Event, QueueSnapshot
from streams.events.queue import ServiceStatus
from streams.judge import Evidence, Judge, Policy
from streams.series import Columns, Pending, SeriesTable

FAMILY = "queue.state"
_DIGITS_AT_END = re.compile(r"[0-9]{1,9}$")


class QueueBank:
    """All queues of one partition, read from their snapshots; a `streams.banks.bank.EventBank`."""

    def __init__(
        self, wait: PredictedWait, stalled: StalledCounter, wait_policy: Policy, stalled_policy: Policy
    ) -> None:
        self._table: SeriesTable[tuple[str, str, str]] = SeriesTable()
        self._pending = Pending(width=5)
        self._wait = wait
        self._stalled = stalled
        self._wait_judge = Judge(Kind.LONG_WAIT, wait.name, wait.version, wait_policy)
        self._stalled_judge = Judge(Kind.STALLED, stalled.name, stalled.version, stalled_policy)

    def observe(self, events: Sequence[Event], at_ms: Ints, local_ms: Ints) -> None:
        """Keep the readings of a batch until the watermark passes them."""
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
        ready = self._pending.release(horizon.watermark_ms)
        if ready is None:
            return []
        waiting, counters, service_s, served, is_open = ready.values
        block = QueueBlock(ready.series, ready.at_ms, ready.local_ms, waiting, counters, service_s, served, is_open > 0)
        self._wait.resize(len(self._table))
        self._stalled.resize(len(self._table))
        waits = self._wait.update(block)
        stalls = self._stalled.update(block)
        facts = {"waiting": waiting, "counters_open": counters}
        series_of = self._table.series.__getitem__
        long_wait = Evidence(
            block.series,
            block.at_ms,
            block.at_ms,
            waits.p_high,
            waits.expected,
            waits.expected,
            {**facts, "wait_s": waits.expected},
        )
        stalled = Evidence(block.series, block.at_ms, block.at_ms, stalls.p_high, waiting, stalls.expected, facts)
        return [*self._wait_judge.judge(long_wait, series_of), *self._stalled_judge.judge(stalled, series_of)]

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks."""
        return {
            **self._table.snapshot("queues/series"),
            "queues/pending": self._pending.snapshot(),
            **pack("queues/wait", self._wait.state()),
            **pack("queues/stalled", self._stalled.state()),
            "queues/judge/wait": self._wait_judge.snapshot(),
            "queues/judge/stalled": self._stalled_judge.snapshot(),
        }

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh bank."""
        self._table.restore("queues/series", blocks, tuple[str, str, str])
        self._pending.restore(blocks["queues/pending"])
        self._wait.load(unpack("queues/wait", blocks))
        self._stalled.load(unpack("queues/stalled", blocks))
        self._wait_judge.restore(blocks["queues/judge/wait"])
        self._stalled_judge.restore(blocks["queues/judge/stalled"])


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
