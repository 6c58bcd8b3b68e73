"""`ioc detect`: the whole fold over a recording, without Kafka."""

import os
import sys
from datetime import datetime
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import Progress

from ioc.app import Assembly
from ioc.config import load
from ioc.detection import Detection
from ioc.recording import Recording
from streams.anomalies import Anomaly, from_value
from streams.reading import anomaly_line
from streams.topics import ANOMALIES, INCIDENTS


class _Head(msgspec.Struct):
    """What the lines are ordered by."""

    id: str
    start: str


@click.command("detect")
@click.argument("recording")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="TOML file; the defaults need none.")
@click.option("--anomalies", is_flag=True, help="Print every step of every anomaly instead of the incidents.")
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
    assembly = Assembly(load(config_file, os.environ))
    detection = Detection(assembly)
    source = Recording(recording)
    incidents: dict[bytes, bytes] = {}
    size = Path(recording).stat().st_size if Path(recording).is_file() else None
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("detecting", total=size)
        for record in detection.run(source.batches()):
            progress.update(task, completed=source.bytes_read)
            if record.topic == INCIDENTS:
                incidents[record.key] = record.value
            elif anomalies and record.topic == ANOMALIES:
                message = from_value(record.value)
                if isinstance(message, Anomaly):
                    _print(anomaly_line(message, assembly.offset_min, assembly.config.rules.major_wait_s))
    if not anomalies:
        for line in sorted(incidents.values(), key=_start):
            _print(line)
    sys.stdout.flush()
    click.echo(detection.ledger.line(), err=True)


def _print(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")


def _start(line: bytes) -> tuple[datetime, str]:
    head = msgspec.json.decode(line, type=_Head)
    return datetime.fromisoformat(head.start), head.id
