"""Lasting shifts of gauges and of counts, by cumulative sums of log likelihood ratios with learned tails."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import excursions, standardise
from detectors.arrays import Block, Floats
from detectors.bank import DAY_MS, HOUR_MS, NEVER, Bank, Column, Verdict
from detectors.cumulative import CumulativeBank, Sums
from detectors.weektime import Usual, WeekTime

_LARGEST_COUNT = 1e12
_TAPER = 24.0  # observations: the hours of a rainy day go together
_LEAST_STEP_H = 1.0 / 60.0
_QUIET_GAUGE = excursions.Prior(0.017, 0.93)  # of generated gauges: 1.3 to 2 % of time, 0.91 to 1.0 nats
# of generated counts: 0.1 to 0.9 % of time, kinds differing by half of their mean, and 0.55 to 0.75 nats
_QUIET_COUNTS = excursions.Prior(0.008, 0.8, above=5.0)


class CusumParameters(NamedTuple):
    """Parameters of `Cusum`.

    Attributes
    ----------
    shift_sd : float
        The lasting shift that it finds fastest, in standard deviations of the gauge; the reference value k is half of
        it, and shifts smaller than that are not found.
    quiet_observations : float
        Length of history before which nothing is said.
    level_memory, noise_memory : float
        Memory of the level and of the noise, in observations (e-fold).
    clip_sd : float
        A residual counts for at most this many standard deviations: one outlier is no shift.
    least_relative_sd : float
        Floor of the noise relative to the level's size: rounding is no noise.
    """

    shift_sd: float = 1.0
    quiet_observations: float = 100.0
    level_memory: float = 500.0
    noise_memory: float = 500.0
    clip_sd: float = 3.0
    least_relative_sd: float = 1e-3

    def validated(self) -> "CusumParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        for name, value in self._asdict().items():
            if not value > 0.0:
                raise ValueError(f"cusum.{name} must be above 0, is {value}")
        if 0.5 * self.shift_sd >= self.clip_sd:
            raise ValueError(
                f"cusum.shift_sd must be below twice clip_sd = {self.clip_sd}, or nothing adds up; is {self.shift_sd}"
            )
        return self


class Cusum(CumulativeBank):
    """Page's cumulative sum (1954, doi:10.1093/biomet/41.1-2.100) of a gauge, two-sided and self-starting.

    ``p_high`` is the probability that, as long as the level stays, the sum for a rise is at least as high at an
    observation as it now is; ``p_low`` the same for a fall. Theory gives it an exponential tail in nats (Siegmund
    1985); the series' own excursions teach its rate and its slope (`detectors.excursions`). A shift of d standard
    deviations reaches evidence h after about h / (d - 1/2) observations at the default ``shift_sd``. An observation
    adds at most 2.5 nats, so that a single outlier is no shift and even the largest shift takes six observations to
    reach 1e-6. The level adopts what lasts, within some ``level_memory``.

    Examples
    --------
    >>> bank = Cusum()
    >>> bank.resize(1)
    >>> at = np.arange(400) * 60_000
    >>> value = 20.0 + np.sin(np.arange(400.0) * 1.7)
    >>> value[200], value[380:] = 90.0, value[380:] + 1.5
    >>> scores = bank.update(Block(np.zeros(400, np.int64), at, at, value))
    >>> bool(scores.p_high[-1] < 1e-6), bool(scores.p_high[:380].min() > 0.01)
    (True, True)
    """

    name = "cusum"
    version = 2

    def __init__(self, parameters: CusumParameters | None = None) -> None:
        self.parameters = (parameters or CusumParameters()).validated()
        shift_sd, quiet, *memory = self.parameters
        super().__init__(Sums(shift_sd, quiet, standardise.Memory(*memory), _QUIET_GAUGE))


class CountCusumParameters(NamedTuple):
    """Parameters of `CountCusum`.

    Attributes
    ----------
    factor : float
        The lasting change that it finds fastest: counts this many times the usual, or the usual divided by it.
    quiet_days, quiet_observations : float
        Age and length of history before which nothing is said.
    memory_visits : float
        Visits of an hour of weekdays, or of weekends, after which its memory fades (e-fold).
    level_days : float
        Memory of the slow level, and of the evidence that was gathered against it, days (e-fold).
    clip_sd : float
        A count teaches at most this many standard deviations.
    clip_nats : float
        An observation adds or takes at most so much evidence: one outlier is no shift.
    least_relative_sd : float
        Floor of the relative scatter: no series is trusted to be steadier.
    """

    factor: float = 1.5
    quiet_days: float = 14.0
    quiet_observations: float = 100.0
    memory_visits: float = 30.0
    level_days: float = 7.0
    clip_sd: float = 3.0
    clip_nats: float = 2.5
    least_relative_sd: float = 0.05

    def validated(self) -> "CountCusumParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        for name, value in self._asdict().items():
            if not value > 0.0:
                raise ValueError(f"count_cusum.{name} must be above 0, is {value}")
        if not self.factor > 1.0:
            raise ValueError(f"count_cusum.factor must be above 1: it works up and down; is {self.factor}")
        return self


class CountCusum(Bank):
    """Negative-binomial likelihood-ratio CUSUM of counts against each series' own time of week.

    After Höhle and Paul (2008, doi:10.1016/j.csda.2008.02.015), with the mean of the hour of weekdays or weekends,
    times what the day of the week usually is, in place of a regression, for a change by a ``factor`` up and down.
    ``p_high`` is the probability that, as long as counts stay usual, the sum for a rise is at least as high at an
    observation as it now is; ``p_low`` the same for a fall: exponential in nats by theory, with rate and slope learned
    (`detectors.excursions`). Where neighbouring residuals go together, evidence is divided by their long-run variance.
    A slow level adopts what lasts, and evidence fades as fast, for it was gathered against the level that was.

    Examples
    --------
    >>> bank = CountCusum()
    >>> bank.resize(1)
    >>> hour = np.arange(28 * 24)
    >>> value = np.round(20.0 + 10.0 * np.sin(hour / 24 * 2 * np.pi) + 4.0 * np.sin(hour * 1.7))
    >>> value[-30:] *= 2.0
    >>> scores = bank.update(Block(np.zeros(len(hour), np.int64), hour * 3600_000, hour * 3600_000, value))
    >>> bool(scores.p_high[-1] < 1e-5), bool(scores.p_high[:-30].min() > 0.01)
    (True, True)
    """

    name = "count_cusum"
    version = 4

    def __init__(self, parameters: CountCusumParameters | None = None) -> None:
        self.parameters = chosen = (parameters or CountCusumParameters()).validated()
        self._log_factors = np.array([[math.log(chosen.factor)], [-math.log(chosen.factor)]])
        self._forget_an_hour = -math.expm1(-1.0 / (24.0 * chosen.level_days))
        self._growths = np.array([[chosen.factor - 1.0], [1.0 / chosen.factor - 1.0]])
        super().__init__(
            {
                "first_ms": Column((), np.int64, NEVER),
                "count": Column(),
                **standardise.run_columns(),
                **WeekTime.columns(),
                "evidence": Column((2,), series_last=True),
                "tail": _QUIET_COUNTS.column(),
            }
        )
        self._weektime = WeekTime(self._table, chosen.memory_visits, chosen.clip_sd, chosen.least_relative_sd)

    def _known(self, value: Floats) -> NDArray[np.bool_]:
        with np.errstate(invalid="ignore"):
            return (value >= 0.0) & (value <= _LARGEST_COUNT)

    def _step(self, block: Block) -> Verdict:
        place, table, chosen = block.place, self._table, self.parameters
        first, count = table.ints("first_ms")[place], table.at("count", place)
        first = np.where(first == NEVER, block.at_ms, first)
        table.ints("first_ms")[place] = first
        gap = standardise.long_gap(block, table, count)
        usual = self._weektime.usual(block)
        hours = np.minimum(np.maximum(table.at("pace_ms", place) / HOUR_MS, _LEAST_STEP_H), 1.0)
        keep = 1.0 - self._forget_an_hour * hours
        long_run = standardise.long_run(table, place, count)
        tails = table.at("tail", place)
        nats = np.where(gap, 0.0, keep * table.at("evidence", place))
        nats += self._log_ratio(block.value, usual) / long_run
        nats = excursions.saturated(np.maximum(nats, 0.0, out=nats), tails)
        table.floats("evidence")[:, place] = nats
        old = block.at_ms - first >= chosen.quiet_days * DAY_MS
        ready = usual.known & old & (count >= chosen.quiet_observations)
        p = excursions.judge(nats, ready, self._independent(usual) / long_run, tails)
        table.floats("tail")[..., place] = tails
        score = np.minimum(np.maximum((block.value - usual.mean) / usual.spread, -chosen.clip_sd), chosen.clip_sd)
        score[~usual.known] = 0.0
        standardise.learn_long_run(table, place, score, count, p, taper=_TAPER)
        self._weektime.learn(block, usual, keep)
        table.floats("count")[place] = count + np.where(usual.known, 1.0, 0.0)
        return Verdict(p[0], p[1], np.where(ready, usual.mean, np.nan))

    def _log_ratio(self, value: Floats, usual: Usual) -> Floats:
        """Return the log likelihood ratio of the changed mean, up and down, (2, m); 0 where the hour is unknown."""
        size = 1.0 / usual.dispersion
        grown = np.log1p(usual.mean / (size + usual.mean) * self._growths)
        ratio = np.where(usual.known, value * self._log_factors - (value + size) * grown, 0.0)
        np.maximum(ratio, -self.parameters.clip_nats, out=ratio)
        return np.minimum(ratio, self.parameters.clip_nats, out=ratio)

    def _independent(self, usual: Usual) -> Floats:
        """Return the nats that an observation brings on average after a change, as a share of independence: (m,)."""
        growth = self.parameters.factor - 1.0
        return np.minimum(0.5 * growth * growth * usual.mean / (1.0 + usual.dispersion * usual.mean), 1.0)
