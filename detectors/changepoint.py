"""Abrupt changes of a gauge's level, by Bayesian online change point detection with learned tails."""

import math
from typing import NamedTuple

import numpy as np

from detectors import excursions, standardise
from detectors.arrays import Block, Floats, Ints
from detectors.bank import Column, Gauges, Verdict
from detectors.standardise import Standard

_WEIGHT = 0.5  # of an independent observation: chance changes stay probable for some observations
_QUIET = excursions.Prior(0.045, 0.8, 30.0)  # of generated gauges: 2.4 to 5.3 % of time, 0.65 to 0.82 nats
# Fitting a new run costs evidence, so that in quiet series the odds stay below their prior; by so much does the excess
# of the 97 % quantile lie below that of an exponential tail (independent normal observations; the tail is learned).
_FITTED = 4.0  # nats
_LEAST_VARIANCE = 1.0  # of a run, in units of the noise: stretches of an autoregression are steadier than the whole
_FARTHEST = 1e6  # standard deviations
_FASTEST = 1e3  # change of the units from one observation to the next
_LEAST_LOG = -600.0
_LEAST_MASS = 1e-290
_ROWS = 512  # at a time: their hypotheses fit the processor's cache


class ChangePointParameters(NamedTuple):
    """Parameters of `ChangePoint`.

    Attributes
    ----------
    hypotheses : int
        How many run lengths are followed: one for all that began before ``recent``, the others since.
    recent : int
        Observations for which a change counts as recent.
    hazard : float
        Prior probability of a change at an observation.
    prior_weight : float
        Observations that the prior of a new run's mean counts for.
    prior_shape : float
        Half the degrees of freedom of the prior of a new run's variance.
    memory : int
        Length of a run, in observations, after which it forgets.
    quiet_observations : float
        Length of history before which nothing is said.
    level_memory, noise_memory : float
        Memory of the slow level and noise that the prior is centred at, in observations (e-fold).
    clip_sd : float
        An observation lies at most this many standard deviations from what was expected of it: one outlier is no
        change.
    least_relative_sd : float
        Floor of the noise relative to the level's size: rounding is no noise.
    """

    hypotheses: int = 32
    recent: int = 60
    hazard: float = 1.0 / 500.0
    prior_weight: float = 0.1
    prior_shape: float = 2.0
    memory: int = 500
    quiet_observations: float = 150.0
    level_memory: float = 500.0
    noise_memory: float = 500.0
    clip_sd: float = 3.0
    least_relative_sd: float = 1e-3

    def validated(self) -> "ChangePointParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        for name, value in self._asdict().items():
            if not value > 0.0:
                raise ValueError(f"changepoint.{name} must be above 0, is {value}")
        if self.hazard >= 1.0:
            raise ValueError(f"changepoint.hazard must be a probability below 1, is {self.hazard}")
        if self.hypotheses < 2:  # noqa: PLR2004 - the old run and a young one
            raise ValueError(f"changepoint.hypotheses must be at least 2, is {self.hypotheses}")
        if self.memory < self.recent:
            raise ValueError(f"changepoint.memory must be at least recent = {self.recent}, is {self.memory}")
        return self


class _Runs(NamedTuple):
    """Hypotheses of some series in units of their present level and noise: (hypotheses, m) each.

    The first is that of all runs that began before the recent ones.
    """

    mass: Floats
    mean: Floats
    spread: Floats
    length: Floats


