"""`ioc backtest`: score a user's own series, causally."""

import csv
import sys
from pathlib import Path

import click

from ioc.backtest import run
from ioc.errors import InputError


@click.command()
@click.argument("series", metavar="SERIES.csv")
def command(series: str) -> None:
    """Score a series of one's own: prints timestamp,value,score.

    SERIES.csv has the columns timestamp (ISO 8601, not decreasing) and value, in any step and with gaps; `-` reads
    standard input and answers row by row. The score lies in [0, 1] and never looks ahead: 0 is usual, 0.5 one in a
    million.

    \b
    Examples:
      ioc backtest counts.csv > scored.csv
      tail -F counts.csv | ioc backtest -
    """
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("timestamp", "value", "score"))
    try:
        if series == "-":
            for row in run(sys.stdin, "standard input", rows_at_once=1):
                writer.writerow((row.timestamp, row.value, f"{row.score:.6f}"))
                sys.stdout.flush()
            return
        with Path(series).open(newline="", encoding="utf-8-sig") as lines:
            for row in run(lines, series):
                writer.writerow((row.timestamp, row.value, f"{row.score:.6f}"))
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise InputError(f"{series}: {error.strerror}; name a CSV file, or - for standard input") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{series}: {error}; need a CSV file in UTF-8") from None
