"""Fading averages that begin as plain means: what detectors of changes compare with each other."""

from detectors.arrays import Floats


def fade(value: Floats, mean: Floats, weight: Floats, memory: float) -> tuple[Floats, Floats]:
    """Return mean and weight after one more value; weights fade by ``1 / memory`` per value.

    Parameters
    ----------
    value, mean, weight : (m,) float64
        The new value, the average so far, and the faded number of values in it.
    memory : float
        Memory of the average, observations (e-fold).

    Examples
    --------
    >>> import numpy as np
    >>> mean, weight = fade(np.array([3.0]), np.array([0.0]), np.array([0.0]), 10.0)
    >>> mean, weight = fade(np.array([1.0]), mean, weight, 10.0)
    >>> float(mean[0].round(3)), float(weight[0])
    (1.947, 1.9)
    """
    grown = weight * (1.0 - 1.0 / memory)
    grown += 1.0
    moved = value - mean
    moved /= grown
    moved += mean
    return moved, grown
