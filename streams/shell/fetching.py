"""The consumer thread: aiokafka's fetch buffer drained into columns, one batch per partition and poll."""

import asyncio
import gc
import logging
import sys
import time
from collections.abc import Mapping
from typing import Any, Protocol, cast

import aiokafka
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import ConsumerStoppedError
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP
from msgspec import Struct

from streams.shell.codecs import install_ceiling
from streams.shell.columns import ColumnReader, Fetched, Gap
from streams.shell.settings import ShellSettings

_REBALANCE_PAUSE_S = 0.05

# A batch is thousands of objects that are no garbage: looking for cycles every 700 of them took a third of all time.
_COLLECT_EVERY = (100_000, 20, 100)
# Faust's events are cycles, and each holds a batch: few objects, many megabytes.
_COLLECT_AFTER_S = 1.0
# Unpacking lets go of the interpreter at every producer batch, and waited 5 ms each time to get it back.
_SWITCH_INTERVAL_S = 0.0002


class Reach(Struct, frozen=True):
    """How far one partition is read: the next offset to fetch, the end of what was handed over, and of the topic."""

    position: int
    delivered: int
    end: int


class Host(Protocol):
    """What the transport needs of the app that it serves."""

    shell_settings: ShellSettings
    source_topics: frozenset[str]


