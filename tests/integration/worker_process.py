"""Real `ioc worker` processes on a broker of a test's own, with the declared topics; watched through /metrics alone."""

import contextlib
import json
import math
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kafka import KafkaConsumer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from ioc.broker import EmbeddedKafka
from ioc.config import Config, Kafka
from ioc.recording import Recording
from ioc.topics import administering, apply_topics
from streams.punctuation import CLOSE_AFTER_MS
from streams.topics import declared
from tests.integration.workers import wait_until

ROOT = Path(__file__).parents[2]
PATIENCE_S = 90.0
INPUTS = ("ioc.camera-events", "ioc.field-reports", "ioc.service-queues", "ioc.telemetry", "ioc.anomalies")
_WATERMARK = "ioc_watermark_timestamp_seconds"
_ADDRESS = re.compile(r"metrics at (http://\S+)")


def started_under(directory: Path) -> list[int]:
    """Return the processes whose temporary files go to ``directory``: those of a command, and all that it started."""
    wanted = f"TMPDIR={directory}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):  # it has just ended, or is another user's
            if wanted in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
    return found


class Site:
    """A broker with the declared topics, and workers on it; a context manager that leaves nothing running."""

    def __init__(self, directory: Path, partitions: int) -> None:
        self.directory = directory
        self._partitions = partitions
        self._workers: list[Worker] = []
        self._end_s = math.inf
        self.broker = EmbeddedKafka(extra={"group.min.session.timeout.ms": "1000"})

    def __enter__(self) -> Self:
        self.broker.start()
        apply_topics(self._kafka, self._partitions, "keep")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for worker in self._workers:
            worker.kill()
        self.broker.stop()

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to find this broker."""
        return {"IOC_KAFKA_BOOTSTRAP": self.broker.bootstrap}

    def renew(self, partitions: int) -> None:
        """Be as a new broker, in a tenth of the time: no workers, and all topics deleted and declared again."""
        for worker in self._workers:
            worker.kill()
        names = {topic.name for topic in declared()}
        with administering(self._kafka) as admin:
            admin.delete_topics(sorted(names))
            # the broker's own list lags behind: what still stands in it would not be declared again
            wait_until(lambda: not names.intersection(admin.list_topics()), "end of the topics", admin.list_topics)
        apply_topics(self._kafka, partitions, "keep")
        self._partitions, self._end_s = partitions, math.inf

    @property
    def _kafka(self) -> Kafka:
        return Kafka(bootstrap=self.broker.bootstrap)

    def ioc(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the product to its end."""
        return run_ioc(*arguments, environment=self.environment)

    def replay(self, recording: Path) -> None:
        """Replay a whole recording; its end is what `wait_until_folded` waits for."""
        done = self.ioc("replay", str(recording))
        assert done.returncode == 0, done.stderr
        closed_ms = Recording(recording).outline().last_ms + CLOSE_AFTER_MS
        self._end_s = closed_ms / 1000 - Config().admission.allowed_lateness_s

    def start(self, module: str = "ioc", mutant: str = "", **settings: str) -> "Worker":
        """Start a worker; ``worker_batch_records="100"`` and the like override its settings."""
        quick = {"worker_snapshot_interval_s": "0.5", "worker_idle_after_s": "1", "metrics_port": "0"}
        chosen = {f"IOC_{name.upper()}": value for name, value in (quick | settings).items()}
        log = self.directory / f"worker-{len(self._workers)}.log"
        worker = Worker(module, {**self.environment, **chosen, "MUTANT": mutant}, log)
        self._workers.append(worker)
        return worker

    def unread(self) -> int:
        """Return how many records of the inputs are not committed yet."""
        consumer = KafkaConsumer(
            bootstrap_servers=self.broker.bootstrap, group_id="ioc", enable_auto_commit=False, auto_offset_reset="none"
        )
        try:
            places = [
                TopicPartition(topic, number)
                for topic in INPUTS
                for number in range(len(consumer.partitions_for_topic(topic) or ()))
            ]
            ends = consumer.end_offsets(places)
            return sum(ends[place] - (consumer.committed(place) or 0) for place in places)
        finally:
            consumer.close()

    def wait_until_folded(self, worker: "Worker", patience_s: float = PATIENCE_S) -> None:
        """Wait until the fold's event time has reached the closing punctuation of what was replayed.

        Topics that the recording has no records of don't hold it up: their partitions are empty.
        """

        def closed() -> bool:
            return worker.value(_WATERMARK, topic="ioc.anomalies") >= self._end_s

        worker.wait(closed, "end", worker.scrape, patience_s)

    def wait_until_calm(self, worker: "Worker", seconds: float = 4.0) -> None:
        """Wait until nothing has been left to fold for some seconds: a spoilt worker may never see the end."""
        calm_since = [time.monotonic()]

        def calm() -> bool:
            if worker.lag() != 0:
                calm_since[0] = time.monotonic()
            return time.monotonic() - calm_since[0] > seconds

        worker.wait(calm, "calm", worker.lag)

    def wait_until_read(self, worker: "Worker") -> None:
        """Wait until all is committed as well, but a few watermarks that idle workers tell."""
        few = 3 * 4 * self._partitions
        self.wait_until_folded(worker)
        worker.wait(lambda: worker.lag() == 0 and self.unread() <= few, "all records read", self.unread)

    def told(self) -> dict[str, Any]:
        """Ask the oracle what the topics hold."""
        command = [sys.executable, str(Path(__file__).with_name("incident_oracle.py")), self.broker.bootstrap]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told


