"""What a consumer process is told and what it reports: rate and processor time between two counts of its own."""

import os
import sys
import time
from pathlib import Path

import msgspec
from msgspec import Struct

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Job(Struct, frozen=True):
    """What to read: the first ``records`` records of ``topic``; the first ``warm_up`` of them are not timed.

    ``tuned`` lets librdkafka fetch again at once when its queue was full, instead of after a second.
    """

    bootstrap: str
    topic: str
    records: int
    warm_up: int
    group: str
    tuned: bool = False


class Run(Struct, frozen=True):
    """What a consumer did between its warm-up and its last record, by its own clock; ``cpu_s`` of all its threads."""

    events: int
    seconds: float
    cpu_s: float
    resident_mb: float
    accepted: int | None = None
    snapshots: int = 0
    resident_by_events: tuple[tuple[int, float], ...] = ()

    @property
    def rate(self) -> float:
        """Events per second."""
        return self.events / self.seconds


class Stopwatch:
    """Runs from the warm-up's last record to the job's last."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._counted = 0
        self._from: tuple[int, float, float] | None = None

    def count(self, records: int) -> Run | None:
        """Count records that were dealt with; returns the run when all were."""
        self._counted += records
        if self._from is None:
            if self._counted >= self._job.warm_up:
                self._from = (self._counted, time.perf_counter(), time.process_time())
            return None
        if self._counted < self._job.records:
            return None
        events, began, cpu = self._from
        return Run(
            self._counted - events, time.perf_counter() - began, time.process_time() - cpu, resident_bytes() / 1e6
        )


def resident_bytes(pid: int | None = None) -> int:
    """Return the resident size of a process, of this one by default."""
    fields = Path(f"/proc/{pid or 'self'}/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * _PAGE_BYTES


def read_job() -> Job:
    """Return the job that the benchmark handed to this process."""
    return msgspec.json.decode(sys.argv[1], type=Job)


def report(run: Run) -> None:
    """Print the run on a line of its own for the benchmark to read."""
    sys.stdout.write(f"\n{msgspec.json.encode(run).decode()}\n")
    sys.stdout.flush()
