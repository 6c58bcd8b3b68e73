"""Counts out of something (people, open counters, sensors up): its rate, over-dispersion and idle zeros are learned."""

from typing import NamedTuple

import numpy as np

from detectors import peaks
from detectors.arrays import Floats, Ints, Scores
from detectors.bank import DAY_MS, HOUR_MS, NEVER, Column, Held, Table
from detectors.blocks import LEAST, CountBlock, Flags, check_block, in_rounds
from detectors.tails import nb_cdf, nb_sf

__all__ = ["CountBlock", "ExposedCounts", "ExposedParameters"]

_COLUMNS = {"counted": (np.float64, ()), "exposure": (np.float64, ())}
_LARGEST_COUNT, _LARGEST_EXPOSURE = 1e9, 1e12
_BINS = 48  # hours of weekdays, hours of weekends
_SATURDAY = 2  # 1970-01-01 was a Thursday
_OUTBREAK = 0.005  # 2.58 standard deviations above the usual
_START = 3.0  # minus the logarithm of the tail in theory from which on it is learned
_PRIOR = (100.0, float(np.exp(-_START)), 20.0, 0.993)  # observations, share, peaks, mean excess: theory is right
_MOST = (np.inf, 0.15, np.inf, 1.5)  # or outbreaks would teach that they are usual
_CLIP_SD = 4.0  # an outbreak teaches that rates vary, not how much
_TURN = 0.618  # golden: steps of it fill the interval evenly
_LEAST_MEAN = 1e-9
_MOST_IDLE = 0.95
_MOST_ODDS = 7.0  # or a history of years could not be talked out of it
_SELDOM = float(np.log(9.0))  # of ten series one has idle zeros
_SURELY = 1e-15


class ExposedParameters(NamedTuple):
    """Parameters of `ExposedCounts`.

    Attributes
    ----------
    quiet_days, quiet_observations : float
        Age and number of observations before which nothing is said.
    memory_visits : float
        Visits of an hour of weekdays or weekends after which its memory fades (e-fold).
    memory_observations : float
        Memory of the mean rate, the dispersion and the share of idle zeros, observations (e-fold).
    prior_count : float
        Counts that the mean rate is worth to an hour.
    prior_dispersion, dispersion_observations : float
        Variance of the rate relative to its square before it is known, and how many observations that is worth.
    prior_idle, idle_observations : float
        Share of zeros that are no counts at all (nobody at work, a sensor asleep) before it is known, and its worth.
    """

    quiet_days: float = 14.0
    quiet_observations: float = 30.0
    memory_visits: float = 30.0
    memory_observations: float = 1000.0
    prior_count: float = 3.0
    prior_dispersion: float = 0.1
    dispersion_observations: float = 10.0
    prior_idle: float = 0.02
    idle_observations: float = 20.0

    def validated(self) -> "ExposedParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        for name, value in self._asdict().items():
            if not 0.0 < value < np.inf:
                raise ValueError(f"exposed.{name} must be above 0 and finite, is {value}")
        if self.prior_idle >= 1.0:
            raise ValueError(f"exposed.prior_idle must be below 1, is {self.prior_idle}")
        return self


class _Hypothesis(NamedTuple):
    """What is usual if some zeros are idle, or if none are, (m,) each: mean, variance, idle ones, zeros of any kind."""

    mean: Floats
    over: Floats  # variance beyond the mean's own, relative to its square
    idle: Floats
    zero: Floats


class _Usual(NamedTuple):
    """What is usual for each observation of a round, (m,) each: bin, mean, counts it rests on, variance, idle share.

    Mean, variance and share are between both hypotheses, as likely as each is; ``doubt`` is how far zeros that might be
    idle teach nothing.
    """

    bins: Ints
    mean: Floats
    shape: Floats
    over: Floats
    idle: Floats
    doubt: Floats
    some: _Hypothesis
    none: _Hypothesis


