"""A day of a simulated province, replayed through a real worker that a real Prometheus scrapes; and the day as it was.

The live Prometheus sees the day in the minute of its replay. So that pictures show a day, each scrape is also kept with
the event time that the worker had reached, and a second Prometheus is given those.
"""

import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ioc.config import Kafka
from ioc.envelope import Chunk, Outline
from ioc.observability import Server, program, prometheus
from ioc.replay import ReplayOptions, replay_to_kafka
from ioc.simulate import Simulation, SimulationSettings
from ioc.simulate.flow import DAY_MS, HOUR_MS
from ioc.units import load_places
from streams.topics import SOURCES
from tests.integration.worker_process import Site, Worker
from tests.ops.extras import extras, mixed
from tests.ops.stack import Stack, running

DAYS = 4
SPEED = 540.0
_DAWN_MS = 5 * HOUR_MS
_END_MS = 15 * HOUR_MS + HOUR_MS // 4  # when several incidents are open
_EVERY_S = 0.35
_EVENT_TIME = re.compile(
    r'^ioc_watermark_timestamp_seconds\{partition="\d+",topic="ioc.anomalies"\} (\S+)', re.MULTILINE
)
_SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \S+)?$")


class Window(NamedTuple):
    """A Prometheus and the time range that it knows, seconds since 1970 UTC; how often it scraped."""

    server: Server
    start_s: float
    end_s: float
    every_s: float


class Watched(NamedTuple):
    """A worker behind it all, what watches it, and both views of the day."""

    stack: Stack
    worker: Worker
    live: Window
    day: Window


@contextmanager
def watched_province(directory: Path, rules: dict[str, str]) -> Iterator[Watched]:
    """Replay three days at once and most of a fourth at 540 times its pace; hand out what was seen."""
    with Site(directory, partitions=1) as site:
        worker = site.start()
        address = worker.address()
        host = address.removeprefix("http://").partition("/")[0]
        with running(directory / "stack", {"ioc-worker": [host]}, rules) as stack:
            started_s = time.time()
            scrapes = _Scrapes(worker, stack.prometheus)
            _play(Kafka(bootstrap=site.broker.bootstrap), scrapes)
            time.sleep(4.0)  # the last scrapes and rules
            live = Window(stack.prometheus, started_s, time.time(), 1.0)
            with _told_again(directory / "day", scrapes) as day:
                yield Watched(stack, worker, live, day)


def _play(kafka: Kafka, scrapes: "_Scrapes") -> None:
    simulation = Simulation(SimulationSettings(days=DAYS, cameras=60), load_places())
    day_ms = simulation.first_ms + (DAYS - 1) * DAY_MS
    dawn_ms, end_ms = day_ms + _DAWN_MS, day_ms + _END_MS
    chunks = list(mixed(simulation.chunks(2048), extras(simulation)))
    past = Outline(None, tuple(sorted(SOURCES)), simulation.first_ms, dawn_ms)
    replay_to_kafka(kafka, _between(chunks, 0, dawn_ms), past, ReplayOptions(close_after_ms=None))
    scrapes.wait_until(dawn_ms / 1000 - 3600)
    today = Outline(None, tuple(sorted(SOURCES)), dawn_ms, end_ms)
    with scrapes.kept():
        options = ReplayOptions(speed=SPEED, close_after_ms=None)
        replay_to_kafka(kafka, _between(chunks, dawn_ms, end_ms), today, options)
        time.sleep(6.0)  # until nothing is left to read


def _between(chunks: list[Chunk], first_ms: int, end_ms: int) -> Iterator[Chunk]:
    for chunk in chunks:
        rows = [row for row, at_ms in enumerate(chunk.timestamps_ms) if first_ms <= at_ms < end_ms]
        if rows:
            yield Chunk(*([getattr(chunk, name)[row] for row in rows] for name in Chunk.__struct_fields__))


class _Scrapes:
    """Scrapes a worker again and again while a block runs, with the event time that each had reached."""

    def __init__(self, worker: Worker, server: Server) -> None:
        self._worker = worker
        self._server = server
        self._ended = threading.Event()
        self.kept_at: list[tuple[int, str]] = []

    def wait_until(self, event_time_s: float, patience_s: float = 120.0) -> None:
        """Wait until the worker's event time has come so far."""
        self._worker.wait(
            lambda: self._reached(self._worker.scrape()) >= event_time_s, "dawn", self._worker.scrape, patience_s
        )

    @staticmethod
    def _reached(text: str) -> int:
        found = [float(value) for value in _EVENT_TIME.findall(text)]
        return int(min(found, default=0.0))

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Scrape until the block ends."""
        thread = threading.Thread(target=self._scrape)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _scrape(self) -> None:
        last_s = 0
        while not self._ended.wait(_EVERY_S):
            text = self._worker.scrape()
            at_s = self._reached(text)
            if at_s > last_s:
                self.kept_at.append((at_s, text + self._alerts()))
                last_s = at_s

    def _alerts(self) -> str:
        return "".join(
            f"{name}{{{labels}}} {value}\n"
            for found in self._server.get("/api/v1/query?query=ALERTS")["data"]["result"]
            for name in [found["metric"].pop("__name__")]
            for labels in [",".join(f'{key}="{text}"' for key, text in found["metric"].items())]
            for value in [found["value"][1]]
        )

    def openmetrics(self) -> str:
        """Return all samples, each at its event time, as worker `ioc-worker` had served them then."""
        lines = []
        for at_s, text in self.kept_at:
            for line in text.splitlines():
                if sample := _SAMPLE.match(line):
                    name, labels, value = sample.groups()
                    own = "" if name == "ALERTS" else 'job="ioc-worker",instance="worker"'
                    lines.append(f"{name}{{{','.join(part for part in (own, labels) if part)}}} {value} {at_s}")
            lines.append(f'up{{job="ioc-worker",instance="worker"}} 1 {at_s}')
        return "\n".join([*lines, "# EOF", ""])


@contextmanager
def _told_again(directory: Path, scrapes: _Scrapes) -> Iterator[Window]:
    """Run a Prometheus that holds the scrapes at their event times."""
    directory.mkdir(parents=True)
    (directory / "day.txt").write_text(scrapes.openmetrics(), encoding="utf-8")
    data = directory / "prometheus"
    made = subprocess.run(
        [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", str(directory / "day.txt"), str(data)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert made.returncode == 0, made.stderr
    (directory / "prometheus.yml").write_text("global: {scrape_interval: 1h}\n", encoding="utf-8")
    first_s, last_s = scrapes.kept_at[0][0], scrapes.kept_at[-1][0]
    with prometheus(directory / "prometheus.yml", directory) as server:
        yield Window(server, first_s, last_s, 300.0)
    shutil.rmtree(data, ignore_errors=True)
