"""Silent sources: gaps between arrivals that a series' own cadence and daily rhythm make improbable, with deadlines."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import beats, peaks
from detectors.arrays import Block, Floats, Ints, Scores
from detectors.bank import DAY_MS, NEVER, Bank, Column, Verdict, check

UNKNOWN = np.iinfo(np.int64).max
BIN_MS = 900_000
_BINS_A_DAY = 96
_BINS = 2 * _BINS_A_DAY  # of weekdays, of weekends
# of quarters of an hour since 1970, which began on a Thursday
_BIN_OF_WEEK = np.arange(7 * _BINS_A_DAY) % _BINS_A_DAY + np.repeat(
    [0, 0, _BINS_A_DAY, _BINS_A_DAY, 0, 0, 0], _BINS_A_DAY
)
_LEAST_LIVED = 1.5  # visits
_LONGER = 0.3  # of gaps are longer than a beat
_BEAT = 1.2  # expected arrivals, if they come at random
_LEAST_BEAT = 0.3
_MOST_P = 0.1
_LONGEST_WALK = _BINS_A_DAY * 9
_LOOK_AHEAD = (4, 12, 80, *([_BINS_A_DAY] * 8))  # bins looked at together; most deadlines are near


class SilenceParameters(NamedTuple):
    """Parameters of `Silence`.

    Attributes
    ----------
    median_gaps, least_s : float
        No silence is announced before this many median gaps, nor before this many seconds.
    p : float
        A series is silent when its gap's probability falls to this; what `Silence.deadlines` announces.
    quiet_days, quiet_arrivals : float
        Age and number of arrivals before which nothing is said.
    memory_visits : float
        Visits of a time bin after which its memory fades (e-fold).
    """

    median_gaps: float = 3.0
    least_s: float = 90.0
    p: float = 1e-6
    quiet_days: float = 2.0
    quiet_arrivals: float = 20.0
    memory_visits: float = 15.0

    def validated(self) -> "SilenceParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        for name, value in self._asdict().items():
            if not value > 0.0:
                raise ValueError(f"silence.{name} must be above 0, is {value}")
        if self.p >= _MOST_P:
            raise ValueError(f"silence.p must be below {_MOST_P}, is {self.p}")
        return self


class Overdue(NamedTuple):
    """An arrival after its deadline: series, event time, deadline, the arrival before, the median gap in seconds."""

    series: int
    at_ms: int
    deadline_ms: int
    last_ms: int
    median_s: float


class Silence(Bank):
    """Survival probability of the gaps between arrivals; the value of an observation is ignored unless it is NaN.

    A gap is measured in the arrivals expected in it, from the intensity learned per quarter of an hour of weekdays and
    of weekends (a quarter not lived through twice expects none: offices open and close within the hour), and compared
    with earlier gaps so measured: how many were longer than a beat and a half, and how often they then went on
    (`detectors.beats`). So nights and closed weekends pass, a regular source is missed soon, one that misses beats
    later, and an irregular one last.
    ``p_high`` is the survival probability of the gap that ends with the observation, ``expected`` the median gap in
    seconds. ``usual``, given local times in steps of some milliseconds and that step, moves those of special days to
    the day of the week that they are like; so a holiday ahead is expected to be quiet.

    Examples
    --------
    >>> bank = Silence()
    >>> bank.resize(1)
    >>> at = np.arange(0, 5 * 24 * 60, 5) * 60_000
    >>> scores = bank.update(Block(np.zeros(len(at), np.int64), at, at, np.zeros(len(at))))
    >>> bool(scores.p_high.min() > 0.1), float((bank.deadlines()[0] - at[-1]) / 60_000) < 60
    (True, True)
    """

    name = "silence"
    version = 2

    def __init__(
        self, parameters: SilenceParameters | None = None, usual: Callable[[Ints, int], Ints] | None = None
    ) -> None:
        self.parameters = (parameters or SilenceParameters()).validated()
        self._usual = usual
        super().__init__(
            {
                "first_ms": Column((), np.int64, NEVER),
                "last_ms": Column((), np.int64, NEVER),
                "offset_ms": Column((), np.int64, 0),  # of the wall clock at the last arrival
                "arrivals": Column(),
                "log_median": Column(fill=np.nan),
                "beat": Column(fill=_BEAT),
                "tail": Column((4,), fill=np.array(beats.PRIOR), series_last=True),
                "bins": Column((_BINS, 2)),  # arrivals, visits
                "deadline_ms": Column((), np.int64, UNKNOWN),
            }
        )

    def deadlines(self) -> Ints:
        """Return (size,) int64 ms: the event time at which each series is silent, if nothing arrives (else UNKNOWN)."""
        return self._table.ints("deadline_ms")[: self.size].copy()

    def update(self, block: Block) -> Scores:
        """Score every gap, learn it, and then set the deadlines anew; as `Bank.update`."""
        return self.follow(block)[0]

    def follow(self, block: Block) -> tuple[Scores, list[Overdue]]:
        """Do as `update` does, and tell which arrivals came after their deadline, each series' in its order."""
        scores = Scores(np.ones(len(block.series)), np.ones(len(block.series)), np.full(len(block.series), np.nan))
        overdue: list[Overdue] = []
        heard: list[Ints] = []
        check(self.name, block, self._table.size)
        for chosen, part in self._rounds(block):
            verdict, late = self._gaps(part)
            scores.p_high[chosen], scores.expected[chosen] = verdict.p_high, verdict.expected
            overdue += late
            heard.append(part.series)
        if heard and len(heard[0]) == len(block.rounds()[0][0]):  # all of the first round, so every series
            rows = heard[0]
        else:
            rows = np.unique(np.concatenate([block.series[:0], *heard]))
        self._table.ints("deadline_ms")[rows] = self._deadline(rows)
        return scores, overdue

    def _known(self, value: Floats) -> NDArray[np.bool_]:
        return ~np.isnan(value)

    def _gaps(self, block: Block) -> tuple[Verdict, list[Overdue]]:
        """Score and learn one round, no series twice."""
        rows, table, parameters = block.series, self._table, self.parameters
        last_ms, first_ms, arrivals = table.ints("last_ms"), table.ints("first_ms"), table.floats("arrivals")
        last, count = last_ms.take(rows), arrivals.take(rows)
        new = last == NEVER
        before = np.where(new, block.at_ms, last)
        first = np.where(new, block.at_ms, first_ms.take(rows))
        gap_ms = np.maximum(block.at_ms - before, 0)
        offset_ms = block.local_ms - block.at_ms
        local_ms = before + offset_ms
        days = self._walk(rows, local_ms, gap_ms)
        expected = self._arrivals_in(len(rows), days)
        median_s = np.exp(_number(table.floats("log_median").take(rows)))
        ready = count >= parameters.quiet_arrivals
        ready &= before - first >= parameters.quiet_days * DAY_MS
        p, late = np.ones(len(rows)), []
        over = expected / table.floats("beat").take(rows) - beats.LONG
        asked = np.flatnonzero(ready & (over > 0.0))
        if len(asked):
            p[asked] = np.exp(beats.log_tail(over[asked], table.floats("tail").take(rows[asked], axis=1)))
            gone = np.flatnonzero(p <= parameters.p)
            if len(gone):
                late = self._overdue(rows[gone], block.at_ms[gone], median_s[gone])
        weight = np.where(p < peaks.SUSPICIOUS, peaks.SUSPICIOUS_WEIGHT, 1.0)  # no outage is a rhythm
        first_ms[rows] = first
        last_ms[rows] = before + gap_ms
        table.ints("offset_ms")[rows] = offset_ms
        moved = (gap_ms > 0) | new
        self._learn_rhythm(days, weight)
        self._bins()[rows * _BINS + self._bin((local_ms + gap_ms) // BIN_MS), 0] += moved
        count = count + moved
        arrivals[rows] = count
        some = np.flatnonzero(gap_ms > 0)
        if len(some) == len(rows):
            self._learn_gaps(rows, np.log(gap_ms / 1000.0), expected, weight, count)
        elif len(some):
            self._learn_gaps(rows[some], np.log(gap_ms[some] / 1000.0), expected[some], weight[some], count[some])
        return Verdict(p, np.ones(len(rows)), np.where(ready, median_s, np.nan)), late

    def _overdue(self, rows: Ints, at_ms: Ints, median_s: Floats) -> list[Overdue]:
        """Return which of these arrivals come after their deadline, as the series stands before it learns them."""
        deadline, last = self._deadline(rows), self._table.ints("last_ms")[rows]
        return [
            Overdue(int(rows[i]), int(at_ms[i]), int(deadline[i]), int(last[i]), float(median_s[i]))
            for i in np.flatnonzero(at_ms > deadline).tolist()
        ]

    def _bins(self) -> Floats:
        """Return the bins of all series one after the other: NumPy is ten times faster at one index than at two."""
        return self._table.floats("bins").reshape(-1, 2)

    def _arrivals_in(self, gaps: int, days: "list[_Day]") -> Floats:
        """Integrate the intensity over each gap; a bin that wasn't lived through expects none."""
        total, bins = np.zeros(gaps), self._bins()
        for day in days:
            comes = _intensity(bins.take(day.bins, axis=0)) * day.part
            total += np.bincount(day.where, comes, gaps)
        return total

    def _learn_rhythm(self, days: "list[_Day]", weight: Floats) -> None:
        """Learn what was lived through of each bin of the gaps."""
        bins = self._bins()
        for day in days:
            lived = day.part * weight.take(day.where)
            held = bins.take(day.bins, axis=0) * np.exp(-lived / self.parameters.memory_visits)[:, None]
            held[:, 1] += lived
            bins[day.bins] = held

    def _learn_gaps(self, rows: Ints, log_gap: Floats, expected: Floats, weight: Floats, count: Floats) -> None:
        table = self._table
        medians, lengths, tails = table.floats("log_median"), table.floats("beat"), table.floats("tail")
        median, beat, state = medians.take(rows), lengths.take(rows), tails.take(rows, axis=1)
        step = np.maximum(1.0 / count, 0.02) * weight
        medians[rows] = np.where(np.isnan(median), log_gap, median + step * np.sign(log_gap - median))
        known = np.where(expected > 0.0, weight, 0.0)
        beats.learn(expected / beat - beats.LONG, known, state)
        tails[:, rows] = state
        pace = np.maximum(1.0 / (count + 10.0), 0.005) * known
        lengths[rows] = np.maximum(beat * np.exp(pace * ((expected > beat) - _LONGER) / _LONGER), _LEAST_BEAT)

    def _deadline(self, rows: Ints) -> Ints:
        """Return when the expected arrivals since the last one reach the level whose survival probability is ``p``."""
        table, parameters = self._table, self.parameters
        last, offset = table.ints("last_ms")[rows], table.ints("offset_ms")[rows]
        need = table.floats("beat")[rows] * (
            beats.LONG + beats.over_at(parameters.p, table.floats("tail").take(rows, axis=1))
        )
        least_s = np.maximum(
            parameters.median_gaps * np.exp(_number(table.floats("log_median")[rows])), parameters.least_s
        )
        result = np.full(len(rows), UNKNOWN)
        at, bins = last + offset, self._bins()
        ready = table.floats("arrivals")[rows] >= parameters.quiet_arrivals
        ready &= last - table.ints("first_ms")[rows] >= parameters.quiet_days * DAY_MS
        open_ = np.flatnonzero(ready)
        first = at // BIN_MS
        begin = (at - first * BIN_MS) / BIN_MS
        step = 0
        for width in _LOOK_AHEAD:
            if len(open_) == 0:
                break
            bin_of = first[open_, None] + np.arange(step, step + width)
            pace = _intensity(bins.take(rows[open_, None] * _BINS + self._bin(bin_of), axis=0))
            comes = pace.copy()
            if step == 0:
                comes[:, 0] *= 1.0 - begin[open_]
            comes = np.cumsum(comes, axis=1)
            there = comes >= need[open_, None]
            found = np.flatnonzero(there[:, -1])
            if len(found):
                hit, k = open_[found], there[found].argmax(axis=1)
                left = need[hit] - np.where(k > 0, comes[found, k - 1], 0.0)
                start = np.where(step + k == 0, at[hit], bin_of[found, k] * BIN_MS)
                result[hit] = start + np.ceil(left / pace[found, k] * BIN_MS).astype(np.int64) - offset[hit]
            going = np.flatnonzero(~there[:, -1])
            need[open_[going]] -= comes[going, -1]
            open_ = open_[going]
            step += width
        soonest = last + np.ceil(1000.0 * least_s).astype(np.int64)
        return np.where(result == UNKNOWN, UNKNOWN, np.maximum(result, soonest))

    def _walk(self, rows: Ints, local_ms: Ints, gap_ms: Ints) -> "list[_Day]":
        """Cut gaps by the quarters of the wall clock; what lies beyond nine days no longer counts."""
        first = local_ms // BIN_MS
        begin = local_ms - first * BIN_MS
        end = begin + gap_ms
        count = np.where(gap_ms > 0, np.minimum(-(-end // BIN_MS), _LONGEST_WALK), 0)
        days = []
        for step in range(0, int(count.max(initial=0)), _BINS_A_DAY):
            here = np.minimum(np.maximum(count - step, 0), _BINS_A_DAY)
            where = np.repeat(np.arange(len(count)), here)
            place = np.arange(step, step + len(where)) - (np.cumsum(here) - here).take(where)
            part = np.minimum(end.take(where) - place * BIN_MS, BIN_MS) - np.where(place == 0, begin.take(where), 0)
            bins = rows.take(where) * _BINS + self._bin(first.take(where) + place)
            days.append(_Day(where, bins, part / BIN_MS))
        return days

    def _bin(self, local: Ints) -> Ints:
        """Map quarters since 1970 local time to 0..95 on weekdays, 96..191 on weekends, and days that are like them."""
        like = local if self._usual is None else self._usual(local, BIN_MS)
        bins: Ints = _BIN_OF_WEEK.take(like % len(_BIN_OF_WEEK))
        return bins


class _Day(NamedTuple):
    """Up to a day of each gap, bin by bin: positions of the gaps in the block, places of time bins, parts of the bin.

    No bin of a series occurs twice in it.
    """

    where: Ints
    bins: Ints
    part: Floats


def _intensity(bins: Floats) -> Floats:
    """Return arrivals per visit from (…, 2) arrivals and visits; 0 in bins that the series hasn't lived through."""
    lived = bins[..., 1]
    return np.where(lived >= _LEAST_LIVED, bins[..., 0] / np.maximum(lived, _LEAST_LIVED), 0.0)


def _number(value: Floats) -> Floats:
    return np.where(np.isnan(value), 0.0, value)
