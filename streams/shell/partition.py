"""One input partition at work: batches and idle time through its stage, outputs confirmed, then snapshots."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from faust.types import TP
from msgspec import Struct

from streams.records import RecordBatch
from streams.shell.columns import Fetched
from streams.shell.lease import Lease
from streams.shell.manifest import Ledger
from streams.shell.observer import Observer
from streams.shell.producer import Delivery, Outputs
from streams.shell.settings import ShellSettings
from streams.shell.snapshots import SnapshotStore
from streams.stage import Outcome, Stage

log = logging.getLogger(__name__)


class BatchLost(RuntimeError):  # noqa: N818 - reads as what happened
    """Records between two batches never arrived here: a bug of the transport, not of the broker."""


class Tools(Struct, frozen=True):
    """What all partitions of a worker share."""

    settings: ShellSettings
    outputs: Outputs
    store: SnapshotStore
    observer: Observer
    clock_ms: Callable[[], int]
    commit: Callable[[TP, int], Awaitable[None]]


class Progress(Struct, frozen=True):
    """Where a partition stands: offsets, and monotonic seconds of the last step and of the step in hand (or None)."""

    position: int
    moved_at: float
    busy_since: float | None


class Partition:
    """The stage of one input partition and how far it got. Steps never overlap: ``lock`` is held throughout.

    ``restored`` is the last offset that the restored state includes. It is committed once more: who was killed between
    manifest and commit left the committed offset behind, and monitors of the group would see a lag until the next
    record comes.
    """

    def __init__(
        self,
        tp: TP,
        stage: Stage,
        start: int,
        *,
        ledger: Ledger,
        lease: Lease,
        tools: Tools,
        restored: int | None = None,
    ) -> None:
        self.tp = tp
        self.lock = asyncio.Lock()
        self.closing = False
        self.newest_ms: int | None = None
        self._stage = stage
        self._ledger = ledger
        self._lease = lease
        self._tools = tools
        self._position = start
        self._included = start - 1
        self._covered = start - 1
        self._owed = restored
        self._dirty = False
        self._delivery: Delivery | None = None
        now = time.monotonic()
        self._moved_at = self._fed_at = now
        self._busy_since: float | None = None
        spread = (tp.partition % 8) / 8  # so that not all partitions snapshot in the same second
        self._snapshot_at = now - spread * tools.settings.snapshot_interval_s

    def progress(self) -> Progress:
        """Return where this partition stands; safe from any thread."""
        return Progress(self._position, self._moved_at, self._busy_since)

    async def take(self, fetched: Fetched) -> None:
        """Fold one batch: process, hand over the outputs, snapshot when it is time.

        Raises
        ------
        BatchLost, LeaseLost, OutputRejected
            Nothing of this batch is acknowledged; the process has to end.
        """
        async with self.lock:
            if self.closing:
                return
            self._busy_since = time.monotonic()
            if fetched.start > self._position:
                raise BatchLost(f"{self.tp}: batch starts at {fetched.start}, expected {self._position}")
            self._report(fetched)
            batch = None if fetched.batch is None else behind(fetched.batch, self._included)
            if batch is not None:
                await self._fold(batch, fetched.size_bytes)
            self._position = max(self._position, fetched.end)
            self._moved_at = self._fed_at = time.monotonic()
            await self._maybe_snapshot()
            self._busy_since = None

    def _report(self, fetched: Fetched) -> None:
        for gap in fetched.gaps:
            log.error("%s: offsets %d to %d are lost: %s", self.tp, gap.first, gap.end - 1, gap.reason)
            self._tools.observer.on_gap(self.tp.topic, self.tp.partition, gap.first, gap.end, gap.reason)

    async def _fold(self, batch: RecordBatch, size_bytes: int) -> None:
        began = time.perf_counter()
        outcome = self._stage.process(batch, self._tools.clock_ms())
        seconds = time.perf_counter() - began
        self._tools.observer.on_batch(self.tp.topic, self.tp.partition, len(batch), size_bytes, seconds)
        await self._emit(outcome)
        self._included = batch.offsets[-1]
        self.newest_ms = max(*batch.timestamps_ms, self.newest_ms or 0)
        self._dirty = True

    async def _emit(self, outcome: Outcome) -> None:
        """Confirm the outputs of the step before, then send these; they are confirmed before any snapshot."""
        await self._confirm()
        if outcome.outputs:
            await self._lease.hold()
            self._delivery = await self._tools.outputs.send(outcome.outputs)
        self._tools.observer.on_outcome(self.tp.topic, self.tp.partition, outcome)

    async def _confirm(self) -> None:
        if self._delivery is not None:
            await self._delivery.confirmed()
            self._delivery = None

    async def rest(self) -> None:
        """Let a second without input pass: idle time for the stage if it lasts, a snapshot if one is due."""
        if self.lock.locked():
            return
        async with self.lock:
            if self.closing:
                return
            self._busy_since = time.monotonic()
            if time.monotonic() - self._fed_at >= self._tools.settings.idle_after_s:
                outcome = self._stage.idle(self._tools.clock_ms())
                self._dirty = self._dirty or bool(outcome.outputs)
                await self._emit(outcome)
            await self._maybe_snapshot()
            if self._owed is not None:
                await self._commit(self._owed)
            self._moved_at = time.monotonic()
            self._busy_since = None

    async def _maybe_snapshot(self) -> None:
        due = time.monotonic() - self._snapshot_at >= self._tools.settings.snapshot_interval_s
        if due and self._dirty:
            await self._snapshot()

    async def _snapshot(self) -> None:
        await self._confirm()
        began = time.perf_counter()
        written = await self._tools.store.write(
            self._ledger,
            self._stage.snapshot(),
            offset=self._included,
            now_ms=self._tools.clock_ms(),
            lease=self._lease,
        )
        self._snapshot_at = time.monotonic()
        self._dirty = False
        seconds = time.perf_counter() - began
        self._tools.observer.on_snapshot(self.tp.topic, self.tp.partition, written.size_bytes, written.blocks, seconds)
        if self._included > self._covered:
            self._covered = self._included
            await self._commit(self._included)

    async def _commit(self, offset: int) -> None:
        await self._tools.commit(self.tp, offset)
        self._owed = None

    async def close(self) -> None:
        """Finish the step in hand, make the state durable and take no more.

        Raises
        ------
        LeaseLost, OutputRejected
            The state could not be made durable; somebody else will fold those records again.
        """
        self.closing = True
        async with self.lock:
            await self._confirm()
            if self._dirty:
                await self._snapshot()


def behind(batch: RecordBatch, offset: int) -> RecordBatch | None:
    """Return the records of ``batch`` with a greater offset, None if there is none.

    Examples
    --------
    >>> batch = RecordBatch("t", 0, [4, 7, 8], [1, 2, 3], [None] * 3, [b"a", b"b", b"c"], [()] * 3)
    >>> behind(batch, 4).offsets, behind(batch, 3) is batch, behind(batch, 8)
    ([7, 8], True, None)
    """
    first = next((at for at, each in enumerate(batch.offsets) if each > offset), None)
    return None if first is None else batch.part(first, len(batch))
