"""Looks after the partitions of this worker: restores them, feeds them, and ends the process when one fails."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol, cast

from aiokafka.errors import IllegalStateError, KafkaError
from faust.types import TP
from msgspec import Struct

from streams.shell.columns import Fetched, Gap
from streams.shell.lease import Lease, LeaseLost
from streams.shell.manifest import Scope
from streams.shell.observer import Observer
from streams.shell.partition import Partition, Tools
from streams.shell.producer import OutputRejected, Outputs, Reduce
from streams.shell.settings import ShellSettings, Source
from streams.shell.snapshots import SnapshotStore
from streams.stage import Stage

if TYPE_CHECKING:
    from streams.shell.transport import BatchConsumer


class ConsumingApp(Protocol):
    """What the keeper needs of the app: the consumer, once it runs."""

    @property
    def consumer(self) -> object:
        """The app's consumer, a `BatchConsumer`."""
        ...


log = logging.getLogger(__name__)

EXIT_BUG = 1
EXIT_KAFKA = 4


class Failure(Struct, frozen=True):
    """Why the process has to end, and with which exit code."""

    exit_code: int
    reason: str


class InputWentBack(Exception):  # noqa: N818 - reads as what happened
    """A source topic ends before the offset that the snapshot includes: it was made anew."""


class Standing(Struct, frozen=True):
    """One partition as the watchdog sees it; times in monotonic seconds."""

    tp: TP
    lag: int
    moved_at: float
    busy_since: float | None


