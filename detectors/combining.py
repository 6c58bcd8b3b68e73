"""Functions that combine tail probabilities of one observation: under independence, and under any dependence.

All take (…, k) tails in (0, 1], NaN where there is none, and return (…,) tails; 1 where there is none at all. When
there is nothing to find and three detectors' normal scores are correlated by 0.9, Fisher's combination is below 10⁻³
twenty times too often, Cauchy and half-Cauchy 1.04 times, the average of e-values 0.01 times (two million observations:
`python -m tests.bench.combinations combined`; tests/detectors/test_ensemble.py holds bounds on it). So
`half_cauchy` is the default of `detectors.ensemble.Ensemble`.
"""

import numpy as np

from detectors.arrays import Floats
from detectors.tails import gamma_sf

_LEAST = 1e-300
_NEAR_ONE = 1e-3  # nearer to 1 the mixture of calibrators is 0 / 0: its series


def fisher(tails: Floats) -> Floats:
    """Return Fisher's combination: right for independent tails only, far too bold for dependent ones.

    References
    ----------
    R. A. Fisher, "Statistical Methods for Research Workers", 4th edition, 1932, section 21.1.

    Examples
    --------
    >>> fisher(np.array([0.1, 0.1, np.nan])).round(4).item()
    0.0561
    """
    some = ~np.isnan(tails)
    surprise = -np.log(np.where(some, np.maximum(tails, _LEAST), 1.0)).sum(axis=-1)
    number = some.sum(axis=-1).astype(np.float64)
    combined = np.maximum(gamma_sf(surprise, np.maximum(number, 1.0)), _LEAST)
    return np.where(number > 0.0, combined, 1.0)


def cauchy(tails: Floats) -> Floats:
    """Return the Cauchy combination: holds in the tail under any correlation of normal scores.

    A tail near 1 outweighs a small one of another detector: a detector that sees the contrary has a veto.

    References
    ----------
    Y. Liu and J. Xie, "Cauchy combination test: a powerful test with analytic p-value calculation under arbitrary
    dependency structures", Journal of the American Statistical Association 115, 2020,
    doi:10.1080/01621459.2018.1554485.

    Examples
    --------
    >>> cauchy(np.array([0.1, 0.1, np.nan])).round(4).item()
    0.1
    """
    mean, some = _mean(1.0 / np.tan(np.pi * np.maximum(np.where(np.isnan(tails), 0.5, tails), _LEAST)), tails)
    return np.where(some, np.arctan2(1.0, mean) / np.pi, 1.0)


def half_cauchy(tails: Floats) -> Floats:
    """Return the half-Cauchy combination: as `cauchy` in the tail, but a tail of 1 is neutral and nothing has a veto.

    References
    ----------
    T. Liu, X.-L. Meng and N. S. Pillai, "A heavily right strategy for integrating dependent studies in any dimension",
    2025, arXiv:2501.01065; L. Gui, Y. Jiang and J. Wang, "Aggregating dependent signals with heavy-tailed combination
    tests", Biometrika, 2025, doi:10.1093/biomet/asaf038.

    Examples
    --------
    >>> half_cauchy(np.array([[0.1, 0.1, np.nan], [1e-6, 1.0, 1.0]])).round(7).tolist()
    [0.1, 3e-06]
    """
    mean, some = _mean(1.0 / np.tan(0.5 * np.pi * np.maximum(np.where(np.isnan(tails), 1.0, tails), _LEAST)), tails)
    return np.where(some, np.minimum(np.arctan2(1.0, mean) / (0.5 * np.pi), 1.0), 1.0)


def average_e(tails: Floats) -> Floats:
    """Return the tail by Markov's inequality of the mean e-value: never too bold under any dependence, and cautious.

    References
    ----------
    V. Vovk and R. Wang, "E-values: calibration, combination and applications", Annals of Statistics 49, 2021,
    doi:10.1214/20-AOS2020.

    Examples
    --------
    >>> average_e(np.array([1e-6, 0.3])).round(5).item()
    0.00038
    """
    mean, some = _mean(e_mixture(np.where(np.isnan(tails), 1.0, tails)), tails)
    return np.where(some, 1.0 / np.maximum(mean, 1.0), 1.0)


def e_power(tails: Floats, kappa: float = 0.5) -> Floats:
    """Return e-values of tails by the calibrator kappa p ** (kappa - 1); smaller kappa rewards smaller tails.

    Raises
    ------
    ValueError
        ``kappa`` isn't between 0 and 1.

    Examples
    --------
    >>> e_power(np.array([0.0001])).round(6).item()
    50.0
    """
    if not 0.0 < kappa < 1.0:
        raise ValueError(f"e_power: kappa must lie between 0 and 1, is {kappa}")
    return kappa * np.maximum(tails, _LEAST) ** (kappa - 1.0)


def e_mixture(tails: Floats) -> Floats:
    """Return e-values of tails by the mean of `e_power` over all kappa, (1 - p + p log p) / (p log² p).

    Examples
    --------
    >>> e_mixture(np.array([1.0, 0.0001])).round(2).tolist()
    [0.5, 117.76]
    """
    p = np.maximum(tails, _LEAST)
    near = 1.0 - p < _NEAR_ONE
    log = np.log(np.where(near, 0.5, p))
    mixed = (1.0 - p + p * log) / (p * log * log)
    close = 0.5 + (1.0 - p) / 6.0
    return np.where(near, close, mixed)


def _mean(transformed: Floats, tails: Floats) -> tuple[Floats, Floats]:
    """Return the mean over the tails that there are, and whether there is any."""
    some = ~np.isnan(tails)
    number = some.sum(axis=-1)
    return np.where(some, transformed, 0.0).sum(axis=-1) / np.maximum(number, 1), number > 0