class ChangePoint(Gauges):
    """Bayesian online change point detection (Adams and MacKay 2007, arXiv:0710.3742) with learned tails.

    Runs of normal observations with unknown mean and variance (normal-inverse-gamma prior, Student-t predictive) begin
    at random. The posterior of the present run's length is kept for ``hypotheses`` run lengths: one for all runs that
    began before the ``recent`` ones, merged by moments, and one for each of the most probable recent beginnings; the
    least probable gives way to a new one. Means and spreads are kept relative to the slow level and noise, where the
    prior of a new run is centred too.

    Evidence is the log of the posterior odds that the present run began recently over the prior odds, for a rise where
    the mean of recent runs is above that of the old, else for a fall. ``p_high`` is the probability that evidence for a
    rise is at least as high at an observation as it now is, as long as nothing changes; ``p_low`` the same for a fall.
    So the tails speak of a *recent change*, not of the value, and return to 1 some ``recent`` observations after it. By
    Markov's inequality odds over prior odds exceed x with probability at most 1/x; how far they go in a quiet series is
    learned (`detectors.excursions`). More spread alone is told on the side on which the new mean happens to lie; less
    spread is not told.

    An observation counts for one part in the long-run variance, in likelihood and in learning, so that autocorrelation
    is not read as changes. It is clipped to ``clip_sd`` from what the mixture expected, so that one outlier is not a
    change of its own; two or three alike are. Runs are counted in observations: a gap changes nothing.

    Examples
    --------
    >>> bank = ChangePoint()
    >>> bank.resize(1)
    >>> at = np.arange(400) * 60_000
    >>> value = 20.0 + np.sin(np.arange(400.0) * 1.7)
    >>> value[200], value[380:] = 90.0, value[380:] + 3.0
    >>> scores = bank.update(Block(np.zeros(400, np.int64), at, at, value))
    >>> bool(scores.p_high[-1] < 1e-6), bool(scores.p_high[:380].min() > 0.01)
    (True, True)
    """

    name = "changepoint"
    version = 2

    def __init__(self, parameters: ChangePointParameters | None = None) -> None:
        self.parameters = chosen = (parameters or ChangePointParameters()).validated()
        self._unit = standardise.Memory(
            chosen.level_memory, chosen.noise_memory, chosen.clip_sd, chosen.least_relative_sd
        )
        prior = -math.expm1(chosen.recent * math.log1p(-chosen.hazard))
        self._offset = _FITTED - math.log(prior / (2.0 * (1.0 - prior)))
        width = (chosen.hypotheses,)
        only_old = np.eye(1, chosen.hypotheses)[0]
        super().__init__(
            {
                **standardise.columns(),
                "unit": Column((2,), fill=np.nan),  # level and noise that the runs are relative to
                "mass": Column(width, fill=only_old),
                "mean": Column(width),
                "spread": Column(width, fill=chosen.prior_shape),
                "length": Column(width),
                "tail": _QUIET.column(),
            }
        )

    def _step(self, block: Block) -> Verdict:
        rows, table = block.series, self._table
        standard = standardise.standardise(block, table, self._unit)
        nats, center = np.zeros((2, len(rows))), np.zeros(len(rows))
        settled = np.flatnonzero(standard.seen >= standardise.YOUNG)
        for start in range(0, len(settled), _ROWS):
            part = settled[start : start + _ROWS]
            nats[:, part], center[part] = self._follow(rows[part], block.value[part], standard.take(part))
        tails = table.at("tail", block.place)
        nats = excursions.saturated(np.maximum(nats, 0.0), tails)
        ready = standard.seen >= self.parameters.quiet_observations
        p = excursions.judge(nats, ready, _WEIGHT / standard.long_run, tails)
        table.floats("tail")[..., block.place] = tails
        standardise.learn_long_run(table, block.place, standard.score, standard.seen, p)
        return Verdict(p[0], p[1], np.where(ready, standard.level + standard.noise * center, np.nan))

    def _follow(self, rows: Ints, value: Floats, standard: Standard) -> tuple[Floats, Floats]:
        """Take one observation into the runs; return the evidence (2, m) and what had been expected (m,)."""
        runs = self._runs(rows, standard)
        expected = _total(runs.mass * runs.mean)
        residual = np.clip((value - standard.level) / standard.noise, -_FARTHEST, _FARTHEST)
        clip_sd = self.parameters.clip_sd
        residual = np.minimum(np.maximum(residual, expected - clip_sd), expected + clip_sd)
        step = 1.0 / standard.long_run
        self._learn(runs, residual, step)
        self._renew(runs, step)
        for name, column in runs._asdict().items():
            self._table.put(name, rows, column)
        self._table.put("unit", rows, np.stack([standard.level, standard.noise]))
        return self._evidence(runs), expected

    def _runs(self, rows: Ints, standard: Standard) -> _Runs:
        """Read the runs and turn them into present units."""
        table = self._table
        level, noise = table.across("unit", rows)
        new = np.isnan(noise)
        ratio = np.clip(np.where(new, standard.noise, noise) / standard.noise, 1.0 / _FASTEST, _FASTEST)
        moved = np.where(new, 0.0, np.clip((level - standard.level) / standard.noise, -_FASTEST, _FASTEST))
        mean = table.across("mean", rows)
        mean *= ratio
        mean += moved
        spread = table.across("spread", rows)
        spread *= ratio * ratio
        return _Runs(table.across("mass", rows), mean, spread, table.across("length", rows))

    def _learn(self, runs: _Runs, residual: Floats, step: Floats) -> None:
        """Weigh runs by their density of the residual to the power ``step``, then teach them that much of it."""
        chosen = self.parameters
        shape = 0.5 * runs.length + chosen.prior_shape
        weight = runs.length + chosen.prior_weight
        apart = residual - runs.mean
        square = apart * apart
        ratio = weight / (weight + 1.0)
        log = np.log1p(square * ratio * 0.5 / runs.spread)
        log *= -(shape + 0.5)
        log += _log_density_at_mean(shape, runs.spread, ratio)
        log -= log.max(axis=0)
        log *= step
        mass = runs.mass
        mass *= np.exp(np.maximum(log, _LEAST_LOG))
        mass *= (1.0 - chosen.hazard * step) / np.maximum(_total(mass), _LEAST_MASS)
        share = step / (weight + step)
        runs.mean[...] += share * apart
        square *= 0.5 * weight * share
        runs.spread[...] += square
        np.minimum(runs.length + step, chosen.memory, out=runs.length)
        later = 0.5 * runs.length + chosen.prior_shape
        runs.spread[...] *= later / (shape + 0.5 * step)
        np.maximum(runs.spread, _LEAST_VARIANCE * later, out=runs.spread)

    def _renew(self, runs: _Runs, step: Floats) -> None:
        """Begin a run in the place of one that is no longer recent and joins the old, or else of the least probable."""
        chosen = self.parameters
        length = runs.length[1:]
        place = 1 + np.where(length >= chosen.recent, -length, runs.mass[1:]).argmin(axis=0)
        places = (place, np.arange(len(place)))
        mass, mean, spread, length = (column[places] for column in runs)
        joining = np.where(length >= chosen.recent, mass, 0.0)
        both = runs.mass[0] + joining
        share = joining / np.maximum(both, _LEAST_MASS)
        variance = runs.spread[0] / (0.5 * runs.length[0] + chosen.prior_shape)
        variance += share * (spread / (0.5 * length + chosen.prior_shape) - variance)
        runs.mean[0] += share * (mean - runs.mean[0])
        runs.length[0] += share * (length - runs.length[0])
        runs.spread[0] = variance * (0.5 * runs.length[0] + chosen.prior_shape)
        runs.mass[0] = both
        runs.mass[places], runs.mean[places] = chosen.hazard * step, 0.0
        runs.spread[places], runs.length[places] = chosen.prior_shape, 0.0

    def _evidence(self, runs: _Runs) -> Floats:
        """Return the log of posterior over prior odds of a recent change, on the side of its mean: (2, m) nats."""
        young = runs.mass[1:]
        recent = _total(young)
        odds = np.log(np.maximum(recent, _LEAST_MASS)) - np.log(np.maximum(runs.mass[0], _LEAST_MASS)) + self._offset
        up = _total(young * runs.mean[1:]) > recent * runs.mean[0]
        return np.stack([np.where(up, odds, 0.0), np.where(up, 0.0, odds)])


def _total(values: Floats) -> Floats:
    """Return the sum over the first axis by halves: NumPy's own order depends on how many series there are."""
    while len(values) > 1:
        half = len(values) // 2
        total = values[:half] + values[half : 2 * half]
        if len(values) > 2 * half:
            total[0] += values[-1]
        values = total
    first: Floats = values[0]
    return first


def _log_density_at_mean(shape: Floats, spread: Floats, ratio: Floats) -> Floats:
    """Return the log of the Student-t density at its mean, up to a constant: log G(a + 1/2)/G(a) - log(spread/ratio)/2.

    The ratio of gamma functions is brought two up by recurrence and then expanded (error below 1e-8 for a >= 2).
    """
    up = shape + 2.0
    back = shape * (shape + 1.0) / ((shape + 0.5) * (shape + 1.5))
    inverse = 1.0 / up
    square = inverse * inverse
    rest = inverse * (-1 / 8 + square * (1 / 192 - square * (1 / 640 - square * (17 / 14336))))
    log: Floats = 0.5 * np.log(up * back * back * ratio / spread) + rest
    return log
