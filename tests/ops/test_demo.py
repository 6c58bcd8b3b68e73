"""The demo with its watch, as people start it: Kafka, worker, Prometheus and Alertmanager, a page at the end."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ioc.paged_demo import WITHIN_S
from tests.integration.worker_process import started_under
from tests.ops.summary import Record

_ROOT = Path(__file__).parents[2]
_PATIENCE_S = 280.0
_SMALL = ("--days", "3", "--cameras", "40", "--partitions", "2")


@pytest.mark.timeout(400)
def test_the_demo_ends_with_the_page_of_the_power_cut_that_it_injected(tmp_path: Path, record: Record) -> None:
    """In two minutes, in both languages, with links; its accounting holds, and nothing it started is left."""
    log = tmp_path / "demo.log"
    with log.open("wb") as output:
        demo = subprocess.Popen(
            [sys.executable, "-m", "ioc", "demo", "--observability", *_SMALL],
            stdout=output,
            stderr=output,
            cwd=_ROOT,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
        try:
            code = demo.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            demo.send_signal(signal.SIGINT)  # it then ends its own in good order
            demo.wait(60)
            raise
        finally:
            left = started_under(tmp_path)
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            demo.wait()
    shown = log.read_text(encoding="utf-8")
    assert code == 0, shown
    page = shown.partition("page: IocAreaOutage")[2]
    found = re.search(r"received at /ky-thuat-page ([\d.]+) s behind the injection", page)
    assert found is not None, shown
    assert float(found[1]) <= WITHIN_S
    place = "Phường Mường Thanh (03334)"
    for text in (f"Mất tín hiệu diện rộng tại {place}", f"Outage in {place}", "severity major", "#iocareaoutage"):
        assert text in page
    assert re.search(r"power_cut +│ 03334 +│ 00:00 +│ area_outage +│ found", shown)
    assert left == []
    assert list(tmp_path.iterdir()) == [log]
    record("demo paged", 1, 1)
