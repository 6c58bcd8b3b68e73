"""The generalised Pareto tail of excesses over a threshold when little is known of its shape and scale.

A tail fitted to a few dozen excesses is too bold far out even where the model is right: it is convex in the shape, so
that what errs to heavier tails outweighs what errs to lighter ones. The predictive tail is its mean over the errors.

Source: J. R. M. Hosking and J. R. Wallis (1987), Parameter and quantile estimation for the generalized Pareto
distribution, doi:10.1080/00401706.1987.10488243.
"""

import numpy as np

from detectors.arrays import Floats

_LIGHTEST, _HEAVIEST = -1.0, 0.8  # of the five tails: a uniform's; from 1 on there is no mean to scale one by
# Standard errors of the shape by probability-weighted moments, and of the mean excess relative to it, times the root of
# the number of excesses (Hosking and Wallis 1987); from a shape of 1/2 on there are none
_SHAPES = np.linspace(_LIGHTEST, 0.4, 4001)
_ERROR_OF_MEAN = (1.0 - 2.0 * _SHAPES) ** -0.5
_ERROR_OF_SHAPE = (
    _ERROR_OF_MEAN
    * (2.0 - _SHAPES)
    * np.sqrt((1.0 - _SHAPES) * (1.0 - _SHAPES + 2.0 * _SHAPES**2) / (3.0 - 2.0 * _SHAPES))
)
# Five errors of a normal estimate, in standard errors, and their weights: Gauss and Hermite's
_ERRORS = np.array([-2.8569700138728056, -1.3556261799742657, 0.0, 1.3556261799742657, 2.8569700138728056])[:, None]
_WEIGHTS = np.array([0.0112574113277207, 0.2220759220056126, 8 / 15, 0.2220759220056126, 0.0112574113277207])[:, None]
_FLAT = 1e-3  # a shape nearer to 0 is as good as exponential
_END = 1e-15 - 1.0  # of a bounded tail; nothing lies beyond


def predictive_sf(excess: Floats, shape: Floats, worth: Floats) -> Floats:
    """Return P(excess >= this), shape and mean excess being estimates by probability-weighted moments.

    Both err by their asymptotic standard errors, and are taken to err together, to heavier or lighter tails.

    Parameters
    ----------
    excess : (m,) float64
        In mean excesses, at least 0.
    shape : (m,) float64
        Estimates: 0 is an exponential's, above it tails are heavier.
    worth : (m,) float64
        Independent excesses that the estimates rest on, above 0.

    Examples
    --------
    Of thousands of exponential excesses one in e⁷ is beyond seven means; of thirty, more are to be feared.

    >>> (predictive_sf(np.full(2, 7.0), np.zeros(2), np.array([1e6, 30.0])) / np.exp(-7.0)).round(2).tolist()
    [1.01, 5.22]
    """
    errors = _ERRORS / np.sqrt(worth)
    shapes = errors * np.interp(shape, _SHAPES, _ERROR_OF_SHAPE)
    shapes += shape
    np.minimum(np.maximum(shapes, _LIGHTEST, out=shapes), _HEAVIEST, out=shapes)
    shapes[np.abs(shapes) < _FLAT] = _FLAT
    errors *= np.interp(shape, _SHAPES, _ERROR_OF_MEAN)
    scales = np.exp(errors, out=errors)
    scales *= 1.0 - shapes
    tails = shapes * excess
    tails /= scales
    np.maximum(tails, _END, out=tails)
    np.log1p(tails, out=tails)
    tails /= -shapes
    np.exp(tails, out=tails)
    tails *= _WEIGHTS
    total: Floats = tails.sum(axis=0)
    return total
