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
_CHUNK = 64  # rows at once: their tails stay in the cache
_MOST_CHANCE = 1.0 - 1e-12


def tails_together(number: Floats, chance: Floats, frailty: Ints) -> tuple[Floats, Floats]:
    """Return P(at least ``number`` of a row occur together), and P(more than that).

    The recursion adds one indicator at a time to the probabilities of at least one, two, … so far: all terms are
    positive, so that tails are exact however small. Work grows with ``number`` times the width of the rows.

    Parameters
    ----------
    number : (m,) float64
        Whole numbers from 0 on.
    chance : (m, width) float64
        Chance of each indicator, 0 to 1; 0 for places without one.
    frailty : (m,) int64
        Position in `FRAILTIES`; 0: independent.

    Returns
    -------
    at_least, more : (m,) float64

    Examples
    --------
    Two or three of three, independently and with a common cause.

    >>> chance = np.array([[0.1, 0.2, 0.3]] * 2)
    >>> at_least, more = tails_together(np.array([2.0, 2.0]), chance, np.array([0, 5]))
    >>> at_least.round(4).tolist(), more.round(4).tolist()
    ([0.098, 0.1376], [0.006, 0.0212])
    """
    hazard = _hazard(np.minimum(chance, _MOST_CHANCE), frailty)
    at_least, more = np.ones(len(number)), _any(hazard, frailty)
    some = np.flatnonzero(number > 0.0)
    some = some[np.lexsort((number[some], frailty[some] > 0))]
    alone = int((frailty[some] == 0).sum())
    for begin, end, nodes in ((0, alone, 1), (alone, len(some), _NODES)):
        for start in range(begin, end, _CHUNK):
            rows = some[start : min(start + _CHUNK, end)]
            at_least[rows], more[rows] = _recursion(number[rows].astype(np.int64), hazard[rows], frailty[rows], nodes)
    return at_least, more


def _any(hazard: Floats, frailty: Ints) -> Floats:
    """Return P(any): one minus the Laplace transform of the frailty at the sum of the hazards."""
    variance, total = np.array(FRAILTIES)[frailty], hazard.sum(axis=1)
    mixed = np.log1p(variance * total) / np.where(variance > 0.0, variance, 1.0)
    some: Floats = -np.expm1(-np.where(variance > 0.0, mixed, total))
    return some


def _recursion(number: Ints, hazard: Floats, frailty: Ints, nodes: int) -> tuple[Floats, Floats]:
    order = np.argsort(hazard <= 0.0, axis=1, kind="stable")
    hazard = np.take_along_axis(hazard, order, axis=1)[:, : int((hazard > 0.0).sum(axis=1).max())]
    factor, weight = -_FACTORS[frailty, :nodes], _WEIGHTS[frailty, :nodes]
    tails = np.zeros((int(number.max()) + 2, len(number), nodes))
    tails[0] = 1.0
    moved = np.empty((len(number), nodes))
    with np.errstate(under="ignore"):
        for place in range(hazard.shape[1]):
            stays = np.exp(factor * hazard[:, place, None])
            occurs = 1.0 - stays
            for least in range(min(place + 1, len(tails) - 1), 0, -1):
                np.multiply(tails[least - 1], occurs, out=moved)
                tails[least] *= stays
                tails[least] += moved
        row = np.arange(len(number))
        at_least, more = ((tails[number + above, row] * weight).sum(axis=1) for above in (0, 1))
    return np.minimum(at_least, 1.0), np.minimum(more, 1.0)


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
