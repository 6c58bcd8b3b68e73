"""`ioc detect`: the whole fold over a recording, without Kafka."""

import os
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from ioc.app import Assembly
from ioc.config import load
from ioc.detection import Detection
from ioc.recording import Recording
from streams.topics import ANOMALIES, INCIDENTS


@click.command("detect")
@click.argument("recording")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="TOML file; the defaults need none.")
@click.option("--anomalies", is_flag=True, help="Print the anomalies instead of the incidents.")
def command(*, recording: str, config_file: Path | None, anomalies: bool) -> None:
    """Print the incidents in RECORDING as NDJSON, one a line, by start time, in their last state.

    RECORDING is NDJSON as `kcat -J` prints it, plain, .gz or .zst, or - for standard input. The accounting of the
    records goes to standard error.

    \b
    Examples:
      ioc detect recording.ndjson.gz
      ioc detect recording.ndjson.gz | jq -r '[.start, .rule, .severity, .explanation.en] | @tsv'
      kcat -C -e -J -b localhost:9092 -t ioc.camera-events | ioc detect -
    """
    detection = Detection(Assembly(load(config_file, os.environ)))
    source = Recording(recording)
    latest: dict[bytes, bytes] = {}
    size = Path(recording).stat().st_size if Path(recording).is_file() else None
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("detecting", total=size)
        for record in detection.run(source.batches()):
            progress.update(task, completed=source.bytes_read)
            if record.topic == INCIDENTS:
                latest[record.key] = record.value
            elif anomalies and record.topic == ANOMALIES:
                sys.stdout.buffer.write(record.value + b"\n")
    if not anomalies:
        for line in latest.values():
            sys.stdout.buffer.write(line + b"\n")
    sys.stdout.flush()
    click.echo(detection.ledger.line(), err=True)
