"""Shares (no-shows, failed payments): hits among trials against the series' own share, and how much that varies."""

from typing import NamedTuple

import numpy as np

from detectors.arrays import Floats, Ints, Scores
from detectors.bank import Column, Held, Table
from detectors.betabinomial import beta_binomial_tails
from detectors.blocks import LEAST, ShareBlock, check_block, in_rounds

__all__ = ["Proportion", "ProportionParameters", "ShareBlock", "wilson"]

_COLUMNS = {"hits": (np.float64, ()), "trials": (np.float64, ())}
_LARGEST = 1e15  # whole numbers below it are exact
_SUSPICIOUS = 1e-4  # what is this improbable is learned as so little of an observation:
_SUSPICIOUS_WEIGHT = 0.1
_ERRORS = 0.4  # standard errors that the dispersion is widened by: about its part in the predictive tail at 1e-4
_MOST_DISPERSION, _MOST_SPREAD = 0.5, 0.9


class ProportionParameters(NamedTuple):
    """Parameters of `Proportion`.

    Attributes
    ----------
    quiet_observations, quiet_trials : float
        History before which nothing is said: so many observations, and trials in them.
    memory, dispersion_memory : float
        Memory of the share, and of how it varies, in observations (e-fold).
    usual_share, share_trials : float
        Share before anything is known, and how many trials that is worth.
    usual_dispersion, dispersion_sd : float
        Correlation of two trials of one observation before anything is known, and how uncertain that is.
    clip_sd : float
        An observation teaches at most this many standard deviations, and one hit.
    most_trials : float
        More trials are scaled down to so many: that bounds the work, and errs on the quiet side.
    """

    quiet_observations: float = 20.0
    quiet_trials: float = 100.0
    memory: float = 300.0
    dispersion_memory: float = 1500.0
    usual_share: float = 0.1
    share_trials: float = 4.0
    usual_dispersion: float = 0.03
    dispersion_sd: float = 0.05
    clip_sd: float = 5.0
    most_trials: float = 10_000.0

    def validated(self) -> "ProportionParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        for name, value in self._asdict().items():
            if not 0.0 < value < np.inf:
                raise ValueError(f"proportion.{name} must be above 0 and finite, is {value}")
        for name in ("usual_share", "usual_dispersion"):
            if not getattr(self, name) < 1.0:
                raise ValueError(f"proportion.{name} must be below 1, is {getattr(self, name)}")
        return self


