"""The recorded year-end rush as Prometheus would see it: the waits that stage 1 predicts, minute by minute."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from ioc.app import Assembly
from ioc.config import Config
from ioc.recording import Recording
from streams.measures import Labels
from streams.records import RecordBatch
from tests.recordings.labelled import QUEUES, SITES, file

MINUTE_MS = 60_000
FAMILY = "queue_predicted_wait_seconds"


def by_minute(batch: RecordBatch) -> Iterator[RecordBatch]:
    """Yield a batch cut where the minute of its ingest time changes, as a worker that keeps up has it."""
    minutes = np.asarray(batch.timestamps_ms) // MINUTE_MS
    edges = [0, *(np.flatnonzero(np.diff(minutes)) + 1).tolist(), len(batch)]
    for first, end in pairwise(edges):
        yield batch.part(first, end)


def predicted_waits(start: datetime, end: datetime) -> dict[Labels, list[float | None]]:
    """Return by tenant and unit what the gauge says at every minute of wall time from ``start`` to ``end``.

    A minute without records lets time pass, as for a worker that has read all there is.
    """
    assembly = Assembly(Config(site=SITES[QUEUES]))
    first_ms, minutes = int(start.timestamp() * 1000), int((end - start) / timedelta(minutes=1)) + 1
    shown: dict[Labels, list[float | None]] = {}
    standing: dict[Labels, float] = {}
    stage, now = None, 0
    for whole in Recording(file(QUEUES)).batches():
        for batch in by_minute(whole):
            minute = (batch.timestamps_ms[0] - first_ms) // MINUTE_MS
            while now < min(minute, minutes):
                if stage is not None:
                    idle = stage.idle(first_ms + now * MINUTE_MS)
                    standing = dict(idle.measured.standing.get(FAMILY, standing))
                for labels, value in standing.items():
                    shown.setdefault(labels, [None] * minutes)[now] = value
                now += 1
            if now == minutes:
                return shown
            stage = stage or assembly.find(batch.topic, batch.partition)
            measured = stage.process(batch, batch.timestamps_ms[-1]).measured
            standing = dict(measured.standing.get(FAMILY, standing))
    return shown


def input_series(shown: dict[Labels, list[float | None]]) -> list[dict[str, Any]]:
    """Return the waits as the input of promtool's tests, a value a minute."""
    return [
        {
            "series": f'ioc_{FAMILY}{{tenant="{tenant}", unit="{unit}"}}',
            "values": " ".join("_" if value is None else f"{value:.0f}" for value in values),
        }
        for (tenant, unit), values in sorted(shown.items())
    ]
