"""Surge and drop of counts against each series' own time of week, alone and as a run over hours."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import calibrate, phase
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
_APART_H = 1.0 / 12.0  # observations so far apart count as independent
# Squares of the runs' mean z: they start between those of independent and of wholly dependent observations, and are
# learned over many runs, so that a slow decline can't widen what it is judged by.
_START_RUN_SQUARE = 0.57
_LEAST_RUN_SQUARE = 1e-3
_PRIOR_RUNS = 10.0
_RUN_MEMORY = 250.0  # runs
_RUN_MEMORY_H = 1000.0  # whichever is shorter
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
    run_hours: tuple[float, ...] = (1.0, 8.0, 64.0)
    clip_sd: float = 3.0
    least_relative_sd: float = 0.05

    def validated(self) -> "SeasonalParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        for name in ("quiet_days", "memory_visits", "level_days", "clip_sd", "least_relative_sd"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"seasonal.{name} must be above 0, is {getattr(self, name)}")
        if len(self.run_hours) != _RUNS or not self.run_hours[0] > 0.0 or any(np.diff(self.run_hours) <= 0.0):
            raise ValueError(f"seasonal.run_hours must be {_RUNS} increasing times above 0, is {self.run_hours}")
        return self


class _Expectation(NamedTuple):
    """The predictive distribution of one round, and what of the state it was read from: (…, m) each."""

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
    known: NDArray[np.bool_]
    ready: NDArray[np.bool_]


class SeasonalCounts(Bank):
    """Exponentially weighted weekday-by-hour profile, slow level, negative-binomial deviance, learned tails.

    The profile of a bin shrinks to that of weekday or weekend, that to the hour of day, that to the mean; between the
    hours' centres it is interpolated. The deviance residual of the negative binomial, and its exponentially weighted
    means over an hour, most of a day and some days, are each mapped to tail probabilities by `calibrate`, whatever the
    cadence; the least of the four counts four times (Bonferroni). All this is learned as soon as the hour of the week
    is known at all, but nothing is said before ``quiet_days``.

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
    version = 2

    def __init__(self, parameters: SeasonalParameters | None = None) -> None:
        self.parameters = (parameters or SeasonalParameters()).validated()
        self._run_h = np.array(self.parameters.run_hours)[:, None]
        self._run_memory_h = np.minimum(_RUN_MEMORY * self._run_h, _RUN_MEMORY_H)
        self._apart_h = np.array([_APART_H, *self.parameters.run_hours] * 2)[:, None]
        visits = self.parameters.memory_visits
        self._forget = (
            np.array([[1.0], [0.4], [0.3]]) / visits
        )  # per visit: of hours of the week, of a kind, of the day
        self._forget_trend = np.array([[0.01 / visits], [1.0 / (24.0 * self.parameters.level_days)]])
        super().__init__(
            {
                "first_ms": Column((), np.int64, NEVER),
                "last_ms": Column((), np.int64, NEVER),
                "profile": Column((_BINS,)),  # weighted sums: 168 hours of the week, 48 of two kinds, 24 hours
                "visits": Column((_BINS,)),  # their weights
                "trend": Column((2, 2)),  # weighted sum and weight: overall mean; observed and profile (the level)
                "noise": Column((25,)),  # log dispersion: by hour, relative to the last, the series' own
                "noise_visits": Column((25,)),
                "run": Column((2, _RUNS), fill=np.array([[0.0] * _RUNS, [np.nan] * _RUNS])),  # mean z, its usual square
                "phase": Column(fill=np.nan),  # where in the hour the observations lie on average, hours
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
        expectation = self._expect(rows, block.local_ms, block.at_ms - first[rows])
        z = _deviance(block.value, expectation.mean, expectation.dispersion)
        verdict = self._judge(rows, z, gap_h, expectation)
        self._learn(rows, block.value, weight, expectation)
        self._learn_noise(np.where(expectation.visits >= 1.0, weight, 0.0), z, expectation)
        return verdict

    def _expect(self, rows: Ints, local_ms: Ints, age_ms: Ints) -> _Expectation:
        table = self._table
        hour = local_ms // HOUR_MS
        bins = _bins(rows, hour)
        profile, weights = table.floats("profile").ravel().take(bins), table.floats("visits").ravel().take(bins)
        trend = table.across("trend", rows)
        base = trend[0, 0] / np.maximum(trend[0, 1], 1e-9)
        usual = _shrunk(profile, weights, base)
        usual = self._between(rows, hour, (local_ms - hour * HOUR_MS) / HOUR_MS, usual, base)
        prior = 24.0 * base + 1e-9
        factor = (trend[1, 0] + prior) / (trend[1, 1] + prior)
        # a dead sensor must not blow up the profile
        factor = np.minimum(np.maximum(factor, 1.0 / _LARGEST_FACTOR), _LARGEST_FACTOR)
        mean = np.maximum(usual * factor, 0.01)
        hours = np.stack([hour % 24, np.full(len(rows), 24)]) + rows * 25
        noise = table.floats("noise").ravel().take(hours)
        dispersion = np.exp(_START_LOG_DISPERSION + noise[0] + noise[1])
        dispersion = np.maximum(dispersion, self.parameters.least_relative_sd**2)
        visits = weights[0] + 0.5 * weights[1]
        dispersion += (dispersion + 1.0 / mean) / (visits + 1.0)
        known = visits >= _LEAST_VISITS
        ready = known & (age_ms >= self.parameters.quiet_days * DAY_MS)
        return _Expectation(bins, profile, weights, trend, hours, noise, mean, factor, dispersion, visits, known, ready)

    def _between(self, rows: Ints, hour: Ints, part: Floats, usual: Floats, base: Floats) -> Floats:
        """Interpolate to the next or previous hour's usual count, for observations off their hour's centre."""
        shift, off = phase.follow(self._table.floats("phase"), rows, part)
        if len(off) == 0:
            return usual
        rows, shift = rows[off], shift[off]
        bins = _bins(rows, hour[off] + np.where(shift > 0.0, 1, -1))
        weights = self._table.floats("visits").ravel().take(bins)
        neighbour = _shrunk(self._table.floats("profile").ravel().take(bins), weights, base[off])
        share = np.where(weights[1] >= 1.0, np.abs(shift), 0.0)
        usual = usual.copy()
        usual[off] += share * (neighbour - usual[off])
        return usual

    def _judge(self, rows: Ints, z: Floats, gap_h: Floats, expectation: _Expectation) -> Verdict:
        run, tails = self._table.across("run", rows), self._table.across("tail", rows)
        seen = np.where(expectation.known, z, 0.0)
        clipped = np.minimum(np.maximum(seen, -_LARGEST_Z), _LARGEST_Z)
        means = clipped + np.exp(-gap_h / self._run_h) * (run[0] - clipped)
        short_h = np.minimum(gap_h, 1.0)
        square = run[1]
        young = np.isnan(square)
        if young.any():
            square = np.where(young, _START_RUN_SQUARE * np.sqrt(np.tanh(0.5 * short_h / self._run_h)), square)
        both = np.empty((2 * _CHANNELS, len(rows)))
        both[0] = z
        np.divide(means, np.sqrt(square), out=both[1:_CHANNELS])
        np.negative(both[:_CHANNELS], out=both[_CHANNELS:])
        by_series = tails.transpose(2, 0, 1)
        log = calibrate.log_tail(both.T, by_series).T.reshape(2, _CHANNELS, -1)
        sides = np.minimum(_CHANNELS * np.exp(log.min(axis=1)), 1.0)
        suspicious = np.minimum(sides[0], sides[1]) < _SUSPICIOUS
        weight = np.where(expectation.known, np.where(suspicious, 0.02, 1.0), 0.0)
        known_h = (tails[0, 1:_CHANNELS] - (calibrate.PRIOR[0] - _PRIOR_RUNS)) * self._run_h
        step = weight * short_h / np.minimum(known_h, self._run_memory_h)
        run[1] = square * (1.0 + _surprise(means * means / square) * step)
        run[0] = means
        np.minimum(np.maximum(run[1], _LEAST_RUN_SQUARE), 1.0, out=run[1])
        # neighbouring observations share their runs: so many of them make one independent one
        calibrate.learn(both.T, (np.minimum(gap_h / self._apart_h, 1.0) * weight).T, by_series)
        self._table.put("tail", rows, tails)
        self._table.put("run", rows, run)
        sides[:, ~expectation.ready] = 1.0
        return Verdict(sides[0], sides[1], np.where(expectation.ready, expectation.mean, np.nan))

    def _learn(self, rows: Ints, value: Floats, weight: Floats, expectation: _Expectation) -> None:
        """Teach profile and level, by at most ``clip_sd`` standard deviations once they are known."""
        mean = expectation.mean
        reach = self.parameters.clip_sd * np.sqrt(mean + expectation.dispersion * mean * mean)
        clipped = np.minimum(np.maximum(value, mean - reach), mean + reach)
        robust = np.where(expectation.ready, clipped, value)
        taught = robust / expectation.factor * weight
        fade = np.exp(-self._forget * weight)
        self._table.floats("profile").ravel()[expectation.bins] = fade * expectation.profile + taught
        self._table.floats("visits").ravel()[expectation.bins] = fade * expectation.weights + weight
        trend = expectation.trend
        fade = np.exp(-self._forget_trend * weight)
        taught_level = fade[1] * trend[1]
        taught_level[0] += robust * weight
        taught_level[1] += mean / expectation.factor * weight
        trend[1] = np.where(expectation.visits >= 1.0, taught_level, trend[1])
        trend[0] *= fade[0]
        trend[0, 0] += taught
        trend[0, 1] += weight
        self._table.put("trend", rows, trend)

    def _learn_noise(self, weight: Floats, z: Floats, expectation: _Expectation) -> None:
        """Move the log dispersion, of the hour and overall, so that the truncated square of z has its normal mean."""
        seen = self._table.floats("noise_visits").ravel()
        visits = np.minimum(seen.take(expectation.hours) + weight, _NOISE_MEMORY)
        moved = expectation.noise + _surprise(z * z) * weight / (visits + 5.0)
        self._table.floats("noise").ravel()[expectation.hours] = np.minimum(np.maximum(moved, _NOISE_LOW), _NOISE_HIGH)
        seen[expectation.hours] = visits


def _bins(rows: Ints, hour: Ints) -> Ints:
    """Return the places of hours since 1970 in the flattened profile, (3, m): of the week, of its kind, of the day."""
    week = (hour + 72) % _WEEK_HOURS  # 1970-01-01 was a Thursday: bin 0 is Monday 00:00
    of_day = week % 24
    bins = np.stack([week, of_day + np.where(week >= _SATURDAY, 192, 168), of_day + 216])
    bins += rows * _BINS  # NumPy is ten times faster at one index than at two
    return bins


def _shrunk(profile: Floats, weights: Floats, base: Floats) -> Floats:
    """Return the usual count of bins (3, m), each shrunk to that of the next wider kind, and the widest to ``base``."""
    usual: Floats = (profile[2] + base) / (weights[2] + 1.0)
    usual = (profile[1] + 2.0 * usual) / (weights[1] + 2.0)
    usual = profile[0] + 2.0 * usual
    usual /= weights[0] + 2.0
    return usual


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
