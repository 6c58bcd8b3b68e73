"""Killed, stopped, frozen, rebalanced: the outputs are those of an undisturbed run, the state goes on."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kafka import KafkaProducer

from ioc.broker import EmbeddedKafka
from tests.integration.conftest import Cluster
from tests.integration.counting_worker import IDLE
from tests.integration.oracle import read
from tests.integration.snapshot_reader import newest_blocks
from tests.integration.workers import Worker, World, wait_until

SEED = 20_260_101


@pytest.fixture
def world(kafka: Cluster, tmp_path: Path) -> Iterator[World]:
    """Topics, a group and workers of this test's own."""
    made = World(kafka, tmp_path)
    yield made
    made.end()


def sound(world: World) -> bool:
    """Say whether no output is missing, unknown or false; repeats with the same id and value are allowed."""
    verdict = world.verdict()
    return not (verdict["missing"] or verdict["unknown"] or verdict["false"]) and verdict["due"] > 0


def test_a_worker_killed_in_mid_stream_goes_on_as_if_nothing_had_happened(world: World) -> None:
    """Three kill -9 at seeded points; every output chains all values before it, so lost or doubled state would show."""
    chance = random.Random(SEED)
    world.produce(12_000)
    for _ in range(3):
        worker = world.start(world.settings(batch_records=100), seconds_per_batch=0.03)
        worker.wait_for_records(chance.randrange(1_000, 3_000))
        worker.kill()
    last = world.start()
    world.wait_for_commit([6_000, 6_000])
    assert last.stop() == 0
    assert "restored snapshot" in last.log()
    assert sound(world)


def test_a_worker_killed_between_manifest_and_commit_leaves_no_lag_behind(world: World) -> None:
    """Its successor commits what it restored, without a new record; the offset wound back is what such a kill does."""
    world.produce(1_000)
    first = world.start()
    world.wait_for_commit([500, 500])
    assert first.stop() == 0
    world.commit([400, 0])
    heir = world.start()
    world.wait_for_commit([500, 500])
    assert heir.stop() == 0
    assert heir.records() == 0


def test_a_bug_in_a_stage_ends_the_process_and_its_batch_is_not_committed(world: World) -> None:
    """Exit code 1 with a traceback, the agent isn't started again; without the bug the work is finished exactly."""
    world.produce(2_000)
    broken = world.start(world.settings(batch_records=100), fail_at=450)
    assert broken.exit_code() == 1
    assert "ZeroDivisionError: planted bug" in broken.log()
    assert max(world.committed()) <= 400
    mended = world.start()
    world.wait_for_commit([1_000, 1_000])
    assert mended.stop() == 0
    assert sound(world)


def test_a_stalled_worker_ends_itself(world: World) -> None:
    """A step that doesn't return blocks the event loop; the watchdog ends the process with 8 all the same."""
    world.produce(100)
    worker = world.start(world.settings(stall_after_s=2.0), hang_at=10)
    assert worker.exit_code() == 8
    assert "one step is in hand" in worker.log()
    assert world.committed() == [0, 0]


def test_workers_that_come_and_go_lose_nothing(kafka: Cluster, tmp_path: Path) -> None:
    """Two, three, two, one workers share four partitions while records come in; all state moves along."""
    world = World(kafka, tmp_path, partitions=4)
    try:
        world.produce(8_000)
        settings = world.settings(batch_records=100)
        first, second = (world.start(settings, seconds_per_batch=0.02) for _ in range(2))
        first.wait_for("assigned", lambda fact: len(fact[0]) == 2)
        third = world.start(settings, seconds_per_batch=0.02)
        third.wait_for("assigned", lambda fact: len(fact[0]) >= 1)
        world.produce(4_000, first=8_000)
        assert first.stop() == 0
        third.wait_for("assigned", lambda fact: len(fact[0]) == 2)
        assert second.stop() == 0
        third.wait_for("assigned", lambda fact: len(fact[0]) == 4)
        world.wait_for_commit([3_000] * 4)
        assert third.stop() == 0
        assert sound(world)
        assert world.verdict()["repeated"] == 0
    finally:
        world.end()


def test_a_worker_frozen_past_its_session_ends_instead_of_writing_on(world: World) -> None:
    """STOP, another takes over, CONT: the zombie ends with 1 and its late state overwrites nothing."""
    world.produce(6_000)
    zombie = world.start(world.settings(batch_records=100), seconds_per_batch=0.05)
    zombie.wait_for_records(1_000)
    zombie.signal(signal.SIGSTOP)
    heir = world.start()
    heir.wait_for("assigned", lambda fact: len(fact[0]) == 2)
    world.wait_for_commit([3_000, 3_000])
    zombie.signal(signal.SIGCONT)
    assert zombie.exit_code() == 1
    assert "put this worker out" in zombie.log()
    world.produce(1_000, first=6_000)
    world.wait_for_commit([3_500, 3_500])
    assert heir.stop() == 0
    assert sound(world)