class ExposedCounts(Held):
    """Zero-inflated Poisson-Gamma tails of counts given what they are out of: twice the people, twice the count.

    A rate per unit of exposure is learned per hour of weekdays and of weekends, leaning on the mean rate, both fading;
    its Gamma posterior and a learned over-dispersion make the predictive distribution negative binomial. Some zeros are
    no counts at all: how many, beyond the distribution's own, is learned too (the expectation step of each zero says
    how likely it is idle), and idle zeros teach nothing else. As Noufaily recommends, tails are the negative binomial's
    and past outbreaks, counts 2.58 standard deviations above the usual, are learned by one over their squared residual
    (here twice minus the logarithm of their tail); what she fits anew every week is learned as it comes. The upper tail
    is corrected by how small it has been (`detectors.peaks`). An exposure that isn't above 0 and finite makes the
    observation neutral: nothing could be counted. ``expected`` is the usual count at this exposure.

    References
    ----------
    C. P. Farrington et al., "A statistical algorithm for the early detection of outbreaks of infectious disease", 1996,
    doi:10.2307/2983331. A. Noufaily et al., "An improved algorithm for outbreak detection in multiple surveillance
    systems", 2013, doi:10.1002/sim.5595. D. Lambert, "Zero-inflated Poisson regression", 1992, doi:10.2307/1269547.

    Examples
    --------
    Two reports per open counter and hour; forty from ten counters are usual, from five they are not.

    >>> bank = ExposedCounts()
    >>> bank.resize(1)
    >>> at = np.arange(24 * 21) * 3_600_000
    >>> open_ = 1.0 + np.arange(len(at)) % 4
    >>> count = open_ * (1.0 + np.arange(len(at)) // 4 % 3)
    >>> open_[-2:], count[-2:] = (10.0, 5.0), 40.0
    >>> scores = bank.update(CountBlock(np.zeros(len(at), np.int64), at, at, count, open_))
    >>> bool(scores.p_high[-2] > 0.01), bool(scores.p_high[-1] < 1e-4)
    (True, True)
    """

    name = "exposed"
    version = 2

    def __init__(self, parameters: ExposedParameters | None = None) -> None:
        self.parameters = (parameters or ExposedParameters()).validated()
        self._table = Table(
            self.name,
            {
                "first_ms": Column((), np.int64, NEVER),
                "seen": Column(),
                "counts": Column((_BINS,)),
                "exposures": Column((_BINS,)),
                "base": Column((2,)),  # count and exposure of all
                # squared residuals beyond Poisson's, squared means: if zeros are idle, if none are
                "scatter": Column((4,)),
                "turn": Column(),
                "tail": Column((4,), fill=np.array(_PRIOR)),
                "odds": Column(),  # log, that some zeros are idle
                "zeros": Column((2,)),  # idle ones, observations
            },
        )

    def update(self, block: CountBlock) -> Scores:
        """Score every observation, then learn it.

        Raises
        ------
        ValueError
            A column has the wrong dtype or length, a series is outside the bank, or time runs backwards.
        """
        check_block(self.name, block, _COLUMNS, self.size)
        with np.errstate(invalid="ignore"):
            known = (block.counted >= 0.0) & (block.counted <= _LARGEST_COUNT)
            known &= (block.exposure > 1.0 / _LARGEST_EXPOSURE) & (block.exposure <= _LARGEST_EXPOSURE)
        return Scores(*in_rounds(block, known, self._step, (1.0, 1.0, np.nan)))

    def _step(self, block: CountBlock) -> tuple[Floats, Floats, Floats]:
        rows, table, parameters = block.series, self._table, self.parameters
        first, seen = table.ints("first_ms"), table.floats("seen")
        first[rows] = np.where(first[rows] == NEVER, block.at_ms, first[rows])
        usual = self._usual(block)
        ready = (block.at_ms - first[rows] >= parameters.quiet_days * DAY_MS) & (
            seen[rows] >= parameters.quiet_observations
        )
        counting = 1.0 - usual.idle
        p_high, p_low = self._many(block, usual, counting, ready), np.ones(len(rows))
        few = np.flatnonzero(ready & (block.counted < usual.mean))
        p_low[few] = usual.idle[few] + counting[few] * nb_cdf(
            block.counted[few], usual.mean[few], 1.0 / usual.over[few]
        )
        self._learn(block, usual, p_high, ready)
        seen[rows] += 1.0
        return np.where(ready, p_high, 1.0), np.maximum(p_low, LEAST), np.where(ready, usual.mean, np.nan)

    def _many(self, block: CountBlock, usual: _Usual, counting: Floats, ready: Flags) -> Floats:
        """Return the tail of counts above the mean (1 up to it), corrected by how small it has been; learn that.

        Counts are steps: what is learned lies now here, now there between P(at least as many) and P(more).
        """
        rows, table = block.series, self._table
        some = np.flatnonzero(block.counted > usual.mean)
        at_least, between = np.ones(len(rows)), np.ones(len(rows))
        turn = table.floats("turn")
        turn[rows] = (turn[rows] + _TURN) % 1.0
        both = [nb_sf(block.counted[some] + more, usual.mean[some], 1.0 / usual.over[some]) for more in (0.0, 1.0)]
        at_least[some], beyond = (np.maximum(counting[some] * tail, LEAST) for tail in both)
        between[some] = beyond + turn[rows[some]] * (at_least[some] - beyond)
        state = table.floats("tail")[rows]
        p_high: Floats = np.exp(peaks.log_corrected(at_least, _START, state))
        weight = np.where(p_high < peaks.SUSPICIOUS, peaks.SUSPICIOUS_WEIGHT, 1.0)
        peaks.learn(-np.log(between) - _START, np.where(ready, weight, 0.0), state)
        table.floats("tail")[rows] = np.minimum(state, _MOST)
        return p_high

    def _usual(self, block: CountBlock) -> _Usual:
        rows, table, parameters = block.series, self._table, self.parameters
        bins = _bin(block.local_ms) + rows * _BINS
        base = table.floats("base")[rows]
        rate = (base[:, 0] + 0.5) / (base[:, 1] + np.where(base[:, 1] > 0.0, 0.0, block.exposure))
        shape = table.floats("counts").ravel()[bins] + parameters.prior_count
        mean = shape / (table.floats("exposures").ravel()[bins] + parameters.prior_count / rate) * block.exposure
        mean = np.clip(mean, _LEAST_MEAN, _LARGEST_COUNT)
        scatter, zeros = table.floats("scatter")[rows], table.floats("zeros")[rows]
        visits = table.floats("exposures").ravel()[bins] * zeros[:, 1] / np.maximum(base[:, 1], LEAST)
        unsure = 1.0 + (1.0 - parameters.prior_count / shape) ** 2 / np.maximum(visits, 1.0)  # the mean varies too
        worth = parameters.dispersion_observations
        dispersion = (scatter[:, ::2] + worth * parameters.prior_dispersion) / (scatter[:, 1::2] + worth)
        over = np.maximum(dispersion, 0.0) * unsure[:, None] + (1.0 / shape)[:, None]
        worth = parameters.idle_observations
        idle = np.minimum((zeros[:, 0] + worth * parameters.prior_idle) / (zeros[:, 1] + worth), _MOST_IDLE)
        odds = table.floats("odds")[rows]
        doubt = np.exp(np.minimum(odds, 0.0))  # whose benefit zeros have when rates are learned
        belief = 1.0 / (1.0 + np.exp(_SELDOM - odds))
        whole = mean * (1.0 - doubt * idle)
        some = _hypothesis(whole / (1.0 - idle), over[:, 0], idle)
        none = _hypothesis(whole, over[:, 1], np.zeros(len(rows)))
        both = belief * some.over + (1.0 - belief) * none.over
        return _Usual(bins, whole / (1.0 - belief * idle), shape, both, belief * idle, doubt, some, none)

    def _learn(self, block: CountBlock, usual: _Usual, p_high: Floats, ready: Flags) -> None:
        rows, table, parameters = block.series, self._table, self.parameters
        count, some, none = block.counted, usual.some, usual.none
        idle = np.where(count == 0.0, some.idle / some.zero, 0.0)
        calm = np.where(ready & (p_high < _OUTBREAK), -0.5 / np.log(np.minimum(p_high, 0.5)), 1.0)
        weight = (1.0 - usual.doubt * idle) * calm
        fade = np.exp(-weight / parameters.memory_visits)
        for name, new in (("counts", count), ("exposures", block.exposure)):
            column = table.floats(name).reshape(-1)
            column[usual.bins] = fade * column[usual.bins] + weight * new
        fade = np.exp(-weight / parameters.memory_observations)[:, None]
        base, zeros = table.floats("base"), table.floats("zeros")
        base[rows] = fade * base[rows] + weight[:, None] * np.stack([count, block.exposure], axis=1)
        self._learn_scatter(block, usual, (calm * (1.0 - idle), calm), ready)
        fade = np.exp(-1.0 / parameters.memory_observations)
        zeros[rows] = fade * zeros[rows] + np.stack([idle, np.ones(len(rows))], axis=1)
        told = np.where(count == 0.0, some.zero / none.zero, (1.0 - some.zero) / (1.0 - none.zero))
        odds = table.floats("odds")
        odds[rows] += np.where(ready, np.log(told), 0.0)
        odds[rows] = np.clip(odds[rows], -_MOST_ODDS, _MOST_ODDS)

    def _learn_scatter(self, block: CountBlock, usual: _Usual, weights: tuple[Floats, Floats], ready: Flags) -> None:
        """Learn how rates vary by themselves, if some zeros are idle and if none are: each explains the same zeros."""
        scatter = self._table.floats("scatter")
        for place, (said, weight) in enumerate(zip((usual.some, usual.none), weights, strict=True)):
            inflation = 1.0 + said.mean * said.over
            counts_for = np.where(ready, weight, 0.0) / (inflation * inflation)
            off = np.minimum(block.counted - said.mean, _CLIP_SD * np.sqrt(said.mean * inflation) + 1.0)
            square = said.mean * said.mean
            beyond = off * off - said.mean - square / usual.shape  # the mean is itself uncertain
            fade = np.exp(-weight / self.parameters.memory_observations)[:, None]
            pair = slice(2 * place, 2 * place + 2)
            new = counts_for[:, None] * np.stack([beyond, square], axis=1)
            scatter[block.series, pair] = fade * scatter[block.series, pair] + new


def _hypothesis(mean: Floats, over: Floats, idle: Floats) -> _Hypothesis:
    """Return a hypothesis with its probability of a zero, kept off 0 and 1."""
    zero = idle + (1.0 - idle) * np.exp(-np.log1p(mean * over) / over)
    return _Hypothesis(mean, over, idle, np.clip(zero, _SURELY, 1.0 - _SURELY))


def _bin(local_ms: Ints) -> Ints:
    """Return the hour of weekdays, 0 to 23, or of weekends, 24 to 47."""
    hour = local_ms // HOUR_MS
    weekend: Flags = (hour // 24 - _SATURDAY) % 7 < 2  # noqa: PLR2004 - Saturday and Sunday
    return hour % 24 + np.where(weekend, 24, 0)
