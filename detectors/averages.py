"""Fading averages that begin as plain means, and how far one value may move them: what detectors of changes compare."""

import numpy as np

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
    age(weight, memory)
    follow(value - mean, mean, weight)


def age(weight: Floats, memory: float) -> None:
    """Count one more value, in place, in the weights of what is behind averages."""
    weight *= 1.0 - 1.0 / memory
    weight += 1.0


def follow(moved: Floats, mean: Floats, weight: Floats) -> None:
    """Let averages follow, in place, by their share of how far a value is from them; ``moved`` is used up."""
    moved /= weight
    mean += moved


def tamed(size: Floats, reach: Floats) -> Floats:
    """Return how much deviations beyond ``reach`` count: what is beyond it by its logarithm.

    So all deviations together count smoothly and without end, and a power law's tail becomes an exponential's: averages
    of what was tamed are soon nearly normal, however heavy the tail was. Where nothing is usual yet, all counts as is.

    Parameters
    ----------
    size, reach : (m,) float64
        Sizes above the reach; a reach of 0 is none.

    Examples
    --------
    >>> tamed(np.array([4.01, 40.0, 40.0]), np.array([4.0, 4.0, 0.0])).round(2).tolist()
    [4.01, 13.21, 40.0]
    """
    most = np.where(reach > 0.0, reach, size)
    much: Floats = np.log(size)
    much -= np.log(most)
    much += 1.0
    much *= most
    return much