def test_a_broken_snapshot_gives_way_to_the_one_before(world: World) -> None:
    """A block that doesn't match its digest makes its manifest useless; the log says which one was restored."""
    world.produce(1_000)
    worker = world.start()
    world.wait_for_commit([500, 500])
    world.produce(1_000, first=1_000)
    world.wait_for_commit([1_000, 1_000])
    assert worker.stop() == 0
    spoil_newest_chains(world)
    world.produce(1_000, first=2_000)
    again = world.start()
    world.wait_for_commit([1_500, 1_500])
    assert again.stop() == 0
    assert "restored snapshot" in again.log()
    assert "includes offset 999" not in again.log()
    assert sound(world)


def spoil_newest_chains(world: World) -> None:
    """Overwrite the newest `chain` block of every partition with other bytes."""
    with KafkaProducer(bootstrap_servers=world.kafka.bootstrap) as producer:
        for key in newest_blocks(world.kafka.bootstrap, world.snapshots, "chain"):
            producer.send(world.snapshots, key=key, value=b"spoiled", partition=0)
        producer.flush()


def test_a_broker_that_freezes_crashes_and_comes_back_costs_nothing(tmp_path: Path) -> None:
    """STOP for longer than the session, CONT, KILL, restart: under a supervisor the outputs are exact in the end."""
    with EmbeddedKafka() as broker:
        world = World(Cluster(broker), tmp_path)
        try:
            world.produce(6_000)
            supervised = Supervised(world)
            supervised.worker.wait_for_records(1_000)
            broker.pause()
            time.sleep(8.0)
            broker.resume()
            time.sleep(1.0)
            broker.kill()
            broker.restart()
            supervised.watch(lambda: world.committed() == [3_000, 3_000])
            assert supervised.worker.stop() == 0
            assert sound(world)
        finally:
            world.end()


def test_a_worker_stopped_while_outputs_of_idle_time_wait_for_the_broker_sends_them_first(tmp_path: Path) -> None:
    """They carry a running number of the state: one that was dropped shows as a hole behind the next worker's."""
    with EmbeddedKafka() as broker:
        world = World(Cluster(broker), tmp_path, 1)
        try:
            world.produce(10)
            told = [stopped_at_rest(world, broker, frozen=True), stopped_at_rest(world, broker, frozen=False)]
            assert 0 < told[0] < told[1]
        finally:
            world.end()


def stopped_at_rest(world: World, broker: EmbeddedKafka, *, frozen: bool) -> int:
    """Stop a worker that says something about idle time, the broker frozen or not; return how many it has said."""
    worker = world.start(says_idle=True)
    before = len(sayings(world))
    wait_until(lambda: len(sayings(world)) >= before + 3, "sayings", worker.log)
    if frozen:
        broker.pause()
        time.sleep(2.5)  # a tick a second: one waits for the broker now
        worker.signal(signal.SIGTERM)
        time.sleep(0.5)
        broker.resume()
    assert (worker.exit_code(20.0) if frozen else worker.stop()) == 0
    assert "Traceback" not in worker.log()
    said = sayings(world)
    assert said == list(range(1, len(said) + 1))
    return len(said)


def sayings(world: World) -> list[int]:
    """Return the running numbers of what was said about idle time, in order, each once."""
    found = read(world.kafka.bootstrap, world.target)
    return sorted({int(key.split(b"/")[-1]) for records in found.values() for _, key, _ in records if IDLE in key})


class Supervised:
    """A worker that is started again when it ends, as systemd does.

    A thawed broker sees the heartbeats it missed before those that wait: often it puts the worker out of the group,
    and a worker that was put out ends (1) rather than write on.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.worker = self._start()

    def _start(self) -> Worker:
        return self._world.start(self._world.settings(batch_records=100), seconds_per_batch=0.1)

    def watch(self, met: Callable[[], bool]) -> None:
        """Keep a worker running until ``met``."""

        def look() -> bool:
            if self.worker.process.poll() is not None:
                assert self.worker.process.returncode in {1, 4}, self.worker.log()
                self.worker = self._start()
            return met()

        wait_until(look, "end of the wait", self.worker.log)
