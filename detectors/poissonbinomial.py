"""At least so many of several at once, each with its own chance, independent or with a common frailty: exact tails.

Independent indicators of unequal chance have the Poisson-binomial distribution (Y. Hong, "On computing the distribution
function for the Poisson binomial distribution", 2013, doi:10.1016/j.csda.2012.10.006). Sensors that share power or a
link don't fail independently: given a Gamma variable of mean 1 and variance ``frailty`` that multiplies everybody's
hazard they do, and their joint distribution is Clayton's copula (1978, doi:10.1093/biomet/65.1.141), with everybody's
own chance unchanged. The mixture is summed by the trapezoid rule on a double-exponential scale: to nine digits where
chances are below one half, to three where they are near 1 and the frailty greatest.
"""

import numpy as np

from detectors.arrays import Floats, Ints

FRAILTIES = (0.0, 0.0625, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0)
"""Variances of the common hazard that are worked with; a learned one is rounded up."""
_NODES = 40
_CHUNK = 128  # rows at once
_MOST_CHANCE = 1.0 - 1e-12


def tail_together(least: Floats, chance: Floats, frailty: Ints) -> Floats:
    """Return P(at least ``least`` of a row occur together).

    The recursion adds one indicator at a time to the probabilities of how many are still missing: all terms are
    positive, so that the tail is exact however small. Work grows with ``least`` times the width of the rows.

    Parameters
    ----------
    least : (m,) float64
        Whole numbers from 0 on.
    chance : (m, width) float64
        Chance of each indicator, 0 to 1; 0 for places without one.
    frailty : (m,) int64
        Position in `FRAILTIES`; 0: independent.

    Returns
    -------
    (m,) float64

    Examples
    --------
    Two or three of three, independently and with a common cause.

    >>> chance = np.array([[0.1, 0.2, 0.3]] * 2)
    >>> tail_together(np.array([2.0, 2.0]), chance, np.array([0, 5])).round(4).tolist()
    [0.098, 0.1376]
    """
    tail = np.ones(len(least))
    some = np.flatnonzero(least > 0.0)
    some = some[np.argsort(least[some], kind="stable")]
    for start in range(0, len(some), _CHUNK):
        rows = some[start : start + _CHUNK]
        tail[rows] = _recursion(least[rows].astype(np.int64), chance[rows], frailty[rows])
    return tail


def _recursion(least: Ints, chance: Floats, frailty: Ints) -> Floats:
    order = np.argsort(chance <= 0.0, axis=1, kind="stable")
    chance = np.minimum(np.take_along_axis(chance, order, axis=1), _MOST_CHANCE)[
        :, : int((chance > 0.0).sum(axis=1).max())
    ]
    hazard = _hazard(chance, frailty)
    factor = _FACTORS[frailty]
    missing = np.zeros((len(least), _NODES, int(least.max()) + 1))
    missing[np.arange(len(least)), :, least] = 1.0
    for place in range(chance.shape[1]):
        with np.errstate(under="ignore"):
            occurs = -np.expm1(-factor * hazard[:, place, None])[:, :, None]
            moved = missing * occurs
            missing[:, :, 1:] -= moved[:, :, 1:]
            missing[:, :, :-1] += moved[:, :, 1:]
    with np.errstate(under="ignore"):
        mixed: Floats = (missing[:, :, 0] * _WEIGHTS[frailty]).sum(axis=1)
    return np.minimum(mixed, 1.0)


def _hazard(chance: Floats, frailty: Ints) -> Floats:
    """Return the hazards that, mixed over the frailty, give everybody the own chance."""
    alone = -np.log1p(-chance)
    variance = np.array(FRAILTIES)[frailty][:, None]
    mixed: Floats = np.expm1(variance * alone) / np.where(variance > 0.0, variance, 1.0)
    hazard: Floats = np.where(variance > 0.0, mixed, alone)
    return hazard


def _nodes(variance: float) -> tuple[Floats, Floats]:
    """Return factors and weights of a Gamma variable of mean 1: trapezoid rule in t with log factor = t - exp(-t)."""
    if variance == 0.0:
        return np.ones(_NODES), np.eye(1, _NODES)[0]
    shape = 1.0 / variance
    fine = np.linspace(-6.0, 6.0, 4001)
    depth = shape * (fine - np.exp(-fine) + 1.0)
    low = np.interp(-32.0, depth, fine)  # below, the density is nothing
    high = np.log(1.0 + 150.0 / shape)  # above, nothing even if all of a large unit are silent
    t = np.linspace(low, high, _NODES)
    factor = np.exp(t - np.exp(-t))
    log_weight = shape * (np.log(factor) - factor + 1.0) + np.log1p(np.exp(-t))
    weight = np.exp(log_weight)
    return factor, weight / weight.sum()


_QUADRATURE = [_nodes(variance) for variance in FRAILTIES]
_FACTORS = np.stack([factor for factor, _ in _QUADRATURE])
_WEIGHTS = np.stack([weight for _, weight in _QUADRATURE])
