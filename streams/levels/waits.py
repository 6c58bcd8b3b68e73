"""What a unit's queues are heading for: the wait ahead, the counters open, and those that would keep the target."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from detectors.arrays import Floats, Ints
from detectors.erlang import MOST_COUNTERS, counters_needed, erlang_a
from detectors.queueing import QueueBlock
from streams.anomalies import Series
from streams.blocks import pack, unpack
from streams.events import Event
from streams.levels.inflow import Inflow
from streams.levels.patience import Patience
from streams.measures import NOTHING, Labels, Measured

_MINUTE_MS = 60_000
_STALE_MS = 30 * _MINUTE_MS
_AT, _WAITING, _COUNTERS, _OPEN, _WAIT, _RATE, _SERVICE = range(7)


class WaitTargets(Struct, frozen=True, forbid_unknown_fields=True):
    """What is promised of waiting: ``target_s`` is the mean wait that enough counters are to keep."""

    target_s: Annotated[float, Meta(gt=0)] = 900.0


class QueueLevels:
    """The latest of every queue of one partition, and what stands of it for every unit."""

    def __init__(self, targets: WaitTargets) -> None:
        self._target_s = targets.target_s
        self._inflow = Inflow()
        self._patience = Patience()
        self._latest = np.empty((0, 7))
        self._minute: int | None = None
        self._due = False

    def hear(self, events: Sequence[Event], local_ms: Ints) -> None:
        """Learn from admitted tickets when people give up."""
        self._patience.observe(events, local_ms)

    def follow(self, block: QueueBlock, wait_s: Floats, queues: int) -> Floats:
        """Take in snapshots with their predicted waits; return how many counters each queue needs then.

        Parameters
        ----------
        block : QueueBlock
            Snapshots in order of time.
        wait_s : (n,) float64
            Mean wait of a newcomer, NaN where it isn't known.
        queues : int
            How many queues there are.

        Returns
        -------
        (n,) float64
            The counters that keep the mean wait within the target when people go on to come as in the last half hour
            (Erlang C), and that call a newcomer in time behind those who wait already; 0 where no wait is predicted.
        """
        fresh = queues - len(self._latest)
        self._latest = np.concatenate([self._latest, np.full((fresh, 7), np.nan)])
        with np.errstate(invalid="ignore"):
            known = np.flatnonzero((block.waiting >= 0.0) & (block.counters_open >= 0.0))
        taken = QueueBlock._make(column[known] for column in block)
        service_s = taken.counters_open * wait_s[known] / (taken.waiting + 1.0)
        rate = self._inflow.follow(taken, queues)
        self._keep(taken, wait_s[known], rate, service_s)
        needed = np.zeros(len(block.series))
        told = np.isfinite(service_s)
        needed[known[told]] = self._needed(rate[told], service_s[told], taken.counters_open[told] * wait_s[known][told])
        return needed

    def _keep(self, taken: QueueBlock, wait_s: Floats, rate: Floats, service_s: Floats) -> None:
        latest, rows = self._latest, taken.series
        for column, values in (
            (_AT, taken.at_ms),
            (_WAITING, taken.waiting),
            (_COUNTERS, taken.counters_open),
            (_OPEN, taken.status_open),
            (_WAIT, np.where(taken.waiting > 0.0, wait_s, 0.0)),
            (_RATE, rate),
        ):
            latest[rows, column] = values  # of several snapshots of a queue the last one stays
        told = np.isfinite(service_s)
        latest[rows[told], _SERVICE] = service_s[told]

    def _needed(self, rate: Floats, service_s: Floats, work_s: Floats) -> Floats:
        """Return the counters needed for arrivals, and for the work that waits already."""
        arrivals = counters_needed(np.nan_to_num(rate), service_s, self._target_s)
        needed: Floats = np.maximum(arrivals, self._for_work(work_s))
        return needed

    def _for_work(self, work_s: Floats) -> Floats:
        """Return the counters that end within the target the work that waits already, seconds of one counter."""
        ahead: Floats = np.ceil(np.minimum(work_s / self._target_s, MOST_COUNTERS))
        return ahead

    def measured(self, series: Sequence[Series]) -> Measured:
        """Return what stands for the units if a minute of event time has passed since it was told."""
        if not self._due:
            return NOTHING
        self._due = False
        latest, now_ms = self._latest, (self._minute or 0) * _MINUTE_MS
        rows = np.flatnonzero(latest[:, _AT] > now_ms - _STALE_MS)
        queues: defaultdict[Labels, list[tuple[float, float, float]]] = defaultdict(list)
        counters: defaultdict[Labels, float] = defaultdict(float)
        needed: defaultdict[Labels, float] = defaultdict(float)
        for row, enough in zip(rows.tolist(), self._enough(rows, series), strict=True):
            of = series[row].tenant, series[row].unit_code
            if not latest[row, _OPEN]:
                counters[of] += 0.0
                continue
            counters[of] += float(latest[row, _COUNTERS])
            if not math.isnan(latest[row, _WAIT]):
                queues[of].append((*latest[row, [_WAIT, _RATE, _WAITING]].tolist(),))
            if not math.isnan(enough):
                needed[of] += enough
        return Measured(
            standing={
                "queue_predicted_wait_seconds": {of: _mean_wait(each) for of, each in queues.items()},
                "queue_counters_open": dict(counters),
                "queue_counters_needed": dict(needed),
            }
        )

    def _enough(self, rows: Ints, series: Sequence[Series]) -> list[float]:
        """Return the counters that each queue needs now, NaN where its arrivals or its service time aren't known.

        Where tickets show that people give up, fewer do: those of Erlang A.
        """
        latest = self._latest[rows]
        known = np.isfinite(latest[:, _RATE]) & (np.isfinite(latest[:, _SERVICE]) | (latest[:, _RATE] == 0.0))
        enough = np.full(len(rows), np.nan)
        rate, service_s = latest[known, _RATE], np.nan_to_num(latest[known, _SERVICE])
        steady = counters_needed(rate, service_s, self._target_s)
        patience_s = [self._patience.seconds(series[row].entity) for row in rows[known].tolist()]
        patient = [
            self._impatient(*each)
            for each in zip(steady.tolist(), rate.tolist(), service_s.tolist(), patience_s, strict=True)
        ]
        work_s = np.nan_to_num(latest[known, _COUNTERS] * latest[known, _WAIT])
        enough[known] = np.maximum(self._for_work(work_s), patient)
        return enough.tolist()

    def _impatient(self, counters: int, rate: float, service_s: float, patience_s: float) -> int:
        """Return the least number of counters that keeps the target when people give up; who waits is who stays."""
        if counters == MOST_COUNTERS or math.isinf(patience_s):
            return counters
        while counters > 1 and erlang_a(counters - 1, rate, service_s, patience_s)[1] * patience_s <= self._target_s:
            counters -= 1
        return counters

    def pass_time(self, watermark_ms: int) -> None:
        """Note how far event time has come: once a minute it is worth telling what stands."""
        minute = watermark_ms // _MINUTE_MS
        if minute != self._minute:
            self._minute, self._due = minute, True

    def snapshot(self, name: str) -> dict[str, bytes]:
        """Return the state as blocks."""
        return {
            **self._inflow.snapshot(f"{name}/inflow"),
            **pack(f"{name}/latest", {"latest": self._latest}),
            f"{name}/patience": self._patience.snapshot(),
        }

    def restore(self, name: str, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh one; without any it starts cold."""
        if f"{name}/patience" not in blocks:
            return
        self._inflow.restore(f"{name}/inflow", blocks)
        self._latest = unpack(f"{name}/latest", blocks)["latest"].astype(np.float64)
        self._patience.restore(blocks[f"{name}/patience"])


def _mean_wait(queues: Sequence[tuple[float, float, float]]) -> float:
    """Return the mean wait of those who come now to queues of (wait, arrivals per second, people waiting).

    Where nobody was seen to come lately, it is that of those who wait.

    Examples
    --------
    >>> _mean_wait([(1200.0, 0.01, 9.0), (0.0, 0.03, 0.0)]), _mean_wait([(1200.0, math.nan, 9.0), (0.0, math.nan, 0.0)])
    (300.0, 1200.0)
    """
    for weigh in (1, 2):
        weights = [0.0 if math.isnan(queue[weigh]) else queue[weigh] for queue in queues]
        if (total := math.fsum(weights)) > 0.0:
            return math.fsum(queue[0] * weight for queue, weight in zip(queues, weights, strict=True)) / total
    return 0.0
