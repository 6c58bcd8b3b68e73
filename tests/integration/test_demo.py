"""The demo as a process: however it is ended, nothing that it started goes on."""

import functools
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.worker_process import started_under
from tests.integration.workers import wait_until

RUNNING = 5
"""Processes: the demo, Kafka and the worker, and the guard of each of these."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_a_demo_that_is_ended(number: signal.Signals, tmp_path: Path) -> None:
    """Kafka and the worker end with it; asked in good order it also takes its temporary files away."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs in a shell's background ignore it: inherited else
    log = tmp_path.with_suffix(".log")
    with log.open("wb") as output:
        demo = subprocess.Popen(
            [sys.executable, "-m", "ioc", "demo", "--keep", "--days", "1", "--cameras", "10", "--partitions", "1"],
            stdout=output,
            stderr=output,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
    try:
        said = functools.partial(log.read_text, encoding="utf-8")
        wait_until(lambda: "replaying" in said(), "replay", said)
        wait_until(lambda: len(started_under(tmp_path)) == RUNNING, "running worker", said)
        demo.send_signal(number)
        code = demo.wait(60)
        wait_until(lambda: started_under(tmp_path) == [], "end of all it started")
    finally:
        for pid in started_under(tmp_path):
            os.kill(pid, signal.SIGKILL)
        demo.wait()
    assert code == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}[number]
    if number is not signal.SIGKILL:
        assert list(tmp_path.iterdir()) == []
