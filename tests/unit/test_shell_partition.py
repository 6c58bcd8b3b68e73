"""One partition at work: outputs before snapshots, snapshots before commits, and nothing without the lease."""

import asyncio
import time
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, cast

import msgspec
import pytest
from faust.types import TP

from streams.records import OutputRecord, RecordBatch
from streams.shell.columns import Fetched, Gap
from streams.shell.lease import Lease, LeaseLost
from streams.shell.manifest import Ledger, Manifest, Scope
from streams.shell.observer import SilentObserver
from streams.shell.partition import BatchLost, Partition, Tools
from streams.shell.producer import OutputRejected, Outputs
from streams.shell.settings import ShellSettings
from streams.shell.snapshots import SnapshotStore, Written
from streams.stage import Outcome, Tally

HERE = TP("ioc.telemetry", 0)


class Diary(SilentObserver):
    """Takes the place of Kafka and writes down what happens in which order."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.rejects = False
        self.generation = 5
        self.heartbeat_at = time.monotonic()

    def member_generation(self) -> int:
        """Return what the group says."""
        return self.generation

    async def send(self, records: Iterable[OutputRecord]) -> "Diary":
        """Note the outputs."""
        self.lines.append("send " + ",".join(record.value.decode() for record in records))
        return self

    async def confirmed(self) -> None:
        """Note that they were waited for."""
        if self.rejects:
            raise OutputRejected("no")
        self.lines.append("confirmed")

    async def write(
        self, ledger: Ledger, blocks: Mapping[str, bytes], *, offset: int, now_ms: int, lease: Lease
    ) -> Written:
        """Note the snapshot."""
        del ledger, now_ms
        self.lines.append(f"snapshot {offset} {blocks['seen'].decode()}")
        return Written(Manifest(1, offset, 0, lease.generation, ()), 0, 0, 0.0)

    async def commit(self, tp: TP, offset: int) -> None:
        """Note the commit."""
        assert tp == HERE
        self.lines.append(f"commit {offset}")

    def on_gap(self, topic: str, partition: int, first: int, end: int, reason: str) -> None:
        """Note the gap."""
        del topic, partition
        self.lines.append(f"gap {first}-{end} {reason}")


class Joining:
    """A stage that joins values and says each batch."""

    def __init__(self) -> None:
        self.seen = b""

    def process(self, batch: RecordBatch, now_ms: int) -> Outcome:
        """Join the values."""
        del now_ms
        text = b"".join(value or b"" for value in batch.values)
        self.seen += text
        return Outcome([OutputRecord("out", b"k", text, (), 0)], Tally(records=len(batch)), None)

    def idle(self, now_ms: int) -> Outcome:
        """Leave a dot."""
        del now_ms
        self.seen += b"."
        return Outcome([], Tally(), None)

    def snapshot(self) -> dict[str, bytes]:
        """Return what was seen."""
        return {"seen": self.seen}

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Take it back."""
        self.seen = blocks["seen"]


def partition(diary: Diary, start: int = 0, restored: int | None = None, **settings: Any) -> Partition:
    """Make a partition that snapshots after every batch unless told otherwise."""
    chosen = msgspec.structs.replace(ShellSettings(snapshot_interval_s=1e-9, idle_after_s=0.0), **settings)
    tools = Tools(
        chosen,
        cast("Outputs", diary),
        cast("SnapshotStore", diary),
        diary,
        lambda: 0,
        diary.commit,
    )
    lease = Lease(diary, diary.generation, chosen.session_timeout_s)
    ledger = Ledger(Scope("g", "s", *HERE), 10)
    return Partition(HERE, Joining(), start, ledger=ledger, lease=lease, tools=tools, restored=restored)


def fetched(start: int, text: str, *gaps: Gap) -> Fetched:
    """Make a batch of one record per letter from offset ``start``."""
    count = len(text)
    values: list[bytes | None] = [letter.encode() for letter in text]
    keys: list[bytes | None] = [None] * count
    batch = RecordBatch(*HERE, list(range(start, start + count)), [0] * count, keys, values, [()] * count)
    return Fetched(*HERE, 5, start, start + count, batch if count else None, count, gaps)


def run(steps: Coroutine[Any, Any, None]) -> None:
    """Run to the end."""
    asyncio.run(steps)


def test_outputs_are_confirmed_before_the_snapshot_and_the_snapshot_before_the_commit() -> None:
    """The order that makes at-least-once true."""
    diary = Diary()
    run(partition(diary).take(fetched(0, "ab")))
    assert diary.lines == ["send ab", "confirmed", "snapshot 1 ab", "commit 1"]


