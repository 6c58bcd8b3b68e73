"""Surge and drop of counts against each series' own time of week, alone and as a run over hours."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import calibrate
from detectors.arrays import Block, Floats, Ints
from detectors.bank import DAY_MS, HOUR_MS, NEVER, Bank, Column, Verdict

_WEEK_HOURS = 168
_SATURDAY = 120
_LEAST_VISITS = 1.5  # of the hour of the week, those of other weekdays counting half
_SUSPICIOUS = 1e-4  # below this the tails learn next to nothing
_RUNS = 3
_CHANNELS = 1 + _RUNS
_LARGEST_COUNT = 1e12
_LARGEST_FACTOR = 30.0
_HUBER = 1.5
_HUBER_MEAN = 0.7785  # E min(Z², 1.5²), Z standard normal
_RUN_MEMORY = 1000.0  # observations; long, so that a slow decline can't widen what it is judged by
_START_LOG_DISPERSION = -2.3


class SeasonalParameters(NamedTuple):
    """Parameters of `SeasonalCounts`; each is a time or a weight with a meaning, none is fitted to a recording.

    Attributes
    ----------
    quiet_days : float
        Age before which nothing is said, days.
    memory_visits : float
        Visits of a time bin after which its memory fades (e-fold).
    level_days : float
        Memory of the slow level factor, days (e-fold).
    run_hours : tuple of three floats
        Memory of the run statistics, hours (e-fold).
    clip_sd : float
        A residual teaches at most this many standard deviations.
    least_relative_sd : float
        Floor of the relative noise: no series is trusted to be steadier.
    """

    quiet_days: float = 14.0
    memory_visits: float = 10.0
    level_days: float = 10.0
    run_hours: tuple[float, float, float] = (4.0, 16.0, 64.0)
    clip_sd: float = 3.0
    least_relative_sd: float = 0.05

    def validated(self) -> "SeasonalParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        for name in ("quiet_days", "memory_visits", "level_days", "clip_sd", "least_relative_sd"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"seasonal.{name} must be above 0, is {getattr(self, name)}")
        if len(self.run_hours) != _RUNS or not 0.0 < self.run_hours[0] < self.run_hours[1] < self.run_hours[2]:
            raise ValueError(f"seasonal.run_hours must be three increasing times above 0, is {self.run_hours}")
        return self


class _Seen(NamedTuple):
    """The observations of one round: (m,) each."""

    rows: Ints
    hour: Ints
    weight: Floats
    value: Floats
    z: Floats


class _Expectation(NamedTuple):
    """The predictive distribution of one round: (m,) each."""

    mean: Floats
    relative: Floats
    dispersion: Floats
    visits: Floats
    ready: NDArray[np.bool_]


class SeasonalCounts(Bank):
    """Exponentially weighted weekday-by-hour profile, slow level, negative-binomial deviance, learned tails.

    The profile of a bin shrinks to that of weekday or weekend, that to the hour of day, that to the mean. The deviance
    residual of the negative binomial, and its exponentially weighted means over a few hours and over most of a day, are
    each mapped to tail probabilities by `calibrate`; the least of the three counts three times (Bonferroni).

    Examples
    --------
    >>> bank = SeasonalCounts()
    >>> bank.resize(1)
    >>> at = np.arange(0, 21 * 24 * 3600_000, 3600_000)
    >>> value = 100.0 + 50.0 * np.sin(at / 86_400_000 * 2 * np.pi)
    >>> value[-5] = 900.0
    >>> scores = bank.update(Block(np.zeros(len(at), np.int64), at, at, value))
    >>> bool(scores.p_high[-5] < 1e-6), bool(scores.p_high[:-5].min() > 0.01)
    (True, True)
    """

    name = "seasonal"
    version = 1

    def __init__(self, parameters: SeasonalParameters | None = None) -> None:
        self.parameters = (parameters or SeasonalParameters()).validated()
        self._memory_h = np.array([1.0, *self.parameters.run_hours] * 2)
        seen, rate, peaks, excess = calibrate.fresh()
        super().__init__(
            {
                "first_ms": Column((), np.int64, NEVER),
                "last_ms": Column((), np.int64, NEVER),
                "week": Column((_WEEK_HOURS, 2)),
                "kind": Column((48, 2)),
                "hour": Column((24, 2)),
                "mean": Column((2,)),
                "level": Column((2,)),
                "noise": Column((25, 2)),  # log dispersion: by hour relative to the last row, the series' own
                "run": Column((_RUNS,)),
                "run_square": Column((_RUNS,), fill=0.2),
                "tail_seen": Column((_CHANNELS * 2,), fill=seen),
                "tail_rate": Column((_CHANNELS * 2,), fill=rate),
                "tail_peaks": Column((_CHANNELS * 2,), fill=peaks),
                "tail_excess": Column((_CHANNELS * 2,), fill=excess),
            }
        )

    def _known(self, value: Floats) -> NDArray[np.bool_]:
        with np.errstate(invalid="ignore"):
            return (value >= 0.0) & (value <= _LARGEST_COUNT)

    def _step(self, block: Block) -> Verdict:
        rows = block.series
        last = self._table.ints("last_ms")
        first = self._table.ints("first_ms")
        new = first[rows] == NEVER
        first[rows[new]] = block.at_ms[new]
        gap_h = np.where(new, 1.0, np.maximum(block.at_ms - np.where(new, 0, last[rows]), 0) / HOUR_MS)
        last[rows] = np.maximum(last[rows], block.at_ms)
        hour = (block.local_ms // HOUR_MS + 72) % _WEEK_HOURS  # 1970-01-01 was a Thursday: bin 0 is Monday 00:00
        weight = np.clip(gap_h, 1.0 / 60.0, 1.0)
        expectation = self._expect(rows, hour, block.at_ms - first[rows])
        z = _deviance(block.value, expectation.mean, expectation.dispersion)
        verdict = self._judge(rows, z, gap_h, expectation)
        self._learn(_Seen(rows, hour, weight, block.value, z), expectation)
        return verdict

    def _expect(self, rows: Ints, hour: Ints, age_ms: Ints) -> _Expectation:
        table = self._table
        mean = table.floats("mean")[rows]
        by_hour = table.floats("hour")[rows, hour % 24]
        kind = table.floats("kind")[rows, _kind(hour)]
        week = table.floats("week")[rows, hour]
        level = table.floats("level")[rows]
        base = mean[:, 0] / np.maximum(mean[:, 1], 1e-9)
        profile = (by_hour[:, 0] + base) / (by_hour[:, 1] + 1.0)
        profile = (kind[:, 0] + 2.0 * profile) / (kind[:, 1] + 2.0)
        profile = (week[:, 0] + 2.0 * profile) / (week[:, 1] + 2.0)
        factor = (level[:, 0] + 24.0 * base + 1e-9) / (level[:, 1] + 24.0 * base + 1e-9)
        factor = np.clip(factor, 1.0 / _LARGEST_FACTOR, _LARGEST_FACTOR)  # a dead sensor must not blow up the profile
        expected = np.maximum(profile * factor, 0.01)
        noise = table.floats("noise")
        logarithm = _START_LOG_DISPERSION + noise[rows, 24, 0] + noise[rows, hour % 24, 0]
        dispersion = np.maximum(np.exp(logarithm), self.parameters.least_relative_sd**2)
        visits = week[:, 1] + 0.5 * kind[:, 1]
        ready = (age_ms >= self.parameters.quiet_days * DAY_MS) & (visits >= _LEAST_VISITS)
        dispersion += (dispersion + 1.0 / expected) / (visits + 1.0)
        return _Expectation(expected, factor, dispersion, visits, ready)

    def _judge(self, rows: Ints, z: Floats, gap_h: Floats, expectation: _Expectation) -> Verdict:
        table = self._table
        run, run_square = table.floats("run"), table.floats("run_square")
        ready = expectation.ready
        keep = np.exp(-gap_h[:, None] / self._memory_h[1:_CHANNELS])
        clipped = np.clip(np.where(ready, z, 0.0), -5.0, 5.0)
        runs = keep * run[rows] + (1.0 - keep) * clipped[:, None]
        run[rows] = runs
        before = run_square[rows]
        standard = np.concatenate([z[:, None], runs / np.sqrt(before)], axis=1)
        both = np.concatenate([standard, -standard], axis=1)
        names = ("tail_seen", "tail_rate", "tail_peaks", "tail_excess")
        tails = calibrate.Peaks(*(table.floats(name)[rows] for name in names))
        p = calibrate.tail(both, tails)
        sides = _CHANNELS * p.reshape(-1, 2, _CHANNELS).min(axis=2)
        weight = np.where(ready, np.where(sides.min(axis=1) < _SUSPICIOUS, 0.02, 1.0), 0.0)[:, None]
        # neighbouring hours share their runs: so many of them make one independent observation
        independent = np.minimum(gap_h[:, None] / self._memory_h, 1.0) * weight
        for name, column in zip(names, calibrate.learn(both, independent, tails), strict=True):
            table.floats(name)[rows] = column
        surprise = np.minimum(runs * runs / before, _HUBER * _HUBER) / _HUBER_MEAN - 1.0
        run_square[rows] = np.clip(before * (1.0 + surprise * weight / _RUN_MEMORY), 0.01, 1.0)
        sides = np.where(ready[:, None], np.minimum(sides, 1.0), 1.0)
        return Verdict(sides[:, 0], sides[:, 1], np.where(ready, expectation.mean, np.nan))

    def _learn(self, seen: _Seen, expectation: _Expectation) -> None:
        rows, hour, weight, value, z = seen
        table, parameters = self._table, self.parameters
        mean, dispersion, ready = expectation.mean, expectation.dispersion, expectation.ready
        variance = mean + dispersion * mean * mean
        reach = parameters.clip_sd * np.sqrt(variance)
        robust = np.where(ready, np.clip(value, mean - reach, mean + reach), value)
        fade = np.exp(-weight / parameters.memory_visits)
        taught = np.stack([robust / expectation.relative * weight, weight], axis=1)
        for name, index, slower in (("week", hour, 1.0), ("kind", _kind(hour), 0.4), ("hour", hour % 24, 0.3)):
            array = table.floats(name)
            array[rows, index] = (fade**slower)[:, None] * array[rows, index] + taught
        means = table.floats("mean")
        means[rows] = (fade**0.01)[:, None] * means[rows] + taught
        known = expectation.visits >= 1.0
        level = table.floats("level")
        stay = np.exp(-weight / (24.0 * parameters.level_days))
        moved = np.stack([robust, mean / expectation.relative], axis=1) * weight[:, None]
        level[rows] = np.where(known[:, None], stay[:, None] * level[rows] + moved, level[rows])
        self._learn_noise(rows, hour % 24, np.where(known, weight, 0.0), z)

    def _learn_noise(self, rows: Ints, hour: Ints, weight: Floats, z: Floats) -> None:
        """Move the log dispersion, overall and of the hour, so that the truncated square of z has its normal mean."""
        surprise = np.minimum(z * z, _HUBER * _HUBER) / _HUBER_MEAN - 1.0
        noise = self._table.floats("noise")
        for index, slowest, low, high in ((np.full(len(rows), 24), 500.0, -7.0, 2.0), (hour, 50.0, -2.0, 2.0)):
            value, visits = noise[rows, index, 0], noise[rows, index, 1]
            visits = np.minimum(visits + weight, slowest)
            noise[rows, index, 0] = np.clip(value + surprise * weight / (visits + 5.0), low, high)
            noise[rows, index, 1] = visits


def _kind(hour: Ints) -> Ints:
    """Map the hour of the week to 0..23 on weekdays, 24..47 on Saturday and Sunday."""
    return hour % 24 + np.where(hour >= _SATURDAY, 24, 0)


def _deviance(value: Floats, mean: Floats, dispersion: Floats) -> Floats:
    """Return the signed root of the negative-binomial deviance: near-normal where the model holds."""
    size = 1.0 / dispersion
    some = value > 0.0
    ratio = np.where(some, value, mean) / mean
    deviance = value * np.log(ratio) - (value + size) * np.log1p((value - mean) / (mean + size))
    return np.sign(value - mean) * np.sqrt(2.0 * np.maximum(deviance, 0.0))
