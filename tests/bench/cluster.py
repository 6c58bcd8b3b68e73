"""Topics of the benchmark's Kafka, and the processes that read them."""

import itertools
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from ioc.config import Kafka
from ioc.topics import administering, apply_topics
from streams.topics import ANOMALIES, DEAD_LETTERS, INCIDENTS, LATE_EVENTS, SNAPSHOTS
from tests.bench.load import PARTITIONS
from tests.bench.stopwatch import Job, Run

ROOT = Path(__file__).parents[2]
_OWN = [ANOMALIES, INCIDENTS, DEAD_LETTERS, LATE_EVENTS, SNAPSHOTS]
_LIMIT_S = 240.0
_groups = itertools.count()


def make_topics(bootstrap: str) -> None:
    """Create all topics of the processor; nothing in them is deleted by age."""
    apply_topics(Kafka(bootstrap=bootstrap), PARTITIONS, "keep")


def forget(bootstrap: str, *further: str) -> None:
    """Empty the topics that a worker writes, and ``further`` ones, so that the next one starts without a past."""
    names = [*_OWN, *further]
    with administering(Kafka(bootstrap=bootstrap)) as admin:
        admin.delete_topics(names)
        while set(names) & {entry["name"] for entry in admin.describe_topics()}:
            time.sleep(0.05)
    make_topics(bootstrap)


def fresh_group(name: str) -> str:
    """Return a consumer group that nothing has committed for."""
    return f"bench-{name}-{next(_groups)}"


def command(module: str, *arguments: str) -> list[str]:
    """Return the command line of one of this package's processes."""
    return [sys.executable, "-W", "ignore", "-m", f"tests.bench.{module}", *arguments]


def environment(bootstrap: str, group: str) -> dict[str, str]:
    """Return the environment that configures `ioc worker` for this Kafka."""
    return {**os.environ, "IOC_KAFKA_BOOTSTRAP": bootstrap, "IOC_KAFKA_GROUP": group, "IOC_METRICS_PORT": "0"}


def consume(module: str, job: Job) -> Run:
    """Let one process do the job, and return what it measured.

    Raises
    ------
    RuntimeError
        It failed, or did not come to the last record within four minutes.
    """
    text = msgspec.json.encode(job).decode()
    try:
        done = subprocess.run(
            command(module, text),
            cwd=ROOT,
            env=environment(job.bootstrap, job.group),
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"{module} did not read {job.records} records within {_LIMIT_S:.0f} s") from error
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]  # Faust draws a spinner as well
    if done.returncode or not lines:
        raise RuntimeError(f"{module} ended with exit code {done.returncode}:\n{done.stderr[-2000:]}")
    return msgspec.json.decode(lines[-1], type=Run)