def wall_clock_ms() -> int:
    """Return milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


class PartitionKeeper:
    """The state of every partition that the group gave us, between Faust's callbacks and the stages."""

    def __init__(
        self,
        settings: ShellSettings,
        sources: Iterable[Source],
        make_stage: Callable[[Source, int], Stage],
        observer: Observer,
        reduce: Reduce | None,
    ) -> None:
        self.settings = settings
        self.failure: Failure | None = None
        self.failed = asyncio.Event()
        self.outputs = Outputs(settings, reduce)
        self._sources = {source.topic: source for source in sources}
        self._make_stage = make_stage
        self._observer = observer
        self._store = SnapshotStore(settings, self.outputs)
        self._partitions: dict[TP, Partition] = {}
        self._lags: dict[TP, int] = {}
        self._app: ConsumingApp | None = None
        self._releases = 0

    def attach(self, app: "ConsumingApp") -> None:
        """Know the app whose consumer commits for us."""
        self._app = app

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that must exist before a worker can start."""
        return (*self._sources, self.settings.snapshots_topic)

    @property
    def _consumer(self) -> "BatchConsumer":
        if self._app is None:
            raise RuntimeError("PartitionKeeper.attach was not called")
        return cast("BatchConsumer", self._app.consumer)

    def fail(self, exit_code: int, reason: str) -> None:
        """End the process with ``exit_code``; only the first call counts."""
        if self.failure is None:
            self.failure = Failure(exit_code, reason)
            log.critical("%s", reason)
            self.failed.set()

    def fail_for(self, tp: TP, error: BaseException) -> None:
        """End the process because of ``error``; what was not made durable is folded again after a restart."""
        match error:
            case LeaseLost() | OutputRejected() | InputWentBack():
                self.fail(EXIT_BUG, f"{tp.topic}[{tp.partition}]: {error}")
            case KafkaError():
                self.fail(EXIT_KAFKA, f"{tp.topic}[{tp.partition}]: Kafka refuses us: {error!r}")
            case _:
                log.critical("%s[%d]: this is a bug; nothing of the batch is committed", *tp, exc_info=error)
                self.fail(EXIT_BUG, f"{tp.topic}[{tp.partition}]: {error!r}")

    async def take(self, fetched: Fetched) -> bool:
        """Fold a batch in; False when the process has to end. A batch of a partition that is gone is dropped."""
        tp = TP(fetched.topic, fetched.partition)
        partition = self._partitions.get(tp)
        if partition is None or self.failure is not None:
            return self.failure is None
        try:
            await partition.take(fetched)
        except Exception as error:  # noqa: BLE001 - whatever a stage raises ends the process, see fail_for
            self.fail_for(tp, error)
            return False
        return True

    async def acquire(self, assigned: Iterable[TP]) -> Mapping[TP, int]:
        """Restore every partition and say from which offset to read it.

        Raises
        ------
        IllegalStateError
            The group rebalanced meanwhile; Faust asks again.
        InputWentBack
            A source topic was made anew; the process ends.
        """
        releases = self._releases
        chosen = sorted(assigned)
        generation = self._consumer.thread.member_generation()
        scopes = {
            tp: Scope(self.settings.group, self._sources[tp.topic].stage, tp.topic, tp.partition) for tp in chosen
        }
        found = await self._store.read(scopes.values())
        earliest = await self._consumer.earliest_offsets(*chosen) if chosen else {}
        ends = await self._consumer.highwaters(*chosen) if chosen else {}
        lease = Lease(self._consumer.thread, generation, self.settings.session_timeout_s)
        tools = Tools(self.settings, self.outputs, self._store, self._observer, wall_clock_ms, self._mark_durable)
        partitions = {}
        starts = {}
        for tp in chosen:
            state = found[scopes[tp]]
            stage = self._make_stage(self._sources[tp.topic], tp.partition)
            start, restored = int(earliest[tp]), None
            if state.restored is not None:
                stage.restore(state.restored.blocks)
                restored = state.restored.manifest.offset
                start = self._start(tp, restored + 1, start, int(ends[tp]))
            starts[tp] = start
            partitions[tp] = Partition(
                tp, stage, start, ledger=state.ledger, lease=lease, tools=tools, restored=restored
            )
        if self._releases != releases:
            raise IllegalStateError("the partitions were revoked while they were restored")
        self._partitions = partitions
        self._observer.on_rebalance(tuple((tp.topic, tp.partition) for tp in chosen))
        return starts

    def _start(self, tp: TP, wanted: int, earliest: int, end: int) -> int:
        if wanted > end:
            error = InputWentBack(
                f"the snapshot includes offsets up to {wanted - 1}, but the topic ends at {end}: it was made anew; "
                f"empty {self.settings.snapshots_topic} as well, then start again"
            )
            self.fail_for(tp, error)
            raise error
        if wanted < earliest:
            gap = Gap(wanted, earliest, "deleted")
            log.error("%s[%d]: offsets %d to %d are lost: deleted before they were read", *tp, gap.first, gap.end - 1)
            self._observer.on_gap(tp.topic, tp.partition, gap.first, gap.end, gap.reason)
        return max(wanted, earliest)

    async def _mark_durable(self, tp: TP, offset: int) -> None:
        self._consumer.mark_durable(tp, offset)
        await self._consumer.commit({tp})

    async def release(self, revoked: Iterable[TP]) -> None:
        """Make the state of ``revoked`` durable and let it go, in bounded time."""
        self._releases += 1
        going = {tp: self._partitions[tp] for tp in revoked if tp in self._partitions}
        if self.failure is None and going:
            await asyncio.gather(*(self._close(tp, partition) for tp, partition in going.items()))
            await self._consumer.force_commit()
        self._partitions = {tp: partition for tp, partition in self._partitions.items() if tp not in going}
        self._lags = {}

    async def _close(self, tp: TP, partition: Partition) -> None:
        try:
            async with asyncio.timeout(self.settings.handover_timeout_s):
                await partition.close()
        except TimeoutError:
            log.error(  # noqa: TRY400 - the traceback of a timeout says nothing
                "%s[%d]: not durable within %g s of being revoked; somebody else folds the rest again",
                *tp,
                self.settings.handover_timeout_s,
            )
        except Exception as error:  # noqa: BLE001 - see fail_for
            self.fail_for(tp, error)

    async def release_all(self) -> None:
        """Make everything durable: the last act of a clean stop."""
        await self.release(tuple(self._partitions))

    async def tick(self) -> None:
        """Once a second: report lag, let idle partitions pass time, note where all stand for the watchdog."""
        lags = {}
        resting = []
        for tp, partition in self._partitions.items():
            lag = self._lag(tp, partition)
            if lag is None:
                continue
            lags[tp] = lag
            newest = partition.newest_ms
            event_lag_s = max(0.0, (wall_clock_ms() - newest) / 1000) if lag and newest is not None else 0.0
            self._observer.on_lag(tp.topic, tp.partition, lag, event_lag_s)
            if lag == 0:
                resting.append((tp, partition))
        self._lags = lags
        for tp, partition in resting:
            await self._rest(tp, partition)

    async def _rest(self, tp: TP, partition: Partition) -> None:
        if self.failure is not None:
            return
        try:
            await partition.rest()
        except Exception as error:  # noqa: BLE001 - see fail_for
            self.fail_for(tp, error)

    def _lag(self, tp: TP, partition: Partition) -> int | None:
        """Return how many offsets are not folded yet; None before the broker said where the partition ends."""
        reach = self._consumer.thread.reach(tp)
        if reach is None:
            return None
        position = partition.progress().position
        if position >= reach.delivered:  # what was fetched behind it holds no record for us
            position = max(position, reach.position)
        return max(0, reach.end - position)

    def standings(self) -> tuple[Standing, ...]:
        """Return where all partitions stand now; safe from any thread."""
        lags = self._lags
        return tuple(
            Standing(tp, lags.get(tp, 0), progress.moved_at, progress.busy_since)
            for tp, partition in self._partitions.items()
            for progress in (partition.progress(),)
        )
