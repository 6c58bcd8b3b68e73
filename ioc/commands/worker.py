"""`ioc worker`: consume, detect, fold, serve `/metrics`."""

import logging
import os
import sys
from pathlib import Path

import click

from ioc.config import load
from ioc.worker import work


@click.command("worker")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="TOML file; the defaults need none.")
@click.option("--verbose", is_flag=True, help="Log also what goes well.")
def command(*, config_file: Path | None, verbose: bool) -> None:
    """Consume the source topics until SIGTERM or Ctrl-C; find anomalies, fold them into incidents, serve /metrics.

    State survives a restart: it is snapshotted to `ioc.snapshots`, and input offsets are committed only behind it.
    Start more workers with the same configuration to share the partitions.

    \b
    Examples:
      ioc worker
      ioc worker --config /etc/ioc/ioc.toml
      IOC_KAFKA_BOOTSTRAP=kafka-1:9093 IOC_METRICS_PORT=0 ioc worker

    Exit codes: 0 after SIGTERM, 130 after Ctrl-C, 1 a bug or a refused output, 4 Kafka, 7 a codec is
    missing, 8 lag without progress.
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("ioc").setLevel(logging.INFO)
    for library in ("kafka", "aiokafka"):
        logging.getLogger(library).setLevel(logging.CRITICAL)  # what matters of theirs becomes one of our errors
    sys.exit(work(load(config_file, os.environ)))
