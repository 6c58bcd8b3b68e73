"""Snapshots on a compacted topic: written behind confirmed outputs, read back on assignment."""

import asyncio
import logging
import time
import zlib
from collections.abc import Iterable, Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct

from streams.shell.lease import Lease
from streams.shell.manifest import Entry, Ledger, Manifest, Restored, Scope, restore, scope_of
from streams.shell.producer import Message, Outputs
from streams.shell.settings import ShellSettings

log = logging.getLogger(__name__)

_POLL_MS = 1000
_FETCH_BYTES = 8 * 1024 * 1024


class Written(Struct, frozen=True):
    """A confirmed snapshot and what writing it took."""

    manifest: Manifest
    size_bytes: int
    blocks: int
    seconds: float


class Found(Struct, frozen=True):
    """What the topic holds of one scope: the newest whole state, if any, and the ledger to write the next one by."""

    restored: Restored | None
    ledger: Ledger


class SnapshotStore:
    """Writes and reads the states of partitions; all records of one scope live in one partition of the topic."""

    def __init__(self, settings: ShellSettings, outputs: Outputs) -> None:
        self._settings = settings
        self._outputs = outputs

    async def write(
        self, ledger: Ledger, blocks: Mapping[str, bytes], *, offset: int, now_ms: int, lease: Lease
    ) -> Written:
        """Write a state that includes the input up to ``offset``; when this returns, it will be found again.

        Raises
        ------
        LeaseLost
            The partition is somebody else's, who must not find our state on top of theirs.
        OutputRejected
            The broker refuses a block or the manifest.
        """
        began = time.perf_counter()
        plan = await asyncio.to_thread(ledger.plan, blocks, offset, now_ms, lease.generation)
        partition = await self._home(ledger.scope)
        for entries in (plan.blocks, [plan.manifest_entry], plan.forget):
            await lease.hold()
            await self._send(partition, entries, now_ms)
        ledger.done(plan)
        size = sum(len(entry.value or b"") for entry in (*plan.blocks, plan.manifest_entry))
        return Written(plan.manifest, size, len(plan.blocks), time.perf_counter() - began)

    async def _send(self, partition: int, entries: Iterable[Entry], now_ms: int) -> None:
        topic = self._settings.snapshots_topic
        messages = [Message(topic, partition, entry.key, entry.value, (), now_ms) for entry in entries]
        if messages:
            await (await self._outputs.send_messages(messages)).confirmed()

    async def _home(self, scope: Scope) -> int:
        return home(scope, await self._outputs.partitions(self._settings.snapshots_topic))

    async def read(self, scopes: Iterable[Scope]) -> dict[Scope, Found]:
        """Read the topic to its end and return for every scope the newest state whose blocks all verify."""
        wanted = {scope: await self._home(scope) for scope in scopes}
        stored: dict[Scope, dict[bytes, bytes]] = {scope: {} for scope in wanted}
        await self._collect(stored, set(wanted.values()))
        return {scope: await asyncio.to_thread(self._find, scope, kept) for scope, kept in stored.items()}

    async def _collect(self, stored: dict[Scope, dict[bytes, bytes]], partitions: set[int]) -> None:
        if not partitions:
            return
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.bootstrap,
            client_id=f"{self._settings.group}-snapshots",
            isolation_level="read_committed",
            max_partition_fetch_bytes=_FETCH_BYTES,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            **self._settings.security.client_options(),
        )
        await consumer.start()
        try:
            homes = [TopicPartition(self._settings.snapshots_topic, partition) for partition in sorted(partitions)]
            consumer.assign(homes)
            await consumer.seek_to_beginning(*homes)
            ends = await consumer.end_offsets(homes)
            while not all([await consumer.position(at) >= ends[at] for at in homes]):
                for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
                    for record in records:
                        _keep(stored, record.key, record.value)
        finally:
            await consumer.stop()

    def _find(self, scope: Scope, kept: Mapping[bytes, bytes]) -> Found:
        ledger = Ledger(scope, self._settings.snapshot_part_bytes)
        ledger.recall(kept)
        restored = restore(scope, kept)
        _tell(scope, restored, bool(kept))
        return Found(restored, ledger)


def home(scope: Scope, partitions: int) -> int:
    """Return the partition of the snapshots topic that a scope lives in.

    Examples
    --------
    >>> home(Scope("ioc", "find", "ioc.telemetry", 3), 1)
    0
    """
    return zlib.crc32(f"{scope.group}/{scope.stage}/{scope.topic}/{scope.partition}".encode()) % partitions


def _keep(stored: dict[Scope, dict[bytes, bytes]], key: bytes | None, value: bytes | None) -> None:
    scope = scope_of(key) if key is not None else None
    if key is None or scope is None or scope not in stored:
        return
    if value is None:
        stored[scope].pop(key, None)
    else:
        stored[scope][key] = value


def _tell(scope: Scope, restored: Restored | None, anything: bool) -> None:
    name = f"{scope.stage} {scope.topic}[{scope.partition}]"
    if restored is None:
        level = logging.ERROR if anything else logging.INFO
        log.log(level, "%s: no whole snapshot%s; starting from the first record", name, " left" if anything else "")
        return
    manifest = restored.manifest
    size = sum(block.size for block in manifest.blocks)
    log.info(
        "%s: restored snapshot %d (%d blocks, %d bytes) that includes offset %d",
        name, manifest.sequence, len(manifest.blocks), size, manifest.offset,
    )  # fmt: skip
