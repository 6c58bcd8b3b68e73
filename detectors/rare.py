"""Surges of rare counts (reports per category and unit): Poisson-Gamma predictive tails over trailing windows."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import peaks
from detectors.arrays import Block, Floats, Ints, Scores
from detectors.bank import DAY_MS, HOUR_MS, NEVER, Bank, Column, Verdict, check
from detectors.clumps import Clumps
from detectors.tails import nb_sf

WINDOWS = (1, 3, 6, 12, 24)
_RING = 24
_LAST = np.array(WINDOWS) - 1
_START = 5.5  # minus the logarithm of the least tail from which on it is learned: nearer, steps of counts bend it
_MOST = (np.inf, len(WINDOWS) * float(np.exp(-_START)), np.inf, 1.5)  # Bonferroni's share; or storms would teach
_PRIOR = (200.0, float(np.exp(-_START)), 40.0, 0.993)  # panes, share, peaks, mean excess: of one window, exact
_WEEKDAY = 4.0  # reports, as many as on the mean day, that each weekday is taken to have had
_LARGEST_COUNT = 1e9
# Citizens report by day: shape that a series without history is given, relative to the mean hour.
_DAYTIME = np.array([0.3] * 7 + [1.2] + [1.7] * 9 + [1.3] * 3 + [0.7] * 2 + [0.3] * 2)
_DAYTIME = _DAYTIME / _DAYTIME.sum()


class RareParameters(NamedTuple):
    """Parameters of `RareCounts`.

    Attributes
    ----------
    quiet_days : float
        Age before which nothing is said, days.
    memory_days : float
        Memory of the rate, days (e-fold).
    shape_days : float
        Memory of the share of hours and weekdays, days (e-fold).
    prior_count, prior_days : float
        What a new series is taken to have had: so many reports in so many days.
    prior_clump : float
        Reports that come along with a report in its pane (one caller, one batch), before the series has shown it.
    prior_dispersion : float
        Variance of a day's rate relative to its square, before the series has shown its own.
    storm_weight : float
        Share by which a day beyond the clip teaches: a storm must not become the norm, growth must.
    clip_sd : float
        A day teaches at most so many standard deviations (plus one report) above its expectation; days that differ are
        skewed, and with less would seem to differ less than they do.
    """

    quiet_days: float = 10.0
    memory_days: float = 28.0
    shape_days: float = 60.0
    prior_count: float = 0.5
    prior_days: float = 1.0
    prior_clump: float = 0.3
    prior_dispersion: float = 0.3
    storm_weight: float = 0.1
    clip_sd: float = 4.0

    def validated(self) -> "RareParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        for name, value in self._asdict().items():
            if not value > 0.0:
                raise ValueError(f"rare.{name} must be above 0, is {value}")
        if self.storm_weight > 1.0:
            raise ValueError(f"rare.storm_weight must be at most 1, is {self.storm_weight}")
        return self


class Windows(NamedTuple):
    """The most surprising of the trailing windows at each observation; NaN where none holds clearly more than expected.

    Attributes
    ----------
    hours : (n,) float64
        How long it is, one of `WINDOWS`.
    observed, expected : (n,) float64
        What was counted in it, and what was expected.
    """

    hours: Floats
    observed: Floats
    expected: Floats


class RareCounts(Bank):
    """Counts per hourly pane; panes without an observation are zeros, from a series' first observation on.

    Blocks are sparse: only panes with reports need an observation (several of one pane add up). To let a category
    surge that was never seen before, give it one zero at the time from which it would have been seen; its age counts
    from there.

    The rate of a day is Gamma distributed around its own history (e-fold ``memory_days``); sums over the last 1, 3, 6,
    12 and 24 panes have negative-binomial tails. How often the least of the five is small, per pane and empty ones
    included, is learned (`detectors.peaks`), so that ``p_high`` is the false-alarm rate per series and hour. Days are
    learned when they are over, clipped, and with ``storm_weight`` when beyond the clip. Watches surges only: ``p_low``
    is 1. What clumps within a pane explain is not told again as days that differ.

    Nothing is pooled over the bank, on purpose: pooling would make results depend on how series spread over partitions.

    Examples
    --------
    >>> bank = RareCounts()
    >>> bank.resize(1)
    >>> at = np.array([0, 20, 33, 40, 47, 55, 56]) * 12 * 3600_000
    >>> scores = bank.update(Block(np.zeros(7, np.int64), at, at, np.array([0.0, 1, 1, 2, 1, 1, 30])))
    >>> bool(scores.p_high[-1] < 1e-9), bool(scores.p_high[:-1].min() > 0.0001)
    (True, True)
    """

    name = "rare"
    version = 5

    def __init__(self, parameters: RareParameters | None = None) -> None:
        self.parameters = (parameters or RareParameters()).validated()
        super().__init__(
            {
                "first_ms": Column((), np.int64, NEVER),
                "pane": Column((), np.int64, NEVER),
                "day": Column((), np.int64, NEVER),
                "born": Column((), np.int64, 0),
                "today": Column(),
                "began": Column(),
                "rate": Column((2,), fill=np.array([0.0, self.parameters.prior_days])),
                "noise": Column((2,)),
                **Clumps.columns(),
                "hours": Column((24,)),
                "weekdays": Column((7,)),
                "tail": Column((4,), fill=np.array(_PRIOR)),
                "ring_pane": Column((_RING,), np.int64, NEVER),
                "ring_count": Column((_RING,)),
            }
        )
        self._clumps = Clumps(self._table, self.parameters.prior_clump)

    def update(self, block: Block) -> Scores:
        """Score every observation, then learn it; see `Bank.update`."""
        return self.explained(block)[0]

    def explained(self, block: Block) -> tuple[Scores, Windows]:
        """Do as `update`, and say of each observation which window its tail probability comes from.

        Parameters
        ----------
        block : Block
            Observations in event-time order; not written to.

        Returns
        -------
        Scores, Windows
            In the block's order. Scores expect something of the pane alone, windows of all their panes.

        Raises
        ------
        ValueError
            As `update`.

        Examples
        --------
        >>> bank = RareCounts()
        >>> bank.resize(1)
        >>> at = np.array([0, 480, 481, 482]) * 3600_000
        >>> _, windows = bank.explained(Block(np.zeros(4, np.int64), at, at, np.array([0.0, 4, 5, 6])))
        >>> [float(column[-1].round(4)) for column in windows]
        [3.0, 15.0, 0.0071]
        """
        count = len(block.series)
        scores = Scores(np.ones(count), np.ones(count), np.full(count, np.nan))
        windows = Windows(*np.full((3, count), np.nan))
        check(self.name, block, self._table.size)
        for chosen, part in self._rounds(block):
            for columns, told in zip((scores, windows), self._judge(part), strict=True):
                for column, values in zip(columns, told, strict=True):
                    column[chosen] = values
        return scores, windows

    def _known(self, value: Floats) -> NDArray[np.bool_]:
        with np.errstate(invalid="ignore"):
            return (value >= 0.0) & (value <= _LARGEST_COUNT)

    def _judge(self, block: Block) -> tuple[Verdict, Windows]:
        """Score and learn one round: known values, no series twice."""
        rows, table = block.series, self._table
        hour = block.local_ms // HOUR_MS
        day = block.local_ms // DAY_MS
        first, days = table.ints("first_ms"), table.ints("day")
        new = first[rows] == NEVER
        if new.any():
            born = rows[new]
            first[born], days[born] = block.at_ms[new], day[new]
            table.ints("born")[born] = day[new] + (hour[new] % 24 > 0)  # the first whole day
            table.floats("began")[born] = (hour[new] % 24) / 24.0
        over = days[rows] < day
        if over.any():
            self._close_days(rows[over], day[over])
        before = table.ints("pane")[rows]
        pane = np.maximum(block.at_ms // HOUR_MS, before)
        table.ints("pane")[rows] = pane
        age = pane - first[rows] // HOUR_MS - int(24 * self.parameters.quiet_days)
        panes = np.minimum(pane - np.maximum(before, first[rows] // HOUR_MS), np.maximum(age, 0)).astype(np.float64)
        counts = self._add(rows, pane, block.value)
        mean, size = self._predict(block, hour)
        ready = block.at_ms - first[rows] >= self.parameters.quiet_days * DAY_MS
        least, windows = _least_tail(counts, mean, size, ready)
        p_high = self._told(rows, least, np.where(ready, panes, 0.0), windows.hours)
        self._learn_shape(rows, hour, block.value, mean[:, 0])
        table.floats("today")[rows] += block.value
        return Verdict(np.where(ready, p_high, 1.0), np.ones(len(rows)), np.where(ready, mean[:, 0], np.nan)), windows

    def _told(self, rows: Ints, least: Floats, panes: Floats, hours: Floats) -> Floats:
        """Return the least tail of the windows as one of a pane, by how small it has been per pane, and learn it."""
        least = np.maximum(least, 1e-300)
        state = self._table.floats("tail")[rows]
        told = np.exp(peaks.log_corrected(least, _START, state))
        weight = np.where(panes > 0.0, np.where(told < peaks.SUSPICIOUS, peaks.SUSPICIOUS_WEIGHT, 1.0), 0.0)
        peaks.learn(-np.log(least) - _START, weight, state, panes, np.where(least < 1.0, hours, 1.0))
        self._table.floats("tail")[rows] = np.minimum(state, _MOST)
        return told

    def _add(self, rows: Ints, pane: Ints, value: Floats) -> Floats:
        """Add to the ring and return the sums over the trailing windows, (m, windows)."""
        panes, counts = self._table.ints("ring_pane"), self._table.floats("ring_count")
        slot = pane % _RING
        before = np.where(panes[rows, slot] == pane, counts[rows, slot], 0.0)
        after = before + value
        self._clumps.meet(rows, before, after)
        counts[rows, slot] = after
        panes[rows, slot] = pane
        back = pane[:, None] - panes[rows]
        held = counts[rows]
        return np.stack([np.where((back >= 0) & (back < width), held, 0.0).sum(axis=1) for width in WINDOWS], axis=1)

    def _predict(self, block: Block, hour: Ints) -> tuple[Floats, Floats]:
        """Return the means of the windows (m, windows) and the sizes of their negative binomials (m, windows)."""
        rows, table, parameters = block.series, self._table, self.parameters
        rate = table.floats("rate")[rows] + np.array([parameters.prior_count, 0.0])
        hours = self._hours(rows)
        weekdays = self._weekdays(rows, hour // 24)
        back = hour[:, None] - np.arange(_RING)
        known = hours.sum(axis=1, keepdims=True)
        share = np.take_along_axis(hours / known, back % 24, axis=1)
        within = np.cumsum(share, axis=1)[:, _LAST]
        share *= np.take_along_axis(weekdays, back // 24 % 7, axis=1)
        mean = np.cumsum(share * (rate[:, :1] / rate[:, 1:]), axis=1)[:, _LAST]
        mean = np.maximum(mean, 1e-6)
        today = np.take_along_axis(table.floats("weekdays")[rows], (hour // 24 % 7)[:, None], axis=1)[:, 0]
        days = self._dispersion(rows)
        alike = 1.0 + days * (rate[:, 0] / rate[:, 1])  # reports of a day that speak as one, since days differ
        day_to_day = days + alike / rate[:, 0] + alike / (today + _WEEKDAY * alike)
        over = day_to_day[:, None] + np.maximum(1.0 - within, 0.0) / (within * known)  # shares of hours are Dirichlet's
        return mean, 1.0 / (over + self._clumps.expected(rows)[:, None] / mean)

    def _hours(self, rows: Ints) -> Floats:
        """Return how many reports came at each hour of the day, ten of citizens by day included, (m, 24)."""
        counts: Floats = self._table.floats("hours")[rows] + 10.0 * _DAYTIME
        return counts

    def _weekdays(self, rows: Ints, day: Ints) -> Floats:
        """Return how each weekday compares with the mean one, (m, 7), as it was before a local ``day``.

        Its prior weighs the more the more days differ: one slow Monday must not make every later one a storm.
        """
        counts, slow = self._table.floats("weekdays")[rows], np.exp(-1.0 / self.parameters.shape_days)
        ago = (day[:, None] - np.arange(7) - 1) % 7 + 1  # days since each was last there
        times = np.maximum((day - self._table.ints("born")[rows])[:, None] - ago, -1) // 7 + 1
        visits = slow**ago * (1.0 - slow ** (7 * times)) / (1.0 - slow**7)
        mean = counts.sum(axis=1, keepdims=True) / np.maximum(visits.sum(axis=1, keepdims=True), 1e-9)
        prior = _WEEKDAY * (1.0 + self._dispersion(rows)[:, None] * mean)
        compared: Floats = (counts + prior) / (visits * mean + prior)
        return compared

    def _dispersion(self, rows: Ints) -> Floats:
        noise, floor = self._table.floats("noise")[rows], 0.002
        return np.maximum((noise[:, 0] + 3.0 * self.parameters.prior_dispersion) / (noise[:, 1] + 3.0), floor)

    def _learn_shape(self, rows: Ints, hour: Ints, value: Floats, mean: Floats) -> None:
        """Let the hour of reports count, at most a few more of one pane than of its own or of the mean hour."""
        rate = self._table.floats("rate")[rows]
        usual = np.maximum(mean, (rate[:, 0] + self.parameters.prior_count) / rate[:, 1] / 24.0)
        few = np.minimum(value, usual + 3.0 * np.sqrt(usual) + 1.0)
        self._table.floats("hours")[rows, hour % 24] += few

    def _close_days(self, rows: Ints, day: Ints) -> None:
        """Learn the last day seen of each series and the empty days between it and ``day``."""
        table, parameters = self._table, self.parameters
        last = table.ints("day")[rows]
        length = 1.0 - table.floats("began")[rows]
        factor = np.take_along_axis(self._weekdays(rows, last), (last % 7)[:, None], axis=1)[:, 0] * length
        empty = (day - last - 1).astype(np.float64)
        fade = np.exp(-1.0 / parameters.memory_days)
        gone = fade**empty
        zeros = (1.0 - gone) / (1.0 - fade)
        rate, noise = table.floats("rate"), table.floats("noise")
        usual = (rate[rows, 0] + parameters.prior_count) / rate[rows, 1]
        mean = factor * usual
        total = table.floats("today")[rows]
        clumped = 1.0 + self._clumps.expected(rows)
        clip = mean + parameters.clip_sd * np.sqrt(clumped * mean + self._dispersion(rows) * mean * mean) + 1.0
        known = last * DAY_MS - table.ints("first_ms")[rows] >= parameters.quiet_days * DAY_MS
        storm = known & (total > clip)
        taught = np.where(storm, clip, total)
        weight = np.where(storm, parameters.storm_weight, 1.0)
        rate[rows] = gone[:, None] * (fade * rate[rows] + weight[:, None] * np.stack([taught, factor], axis=1))
        rate[rows, 1] += zeros
        calm = (known & ~storm)[:, None]
        spread = np.where(calm, self._scatter((total - mean) ** 2, mean, clumped), 0.0)
        idle = self._scatter(usual * usual, usual, clumped) * zeros[:, None]
        noise[rows] = gone[:, None] * (fade * noise[rows] + spread) + idle
        hours = self._hours(rows)
        self._clumps.close(rows, total, (hours * hours).sum(axis=1) / hours.sum(axis=1) ** 2)
        slow = np.exp(-(empty + 1.0) / parameters.shape_days)[:, None]
        table.floats("hours")[rows] *= slow
        whole = last >= table.ints("born")[rows]
        table.floats("weekdays")[rows, last % 7] += np.where(whole, mean + weight * (taught - mean), 0.0)
        table.floats("weekdays")[rows] *= slow
        table.ints("day")[rows] = day
        table.floats("today")[rows] = 0.0
        table.floats("began")[rows] = 0.0

    def _scatter(self, square: Floats, mean: Floats, clumped: Floats) -> Floats:
        """Return the square beyond chance and clumps, and the mean's, (m, 2): weighted as a prior dispersion says."""
        weight = (1.0 + self.parameters.prior_dispersion * mean) ** -2.0
        scatter: Floats = np.stack([square - clumped * mean, mean * mean], axis=1) * weight[:, None]
        return scatter


def _least_tail(counts: Floats, mean: Floats, size: Floats, ready: NDArray[np.bool_]) -> tuple[Floats, Windows]:
    """Return the least tail over the windows, (m,), and its window; within a standard deviation nothing surges: 1."""
    tails = np.ones(counts.shape)
    surging = ready[:, None] & (counts > mean + np.sqrt(mean + mean * mean / size))
    tails[surging] = nb_sf(counts[surging], mean[surging], size[surging])
    at = np.arange(len(tails)), tails.argmin(axis=1)
    figures = np.array(WINDOWS, np.float64)[at[1]], counts[at], mean[at]
    return tails[at], Windows(*(np.where(surging[at], figure, np.nan) for figure in figures))
