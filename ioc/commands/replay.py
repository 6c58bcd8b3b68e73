"""`ioc replay`: sends a recording to Kafka, at its own pace or faster."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import cast

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ioc.config import load
from ioc.errors import KafkaUnavailable
from ioc.kafka import reaching
from ioc.recording import Recording
from ioc.replay import Anchor, ReplayOptions, replay_to_kafka
from streams.punctuation import CLOSE_AFTER_MS

_SECOND_MS = 1000


class _Speed(click.ParamType):
    """`original`, `max`, or a factor such as `60x`."""

    name = "original|max|FACTORx"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the factor, infinity for as fast as possible."""
        text = str(value)
        if text in {"original", "max"}:
            return 1.0 if text == "original" else float("inf")
        try:
            factor = float(text.removesuffix("x"))
        except ValueError:
            factor = 0.0
        if not factor > 0:
            self.fail(f"must be original, max or a factor above 0 such as 60x, got {text!r}", param, ctx)
        return factor


@click.command("replay")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--speed", type=_Speed(), default="max", show_default=True, help="Pace by the records' timestamps.")
@click.option(
    "--shift-to-now",
    "anchor",
    type=click.Choice(["first", "last"]),
    help="Move all times by one offset so that the first, or the last, record is now.",
)
@click.option("--topic-map", "renames", multiple=True, metavar="OLD=NEW", help="Send a topic under another name.")
@click.option(
    "--close-after",
    "close_after_s",
    type=click.FloatRange(0),
    default=CLOSE_AFTER_MS / _SECOND_MS,
    show_default=True,
    help="Seconds behind the last record at which the closing punctuation stands.",
)
@click.option("--no-punctuation", is_flag=True, help="Send the records alone; the last windows then stay open.")
@click.option("--lenient", is_flag=True, help="Skip and count lines that are no records.")
@click.option("--progress/--no-progress", default=None, help="Show a bar on standard error  [default: on a terminal]")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="TOML file with the section [kafka].")
def command(
    *,
    file: Path,
    speed: float,
    anchor: str | None,
    renames: tuple[str, ...],
    close_after_s: float,
    no_punctuation: bool,
    lenient: bool,
    progress: bool | None,
    config: Path | None,
) -> None:
    """Send the recording FILE to Kafka: keys, headers and timestamps stay, partitions follow from the keys.

    FILE is plain, .gz or .zst, or - for standard input (kept in a temporary file: it is read twice).

    \b
    Examples:
      ioc replay demo.ndjson.zst
      ioc replay demo.ndjson.zst --speed 60x --shift-to-now last
      ioc simulate --days 1 | ioc replay -
      ioc replay night.ndjson.gz --topic-map ioc.camera-events=test.camera-events
    """
    kafka = load(config, os.environ).kafka
    options = ReplayOptions(
        speed=None if speed == float("inf") else speed,
        anchor=cast("Anchor | None", anchor),
        topics=_topic_map(renames),
        close_after_ms=None if no_punctuation else round(close_after_s * _SECOND_MS),
    )
    shown = sys.stderr.isatty() if progress is None else progress
    columns = TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with _twice_readable(file) as source:
        recording = Recording(source, lenient=lenient)
        outline = recording.outline()
        bar = Progress(*columns, console=Console(stderr=True), disable=not shown, transient=True)
        with reaching(kafka), bar:
            task = bar.add_task("replaying", total=outline.records)
            done = replay_to_kafka(
                kafka, recording.chunks(), outline, options, lambda sent: bar.update(task, completed=sent)
            )
    rate = done.records / done.seconds if done.seconds > 0 else 0.0
    skipped = f", {recording.bad_lines} bad lines skipped" if lenient else ""
    click.echo(
        f"{done.records} records, {done.payload_bytes / 1e6:.1f} MB in {done.seconds:.1f} s ({rate:.0f} records/s), "
        f"{done.refused} refused{skipped}",
        err=True,
    )
    if done.refused:
        raise KafkaUnavailable(
            f"{done.refused} of {done.records} records were refused, first: {done.first_refusal}; "
            "compare max.message.bytes and retention of the topics with the recording"
        )


@contextlib.contextmanager
def _twice_readable(file: Path) -> Iterator[Path]:
    """Give a path that can be read twice: the file's own, or that of a copy of standard input."""
    if str(file) != "-":
        yield file
        return
    with NamedTemporaryFile(prefix="ioc-replay-") as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
        copy.flush()
        yield Path(copy.name)


def _topic_map(renames: tuple[str, ...]) -> dict[str, str]:
    pairs = [rename.partition("=") for rename in renames]
    for old, equals, new in pairs:
        if not (old and equals and new):
            raise click.BadParameter(f"must be OLD=NEW, got {old + equals + new!r}", param_hint="--topic-map")
    return {old: new for old, _, new in pairs}