class FetchingThread(AIOKafkaConsumerThread):
    """Owns the aiokafka consumer on its own thread, so that heartbeats go on while a batch is folded.

    Everything here runs on that thread but `reach`, `heartbeat_at` and `member_generation`, which only read.
    """

    settings: ShellSettings
    sources: frozenset[str]
    heartbeat_at = 0.0
    logger = logging.getLogger("faust.fetching")  # mode would log its chatter under our module

    def __post_init__(self) -> None:
        super().__post_init__()
        host = cast("Host", self.app)
        self.settings = host.shell_settings
        self.sources = host.source_topics
        self._readers: dict[TP, tuple[FetchResult, ColumnReader]] = {}
        self._expected: dict[TP, int] = {}
        self._delivered: dict[TP, int] = {}
        self._collected_at = 0.0

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        """Build the consumer that stock Faust can't: read_committed, and fetches capped in bytes."""
        del transport
        settings = self.settings
        install_ceiling(settings.decompressed_bytes)
        self._assignor = RoundRobinPartitionAssignor
        return aiokafka.AIOKafkaConsumer(
            client_id=f"{settings.group}-worker",
            group_id=settings.group,
            bootstrap_servers=settings.bootstrap,
            partition_assignment_strategy=[RoundRobinPartitionAssignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_poll_records=settings.batch_records,
            max_partition_fetch_bytes=settings.fetch_partition_bytes,
            fetch_max_bytes=settings.fetch_bytes,
            fetch_max_wait_ms=250,
            session_timeout_ms=int(settings.session_timeout_s * 1000),
            heartbeat_interval_ms=int(settings.session_timeout_s * 1000 / 10),
            rebalance_timeout_ms=int(settings.handover_timeout_s * 2 * 1000),
            request_timeout_ms=int(max(40.0, settings.session_timeout_s + 5) * 1000),
            retry_backoff_ms=100,
            **settings.security.client_options(),
        )

    async def on_start(self) -> None:
        """Start the consumer and listen to its heartbeats: they are the lease on the partitions."""
        _tune_interpreter()
        await super().on_start()
        coordinator = self._ensure_consumer()._coordinator  # noqa: SLF001 - the seam, held by contract
        heartbeat = coordinator._do_heartbeat  # noqa: SLF001

        async def noted_heartbeat() -> bool:
            sent_at = time.monotonic()
            confirmed = bool(await heartbeat())
            if confirmed:
                self.heartbeat_at = sent_at
            return confirmed

        coordinator._do_heartbeat = noted_heartbeat  # noqa: SLF001

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Forget what was fetched under the assignment before; joining the group counts as a heartbeat."""
        self.heartbeat_at = time.monotonic()
        self._readers.clear()
        self._expected.clear()
        self._delivered.clear()
        await super().on_partitions_assigned(assigned, generation_id)

    def member_generation(self) -> int:
        """Return the generation that the group knows us by, -1 once it has put us out."""
        return int(self._ensure_consumer()._coordinator.generation)  # noqa: SLF001

    async def _seek_wait(self, consumer: aiokafka.AIOKafkaConsumer, partitions: Mapping[TP, int]) -> None:
        await super()._seek_wait(consumer, partitions)
        self._expected.update(partitions)
        self._delivered.update(partitions)

    def highwater(self, tp: TP) -> int:
        """Return the end of what read_committed consumers can see."""
        consumer = self._ensure_consumer()
        stable = consumer.last_stable_offset(tp)
        return int(stable if stable is not None and stable >= 0 else consumer.highwater(tp) or 0)

    def reach(self, tp: TP) -> Reach | None:
        """Return how far ``tp`` is read, None before the first answer of the broker."""
        subscription = self._ensure_consumer()._subscription.subscription  # noqa: SLF001
        assignment = subscription.assignment if subscription is not None else None
        state = assignment.state_value(tp) if assignment is not None else None
        if state is None or not state.has_valid_position or state.highwater is None:
            return None
        position = int(state.position)
        return Reach(position, self._delivered.get(tp, position), self.highwater(tp))

    async def _fetch_records(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 - the signature of the base
        max_records: int | None = None,
    ) -> Mapping[TP, list[Any]]:
        """Return per partition a list: of one `Fetched` for a source topic, of records for any other."""
        fetcher = consumer._fetcher  # noqa: SLF001
        if consumer._closed or fetcher._closed:  # noqa: SLF001
            raise ConsumerStoppedError
        with fetcher._subscriptions.fetch_context():  # noqa: SLF001
            deadline = time.monotonic() + (timeout or 0.0)
            while True:
                # The flow is off from before a partition goes until its successor is sought: what is drained here
                # belongs either to the old generation or lies behind the seek, never in between.
                if not self.consumer.flow_active or fetcher._subscriptions.reassignment_in_progress:  # noqa: SLF001
                    await asyncio.sleep(_REBALANCE_PAUSE_S)
                    return {}
                drained = self._drain(fetcher, active_partitions, max_records)
                left = deadline - time.monotonic()
                if drained or left <= 0:
                    return drained
                if not await _wait_for_data(fetcher, left):
                    return {}

    def _drain(self, fetcher: Any, partitions: set[TP], max_records: int | None) -> dict[TP, list[Any]]:
        drained: dict[TP, list[Any]] = {}
        self._collect_garbage()
        for key in list(fetcher._records):  # noqa: SLF001
            tp = TP(key.topic, key.partition)
            if tp not in partitions:
                if not fetcher._subscriptions.is_assigned(key):  # noqa: SLF001
                    del fetcher._records[key]  # noqa: SLF001
                continue
            result = fetcher._records[key]  # noqa: SLF001
            if not isinstance(result, FetchResult):
                if not drained:
                    self._forget(fetcher, key)
                    result.check_raise()
                break
            taken = self._take(tp, result) if tp.topic in self.sources else result.getall(max_records)
            if not result.has_more():
                self._forget(fetcher, key)
            if taken:
                drained[tp] = taken
        return drained

    def _collect_garbage(self) -> None:
        now = time.monotonic()
        if now - self._collected_at >= _COLLECT_AFTER_S:
            self._collected_at = now
            gc.collect()

    def _forget(self, fetcher: Any, key: Any) -> None:
        del fetcher._records[key]  # noqa: SLF001
        fetcher._notify(fetcher._wait_consume_future)  # noqa: SLF001

    def _take(self, tp: TP, result: FetchResult) -> list[Fetched]:
        """Read one capped batch of columns and move the fetch position behind it."""
        source = result._partition_records  # noqa: SLF001
        if source is None or not result.check_assignment(tp):
            return []
        held = self._readers.get(tp)
        if held is None or held[0] is not result:
            held = self._readers[tp] = (result, ColumnReader(tp.topic, tp.partition, source))
        reader = held[1]
        gaps = self._jump(tp, reader.records.next_fetch_offset)
        batch, size, skipped = reader.read(self.settings.batch_records, self.settings.batch_bytes)
        gaps += skipped
        end = int(reader.records.next_fetch_offset)
        result._update_position()  # noqa: SLF001
        if reader.exhausted:
            result._partition_records = None  # noqa: SLF001
            del self._readers[tp]
        self._expected[tp] = end
        if batch is None and not gaps:
            return []
        start, self._delivered[tp] = self._delivered.get(tp, end), end
        generation = self.app.consumer_generation_id
        return [Fetched(tp.topic, tp.partition, generation, start, end, batch, size, tuple(gaps))]

    def _jump(self, tp: TP, position: int) -> list[Gap]:
        """Notice that aiokafka moved the position by itself: what lay between was deleted on the broker."""
        expected = self._expected.get(tp)
        if expected is None or expected == position:
            return []
        return [Gap(expected, position, "deleted")]


def _tune_interpreter() -> None:
    """Let two threads share the interpreter at the pace of batches; process-wide."""
    gc.freeze()  # what was imported stays
    gc.set_threshold(*_COLLECT_EVERY)
    sys.setswitchinterval(_SWITCH_INTERVAL_S)


async def _wait_for_data(fetcher: Any, timeout_s: float) -> bool:
    """Wait for a fetch response; False when none came or the fetcher was closed."""
    waiter = fetcher._create_fetch_waiter()  # noqa: SLF001
    done, _ = await asyncio.wait([waiter], timeout=timeout_s)
    if not done or fetcher._closed:  # noqa: SLF001
        waiter.cancel()
        return False
    waiter.result()
    return True
