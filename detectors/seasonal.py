"""Surge and drop of counts against each series' own time of week, alone and as a run over hours."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import calibrate, phase, runs, stretches, weekhours
from detectors.arrays import Block, Floats, Ints
from detectors.bank import DAY_MS, HOUR_MS, NEVER, Bank, Column, Verdict

_LEAST_VISITS = 1.5  # of the hour of the week, those of other weekdays counting half
_RUNS = 3
_LARGEST_COUNT = 1e12
_LARGEST_FACTOR = 30.0
_START_LOG_DISPERSION = -2.3
_NOISE_OF_HOUR = (50.0, -2.0, 2.0)  # memory, visits; least and largest log dispersion
_NOISE_OF_SERIES = (500.0, -7.0, 2.0)
_LONGEST_EXCESS = 7.0  # nats: beyond twelve standard deviations p is below 1e-6 whatever a series did before
_LEAST_SD = 0.7  # below it the skewness of counts says little about the mean of their deviance


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
    """The predictive distribution of one round: (m,) each."""

    factor: Floats
    mean: Floats
    dispersion: Floats
    sd: Floats
    visits: Floats
    known: NDArray[np.bool_]
    ready: NDArray[np.bool_]


class SeasonalCounts(Bank):
    """Exponentially weighted weekday-by-hour profile, slow level, negative-binomial deviance, learned tails.

    The profile of a bin shrinks to that of weekday or weekend, that to the hour of day, that to the mean; within the
    hour it is the parabola with the means of three. The score of a count is the deviance residual of the negative
    binomial, plus a sixth of its skewness, which brings its mean to 0 (Pierce and Schafer 1986,
    doi:10.1080/01621459.1986.10478361). Its exponentially weighted means over an hour, most of a day and some days are
    scores as well, whatever the cadence. The largest of the four on each side becomes a tail probability by
    `calibrate`, whatever their dependence. All this is learned as soon as the hour of the week is known at all, but
    nothing is said before ``quiet_days``.

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
    version = 5

    def __init__(self, parameters: SeasonalParameters | None = None) -> None:
        self.parameters = (parameters or SeasonalParameters()).validated()
        visits = self.parameters.memory_visits
        # what is forgotten by a whole visit: of hours of the week, of a kind, of the day, of all; and of the level
        self._forget = [-float(np.expm1(-share / visits)) for share in (1.0, 0.4, 0.3, 0.01)]
        self._forget_level = -float(np.expm1(-1.0 / (24.0 * self.parameters.level_days)))
        super().__init__(
            {
                "first_ms": Column((), np.int64, NEVER),
                "last_ms": Column((), np.int64, NEVER),
                # weighted sums and weights: of 168 hours of the week, 48 of two kinds, 24 hours, all
                "hours": Column((2, weekhours.BINS), series_last=True),
                "level": Column((2,), series_last=True),  # weighted sums of what was observed, and of the profile
                "noise": Column((2, 25), series_last=True),  # log dispersion by hour, relative to the last; its visits
                **phase.columns(),
                **runs.columns(self.parameters.run_hours),
                **calibrate.columns(),
                **stretches.columns(),
            }
        )
        self._runs = runs.Runs(self._table, self.parameters.run_hours)
        self._tails = calibrate.Tails(self._table, _LONGEST_EXCESS)
        self._stretches = stretches.Stretches(self._table, self._tails)

    def _known(self, value: Floats) -> NDArray[np.bool_]:
        with np.errstate(invalid="ignore"):
            return (value >= 0.0) & (value <= _LARGEST_COUNT)

    def _step(self, block: Block) -> Verdict:
        place = block.place
        age_ms, gap_h = self._time(place, block.at_ms)
        weight = np.minimum(np.maximum(gap_h, 1.0 / 60.0), 1.0)
        bins, part = weekhours.bins_at(place, block.series, block.local_ms)
        expectation = self._expect(block.series, bins, part, age_ms)
        z = _score(block.value, expectation)
        verdict = self._judge(place, z, gap_h, expectation)
        visited = weight * (expectation.visits >= 1.0)
        self._learn(bins, block.value, weight, visited, expectation)
        self._learn_noise(bins, visited, z)
        return verdict

    def _time(self, place: Ints | slice, at_ms: Ints) -> tuple[Ints, Floats]:
        """Return the age of the series, ms, and the time since their last observation, hours; keep both."""
        first, last = self._table.ints("first_ms"), self._table.ints("last_ms")
        began, before = first[place], last[place]
        new = before == NEVER
        if new.any():
            began = np.where(new, at_ms, began)
            before = np.where(new, at_ms - HOUR_MS, before)
            first[place] = began
        gap_ms = np.maximum(at_ms - before, 0)
        last[place] = before + gap_ms
        return at_ms - began, gap_ms / HOUR_MS

    def _expect(self, rows: Ints, bins: weekhours.Bins, part: Floats, age_ms: Ints) -> _Expectation:
        table, place = self._table, bins.place
        hours, level = table.floats("hours"), table.floats("level")
        base, weight = hours[:, -1, place]
        mean = base / np.maximum(weight, 1e-9)
        usual, weights = weekhours.shrunk(hours, bins, mean)
        usual = self._between(rows, bins, part, usual, mean)
        prior = 24.0 * mean
        prior += 1e-9
        factor = level[0, place] + prior
        factor /= level[1, place] + prior
        # a dead sensor must not blow up the profile
        np.minimum(np.maximum(factor, 1.0 / _LARGEST_FACTOR, out=factor), _LARGEST_FACTOR, out=factor)
        mean = usual * factor
        np.maximum(mean, 0.01, out=mean)
        noise = table.floats("noise")[0]
        dispersion = noise[bins.of_day, place] + noise[24, place]
        dispersion += _START_LOG_DISPERSION
        np.exp(dispersion, out=dispersion)
        np.maximum(dispersion, self.parameters.least_relative_sd**2, out=dispersion)
        dispersion += (dispersion + 1.0 / mean) / (weights + 1.0)
        sd = dispersion * mean
        sd += 1.0
        sd *= mean
        np.sqrt(sd, out=sd)
        known = weights >= _LEAST_VISITS
        ready = known & (age_ms >= self.parameters.quiet_days * DAY_MS)
        return _Expectation(factor, mean, dispersion, sd, weights, known, ready)

    def _between(self, rows: Ints, bins: weekhours.Bins, part: Floats, usual: Floats, base: Floats) -> Floats:
        """Follow the rhythm within the hour, for observations off its centre."""
        shift, off = phase.follow(self._table.floats("phase"), bins.place, part)
        if len(off) == 0:
            return usual
        chosen, own = rows[off], usual[off]
        week = bins.week if isinstance(bins.week, int) else bins.week[off]
        before, after = (self._beside(chosen, (week + step) % weekhours.WEEK, own, base[off]) for step in (-1, 1))
        usual[off] = phase.bent(self._table.floats("phase_square"), chosen, shift[off], (before, own, after))
        return usual

    def _beside(self, rows: Ints, week: Ints | int, own: Floats, base: Floats) -> Floats:
        """Return the usual count of a neighbouring hour, or that of the hour itself where the other isn't known."""
        hours, bins = self._table.floats("hours"), weekhours.bins_of_week(rows, week)
        usual, _ = weekhours.shrunk(hours, bins, base)
        return np.where(hours[1, bins.kind, bins.place] >= 1.0, usual, own)

    def _judge(self, place: Ints | slice, z: Floats, gap_h: Floats, expectation: _Expectation) -> Verdict:
        known, ready, tails = expectation.known, expectation.ready, self._tails
        worth = np.where(known, self._stretches.trust(place, gap_h), 0.0)
        hours = np.minimum(gap_h, 1.0)
        hours *= known
        worth_h = hours * worth
        seen_h = tails.seen(place) - calibrate.PRIOR_SEEN
        scores = self._runs.scores(place, np.where(known, z, 0.0), gap_h, seen_h, worth_h)
        both = np.empty((2, len(z)))
        scores.max(axis=0, out=both[0])
        np.negative(scores.min(axis=0), out=both[1])
        peaks = calibrate.above(both)
        at = peaks % len(z)
        apart_h = self._runs.apart(scores, both.reshape(-1).take(peaks), at)
        share = np.minimum(gap_h.take(at) / apart_h, 1.0)
        taught = worth.take(at)
        p = tails.judge(place, both, peaks, worth_h, share * taught)
        self._stretches.hold(place, both, peaks, share * (1.0 - taught), (hours - worth_h, p))
        np.exp(p, out=p)
        expected = expectation.mean
        if not ready.all():
            p[:, ~ready] = 1.0
            expected = np.where(ready, expected, np.nan)
        return Verdict(p[0], p[1], expected)

    def _learn(
        self, bins: weekhours.Bins, value: Floats, weight: Floats, visited: Floats, expectation: _Expectation
    ) -> None:
        """Teach profile and level, by at most ``clip_sd`` standard deviations once they are known."""
        table, place, mean = self._table, bins.place, expectation.mean
        reach = self.parameters.clip_sd * expectation.sd
        robust = np.minimum(np.maximum(value, mean - reach), mean + reach)
        if not expectation.ready.all():
            robust = np.where(expectation.ready, robust, value)
        hours, level = table.floats("hours"), table.floats("level")
        taught = np.empty((2, len(value)))
        np.divide(robust, expectation.factor, out=taught[0])
        taught[0] *= weight
        taught[1] = weight
        for hour, forget in zip((bins.week, bins.kind, bins.day, -1), self._forget, strict=True):
            hours[:, hour, place] = _keep(forget, weight) * hours[:, hour, place] + taught
        np.multiply(robust, visited, out=taught[0])
        np.divide(mean, expectation.factor, out=taught[1])
        taught[1] *= visited
        level[:, place] = _keep(self._forget_level, visited) * level[:, place] + taught

    def _learn_noise(self, bins: weekhours.Bins, weight: Floats, z: Floats) -> None:
        """Move the log dispersion, of the hour and overall, so that the truncated square of z has its normal mean."""
        noise = self._table.floats("noise")
        surprise = runs.surprise(z * z)
        surprise *= weight
        for hour, memory, low, high in ((bins.of_day, *_NOISE_OF_HOUR), (24, *_NOISE_OF_SERIES)):
            moved, visits = noise[:, hour, bins.place]
            visits = np.minimum(visits + weight, memory)
            moved = moved + surprise / (visits + 5.0)
            noise[0, hour, bins.place] = np.minimum(np.maximum(moved, low, out=moved), high, out=moved)
            noise[1, hour, bins.place] = visits


def _keep(forget: float, weight: Floats) -> Floats:
    """Return the share of a memory that is left after visits of some weight."""
    keep = -forget * weight
    keep += 1.0
    return keep


def _score(value: Floats, expectation: _Expectation) -> Floats:
    """Return the signed root of the negative-binomial deviance, its mean corrected: near-normal in quiet series."""
    mean, size = expectation.mean, 1.0 / expectation.dispersion
    away = value - mean
    share = value / mean
    np.maximum(share, 1e-300, out=share)
    np.log(share, out=share)
    share *= value
    rest = np.log1p(away / (mean + size))
    rest *= value + size
    share -= rest
    share *= 2.0
    z = np.copysign(np.sqrt(np.maximum(share, 0.0, out=share), out=share), away)
    skewness = expectation.dispersion * mean
    skewness += 0.5
    skewness /= np.maximum(expectation.sd, _LEAST_SD)
    skewness *= 1.0 / 3.0
    z += skewness
    return z
