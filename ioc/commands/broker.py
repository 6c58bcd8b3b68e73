"""`ioc broker`: the embedded Kafka in the foreground, with the declared topics."""

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import cast

import click

from ioc.broker import EmbeddedKafka
from ioc.config import Kafka, load
from ioc.errors import KafkaUnavailable
from ioc.topics import Retention, apply_topics


@click.command("broker")
@click.option("--port", type=click.IntRange(0, 65_535), default=9092, show_default=True, help="0 takes a free one.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory that keeps the records  [default: a temporary one]",
)
@click.option("--partitions", type=click.IntRange(1, 10_000), help="Of each source topic  [default: kafka.partitions]")
@click.option(
    "--retention",
    type=click.Choice(["keep", "declared"]),
    default="keep",
    show_default=True,
    help="`declared` deletes by age, as in production.",
)
def command(port: int, data: Path | None, partitions: int | None, retention: str) -> None:
    """Run Apache Kafka here until Ctrl-C, on 127.0.0.1 only, with the declared topics. No Java is needed.

    The first start fetches 44 MB into ~/.cache/ioc.

    \b
    Examples:
      ioc broker                        then, elsewhere: ioc worker
      ioc broker --port 0 --data kafka  a free port; records stay in ./kafka
    """
    partitions = partitions or load(None, os.environ).kafka.partitions
    with EmbeddedKafka(port=port, data=data) as broker:
        changes = apply_topics(Kafka(bootstrap=broker.bootstrap), partitions, cast("Retention", retention))
        stopped = _until_signalled()
        _greet(broker, len(changes), data)
        while not stopped.wait(0.5):
            if not broker.running:
                raise KafkaUnavailable(f"the embedded Kafka ended by itself; its log ends with:\n{broker.log_tail()}")
    click.echo("stopped", err=True)


def _until_signalled() -> threading.Event:
    """Return an event that SIGINT and SIGTERM set: both are the usual end, not an error."""
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopped


def _greet(broker: EmbeddedKafka, changed: int, data: Path | None) -> None:
    click.echo(f"bootstrap {broker.bootstrap}")
    click.echo(f"  {changed} topics made or mended; records in {broker.directory}{'' if data else ' (temporary)'}")
    click.echo("  use it:  " + f"IOC_KAFKA_BOOTSTRAP={broker.bootstrap} ioc worker")
    click.echo(f"  look in: ioc topics, or kcat -b {broker.bootstrap} -L")
    click.echo("  Ctrl-C stops it")
    sys.stdout.flush()
