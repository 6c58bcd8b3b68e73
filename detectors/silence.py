"""Silent sources: gaps between arrivals that a series' own cadence and daily rhythm make improbable, with deadlines."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Block, Floats, Ints
from detectors.bank import DAY_MS, HOUR_MS, NEVER, Bank, Column, Verdict

UNKNOWN = np.iinfo(np.int64).max
_SATURDAY = 2  # 1970-01-01 was a Thursday
_SHARE = 0.1  # of gaps lie above the learned quantile, where the tail begins
_LONGEST_WALK = 24 * 9


class SilenceParameters(NamedTuple):
    """Parameters of `Silence`.

    Attributes
    ----------
    median_gaps, least_s : float
        A gap is no silence before this many median gaps, nor before this many seconds.
    p : float
        A series is silent when its gap's probability falls to this; what `Silence.deadlines` announces.
    quiet_days, quiet_arrivals : float
        Age and number of arrivals before which nothing is said.
    memory_hours : float
        Hours spent in a time bin after which its memory fades (e-fold).
    """

    median_gaps: float = 3.0
    least_s: float = 90.0
    p: float = 1e-6
    quiet_days: float = 2.0
    quiet_arrivals: float = 20.0
    memory_hours: float = 15.0

    def validated(self) -> "SilenceParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        for name, value in self._asdict().items():
            if not value > 0.0:
                raise ValueError(f"silence.{name} must be above 0, is {value}")
        if self.p >= _SHARE:
            raise ValueError(f"silence.p must be below {_SHARE}, is {self.p}")
        return self


class Silence(Bank):
    """Survival probability of the gaps between arrivals; the value of an observation is ignored unless it is NaN.

    A gap is measured in the arrivals expected in it, from the intensity learned per hour of weekdays and of weekends
    (an hour never lived through expects none), and compared with earlier gaps so measured: an exponential tail above
    their 90 % quantile. So nights and closed weekends pass, a regular source is missed soon and an irregular one later.
    ``p_high`` is the survival probability of the gap that ends with the observation, ``expected`` the median gap in
    seconds.

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
    version = 1

    def __init__(self, parameters: SilenceParameters | None = None) -> None:
        self.parameters = (parameters or SilenceParameters()).validated()
        super().__init__(
            {
                "first_ms": Column((), np.int64, NEVER),
                "last_ms": Column((), np.int64, NEVER),
                "arrivals": Column(),
                "log_median": Column(fill=np.nan),
                "quantile": Column(fill=2.3),
                "excess": Column(fill=1.0),
                "peaks": Column(fill=10.0),
                "bins": Column((48, 2)),
                "deadline_ms": Column((), np.int64, UNKNOWN),
            }
        )

    def deadlines(self) -> Ints:
        """Return (size,) int64 ms: the event time at which each series is silent, if nothing arrives (else UNKNOWN)."""
        return self._table.ints("deadline_ms")[: self.size].copy()

    def _known(self, value: Floats) -> NDArray[np.bool_]:
        return ~np.isnan(value)

    def _step(self, block: Block) -> Verdict:
        rows, table, parameters = block.series, self._table, self.parameters
        last, first = table.ints("last_ms"), table.ints("first_ms")
        new = last[rows] == NEVER
        before = np.where(new, block.at_ms, last[rows])
        gap_ms = np.maximum(block.at_ms - before, 0)
        offset = block.local_ms - block.at_ms
        expected = self._arrivals_in(rows, before + offset, gap_ms)
        median_s = np.exp(np.where(np.isnan(table.floats("log_median")[rows]), 0.0, table.floats("log_median")[rows]))
        p = _survival(expected, table.floats("quantile")[rows], table.floats("excess")[rows])
        ready = ~new & (table.floats("arrivals")[rows] >= parameters.quiet_arrivals)
        ready &= before - np.where(new, before, first[rows]) >= parameters.quiet_days * DAY_MS
        long = gap_ms > 1000.0 * np.maximum(parameters.median_gaps * median_s, parameters.least_s)
        p = np.where(ready & long, p, 1.0)
        first[rows] = np.where(new, block.at_ms, first[rows])
        last[rows] = before + gap_ms
        moved = np.flatnonzero((gap_ms > 0) | new)
        self._learn(rows[moved], before[moved] + offset[moved], gap_ms[moved], expected[moved], p[moved])
        table.ints("deadline_ms")[rows] = self._deadline(rows, offset)
        return Verdict(p, np.ones(len(rows)), np.where(ready, median_s, np.nan))

    def _intensity(self, rows: Ints, local_ms: Ints) -> Floats:
        """Return the arrivals per hour expected at a local time; 0 at hours that the series hasn't lived through."""
        bins = self._table.floats("bins")[rows, _bin(local_ms)]
        return np.where(bins[:, 1] >= 0.5, bins[:, 0] / np.maximum(bins[:, 1], 0.5), 0.0)  # noqa: PLR2004 - half an hour

    def _arrivals_in(self, rows: Ints, local_ms: Ints, gap_ms: Ints) -> Floats:
        """Integrate the intensity over each gap, hour by hour; what lies beyond nine days no longer counts."""
        total = np.zeros(len(rows))
        left, at = gap_ms.copy(), local_ms.copy()
        open_ = np.flatnonzero(left > 0)
        for _ in range(_LONGEST_WALK):
            if len(open_) == 0:
                break
            part = np.minimum(left[open_], HOUR_MS - at[open_] % HOUR_MS)
            total[open_] += self._intensity(rows[open_], at[open_]) * (part / HOUR_MS)
            at[open_] += part
            left[open_] -= part
            open_ = open_[left[open_] > 0]
        return total

    def _learn(self, rows: Ints, local_ms: Ints, gap_ms: Ints, expected: Floats, p: Floats) -> None:
        """Learn the gap; one that was improbable counts a tenth, so that an outage is not taken for a rhythm."""
        table, parameters = self._table, self.parameters
        weight = np.where(p < 1e-3, 0.1, 1.0)  # noqa: PLR2004 - see above
        bins = table.floats("bins")
        left, at = gap_ms.copy(), local_ms.copy()
        open_ = np.flatnonzero(left > 0)
        for _ in range(_LONGEST_WALK):
            if len(open_) == 0:
                break
            part = np.minimum(left[open_], HOUR_MS - at[open_] % HOUR_MS)
            hours = part / HOUR_MS * weight[open_]
            where = rows[open_], _bin(at[open_])
            bins[where] = np.exp(-hours / parameters.memory_hours)[:, None] * bins[where]
            bins[(*where, 1)] += hours
            at[open_] += part
            left[open_] -= part
            open_ = open_[left[open_] > 0]
        bins[rows, _bin(local_ms + gap_ms), 0] += 1.0
        arrivals = table.floats("arrivals")
        arrivals[rows] += 1.0
        some = np.flatnonzero(gap_ms > 0)
        self._learn_gaps(rows[some], np.log(gap_ms[some] / 1000.0), expected[some], weight[some])

    def _learn_gaps(self, rows: Ints, log_gap: Floats, expected: Floats, weight: Floats) -> None:
        table = self._table
        count = table.floats("arrivals")[rows]
        step = np.maximum(1.0 / count, 0.02) * weight
        median = table.floats("log_median")
        median[rows] = np.where(np.isnan(median[rows]), log_gap, median[rows] + step * np.sign(log_gap - median[rows]))
        quantile, excess, peaks = (table.floats(name) for name in ("quantile", "excess", "peaks"))
        known = expected > 0.0
        above = known & (expected > quantile[rows])
        over = np.minimum(expected - quantile[rows], 3.0 * excess[rows])
        peaks[rows] = np.minimum(peaks[rows] + np.where(above, weight, 0.0), 100.0)
        share = np.where(above, weight, 0.0) / peaks[rows]
        excess[rows] = np.maximum(excess[rows] + share * (over - excess[rows]), 0.25)
        pace = np.where(known, np.maximum(1.0 / (count + 10.0), 0.005) * weight, 0.0)
        quantile[rows] = np.maximum(quantile[rows] * np.exp(pace * (np.where(above, 1.0, 0.0) - _SHARE) / _SHARE), 0.5)

    def _deadline(self, rows: Ints, offset: Ints) -> Ints:
        """Return when the expected arrivals since the last one reach the level whose survival probability is ``p``."""
        table, parameters = self._table, self.parameters
        last = table.ints("last_ms")[rows]
        need = table.floats("quantile")[rows] + table.floats("excess")[rows] * np.log(_SHARE / parameters.p)
        least_s = np.maximum(
            parameters.median_gaps * np.exp(_number(table.floats("log_median")[rows])), parameters.least_s
        )
        result = np.full(len(rows), UNKNOWN)
        at = last + offset
        ready = table.floats("arrivals")[rows] >= parameters.quiet_arrivals
        ready &= last - table.ints("first_ms")[rows] >= parameters.quiet_days * DAY_MS
        open_ = np.flatnonzero(ready)
        for _ in range(_LONGEST_WALK):
            if len(open_) == 0:
                break
            part = HOUR_MS - at[open_] % HOUR_MS
            pace = self._intensity(rows[open_], at[open_])
            comes = pace * (part / HOUR_MS)
            there = comes >= need[open_]
            hit = open_[there]
            wait_ms = np.ceil(need[hit] / pace[there] * HOUR_MS).astype(np.int64)
            result[hit] = at[hit] + wait_ms - offset[hit]
            need[open_] -= comes
            at[open_] += part
            open_ = open_[~there]
        soonest = last + np.ceil(1000.0 * least_s).astype(np.int64)
        return np.where(result == UNKNOWN, UNKNOWN, np.maximum(result, soonest))


def _bin(local_ms: Ints) -> Ints:
    """Map local time to 0..23 on weekdays, 24..47 on Saturday and Sunday."""
    weekend = (local_ms // DAY_MS - _SATURDAY) % 7 < 2  # noqa: PLR2004 - Saturday and Sunday
    return local_ms // HOUR_MS % 24 + np.where(weekend, 24, 0)


def _number(value: Floats) -> Floats:
    return np.where(np.isnan(value), 0.0, value)


def _survival(expected: Floats, quantile: Floats, excess: Floats) -> Floats:
    """Return the share of gaps at least this long: 1 below the quantile, an exponential tail above."""
    over = np.maximum(expected - quantile, 0.0)
    return np.where(expected > quantile, _SHARE * np.exp(-np.minimum(over / excess, 680.0)), 1.0)