def test_a_refused_output_leaves_nothing_behind() -> None:
    """No snapshot, no commit."""
    diary = Diary()
    diary.rejects = True
    with pytest.raises(OutputRejected):
        run(partition(diary).take(fetched(0, "ab")))
    assert diary.lines == ["send ab"]


def test_a_batch_waits_for_the_outputs_of_the_one_before() -> None:
    """At most one batch of outputs is on its way per partition."""

    async def steps() -> None:
        here = partition(diary, snapshot_interval_s=3600.0)
        await here.take(fetched(0, "a"))
        await here.take(fetched(1, "b"))

    diary = Diary()
    run(steps())
    assert diary.lines == ["send a", "confirmed", "send b"]


def test_records_below_the_restored_offset_are_skipped() -> None:
    """They are in the state already."""

    async def steps() -> None:
        here = partition(diary, start=2, snapshot_interval_s=3600.0)
        await here.take(fetched(0, "abcd"))
        await here.take(fetched(4, ""))

    diary = Diary()
    run(steps())
    assert diary.lines == ["send cd"]


def test_a_hole_between_batches_is_a_bug_that_ends_the_process() -> None:
    """Records that the transport lost must not be passed over."""
    with pytest.raises(BatchLost, match="starts at 3, expected 0"):
        run(partition(Diary()).take(fetched(3, "d")))


def test_a_gap_is_reported_before_what_lies_behind_it() -> None:
    """It is counted even when no record comes with it."""
    diary = Diary()
    run(partition(diary, snapshot_interval_s=3600.0).take(fetched(0, "a", Gap(7, 9, "deleted"))))
    assert diary.lines == ["gap 7-9 deleted", "send a"]


def test_without_the_lease_nothing_is_sent() -> None:
    """The group has another generation: somebody else has the partition."""
    diary = Diary()
    here = partition(diary)
    diary.generation = -1
    with pytest.raises(LeaseLost):
        run(here.take(fetched(0, "a")))
    assert diary.lines == []


def test_an_old_heartbeat_waits_for_the_verdict_of_the_group() -> None:
    """A process that was stopped sends nothing before the group has confirmed it."""

    async def steps() -> None:
        diary.heartbeat_at -= 3600.0
        taking = asyncio.create_task(here.take(fetched(0, "a")))
        await asyncio.sleep(0.2)
        assert diary.lines == []
        diary.heartbeat_at = time.monotonic()
        await taking

    diary = Diary()
    here = partition(diary)
    run(steps())
    assert diary.lines == ["send a", "confirmed", "snapshot 0 a", "commit 0"]


def test_closing_makes_the_state_durable_and_takes_no_more() -> None:
    """A batch that comes too late is for whoever gets the partition."""

    async def steps() -> None:
        here = partition(diary, snapshot_interval_s=3600.0)
        await here.take(fetched(0, "ab"))
        await here.close()
        await here.take(fetched(2, "c"))

    diary = Diary()
    run(steps())
    assert diary.lines == ["send ab", "confirmed", "snapshot 1 ab", "commit 1"]


def test_closing_an_untouched_partition_writes_nothing() -> None:
    """There is nothing new to make durable."""
    diary = Diary()
    run(partition(diary).close())
    assert diary.lines == []


def test_idle_time_passes_through_the_stage() -> None:
    """Without outputs it is no reason for a snapshot."""

    async def steps() -> None:
        here = partition(diary)
        await here.rest()
        await here.take(fetched(0, "a"))

    diary = Diary()
    run(steps())
    assert diary.lines == ["send a", "confirmed", "snapshot 0 .a", "commit 0"]


def test_a_restored_offset_is_committed_once_without_any_record() -> None:
    """Its writer may have been killed between manifest and commit; nobody else would tell that the lag is none."""

    async def steps() -> None:
        here = partition(diary, start=3, restored=2)
        await here.rest()
        await here.rest()

    diary = Diary()
    run(steps())
    assert diary.lines == ["commit 2"]


def test_a_restored_offset_is_not_committed_behind_a_newer_one() -> None:
    """Records that came at once, and their snapshot, have said more."""

    async def steps() -> None:
        here = partition(diary, start=3, restored=2)
        await here.take(fetched(3, "d"))
        await here.rest()

    diary = Diary()
    run(steps())
    assert diary.lines == ["send d", "confirmed", "snapshot 3 d", "commit 3"]


def test_without_a_restored_state_nothing_is_committed() -> None:
    """An offset that no snapshot includes isn't ours to commit."""
    diary = Diary()
    run(partition(diary, start=3).rest())
    assert diary.lines == []
