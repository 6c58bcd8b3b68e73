"""Worker processes under test: started, watched, killed; and what Kafka knows of their work."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from kafka import KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition

from streams.shell.settings import ShellSettings
from tests.integration.conftest import Cluster
from tests.integration.counting_worker import Job

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0


class World:
    """One test's topics, group and workers on the shared broker."""

    def __init__(self, kafka: Cluster, directory: Path, partitions: int = 2, **target_settings: str) -> None:
        self.kafka = kafka
        self.source = kafka.fresh_topic("source", partitions)
        self.target = kafka.fresh_topic("target", 2, **target_settings)
        self.snapshots = kafka.fresh_topic("snapshots", 1, cleanup_policy="compact")
        self.group = kafka.fresh_name("group")
        self.partitions = partitions
        self._directory = directory
        self._workers: list[Worker] = []

    def settings(self, **changes: Any) -> ShellSettings:
        """Return settings that make a test quick."""
        quick = ShellSettings(
            bootstrap=self.kafka.bootstrap,
            group=self.group,
            snapshots_topic=self.snapshots,
            snapshot_interval_s=0.5,
            session_timeout_s=6.0,
            idle_after_s=0.5,
        )
        return msgspec.structs.replace(quick, **changes)

    def start(self, settings: ShellSettings | None = None, **job: Any) -> "Worker":
        """Start one more worker."""
        wanted = Job(settings or self.settings(), self.source, self.target, **job)
        worker = Worker(wanted, self._directory / f"worker-{len(self._workers)}")
        self._workers.append(worker)
        return worker

    def end(self) -> None:
        """Kill what still runs."""
        for worker in self._workers:
            worker.kill()

    def produce(self, count: int, *, first: int = 0, keys: int = 7, **options: Any) -> None:
        """Write ``count`` records with 100 bytes, numbered from ``first``, key by key round the partitions."""
        with KafkaProducer(bootstrap_servers=self.kafka.bootstrap, linger_ms=5, **options) as producer:
            for number in range(first, first + count):
                value = f"{number:08d}".encode() + b"." * 92
                key = f"key-{number % keys}".encode()
                producer.send(self.source, value=value, key=key, partition=number % self.partitions)
            producer.flush()

    def committed(self) -> list[int]:
        """Return the committed offset of every partition, 0 where there is none."""
        consumer = KafkaConsumer(bootstrap_servers=self.kafka.bootstrap, group_id=self.group, enable_auto_commit=False)
        try:
            places = [TopicPartition(self.source, each) for each in range(self.partitions)]
            return [consumer.committed(place) or 0 for place in places]
        finally:
            consumer.close()

    def commit(self, offsets: Sequence[int]) -> None:
        """Commit in the name of the group, which must have no members."""
        consumer = KafkaConsumer(bootstrap_servers=self.kafka.bootstrap, group_id=self.group, enable_auto_commit=False)
        try:
            places = [TopicPartition(self.source, each) for each in range(self.partitions)]
            consumer.assign(places)
            marks = [OffsetAndMetadata(offset, "", -1) for offset in offsets]
            consumer.commit(dict(zip(places, marks, strict=True)))
        finally:
            consumer.close()

    def wait_for_commit(self, offsets: Sequence[int]) -> None:
        """Wait until exactly these offsets are committed."""
        wait_until(lambda: self.committed() == list(offsets), f"commit of {list(offsets)}", self.committed)

    def verdict(self) -> dict[str, Any]:
        """Ask the oracle."""
        command = [sys.executable, str(Path(__file__).with_name("oracle.py"))]
        command += [self.kafka.bootstrap, self.source, self.target]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
        assert done.stdout, done.stderr
        verdict: dict[str, Any] = json.loads(done.stdout)
        return verdict


class Worker:
    """A worker process; what it tells goes to one file, its log to another."""

    def __init__(self, job: Job, stem: Path) -> None:
        self._told = stem.with_suffix(".told")
        self._log = stem.with_suffix(".log")
        command = [sys.executable, "-m", "tests.integration.counting_worker", msgspec.json.encode(job).decode()]
        with self._told.open("wb") as told, self._log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=told, stderr=log, cwd=ROOT)

    def told(self, kind: str) -> list[list[Any]]:
        """Return the facts of one kind so far, without the kind."""
        lines = self._told.read_text(encoding="utf-8").splitlines()
        facts = [json.loads(line) for line in lines if line.endswith("]")]
        return [fact[1:] for fact in facts if fact[0] == kind]

    def log(self) -> str:
        """Return the log so far."""
        return self._log.read_text(encoding="utf-8")

    def wait_for(self, kind: str, accept: Callable[[list[Any]], bool] = bool) -> list[Any]:
        """Wait until the worker tells a fact that is accepted."""

        def met() -> bool:
            assert self.process.poll() is None, f"worker ended with {self.process.returncode}:\n{self.log()}"
            return any(accept(fact) for fact in self.told(kind))

        wait_until(met, f"{kind} of the worker", self.log)
        return next(fact for fact in self.told(kind) if accept(fact))

    def records(self) -> int:
        """Return how many records the worker has folded."""
        return sum(fact[1] for fact in self.told("batch"))

    def wait_for_records(self, count: int) -> None:
        """Wait until the worker has folded that many."""
        wait_until(lambda: self.records() >= count, f"{count} records", self.log)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def stop(self) -> int:
        """Ask for a clean stop and return the exit code."""
        self.signal(signal.SIGTERM)
        return self.exit_code()

    def exit_code(self, within_s: float = PATIENCE_S) -> int:
        """Wait for the end."""
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"worker still runs after {within_s} s:\n{self.log()}") from None

    def kill(self) -> None:
        """Kill -9."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)


def wait_until(met: Callable[[], bool], what: str, state: Callable[[], object] = str) -> None:
    """Wait for ``met``; fail with ``what`` and ``state()`` when it takes longer than a minute."""
    deadline = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < deadline, f"no {what} within {PATIENCE_S:.0f} s; now: {state()}"
        time.sleep(0.1)
