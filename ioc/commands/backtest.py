"""`ioc backtest`: score a user's own series, causally."""

import csv
import os
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ioc.backtest import run
from ioc.backtest_files import HEADER, Job, jobs, score_files, scored, write
from ioc.errors import InputError
from ioc.nab import nab_jobs
from ioc.plotting import plot


@click.command("backtest")
@click.argument("source", metavar="SERIES.csv|FOLDER|-", type=click.Path(path_type=Path, allow_dash=True))
@click.argument("target", metavar="[OUT_DIR]", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option("--nab", is_flag=True, help="FOLDER holds the Numenta Anomaly Benchmark; write its tree of results.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=os.cpu_count() or 1,
    show_default="one per processor",
    help="Processes that score a folder.",
)
@click.option(
    "--plot",
    "picture",
    metavar="PNG",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw one series and its scores as well (needs matplotlib).",
)
@click.option("--progress/--no-progress", default=None, help="Show a bar on standard error  [default: on a terminal]")
def command(
    *, source: Path, target: Path | None, nab: bool, workers: int, picture: Path | None, progress: bool | None
) -> None:
    """Score series of one's own: prints timestamp,value,score, or writes them to OUT_DIR for a folder of series.

    SERIES.csv has the columns timestamp (ISO 8601, not decreasing) and value, in any step and with gaps; `-` reads
    standard input and answers row by row. Of a FOLDER all *.csv are scored, also those in its folders. The score lies
    in [0, 1] and never looks ahead: 0 is usual, 0.5 deserves a look. All series are scored by one configuration.

    \b
    Examples:
      ioc backtest counts.csv > scored.csv
      ioc backtest counts.csv --plot counts.png > scored.csv
      tail -F counts.csv | ioc backtest -
      ioc backtest series/ scored/ --workers 2
      ioc backtest --nab NAB/data/ results/
    """
    if str(source) == "-":
        _refuse(target, nab, picture)
        _stream()
    elif nab or source.is_dir():
        if target is None:
            raise click.UsageError(f"{source} is a folder: name one for the results, ioc backtest {source} OUT_DIR")
        if picture is not None:
            raise click.UsageError("--plot draws one series; name its file instead of the folder")
        _folder(nab_jobs(source, target) if nab else jobs(source, target), workers, progress)
    else:
        _refuse(target, nab, None)
        _file(source, picture)


def _refuse(target: Path | None, nab: bool, picture: Path | None) -> None:
    if target is not None or nab or picture is not None:
        raise click.UsageError(
            "OUT_DIR and --nab need a folder of series, --plot a file; results go to standard output"
        )


def _stream() -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(HEADER)
    try:
        for row in run(sys.stdin, "standard input", rows_at_once=1):
            writer.writerow((row.timestamp, row.value, f"{row.score:.6f}"))
            sys.stdout.flush()
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"standard input: {error}; need CSV in UTF-8") from None


def _file(source: Path, picture: Path | None) -> None:
    if picture is None:
        write(scored(source), sys.stdout)
        return
    rows = list(scored(source))
    plot(rows, source.name, picture)
    write(rows, sys.stdout)


def _folder(work: list[Job], workers: int, progress: bool | None) -> None:
    shown = sys.stderr.isatty() if progress is None else progress
    columns = TextColumn("scoring"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), disable=not shown, transient=True) as bar:
        task = bar.add_task("scoring", total=len(work))
        score_files(work, workers, lambda done: bar.advance(task, done))
    click.echo(f"{len(work)} series scored", err=True)