class Worker:
    """One worker process; its log goes to a file."""

    def __init__(self, module: str, environment: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as handle:
            command = [sys.executable, "-m", module, "worker", "--verbose"]
            self.process = subprocess.Popen(command, stderr=handle, cwd=ROOT, env={**_clean(), **environment})

    def log(self) -> str:
        """Return the log so far."""
        return self._log.read_text(encoding="utf-8")

    def address(self) -> str:
        """Return where the metrics are."""
        self.wait(lambda: _ADDRESS.search(self.log()) is not None, "address of the metrics")
        found = _ADDRESS.search(self.log())
        assert found is not None
        return found[1]

    def scrape(self) -> str:
        """Return the text of /metrics."""
        with urllib.request.urlopen(self.address(), timeout=10) as answer:  # noqa: S310 - our own address on loopback
            text: str = answer.read().decode()
            return text

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of a metric's samples that have these labels; 0 while there are none."""
        return sum(
            sample.value
            for family in text_string_to_metric_families(self.scrape())
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def folded(self) -> float:
        """Return how many records of the sources this process has folded."""
        return self.value("ioc_events_total")

    def wait_for_records(self, count: int) -> None:
        """Wait until this process has folded so many records of the sources."""
        self.wait(lambda: self.folded() >= count, f"{count} records", self.folded)

    def lag(self) -> float:
        """Return how many records are not folded, -1 as long as no partition is assigned."""
        return self.value("ioc_consumer_lag_records") if self.value("ioc_assigned_partitions") else -1.0

    def wait(
        self, met: Callable[[], bool], what: str, state: Callable[[], object] = str, patience_s: float = PATIENCE_S
    ) -> None:
        """Wait for ``met``; fail with the log when the process ends or it takes too long."""
        deadline = time.monotonic() + patience_s
        while True:
            try:
                if met():
                    return
            except (urllib.error.URLError, ConnectionError):
                pass
            assert self.process.poll() is None, f"worker ended with {self.process.returncode}:\n{self.log()}"
            assert time.monotonic() < deadline, f"no {what} within {patience_s:.0f} s; now {state()}:\n{self.log()}"
            time.sleep(0.05)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask for a clean stop and return the exit code."""
        self.process.send_signal(number)
        return self.exit_code()

    def exit_code(self) -> int:
        """Wait for the end."""
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"worker still runs after {PATIENCE_S} s:\n{self.log()}") from None

    def kill(self) -> None:
        """Kill -9."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)


def run_ioc(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command of the product to its end."""
    return subprocess.run(
        [sys.executable, "-m", "ioc", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        cwd=ROOT,
        env={**_clean(), **(environment or {})},
    )


def _clean() -> dict[str, str]:
    """Return this process's environment without settings of the product."""
    return {name: value for name, value in os.environ.items() if not name.startswith("IOC_")}