class Proportion(Held):
    """Beta-binomial tails of hits given trials; share and over-dispersion are learned per series, slowly and clipped.

    An observation of n trials weighs n / (1 + (n - 1) r) independent ones, r being the correlation of its trials: the
    weighted hits and trials fade with each observation. The correlation comes from squared residuals (the method of
    moments) with a prior, and is taken 0.4 standard errors too large: its own uncertainty makes far tails as much
    longer. The predictive distribution also contains the uncertainty of the share: a young series is cautious.
    ``expected`` is the number of hits.

    Examples
    --------
    >>> bank = Proportion()
    >>> bank.resize(1)
    >>> at = np.arange(60) * 3_600_000
    >>> hits = np.tile([1.0, 2.0, 3.0], 20)
    >>> hits[-1] = 30.0
    >>> scores = bank.update(ShareBlock(np.zeros(60, np.int64), at, at, hits, np.full(60, 40.0)))
    >>> bool(scores.p_high[-1] < 1e-6), bool(scores.p_high[:-1].min() > 0.05)
    (True, True)
    """

    name = "proportion"
    version = 2

    def __init__(self, parameters: ProportionParameters | None = None) -> None:
        self.parameters = (parameters or ProportionParameters()).validated()
        columns = ("count", "seen", "hits", "trials", "excess", "pairs", "scatter")
        self._table = Table(self.name, {name: Column() for name in columns})

    def update(self, block: ShareBlock) -> Scores:
        """Score every observation, then learn it.

        Raises
        ------
        ValueError
            A column has the wrong dtype or length, a series is outside the bank, or time runs backwards.
        """
        check_block(self.name, block, _COLUMNS, self.size)
        hits, trials = block.hits, block.trials
        with np.errstate(invalid="ignore"):
            known = (hits >= 0.0) & (hits <= trials) & (trials >= 1.0) & (trials <= _LARGEST)
            known &= (np.floor(hits) == hits) & (np.floor(trials) == trials)
        return Scores(*in_rounds(block, known, self._step, (1.0, 1.0, np.nan)))

    def _step(self, block: ShareBlock) -> tuple[Floats, Floats, Floats]:
        rows, table, parameters = block.series, self._table, self.parameters
        share, certain = self._share(rows)
        dispersion, error = self._dispersion(rows)
        trials = np.minimum(block.trials, parameters.most_trials)
        hits = _scaled(block.hits, block.trials, trials, share)
        unsure = (1.0 - dispersion) / (certain + 1.0)
        size = 1.0 / np.minimum(dispersion + _ERRORS * error + unsure, _MOST_SPREAD) - 1.0
        p_high, p_low = beta_binomial_tails(hits, trials, share * size, (1.0 - share) * size)
        ready = table.floats("count")[rows] >= parameters.quiet_observations
        ready &= table.floats("seen")[rows] >= parameters.quiet_trials
        suspicious = ready & (np.minimum(p_high, p_low) < _SUSPICIOUS)
        weight = np.where(suspicious, _SUSPICIOUS_WEIGHT, 1.0)
        self._learn(block._replace(hits=hits, trials=trials), share, dispersion, unsure, weight)
        return (
            np.where(ready, np.maximum(p_high, LEAST), 1.0),
            np.where(ready, np.maximum(p_low, LEAST), 1.0),
            np.where(ready, block.trials * share, np.nan),
        )

    def _share(self, rows: Ints) -> tuple[Floats, Floats]:
        """Return the share and the trials that it rests on."""
        table, parameters = self._table, self.parameters
        certain = table.floats("trials")[rows] + parameters.share_trials
        return (table.floats("hits")[rows] + parameters.usual_share * parameters.share_trials) / certain, certain

    def _dispersion(self, rows: Ints) -> tuple[Floats, Floats]:
        """Return the correlation of the trials of one observation, and its standard error."""
        table, parameters = self._table, self.parameters
        weight = 2.0 / parameters.dispersion_sd**2
        pairs = table.floats("pairs")[rows] + weight
        learned: Floats = (table.floats("excess")[rows] + weight * parameters.usual_dispersion) / pairs
        return np.clip(learned, 0.0, _MOST_DISPERSION), np.sqrt(table.floats("scatter")[rows] + 2.0 * weight) / pairs

    def _learn(self, block: ShareBlock, share: Floats, dispersion: Floats, unsure: Floats, weight: Floats) -> None:
        """Learn a clipped observation; a squared residual counts by the variance that it has itself."""
        rows, table, parameters = block.series, self._table, self.parameters
        pairs = block.trials - 1.0
        plain = block.trials * share * (1.0 - share)
        known = 1.0 + pairs * unsure  # what the squared residual is without dispersion
        wide = known + pairs * dispersion
        limit = parameters.clip_sd * np.sqrt(plain * wide) + 1.0
        residual = np.clip(block.hits - block.trials * share, -limit, limit)
        effective = weight / (1.0 + pairs * dispersion)
        fade = np.exp(-weight / parameters.memory)
        taught = np.clip(block.trials * share + residual, 0.0, block.trials)
        table.floats("hits")[rows] = fade * table.floats("hits")[rows] + effective * taught
        table.floats("trials")[rows] = fade * table.floats("trials")[rows] + effective * block.trials
        counts = weight * pairs / (wide * wide)
        fade = np.exp(-weight / parameters.dispersion_memory)
        surplus = counts * (residual * residual / plain - known)
        table.floats("excess")[rows] = fade * table.floats("excess")[rows] + surplus
        table.floats("pairs")[rows] = fade * table.floats("pairs")[rows] + counts * pairs
        scatter = (surplus - counts * pairs * dispersion) ** 2
        table.floats("scatter")[rows] = fade * table.floats("scatter")[rows] + scatter
        table.floats("count")[rows] += 1.0
        table.floats("seen")[rows] += block.trials


def wilson(hits: Floats, trials: Floats, z: float = 1.96) -> tuple[Floats, Floats]:
    """Return the interval in which the share behind ``hits`` among ``trials`` lies.

    Parameters
    ----------
    hits, trials : (…,) float64
        0 <= hits <= trials; without trials the interval is 0 to 1.
    z : float
        Standard score of the wanted confidence: 1.96 for 95 %, 2.576 for 99 %.

    Returns
    -------
    low, high : (…,) float64

    Raises
    ------
    ValueError
        ``z`` isn't above 0 and finite.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
    Statistical Association 22, 1927, doi:10.1080/01621459.1927.10502953.

    Examples
    --------
    >>> low, high = wilson(np.array([0.0, 5.0]), np.array([20.0, 20.0]))
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.0, 0.1119], [0.1611, 0.4687])
    """
    if not 0.0 < z < np.inf:
        raise ValueError(f"wilson: z must be above 0 and finite, is {z}; 1.96 is 95 %")
    hits, trials = np.asarray(hits, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    square = z * z
    whole = trials + square
    centre = (hits + 0.5 * square) / whole
    misses = trials - hits
    half = z / whole * np.sqrt(hits * misses / np.maximum(trials, 1.0) + 0.25 * square)
    low: Floats = np.where(hits == 0.0, 0.0, np.maximum(centre - half, 0.0))
    high: Floats = np.where(misses == 0.0, 1.0, np.minimum(centre + half, 1.0))
    return low, high


def _scaled(hits: Floats, trials: Floats, fewer: Floats, share: Floats) -> Floats:
    """Return the hits that ``fewer`` trials would have had, rounded towards what was expected."""
    scaled = hits * (fewer / trials)
    down = scaled > fewer * share
    return np.where(fewer < trials, np.where(down, np.floor(scaled), np.ceil(scaled)), hits)
