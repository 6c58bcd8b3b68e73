"""`ioc record`: copies Kafka topics into a recording."""

import os
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Literal

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from ioc.config import load
from ioc.record import RecordOptions, record
from ioc.recording import RecordingWriter


class _Begin(click.ParamType):
    """`earliest`, `latest`, or an instant."""

    name = "earliest|latest|TIME"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Literal["earliest", "latest"] | int:
        """Return the name, or the instant in milliseconds since 1970 UTC."""
        text = str(value)
        if text == "earliest":
            return "earliest"
        if text == "latest":
            return "latest"
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None:
            self.fail(
                f"must be earliest, latest or a time with offset such as 2026-03-02T07:00:00+07:00, got {text!r}",
                param,
                ctx,
            )
        return int(instant.timestamp() * 1000)


@click.command("record")
@click.argument("topics", nargs=-1, required=True, metavar="TOPIC...")
@click.option(
    "--output", default="-", show_default="standard output", help="File: plain, .gz or .zst; - for standard output."
)
@click.option("--from", "begin", type=_Begin(), default="earliest", show_default=True, help="Where to start.")
@click.option("--max-records", type=click.IntRange(1), help="Stop after so many records.")
@click.option("--until-end", is_flag=True, help="Stop where the topics end now.")
@click.option("--for", "seconds", type=click.FloatRange(0, min_open=True), help="Stop after so many seconds.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="TOML file with the section [kafka].")
def command(
    *,
    topics: tuple[str, ...],
    output: str,
    begin: Literal["earliest", "latest"] | int,
    max_records: int | None,
    until_end: bool,
    seconds: float | None,
    config: Path | None,
) -> None:
    """Copy the records of each TOPIC into a recording, keys, headers and timestamps included; Ctrl-C ends it too.

    \b
    Examples:
      ioc record ioc.camera-events --until-end --output cameras.ndjson.zst
      ioc record ioc.camera-events ioc.field-reports --from latest --for 600 --output now.ndjson.gz
      ioc record ioc.incidents --until-end | head
    """
    kafka = load(config, os.environ).kafka
    options = RecordOptions(begin=begin, max_records=max_records, until_end=until_end, seconds=seconds)
    started_s = time.monotonic()
    shown = sys.stderr.isatty() and output != "-"
    columns = SpinnerColumn(), TextColumn("{task.completed:.0f} records")
    with (
        RecordingWriter(output) as writer,
        Progress(*columns, console=Console(stderr=True), disable=not shown, transient=True) as bar,
    ):
        task = bar.add_task("recording", total=None)
        try:
            record(kafka, topics, writer, options, lambda written: bar.update(task, completed=written))
        except KeyboardInterrupt:
            if max_records is not None or until_end:
                raise
    seconds = time.monotonic() - started_s
    click.echo(
        f"{writer.records} records, {writer.bytes / 1e6:.1f} MB before compression, in {seconds:.1f} s "
        f"({writer.records / seconds:.0f} records/s)",
        err=True,
    )
