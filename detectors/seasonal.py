"""Surge and drop of counts against each series' own time of week, alone and as a run over hours."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import calibrate
from detectors.arrays import Block, Floats, Ints
from detectors.bank import DAY_MS, HOUR_MS, NEVER, Bank, Column, Verdict

_WEEK_HOURS = 168
_BINS = 168 + 48 + 24
_SATURDAY = 120
_LEAST_VISITS = 1.5  # of the hour of the week, those of other weekdays counting half
_RUNS = 3
_CHANNELS = 1 + _RUNS
_SUSPICIOUS = 1e-4  # below this the tails learn next to nothing
_LARGEST_COUNT = 1e12
_LARGEST_FACTOR = 30.0
_LARGEST_Z = 5.0  # what one observation can add to a run
_HUBER = 1.5
_HUBER_MEAN = 0.7785  # E min(Z², 1.5²), Z standard normal
_RUN_MEMORY = 1000.0  # observations; long, so that a slow decline can't widen what it is judged by
_START_RUN_SQUARE = (0.2, 0.1, 0.05)  # of the runs' mean z: between independent and wholly dependent hours
_START_LOG_DISPERSION = -2.3
_NOISE_MEMORY = np.array([[50.0], [500.0]])  # visits; of the hour, of the series
_NOISE_LOW = np.array([[-2.0], [-7.0]])
_NOISE_HIGH = np.array([[2.0], [2.0]])


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


class _Expectation(NamedTuple):
    """The predictive distribution of one round, and what of the state it was read from: (m, …) each."""

    bins: Ints
    profile: Floats
    weights: Floats
    trend: Floats
    hours: Ints
    noise: Floats
    mean: Floats
    factor: Floats
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
        visits = self.parameters.memory_visits
        self._forget = np.array([1.0, 0.4, 0.3]) / visits  # per visit: of the week's hours, of the two kinds, of hours
        self._forget_trend = np.array([0.01 / visits, 1.0 / (24.0 * self.parameters.level_days)])
        super().__init__(
            {
                "first_ms": Column((), np.int64, NEVER),
                "last_ms": Column((), np.int64, NEVER),
                "profile": Column((_BINS,)),  # weighted sums: 168 hours of the week, 48 of two kinds, 24 hours
                "visits": Column((_BINS,)),  # their weights
                "trend": Column((2, 2)),  # weighted sum and weight: overall mean; observed and profile (the level)
                "noise": Column((25,)),  # log dispersion: by hour, relative to the last, the series' own
                "noise_visits": Column((25,)),
                "run": Column(
                    (2, _RUNS), fill=np.array([[0.0] * _RUNS, _START_RUN_SQUARE])
                ),  # mean z, its usual square
                "tail": Column((4, 2 * _CHANNELS), fill=calibrate.fresh(2 * _CHANNELS)),
            }
        )

    def _known(self, value: Floats) -> NDArray[np.bool_]:
        with np.errstate(invalid="ignore"):
            return (value >= 0.0) & (value <= _LARGEST_COUNT)

    def _step(self, block: Block) -> Verdict:
        rows = block.series
        first, last = self._table.ints("first_ms"), self._table.ints("last_ms")
        before = last[rows]
        new = before == NEVER
        if new.any():
            first[rows[new]] = block.at_ms[new]
            before = np.where(new, block.at_ms - HOUR_MS, before)
        gap_h = np.maximum(block.at_ms - before, 0) / HOUR_MS
        last[rows] = np.maximum(before, block.at_ms)
        weight = np.minimum(np.maximum(gap_h, 1.0 / 60.0), 1.0)
        expectation = self._expect(rows, block.local_ms // HOUR_MS, block.at_ms - first[rows])
        z = _deviance(block.value, expectation.mean, expectation.dispersion)
        verdict = self._judge(rows, z, gap_h, expectation)
        self._learn(rows, block.value, weight, expectation)
        self._learn_noise(np.where(expectation.visits >= 1.0, weight, 0.0), z, expectation)
        return verdict

    def _expect(self, rows: Ints, hour: Ints, age_ms: Ints) -> _Expectation:
        table = self._table
        week = (hour + 72) % _WEEK_HOURS  # 1970-01-01 was a Thursday: bin 0 is Monday 00:00
        of_day = week % 24
        bins = np.stack([week, of_day + np.where(week >= _SATURDAY, 192, 168), of_day + 216])
        bins += rows * _BINS  # into the flattened array: NumPy is ten times faster at one index than at two
        profile, weights = table.floats("profile").ravel().take(bins), table.floats("visits").ravel().take(bins)
        trend = table.floats("trend").take(rows, axis=0)
        base = trend[:, 0, 0] / np.maximum(trend[:, 0, 1], 1e-9)
        usual = (profile[2] + base) / (weights[2] + 1.0)
        usual = (profile[1] + 2.0 * usual) / (weights[1] + 2.0)
        usual = (profile[0] + 2.0 * usual) / (weights[0] + 2.0)
        prior = 24.0 * base + 1e-9
        factor = (trend[:, 1, 0] + prior) / (trend[:, 1, 1] + prior)
        # a dead sensor must not blow up the profile
        factor = np.minimum(np.maximum(factor, 1.0 / _LARGEST_FACTOR), _LARGEST_FACTOR)
        mean = np.maximum(usual * factor, 0.01)
        hours = np.stack([of_day, np.full(len(rows), 24)]) + rows * 25
        noise = table.floats("noise").ravel().take(hours)
        dispersion = np.exp(_START_LOG_DISPERSION + noise[0] + noise[1])
        dispersion = np.maximum(dispersion, self.parameters.least_relative_sd**2)
        visits = weights[0] + 0.5 * weights[1]
        dispersion += (dispersion + 1.0 / mean) / (visits + 1.0)
        ready = (age_ms >= self.parameters.quiet_days * DAY_MS) & (visits >= _LEAST_VISITS)
        return _Expectation(bins, profile, weights, trend, hours, noise, mean, factor, dispersion, visits, ready)

    def _judge(self, rows: Ints, z: Floats, gap_h: Floats, expectation: _Expectation) -> Verdict:
        ready = expectation.ready
        run, tail = self._table.floats("run"), self._table.floats("tail")
        runs = run.take(rows, axis=0)
        keep = np.exp(-gap_h[:, None] / self._memory_h[1:_CHANNELS])
        clipped = np.minimum(np.maximum(np.where(ready, z, 0.0), -_LARGEST_Z), _LARGEST_Z)[:, None]
        runs[:, 0] = clipped + keep * (runs[:, 0] - clipped)
        square = runs[:, 1]
        both = np.empty((len(rows), 2 * _CHANNELS))
        both[:, 0] = z
        both[:, 1:_CHANNELS] = runs[:, 0] / np.sqrt(square)
        both[:, _CHANNELS:] = -both[:, :_CHANNELS]
        tails = tail.take(rows, axis=0)
        log = calibrate.log_tail(both, tails)
        pairs = np.minimum(log[:, ::2], log[:, 1::2])  # NumPy is slow at reducing short axes
        sides = np.minimum(_CHANNELS * np.exp(np.minimum(pairs[:, ::2], pairs[:, 1::2])), 1.0)
        sides[~ready] = 1.0
        suspicious = np.minimum(sides[:, 0], sides[:, 1]) < _SUSPICIOUS
        weight = np.where(ready, np.where(suspicious, 0.02, 1.0), 0.0)[:, None]
        # neighbouring hours share their runs: so many of them make one independent observation
        calibrate.learn(both, np.minimum(gap_h[:, None] / self._memory_h, 1.0) * weight, tails)
        tail[rows] = tails
        surprise = _surprise(runs[:, 0] * runs[:, 0] / square)
        runs[:, 1] = np.minimum(np.maximum(square * (1.0 + surprise * weight / _RUN_MEMORY), 0.01), 1.0)
        run[rows] = runs
        return Verdict(sides[:, 0], sides[:, 1], np.where(ready, expectation.mean, np.nan))

    def _learn(self, rows: Ints, value: Floats, weight: Floats, expectation: _Expectation) -> None:
        """Teach profile and level, by at most ``clip_sd`` standard deviations once they are known."""
        mean = expectation.mean
        reach = self.parameters.clip_sd * np.sqrt(mean + expectation.dispersion * mean * mean)
        clipped = np.minimum(np.maximum(value, mean - reach), mean + reach)
        robust = np.where(expectation.ready, clipped, value)
        taught = robust / expectation.factor * weight
        fade = np.exp(-self._forget[:, None] * weight)
        self._table.floats("profile").ravel()[expectation.bins] = fade * expectation.profile + taught
        self._table.floats("visits").ravel()[expectation.bins] = fade * expectation.weights + weight
        trend = expectation.trend
        moved = np.stack([robust, mean / expectation.factor], axis=1) * weight[:, None]
        fade = np.exp(-weight[:, None] * self._forget_trend)
        known = (expectation.visits >= 1.0)[:, None]
        trend[:, 1] = np.where(known, fade[:, 1:] * trend[:, 1] + moved, trend[:, 1])
        trend[:, 0] = fade[:, :1] * trend[:, 0] + np.stack([taught, weight], axis=1)
        self._table.floats("trend")[rows] = trend

    def _learn_noise(self, weight: Floats, z: Floats, expectation: _Expectation) -> None:
        """Move the log dispersion, of the hour and overall, so that the truncated square of z has its normal mean."""
        seen = self._table.floats("noise_visits").ravel()
        visits = np.minimum(seen.take(expectation.hours) + weight, _NOISE_MEMORY)
        moved = expectation.noise + _surprise(z * z) * weight / (visits + 5.0)
        self._table.floats("noise").ravel()[expectation.hours] = np.minimum(np.maximum(moved, _NOISE_LOW), _NOISE_HIGH)
        seen[expectation.hours] = visits


def _surprise(square: Floats) -> Floats:
    """Return how far a truncated squared score lies above its normal mean, relatively: Huber's proposal 2."""
    return np.minimum(square, _HUBER * _HUBER) / _HUBER_MEAN - 1.0


def _deviance(value: Floats, mean: Floats, dispersion: Floats) -> Floats:
    """Return the signed root of the negative-binomial deviance: near-normal where the model holds."""
    size = 1.0 / dispersion
    deviance = value * np.log(np.maximum(value / mean, 1e-300)) - (value + size) * np.log1p(
        (value - mean) / (mean + size)
    )
    return np.sign(value - mean) * np.sqrt(2.0 * np.maximum(deviance, 0.0))
