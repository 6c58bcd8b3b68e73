"""Queues at counters from their snapshots: how fast a counter calls, since when nobody was called, who keeps coming."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Floats, Ints, Scores, rounds
from detectors.bank import DAY_MS, NEVER, Column, Held, Table, check_order

Flags = NDArray[np.bool_]
_SMALLEST = 1e-300
_MOST = 1e9  # people or counters; more is no reading
_SHORTEST_S = 1e-6  # of a service: less is a reading of next to no counters
_LARGEST_NUMBER = 1e15  # of a ticket: differences below are exact
_TERMS = 4  # of Kummer's series: within 0.03 for ten calls, 0.09 for sixty


class QueueBlock(NamedTuple):
    """Snapshots of many queues in event-time order; several of one queue in a block are taken in their order.

    Attributes
    ----------
    series, at_ms, local_ms : (n,) int64
        As in `detectors.arrays.Block`.
    waiting : (n,) float64
        Tickets waiting; NaN, negative or above 1e9: unknown, the snapshot is neutral.
    counters_open : (n,) float64
        Open counters; NaN, negative or above 1e9: unknown, the snapshot is neutral.
    mean_service_s : (n,) float64
        The source's own mean service time; 0 or NaN: unknown.
    served : (n,) float64
        Running number of the last ticket called (the digits at the end of ``ticket_served``); NaN or beyond ±1e15:
        unknown.
    status_open : (n,) bool
        Whether the service says that it is open.
    """

    series: Ints
    at_ms: Ints
    local_ms: Ints
    waiting: Floats
    counters_open: Floats
    mean_service_s: Floats
    served: Floats
    status_open: Flags


class QueueParameters(NamedTuple):
    """Parameters of the queue detectors.

    Attributes
    ----------
    threshold_s : float
        `PredictedWait`: the wait that must not be exceeded, seconds.
    usual_service_s : float
        Service time of a counter before anything is known, seconds.
    prior_services : float
        Weight of the stated (or usual) service time, in observed services.
    memory_services : float
        Services after which the observed pace fades (e-fold).
    longest_gap_s : float
        Snapshots further apart say nothing about what happened between them.
    patience_s : float
        Time without any change after which readings count as stale: a closed day, or an office after hours.
    pause_factor : float
        `StalledCounter`: a stall shorter than this many median service times is normal.
    """

    threshold_s: float = 900.0
    usual_service_s: float = 600.0
    prior_services: float = 2.0
    memory_services: float = 40.0
    longest_gap_s: float = 1800.0
    patience_s: float = 7200.0
    pause_factor: float = 3.0

    def validated(self) -> "QueueParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        for name, value in self._asdict().items():
            if not 0.0 < value < np.inf:
                raise ValueError(f"queue.{name} must be above 0 and finite, is {value}")
        return self


class Moved(NamedTuple):
    """What happened since the previous snapshot, (m,) each."""

    rows: Ints
    block: QueueBlock
    connected: Flags
    seconds: Floats
    called: Floats
    came: Flags
    pace: Floats
    pace_known: Floats


class QueueBank(Held):
    """Base of the queue detectors: follows each queue's pace (services per counter and second) between snapshots.

    Pace is learned while people wait: from the running ticket numbers where given, else, where the source states no
    service time, from the shrinking of the queue. Whether a stretch between snapshots counts is decided by its
    beginning alone, else a queue of one, which is empty as soon as somebody is called, would only learn of stretches
    without a call; of one at whose end nobody waits the time up to the last call counts. The numbers of a stretch count
    as three standard deviations more than expected at most: numbering may be shared among queues, and jump. The stated
    mean counts as ``prior_services`` observations only: in practice it is often a constant that somebody typed in.
    """

    name: str
    version: int

    def __init__(self, parameters: QueueParameters | None = None, columns: Mapping[str, Column] | None = None) -> None:
        self.parameters = (parameters or QueueParameters()).validated()
        self._table = Table(
            self.name,
            {
                "last_ms": Column((), np.int64, NEVER),
                "day": Column((), np.int64, NEVER),
                "waiting": Column(),
                "counters": Column(),
                "served": Column(fill=np.nan),
                "services": Column(),
                "busy_s": Column(),
                "alive_ms": Column((), np.int64, NEVER),
                "stalled_ms": Column((), np.int64, NEVER),
                "came": Column(),
                **(columns or {}),
            },
        )

    def update(self, block: QueueBlock) -> Scores:
        """Score every snapshot, then learn it.

        Raises
        ------
        ValueError
            A column has the wrong dtype or length, a series is outside the bank, or time runs backwards.
        """
        _check(self.name, block, self.size)
        count = len(block.series)
        p_high, expected = np.ones(count), np.full(count, np.nan)
        with np.errstate(invalid="ignore"):
            known = (block.waiting >= 0.0) & (block.counters_open >= 0.0)
            known &= (block.waiting <= _MOST) & (block.counters_open <= _MOST)
            numbers = np.where(np.abs(block.served) <= _LARGEST_NUMBER, block.served, np.nan)
        block = block._replace(served=numbers)
        for indices in rounds(block.series):
            chosen = indices[known[indices]]
            if len(chosen):
                moved = self._follow(_take(block, chosen))
                p_high[chosen], expected[chosen] = self._judge(moved)
                self._learn(moved)
        return Scores(np.maximum(p_high, _SMALLEST), np.ones(count), expected)

    def _judge(self, moved: Moved) -> tuple[Floats, Floats]:
        raise NotImplementedError

    def _follow(self, block: QueueBlock) -> Moved:
        """Compare with the previous snapshot of each queue."""
        rows, table = block.series, self._table
        last = table.ints("last_ms")[rows]
        seconds = np.where(last == NEVER, 0.0, np.maximum(block.at_ms - np.maximum(last, 0), 0) / 1000.0)
        day = block.local_ms // DAY_MS
        same_day = (last != NEVER) & (table.ints("day")[rows] == day)
        connected = same_day & (seconds > 0.0) & (seconds <= self.parameters.longest_gap_s) & block.status_open
        waited, counters = table.floats("waiting")[rows], table.floats("counters")[rows]
        stated = block.mean_service_s > 0.0
        ticket = block.served - table.floats("served")[rows]
        possible = 3.0 + np.maximum(counters, 1.0) * seconds / 20.0
        numbered = (ticket >= 0.0) & (ticket <= possible)
        shrunk = np.maximum(waited - block.waiting, 0.0)
        called = np.where(numbered, np.maximum(ticket, shrunk), np.where(stated, np.nan, shrunk))
        progress = (numbered & (ticket > 0.0)) | (shrunk > 0.0)
        came = connected & (block.waiting + np.where(numbered, ticket, 0.0) > waited)
        self._follow_stall(block, connected, progress, came, same_day)
        parameters = self.parameters
        service = np.where(stated, np.clip(block.mean_service_s, 20.0, 7200.0), parameters.usual_service_s)
        pace, known = self._pace(rows, service)
        table.ints("last_ms")[rows] = np.maximum(last, block.at_ms)
        table.ints("day")[rows] = day
        return Moved(rows, block, connected, seconds, called, came, pace, known)

    def _pace(self, rows: Ints, service_s: Floats) -> tuple[Floats, Floats]:
        """Return services per counter and second, and the services that this estimate rests on: its Gamma shape.

        The logarithms of observed and stated service time are averaged: the stated one may be wrong by any factor. Time
        without a call outweighs the stated one, but leaves the pace as uncertain as it was.
        """
        services, busy_s = self._table.floats("services")[rows], self._table.floats("busy_s")[rows]
        worth = np.maximum(services, np.minimum(busy_s / service_s, self.parameters.memory_services))
        observed_s = np.where(busy_s > 0.0, np.maximum(busy_s / np.maximum(services, 0.5), _SHORTEST_S), service_s)
        share = worth / (worth + self.parameters.prior_services)
        pace = np.exp(-np.log(service_s) - share * np.log(observed_s / service_s))
        return pace, services + self.parameters.prior_services

    def _follow_stall(self, block: QueueBlock, connected: Flags, progress: Flags, came: Flags, same_day: Flags) -> None:
        """Keep since when nobody was called although people wait, how many came since, and the last sign of life."""
        rows, table = block.series, self._table
        since, arrivals = table.ints("stalled_ms"), table.floats("came")
        fresh = ~connected | progress | (block.waiting == 0.0) | (since[rows] == NEVER)
        since[rows] = np.where(fresh, block.at_ms, since[rows])
        arrivals[rows] = np.where(fresh, 0.0, arrivals[rows] + came)
        alive = table.ints("alive_ms")
        before = np.where(same_day, alive[rows], NEVER)
        alive[rows] = np.where(connected & (progress | came), block.at_ms, before)

    def _alive(self, moved: Moved) -> Flags:
        """Say where something changed today and not too long ago."""
        alive = self._table.ints("alive_ms")[moved.rows]
        age_s = (moved.block.at_ms - np.maximum(alive, 0)) / 1000.0
        recent: Flags = (alive != NEVER) & (age_s <= self.parameters.patience_s)
        return recent & moved.block.status_open

    def _learn(self, moved: Moved) -> None:
        table, block, rows = self._table, moved.block, moved.rows
        counters = table.floats("counters")[rows]
        useful = moved.connected & (table.floats("waiting")[rows] > 0.0) & (counters > 0.0) & ~np.isnan(moved.called)
        called = np.where(useful, moved.called, 0.0)
        possible = np.where(useful, counters * moved.seconds, 0.0)
        expected = possible * moved.pace
        busy_s, emptied = possible.copy(), np.flatnonzero(useful & ~(block.waiting > 0.0))
        if len(emptied):
            busy_s[emptied] *= _before_last(called[emptied], expected[emptied])
        most = expected + 3.0 + 3.0 * np.sqrt(expected + expected**2 / moved.pace_known)
        self._teach(moved, busy_s, np.minimum(called, most))
        table.floats("waiting")[rows] = block.waiting
        table.floats("counters")[rows] = block.counters_open
        table.floats("served")[rows] = np.where(np.isnan(block.served), table.floats("served")[rows], block.served)

    def _teach(self, moved: Moved, busy_s: Floats, called: Floats) -> Floats:
        """Let counters be open for so long and so many be called; return by how much what was known faded."""
        table, rows = self._table, moved.rows
        fade = np.exp(-np.minimum(np.maximum(busy_s * moved.pace, called) / self.parameters.memory_services, 50.0))
        table.floats("services")[rows] = fade * table.floats("services")[rows] + called
        table.floats("busy_s")[rows] = fade * table.floats("busy_s")[rows] + busy_s
        return fade


def _before_last(called: Floats, expected: Floats) -> Floats:
    """Return the share of a stretch that has passed at the last of the calls that emptied the queue, on average.

    The mean of a Gamma time cut at the stretch's end: k/(k+1) of it where calls are rare, k/expected where they are
    frequent; the ratio of the series of Kummer's functions M(1, k+2, expected) and M(1, k+1, expected).
    """
    above, below = np.ones_like(expected), 1.0 + expected / (called + 1.0)
    term_above, term_below = np.ones_like(expected), expected / (called + 1.0)
    for n in range(2, 2 + _TERMS):
        term_above = term_above * expected / (called + n)
        term_below = term_below * expected / (called + n)
        above, below = above + term_above, below + term_below
    share: Floats = called / (called + 1.0) * above / below
    return share


_COLUMNS = dict.fromkeys(("series", "at_ms", "local_ms"), np.int64) | dict.fromkeys(
    ("waiting", "counters_open", "mean_service_s", "served"), np.float64
)


def _check(owner: str, block: QueueBlock, size: int) -> None:
    for column in QueueBlock._fields:
        dtype = np.dtype(_COLUMNS.get(column, np.bool_))
        array = getattr(block, column)
        if not isinstance(array, np.ndarray) or array.dtype != dtype or array.shape != block.series.shape:
            found = f"{getattr(array, 'dtype', type(array).__name__)}{getattr(array, 'shape', '')}"
            raise ValueError(f"{owner}.update: {column} is {found}, need {dtype}({len(block.series)},)")
    check_order(owner, block.series, block.at_ms, size)


def _take(block: QueueBlock, chosen: NDArray[np.intp]) -> QueueBlock:
    return QueueBlock(
        block.series[chosen],
        block.at_ms[chosen],
        block.local_ms[chosen],
        block.waiting[chosen],
        block.counters_open[chosen],
        block.mean_service_s[chosen],
        block.served[chosen],
        block.status_open[chosen],
    )
