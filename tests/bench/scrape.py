"""How long a scrape of a full province holds up the event loop: `python -m tests.bench.scrape`.

A loop counts the longest gap between two of its turns while another process scrapes, and while none does. Before every
scrape all families have changed, which is the worst case.
"""

import asyncio
import subprocess
import sys
import time
from asyncio.subprocess import Process

from ioc.config import Metrics
from ioc.metrics import WorkerMetrics, serve
from ioc.metrics.serving import exposition
from streams.stage import Outcome, Tally
from streams.topics import SOURCES
from tests.bench.full_province import feed, measured

SCRAPES = 40
GOAL_MS = 20.0
_SCRAPER = """
import sys, time, urllib.request
ask = urllib.request.Request(sys.argv[1], headers={"Accept": sys.argv[2], "Accept-Encoding": "gzip"})
for _ in sys.stdin:
    began = time.perf_counter()
    with urllib.request.urlopen(ask, timeout=10) as answer:
        size = len(answer.read())
    print(f"{(time.perf_counter() - began) * 1000:.0f} ms, {size:,} bytes", flush=True)
"""
_ACCEPT = "application/openmetrics-text; version=1.0.0"


async def _gaps(ends: asyncio.Future[str]) -> float:
    """Return the longest gap between two turns of the loop until ``ends``, in milliseconds."""
    longest, before = 0.0, time.perf_counter()
    while not ends.done():
        await asyncio.sleep(0)
        now = time.perf_counter()
        longest, before = max(longest, now - before), now
    return longest * 1000


class _Scraper:
    """Another process, which scrapes when told to."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def scrape(self) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"\n")
        return (await self._process.stdout.readline()).decode().strip()


async def _pause() -> str:
    await asyncio.sleep(0.05)
    return ""


async def _measure(metrics: WorkerMetrics, address: str) -> None:
    changed = Outcome([], Tally(), None, measured())
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", "-c", _SCRAPER, address, _ACCEPT), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    scraper, quiet, busy, written = _Scraper(process), [], [], []
    took = await scraper.scrape()
    for _ in range(SCRAPES):
        quiet.append(await _gaps(asyncio.ensure_future(_pause())))
        metrics.on_outcome(SOURCES[0], 0, changed)
        busy.append(await _gaps(asyncio.ensure_future(scraper.scrape())))
        metrics.on_outcome(SOURCES[0], 0, changed)
        began = time.thread_time()
        exposition(metrics, _ACCEPT)
        written.append((time.thread_time() - began) * 1000)
    await process.communicate(b"")
    series = sum(not line.startswith(b"#") for line in exposition(metrics, "")[0].splitlines())
    print(f"{series:,} series; a scrape takes {took} (gzip)")  # noqa: T201 - a command
    for name, values in (("with a scrape", busy), ("without", quiet)):
        print(f"longest gap between turns of the loop {name}: {_shown(values)}; goal {GOAL_MS:.0f} ms")  # noqa: T201
    print(f"processor time to write the text: {_shown(written)}")  # noqa: T201 - the same


def _shown(values: list[float]) -> str:
    ranked = sorted(values)
    return f"median {ranked[len(ranked) // 2]:.1f} ms, 90 % within {ranked[len(ranked) * 9 // 10]:.1f} ms"


def main() -> None:
    """Measure and print."""
    metrics = WorkerMetrics()
    feed(metrics)
    server, address = serve(metrics, Metrics(port=0))
    try:
        asyncio.run(_measure(metrics, address))
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    main()
