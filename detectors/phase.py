"""Where in the hour a series' observations usually lie: those off it are interpolated between hours."""

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Floats, Ints

_LEAST_SHIFT_H = 0.02  # nearer than this to where observations usually lie in the hour there is nothing to interpolate
_MEMORY = 100.0  # observations


def follow(phases: Floats, rows: Ints | slice, part: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Learn where observations lie in their hour, and return how far each is off, and which are off at all.

    Parameters
    ----------
    phases : (size,) float64
        Usual place in the hour of each series, 0 to 1, NaN where there was none; updated in place.
    rows : (m,) int64 or slice
        Series of the observations, none twice.
    part : (m,) float64
        Where in its hour each lies, 0 to 1.

    Returns
    -------
    (m,) float64, (k,) intp
        Hours from the usual place, and the positions at which they matter.

    Examples
    --------
    >>> phases = np.array([np.nan, 0.5])
    >>> shift, off = follow(phases, np.array([0, 1]), np.array([0.25, 0.75]))
    >>> shift.tolist(), off.tolist(), phases.tolist()
    ([0.0, 0.25], [1], [0.25, 0.5025])
    """
    phase = phases[rows]
    new = np.isnan(phase)
    if new.any():
        phase = np.where(new, part, phase)
    shift: Floats = part - phase
    phases[rows] = phase + shift / _MEMORY
    return shift, np.flatnonzero(np.abs(shift) > _LEAST_SHIFT_H)
