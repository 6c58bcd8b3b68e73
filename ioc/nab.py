"""The tree of the Numenta Anomaly Benchmark: which series it has, and where a detector's results belong."""

import json
from pathlib import Path

from ioc.backtest_files import Job, jobs
from ioc.errors import InputError

WINDOWS = "windows.json"


def nab_jobs(data: Path, target: Path) -> list[Job]:
    """Return a job for each series of the benchmark's data folder.

    Parameters
    ----------
    data : Path
        Folder of ``<category>/<series>.csv``; with a ``windows.json`` beside them, the series it names are meant (only
        the names are read, never the labels), else all.
    target : Path
        Where the same tree is written, with a column ``score``.

    Raises
    ------
    InputError
        There are no series, or ``windows.json`` names one that is not there.
    """
    found = [job._replace(any_order=True) for job in jobs(data, target)]  # its files are what they are
    try:
        names = json.loads((data / WINDOWS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return found
    except (OSError, ValueError) as error:
        raise InputError(f"{data / WINDOWS}: {error}; need the benchmark's JSON object of series and windows") from None
    by_name = {job.source.relative_to(data).as_posix(): job for job in found}
    missing = sorted(set(names) - set(by_name))
    if missing:
        raise InputError(f"{data}: {missing[0]} is named in {WINDOWS} but not there ({len(missing)} such)")
    return [by_name[name] for name in sorted(names)]
