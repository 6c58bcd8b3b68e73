"""Checks whether a sensor that was told to be dead was: whether it counted nothing for a day and a night on end.

That is what the labels of dead sensors say too. Nothing of the product is used but its incidents.
"""

import gzip
import itertools
import json
from functools import cache

from tests.recordings.labelled import CAMERAS, Found, file

_DAY_S = 24 * 3600
_HOUR_S = 3600


@cache
def _counts() -> dict[str, list[tuple[float, float]]]:
    """Return the time of each count of a sensor in seconds since 1970 UTC, and the count, in order."""
    counts: dict[str, list[tuple[float, float]]] = {}
    with gzip.open(file(CAMERAS)) as lines:
        for line in lines:
            record = json.loads(line)
            data = json.loads(record["payload"])["data"]
            if data.get("count") is not None:
                counts.setdefault(data["camera_id"], []).append((record["ts"] / 1000, data["count"]))
    return {sensor: sorted(each) for sensor, each in counts.items()}


def was_dead(incident: Found) -> bool:
    """Whether the one sensor of an incident counted nothing for a day while the incident lasted, or began with it."""
    sensors = {series.split("/")[2] for series in incident.series}
    begin_s = incident.start.timestamp()
    end_s = float("inf") if incident.end is None else incident.end.timestamp()
    return len(sensors) == 1 and any(
        begin <= end_s and begin_s - _HOUR_S <= end for begin, end in _dead(_counts()[sensors.pop()])
    )


def _dead(counts: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the first and last time of each stretch of nothing that is a day long.

    Examples
    --------
    >>> _dead([(hour * 3600.0, float(not 5 <= hour <= 30)) for hour in range(40)])
    [(18000.0, 108000.0)]
    >>> _dead([(hour * 3600.0, float(not 5 <= hour <= 28)) for hour in range(40)])
    []
    """
    runs = (list(run) for nothing, run in itertools.groupby(counts, key=lambda each: each[1] == 0) if nothing)
    return [(run[0][0], run[-1][0]) for run in runs if run[-1][0] - run[0][0] >= _DAY_S]
