"""Fading averages that begin as plain means: what detectors of changes compare with each other."""

from detectors.arrays import Floats


def fade(value: Floats, mean: Floats, weight: Floats, memory: float) -> None:
    """Take one more value into averages, in place; weights fade by ``1 / memory`` per value.

    Parameters
    ----------
    value : (m,) float64
        The new value; not written to.
    mean, weight : (m,) float64
        The average so far, and the faded number of values in it; both are changed.
    memory : float
        Memory of the average, observations (e-fold).

    Examples
    --------
    >>> import numpy as np
    >>> mean, weight = np.array([0.0]), np.array([0.0])
    >>> for value in (3.0, 1.0):
    ...     fade(np.array([value]), mean, weight, 10.0)
    >>> float(mean[0].round(3)), float(weight[0])
    (1.947, 1.9)
    """
    weight *= 1.0 - 1.0 / memory
    weight += 1.0
    moved = value - mean
    moved /= weight
    mean += moved
