"""Backtest of whole folders: CSV files in, the same tree with scores out, several processes at a time."""

import csv
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import zip_longest
from multiprocessing import get_context
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from ioc.backtest import Backtest, Scored, blocked, run
from ioc.errors import InputError
from ioc.series_csv import HOUR_MS, Reading, read

HEADER = ("timestamp", "value", "score")
_TOGETHER = 8  # series that share the calls into NumPy; more of them is faster, but leaves fewer parts to the workers


class Job(NamedTuple):
    """One file to score, where the result goes, and whether its times may go back."""

    source: Path
    target: Path
    any_order: bool = False  # rows may go back in time by any span: each counts as read when the one above was


def write(rows: Iterator[Scored] | Sequence[Scored], out: IO[str]) -> None:
    """Write rows as CSV, header first."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows((row.timestamp, row.value, f"{row.score:.6f}") for row in rows)


def scored(path: Path) -> Iterator[Scored]:
    """Yield the rows of a file with their scores.

    Raises
    ------
    InputError
        The file can't be read or is no such CSV.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            yield from run(lines, str(path))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: OSError | UnicodeDecodeError | csv.Error) -> InputError:
    """Return what to say of a file that can't be read."""
    if isinstance(error, OSError):
        return InputError(f"{path}: {error.strerror}; name a CSV file, a folder of them, or - for standard input")
    return InputError(f"{path}: {error}; need a CSV file in UTF-8")


def jobs(source: Path, target: Path) -> list[Job]:
    """Return a job for each CSV file below ``source``, by name; results take the same place below ``target``.

    Raises
    ------
    InputError
        There are none, or ``target`` lies in ``source`` or the other way round.
    """
    above, below = source.resolve(), target.resolve()
    if above == below or above in below.parents or below in above.parents:
        raise InputError(f"{target}: results must not lie in {source}, nor the other way round; name another folder")
    files = sorted(path for path in source.rglob("*.csv") if path.is_file())
    if not files:
        raise InputError(f"{source}: no *.csv in it; need files with the columns timestamp,value")
    return [Job(path, target / path.relative_to(source)) for path in files]


def score_files(work: Sequence[Job], workers: int, report: Callable[[int], None] = lambda _: None) -> None:
    """Score all files, files of like size together, and write the results.

    Parameters
    ----------
    work : sequence of Job
        What to do.
    workers : int
        Processes; 1 does it in this one.
    report : callable
        Told how many files are done after each part.

    Raises
    ------
    InputError
        A file can't be read or a result not written; other files may be done.
    """
    by_size = sorted(work, key=lambda job: (-_size(job.source), job.source))
    together = min(_TOGETHER, -(-len(by_size) // workers))
    parts = [by_size[start : start + together] for start in range(0, len(by_size), together)]
    if workers == 1:
        for part in parts:
            report(_score_together(part))
        return
    with ProcessPoolExecutor(min(workers, len(parts)), mp_context=get_context("spawn")) as pool:
        running: set[Future[int]] = {pool.submit(_score_together, part) for part in parts}
        try:
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    report(future.result())
        finally:
            pool.shutdown(cancel_futures=True)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise unreadable(path, error) from None


def _score_together(part: Sequence[Job]) -> int:
    """Score files in step, a row of each at a time; return their number."""
    series = [_readings(job) for job in part]
    backtest = Backtest(len(series))
    scores: list[list[float]] = [[] for _ in series]
    for step in zip_longest(*series):
        rows = [(row, number) for number, row in enumerate(step) if row is not None]
        rows.sort(key=lambda pair: pair[0].at_ms)
        numbers = np.array([number for _, number in rows], dtype=np.int64)
        grades = backtest.update(blocked([row for row, _ in rows], numbers)).tolist()
        for (_, number), grade in zip(rows, grades, strict=True):
            scores[number].append(grade)
    for job, readings, own in zip(part, series, scores, strict=True):
        rows_out = [Scored(row.timestamp, row.text, grade) for row, grade in zip(readings, own, strict=True)]
        try:
            job.target.parent.mkdir(parents=True, exist_ok=True)
            with job.target.open("w", newline="", encoding="utf-8") as out:
                write(rows_out, out)
        except OSError as error:
            raise InputError(f"{job.target}: {error.strerror}; name a folder that can be written") from None
    return len(part)


def _readings(job: Job) -> list[Reading]:
    back_ms = math.inf if job.any_order else HOUR_MS
    try:
        with job.source.open(newline="", encoding="utf-8-sig") as lines:
            return list(read(lines, str(job.source), back_ms=back_ms))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise unreadable(job.source, error) from None
