"""`make bench`: measures the worker against its peers in one run, and writes `build/bench.json`."""

import math
import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import chain
from typing import NamedTuple

import click
from rich.console import Console

from ioc.broker import EmbeddedKafka
from streams.records import RecordBatch
from streams.topics import CAMERA_EVENTS
from tests.bench import latency, load, memory, report, throughput
from tests.bench.cluster import ROOT, checked_out, make_topics

_WIDTH = 132
_DAYS_OF_CAMERAS = 2  # that the throughput is measured on, and that the topic then holds
_PARTS = ("throughput", "memory", "latency")


class _Plan(NamedTuple):
    """How much is measured."""

    province: load.Province
    rounds: int
    events_for_memory: int
    rates: tuple[int, ...]
    seconds: float


_FULL = _Plan(load.Province(cameras=2000, offices=319), 3, 10_000_000, (2_000, 10_000), 20.0)
_QUICK = _Plan(load.Province(cameras=400, offices=60), 1, 1_000_000, (2_000,), 6.0)


class _Bench:
    """One run: a Kafka, what is loaded into it, and what was measured."""

    def __init__(self, console: Console, bootstrap: str, plan: _Plan, further: Sequence[throughput.Contender]) -> None:
        self._console = console
        self._further = further
        self._bootstrap = bootstrap
        self._plan = plan
        self._began = time.monotonic()
        self._day: list[RecordBatch] = []
        self._cameras = 0
        self.results: list[object] = []

    def throughput(self) -> None:
        """Compare all consumers on two days of camera events."""
        cameras = [batch for batch in self._one_day() if batch.topic == CAMERA_EVENTS]
        self._cameras = load.produce(self._bootstrap, chain(cameras, load.later(cameras, 1)))
        self._tell(f"{self._cameras:,} camera events loaded")
        results = throughput.measure(self._bootstrap, self._cameras, self._plan.rounds, self._tell, self._further)
        report.show_throughput(self._console, results)
        self.results += results

    def memory(self) -> None:
        """Let a worker read many days of all topics."""
        day = self._one_day()
        days = math.ceil(self._plan.events_for_memory / sum(map(len, day)))
        others = [batch for batch in day if batch.topic != CAMERA_EVENTS] if self._cameras else day
        loaded = self._cameras
        for number in range(days):
            part = others if number < _DAYS_OF_CAMERAS else day
            loaded += load.produce(self._bootstrap, load.later(part, number))
        self._tell(f"{loaded:,} events of all topics loaded, {days} days")
        result = memory.measure(self._bootstrap, loaded)
        report.show_memory(self._console, result)
        self.results.append(result)

    def latency(self) -> None:
        """Offer events at each rate."""
        found = []
        for rate in self._plan.rates:
            self._tell(f"{rate:,} events/s for {self._plan.seconds:.0f} s")
            found += latency.measure(self._bootstrap, rate, self._plan.seconds)
        report.show_latency(self._console, found)
        self.results += found

    def _one_day(self) -> list[RecordBatch]:
        if not self._day:
            province = self._plan.province
            self._tell(f"simulating a day of {province.cameras:,} cameras and {province.offices} offices")
            self._day = load.simulate(province)
        return self._day

    def _tell(self, text: str) -> None:
        self._console.print(f"{time.monotonic() - self._began:5.0f} s  {text}", highlight=False)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--quick", is_flag=True, help="A small province and one round: rough figures in a minute or two.")
@click.option("--only", type=click.Choice(_PARTS), multiple=True, help="Measure only this (may be repeated).")
@click.option(
    "--against", metavar="REVISION", multiple=True, help="Measure the throughput of this revision's worker too."
)
def main(*, quick: bool, only: tuple[str, ...], against: tuple[str, ...]) -> None:
    r"""Measure the worker: throughput against its peers, memory, latency.

    \b
    Examples:
      make bench
      make bench ARGS="--quick --only throughput"
      make bench ARGS="--only throughput --against HEAD~20"    # what did the last twenty changes cost?

    All consumers read the same topic of the same Kafka, one after the other. Ratios within one run compare; absolute
    figures only describe a machine.
    """
    if against and "throughput" not in (only or _PARTS):
        raise click.UsageError("--against compares throughput, which --only leaves out; add --only throughput")
    console = Console(width=_WIDTH)
    console.print(report.machine(), highlight=False)
    with ExitStack() as stack:
        try:
            further = [throughput.earlier(each, stack.enter_context(checked_out(each))) for each in against]
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--against") from error
        broker = stack.enter_context(EmbeddedKafka())
        make_topics(broker.bootstrap)
        bench = _Bench(console, broker.bootstrap, _QUICK if quick else _FULL, further)
        steps = {"throughput": bench.throughput, "memory": bench.memory, "latency": bench.latency}
        for name in _PARTS:
            if name in (only or _PARTS):
                steps[name]()
    path = ROOT / "build" / "bench.json"
    report.write(path, bench.results)
    console.print(f"written: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
