"""`make bench`: measures the worker against its peers in one run, and writes `build/bench.json`."""

import time

import click
from rich.console import Console

from ioc.broker import EmbeddedKafka
from streams.topics import CAMERA_EVENTS
from tests.bench import load, report, throughput
from tests.bench.cluster import ROOT, make_topics

_LARGE = load.Province(cameras=2000, offices=319)
_SMALL = load.Province(cameras=400, offices=60)
_PARTS = ("throughput", "latency", "memory")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--quick", is_flag=True, help="A small province and one round: a minute, and rough figures.")
@click.option("--only", type=click.Choice(_PARTS), multiple=True, help="Measure only this (may be repeated).")
def main(*, quick: bool, only: tuple[str, ...]) -> None:
    r"""Measure the worker: throughput against its peers, latency, memory.

    \b
    Examples:
      make bench
      make bench ARGS="--quick --only throughput"

    All consumers read the same 4-partition topic of the same Kafka, one after the other; ratios of one run compare,
    absolute figures only describe a machine.
    """
    console = Console(width=120)
    console.print(report.machine())
    province = _SMALL if quick else _LARGE
    chosen = only or _PARTS
    results: list[object] = []
    began = time.monotonic()

    def tell(text: str) -> None:
        console.print(f"{time.monotonic() - began:5.0f} s  {text}", highlight=False)

    with EmbeddedKafka() as broker:
        make_topics(broker.bootstrap)
        if "throughput" in chosen:
            tell(f"simulating a day of {province.cameras} cameras and {province.offices} offices")
            day = load.simulate(province)
            cameras = [batch for batch in day if batch.topic == CAMERA_EVENTS]
            produced = load.produce(broker.bootstrap, cameras) + load.produce(broker.bootstrap, load.later(cameras, 1))
            tell(f"{produced:,} camera events loaded")
            compared = throughput.measure(broker.bootstrap, produced, 1 if quick else 3, tell)
            report.show_throughput(console, compared)
            results += compared
    report.write(ROOT / "build" / "bench.json", results)


if __name__ == "__main__":
    main()
