"""What scans share: the likelihood ratio of a region, and neighbour sets of the units of a map."""

import numpy as np

from detectors.arrays import Floats, Ints

_LEAST = 1e-300
_ROUNDED = 14  # digits of a squared chord on the unit sphere: places that are equally far but for rounding tie


def likelihood_ratio(counted: Floats, expected: Floats) -> Floats:
    """Return the log of the Poisson likelihood ratio of a higher mean; 0 where no more is counted than expected."""
    expected = np.maximum(expected, _LEAST)
    above = counted > expected
    excess = np.where(above, counted / expected - 1.0, 0.0)
    ratio: Floats = expected * ((1.0 + excess) * np.log1p(excess) - excess)
    return np.maximum(ratio, 0.0)


def nearest(lat: Floats, lon: Floats, k: int) -> Ints:
    """Return the neighbour sets of places: each place first, then the k - 1 nearest ones (ties by index).

    Parameters
    ----------
    lat, lon : (units,) float64
        Degrees, WGS84.
    k : int
        1 to the number of places.

    Returns
    -------
    (units, k) int64

    Examples
    --------
    >>> nearest(np.array([21.0, 21.0, 21.0]), np.array([103.0, 103.5, 103.1]), 2).tolist()
    [[0, 2], [1, 2], [2, 0]]
    """
    phi, lam = np.radians(lat), np.radians(lon)
    place = np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=1)
    chord = ((place[:, None] - place[None]) ** 2).sum(axis=2).round(_ROUNDED)
    np.fill_diagonal(chord, -1.0)
    return np.argsort(chord, axis=1, kind="stable")[:, :k].astype(np.int64)


def checked_neighbours(neighbours: Ints, owner: str) -> Ints:
    """Return a copy of neighbour sets; raise ValueError saying what is wrong with them.

    Parameters
    ----------
    neighbours : (units, k) int64
        Row i begins with i and names no unit twice.
    owner : str
        Name of the detector, for the message.
    """
    units = len(neighbours)
    if neighbours.dtype != np.int64 or neighbours.shape[1:] in ((), (0,)) or units == 0:
        raise ValueError(
            f"{owner}.neighbours is {neighbours.dtype}{neighbours.shape}, need int64(units, k) of 1 or more"
        )
    if neighbours.min() < 0 or neighbours.max() >= units or (neighbours[:, 0] != np.arange(units)).any():
        raise ValueError(f"{owner}.neighbours must hold units 0..{units - 1}, each row beginning with its own unit")
    if (np.diff(np.sort(neighbours, axis=1), axis=1) == 0).any():
        raise ValueError(f"{owner}.neighbours must not name a unit twice in a row")
    return neighbours.copy()
