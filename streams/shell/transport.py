"""Faust's transport with one message per partition and poll, and commits of exactly what is durable."""

import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any, Protocol, cast

from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from faust.types.transports import TPorTopicSet

from streams.shell.columns import Fetched
from streams.shell.fetching import FetchingThread


class Keeper(Protocol):
    """Whoever keeps the state of partitions: gives it up before they go, has it ready before they are read."""

    async def release(self, revoked: Iterable[TP]) -> None:
        """Finish what is in hand, make it durable, commit; bounded in time, never raises."""
        ...

    async def acquire(self, assigned: Iterable[TP]) -> Mapping[TP, int]:
        """Restore the state of every partition and say from which offset each is to be read."""
        ...


class KeepingHost(Protocol):
    """An app that has a keeper."""

    keeper: Keeper


class BatchConsumer(driver.Consumer):
    """Yields one `ConsumerMessage` per partition poll whose value is `Fetched`; commits only what is marked durable.

    Source topics are declared with ``acks=False``: Faust's own bookkeeping of acknowledgements (which passes
    events in flight, and drops them on a rebalance) never sees them. Other topics keep the path of the base.
    """

    _thread: FetchingThread
    logger = logging.getLogger("faust.consumer")  # mode would log its chatter under our module

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._durable: dict[TP, int] = {}
        self._keeper = cast("KeepingHost", self.app).keeper

    def _new_consumer_thread(self) -> FetchingThread:
        return FetchingThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def thread(self) -> FetchingThread:
        """The thread that owns the aiokafka consumer."""
        return self._thread

    def mark_durable(self, tp: TP, offset: int) -> None:
        """Say that all up to and including ``offset`` is covered by a confirmed snapshot, so may be committed."""
        self._durable[tp] = max(offset, self._durable.get(tp, -1))

    def _new_offset(self, tp: TP) -> int | None:
        if tp.topic not in self._thread.sources:
            return super()._new_offset(tp)
        durable = self._durable.get(tp)
        return None if durable is None else durable + 1

    def _filter_tps_with_pending_acks(self, topics: TPorTopicSet | None = None) -> Iterator[TP]:
        yield from super()._filter_tps_with_pending_acks(topics)
        yield from (tp for tp in list(self._durable) if topics is None or tp in topics or tp.topic in topics)

    def on_buffer_full(self, tp: TP) -> None:
        """Do nothing: a full queue already blocks the fetch loop, and dropping partitions makes it sleep a second."""

    def on_buffer_drop(self, tp: TP) -> None:
        """Do nothing, as `on_buffer_full`."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Do nothing: the watchdog of the shell acts where this only logs."""

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:  # noqa: ASYNC109 - as the base
        """Fetch once and yield per partition one message with a batch (source topics) or every record (others)."""
        records, _ = await self._wait_next_records(timeout)
        for tp, items in (records or {}).items():
            for item in items:
                if self.should_stop or not self.flow_active:
                    return
                if not isinstance(item, Fetched) or item.generation == self.app.consumer_generation_id:
                    yield tp, self._to_message(tp, item)

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        if not isinstance(record, Fetched):
            return super()._to_message(tp, record)
        batch = record.batch
        offset, timestamp_ms = (record.end - 1, 0) if batch is None else (batch.offsets[-1], batch.timestamps_ms[-1])
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            offset,
            timestamp_ms / 1000.0,
            0,
            None,
            None,
            cast("bytes", record),
            None,
            None,
            record.size_bytes,
            tp,
            generation_id=record.generation,
        )

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Stop taking batches, let the keeper make its state durable, and only then let the partitions go."""
        self.stop_flow()
        await self._keeper.release(revoked)
        for tp in revoked:
            self._durable.pop(tp, None)
        await super().on_partitions_revoked(revoked)

    async def perform_seek(self) -> None:
        """Read on behind the restored snapshots: the committed offsets are lower or equal, so they don't count."""
        sources = {tp for tp in self.assignment() if tp.topic in self._thread.sources}
        starts = await self._keeper.acquire(sources)
        self._read_offset.update({tp: start or None for tp, start in starts.items()})
        self._committed_offset.update(dict.fromkeys(starts))
        if starts:
            await self.seek_wait(starts)


class BatchTransport(driver.Transport):
    """The aiokafka transport with `BatchConsumer`."""

    Consumer = BatchConsumer
