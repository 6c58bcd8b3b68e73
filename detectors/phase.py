"""Where in the hour a series' observations usually lie: those off it follow the parabola with three hours' means."""

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Floats, Ints
from detectors.bank import Column

_LEAST_SHIFT_H = 0.02  # nearer than this to where observations usually lie in the hour there is nothing to interpolate
_MEMORY = 100.0  # observations
_LEAST_OF_HOURS = 0.5  # a parabola through a step dips below the least of the three hours, at most to so much of it


def columns() -> dict[str, Column]:
    """Return the state of one series: the usual place in the hour, and the mean square of how far others lie off it."""
    return {"phase": Column(fill=np.nan), "phase_square": Column(fill=1.0 / 12.0)}


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


def bent(squares: Floats, rows: Ints, shift: Floats, hours: tuple[Floats, Floats, Floats]) -> Floats:
    """Return the usual counts within the hour: the parabola whose means over three hours are theirs.

    A straight line from hour to hour lies above a quiet night and below a rush hour, by a tenth where both differ much,
    and a steady series shows it.

    Parameters
    ----------
    squares : (size,) float64
        Mean square of the hours by which observations are off; updated in place.
    rows : (k,) int64
        Series of the observations, none twice.
    shift : (k,) float64
        Hours from the usual place.
    hours : three of (k,) float64
        Usual counts of the hour before, the hour itself and the hour after.

    Examples
    --------
    >>> squares = np.array([1.0 / 12.0])
    >>> bent(squares, np.array([0]), np.array([0.5]), tuple(np.array([[9.0], [3.0], [9.0]]))).tolist(), squares.round(3)
    ([4.0], array([0.085]))
    """
    before, own, after = hours
    usual, square = squares[rows], shift * shift
    squares[rows] = usual + (square - usual) / _MEMORY
    found = own + 0.5 * shift * (after - before) + (square - usual) * (0.5 * (before + after) - own)
    return np.maximum(found, _LEAST_OF_HOURS * np.minimum(np.minimum(before, after), own))
