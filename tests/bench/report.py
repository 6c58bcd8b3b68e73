"""What the benchmark prints and writes: the machine, the tables, and `build/bench.json`."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from tests.bench.latency import Latency
from tests.bench.memory import Memory
from tests.bench.throughput import Result

_PACKAGES = ("faust-streaming", "aiokafka", "confluent-kafka", "quixstreams", "orjson", "msgspec", "numpy")


def machine() -> str:
    """Return processor, memory and versions in one line."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    python = f"CPython {platform.python_version()}"
    return (
        f"{os.cpu_count()} cores of {model}, {memory_gb:.0f} GB, {platform.system()}, {python}; Kafka 4.1.0, {packages}"
    )


def show_throughput(console: Console, results: Sequence[Result]) -> None:
    """Print one line per consumer."""
    table = Table(title="Throughput of one process, median of the rounds (slowest to fastest)")
    for heading in ("consumer", "events/s", "range", "x Faust", "x confluent", "events per CPU s", "resident MB"):
        table.add_column(heading, justify="left" if heading == "consumer" else "right")
    for each in results:
        table.add_row(
            each.name,
            f"{each.events_per_s:,.0f}",
            f"{each.slowest:,.0f} to {each.fastest:,.0f}",
            f"{each.ratio_to_stock_faust:.1f}",
            f"{each.ratio_to_confluent:.2f}",
            f"{each.events_per_cpu_s:,.0f}",
            f"{each.resident_mb:.0f}",
        )
    console.print(table)


def show_memory(console: Console, result: Memory) -> None:
    """Print the resident size at each mark."""
    table = Table(title=f"Memory of one worker on all topics, read at {result.events_per_s:,.0f} events/s")
    table.add_column("events", justify="right")
    table.add_column("resident MB", justify="right")
    for events, resident_mb in result.resident_mb:
        table.add_row(f"{events:,}", f"{resident_mb:.0f}")
    console.print(table)


def show_latency(console: Console, results: Sequence[Latency]) -> None:
    """Print one line per rate and kind of answer."""
    table = Table(title="Latency from producing an event to reading the worker's answer, in milliseconds")
    for heading in ("answer", "events/s offered", "p50", "p99", "greatest", "probes", "greatest stall of the pacer"):
        table.add_column(heading, justify="left" if heading == "answer" else "right")
    for each in results:
        columns = (each.p50_ms, each.p99_ms, each.max_ms)
        numbers = [f"{value:.0f}" for value in columns]
        table.add_row(each.name, f"{each.offered_per_s:,}", *numbers, str(each.probes), f"{each.stall_ms:.0f}")
    console.print(table)


def write(path: Path, results: Sequence[object]) -> None:
    """Write all results as a JSON list of objects."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")
