"""Ourselves: `ioc worker` with everything on, listened to where its metrics are counted."""

import os
import signal
import sys
from unittest import mock

import msgspec

from ioc import worker
from ioc.config import load
from ioc.metrics import WorkerMetrics
from streams.topics import SOURCES
from tests.bench.stopwatch import Run, Stopwatch, read_job, report, resident_bytes

_MARKS = (1_000_000, 2_000_000, 5_000_000, 10_000_000)


class _TimedMetrics(WorkerMetrics):
    """The worker's own metrics, and a stopwatch on what they are told; ends the worker after the last record."""

    def __init__(self) -> None:
        super().__init__()
        self._watch = Stopwatch(read_job())
        self._records = 0
        self._marks = list(_MARKS)
        self._resident: list[tuple[int, float]] = []
        self._snapshots = 0
        self.run: Run | None = None

    def on_batch(self, topic: str, partition: int, records: int, size_bytes: int, seconds: float) -> None:
        """Count a batch of a source topic that went through its stage."""
        super().on_batch(topic, partition, records, size_bytes, seconds)
        if topic not in SOURCES:
            return
        self._records += records
        if self._marks and self._records >= self._marks[0]:
            self._resident.append((self._marks.pop(0), resident_bytes() / 1e6))
        self.run = self.run or self._watch.count(records)
        if self.run is not None:
            os.kill(os.getpid(), signal.SIGTERM)

    def on_snapshot(self, topic: str, partition: int, size_bytes: int, blocks: int, seconds: float) -> None:
        """Count the snapshots that fell into the run."""
        super().on_snapshot(topic, partition, size_bytes, blocks, seconds)
        self._snapshots += self.run is None

    def result(self) -> Run | None:
        """Return the run with what was accepted of all records, None if the worker ended before."""
        if self.run is None:
            return None
        labels = [{"topic": topic, "outcome": "accepted"} for topic in SOURCES]
        accepted = sum(int(self.registry.get_sample_value("ioc_events_total", each) or 0) for each in labels)
        return msgspec.structs.replace(
            self.run,
            accepted=accepted,
            snapshots=self._snapshots,
            resident_by_events=tuple(self._resident),
        )


def main() -> None:
    """Run the worker as `ioc worker` does, on the configuration of the environment."""
    metrics = _TimedMetrics()
    with mock.patch.object(worker, "WorkerMetrics", return_value=metrics):
        code = worker.work(load(None, os.environ))
    run = metrics.result()
    if run is not None:
        report(run)
    sys.exit(code)


if __name__ == "__main__":
    main()
