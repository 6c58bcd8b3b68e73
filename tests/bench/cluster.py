"""Topics of the benchmark's Kafka, and the processes that read them."""

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
_GIT = shutil.which("git") or "git"
_groups = itertools.count()


@contextmanager
def checked_out(revision: str) -> Iterator[Path]:
    """Check another revision of this repository out beside it, for as long as the context lasts.

    Raises
    ------
    ValueError
        There is no such revision, or it has no benchmark of the worker yet.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "earlier"
        _git("worktree", "add", "--quiet", "--detach", str(root), revision)
        try:
            if not (root / "tests/bench/peer_ioc.py").is_file():
                raise ValueError(f"{revision} has no tests/bench/peer_ioc.py: name a later revision")
            yield root
        finally:
            _git("worktree", "remove", "--force", str(root))


def _git(*arguments: str) -> None:
    done = subprocess.run([_GIT, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"git {' '.join(arguments)}: {done.stderr.strip()}")


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


def consume(module: str, job: Job, root: Path = ROOT) -> Run:
    """Let one process do the job, with the code that lies at ``root``, and return what it measured.

    Raises
    ------
    RuntimeError
        It failed, or did not come to the last record within four minutes.
    """
    text = msgspec.json.encode(job).decode()
    try:
        done = subprocess.run(
            command(module, text),
            cwd=root,
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
