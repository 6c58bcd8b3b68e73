"""Scores that add up: their exponentially weighted means over hours, each in units of its own usual size."""

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Floats, Ints
from detectors.bank import Column, Table

_LARGEST = 5.0  # what one observation can add to a run
_APART_H = (
    1.0  # observations of an hour share a run; if they taught more than it, tails would be too much of their kind
)
# Squares of the runs' means: they start between those of independent and of wholly dependent observations, and are
# learned over many runs, so that a slow decline can't widen what it is judged by.
_START_SQUARE = 0.57
_LEAST_SQUARE = 1e-3
_PRIOR = 10.0  # runs
_MEMORY = 250.0  # runs
_MEMORY_H = 1000.0  # whichever is shorter
_HUBER = 1.5
_HUBER_MEAN = 0.7785  # E min(Z², 1.5²), Z standard normal


class Runs:
    """Runs of some lengths; the state is `columns` of the bank's table.

    Parameters
    ----------
    table : Table
        Holds the arrays of `columns`.
    hours : tuple of float
        Memory of each run, hours (e-fold).
    """

    def __init__(self, table: Table, hours: tuple[float, ...]) -> None:
        self._table = table
        self._hours = np.array(hours)[:, None]
        self._memory_h = np.minimum(_MEMORY * self._hours, _MEMORY_H)
        self._apart_h = np.array([_APART_H, *hours])
        self._channel = np.arange(1 + len(hours))[:, None]

    def scores(self, place: Ints | slice, z: Floats, gap_h: Floats, seen_h: Floats, worth_h: Floats) -> Floats:
        """Return the scores of the observations themselves and of the runs that they join; learn the runs' sizes.

        Parameters
        ----------
        place : slice or (m,) int64
            Series, none twice.
        z : (m,) float64
            Standard scores.
        gap_h : (m,) float64
            Time since the observation before, hours.
        seen_h, worth_h : (m,) float64
            How much was learned before, and what this observation teaches, hours; 0 where the score means nothing yet.

        Returns
        -------
        (1 + runs, m) float64
        """
        run, squares = self._table.floats("run"), self._table.floats("run_square")
        square = squares[:, place]
        keep = np.exp(-gap_h / self._hours)
        # after a gap a run begins anew: one observation is no mean of many
        means = np.minimum(1.0 - keep, 4.0 * square / (1.0 + square))
        means *= np.minimum(np.maximum(z, -_LARGEST), _LARGEST)
        means += keep * run[:, place]
        run[:, place] = means
        scores = np.empty((1 + len(means), len(z)))
        scores[0] = z
        np.divide(means, np.sqrt(square), out=scores[1:])
        means *= means
        means /= square
        step = surprise(means)
        step *= worth_h / np.minimum(seen_h + _PRIOR * self._hours, self._memory_h)
        step += 1.0
        step *= square
        squares[:, place] = np.minimum(np.maximum(step, _LEAST_SQUARE), 1.0)
        return scores

    def apart(self, scores: Floats, largest: Floats, at: NDArray[np.intp]) -> Floats:
        """Return the hours after which the score that is the largest is independent, (k,): neighbours share their runs.

        Parameters
        ----------
        scores : (1 + runs, m) float64
            Those of a round.
        largest : (k,) float64
            The largest of some observations, upwards or downwards, without sign.
        at : (k,) intp
            Which observations these are.
        """
        mine = np.abs(scores.reshape(-1).take(self._channel * scores.shape[1] + at))
        apart_h: Floats = self._apart_h.take((mine == largest).argmax(axis=0))
        return apart_h


def columns(hours: tuple[float, ...]) -> dict[str, Column]:
    """Return the state of the runs of one series, for a `Table`: their means, and the usual squares of these.

    Examples
    --------
    >>> columns((1.0, 8.0))["run_square"].fill.round(3).tolist()
    [0.462, 0.142]
    """
    independent = np.tanh(0.5 / np.array(hours))
    square = np.maximum(_START_SQUARE * np.sqrt(independent), independent)
    shape = (len(hours),)
    return {"run": Column(shape, series_last=True), "run_square": Column(shape, fill=square, series_last=True)}


def surprise(square: Floats) -> Floats:
    """Return how far a truncated squared score lies above its normal mean, relatively: Huber's proposal 2.

    Examples
    --------
    >>> surprise(np.array([0.0, 0.7785, 9.0])).round(2).tolist()
    [-1.0, 0.0, 1.89]
    """
    away = np.minimum(square, _HUBER * _HUBER)
    away *= 1.0 / _HUBER_MEAN
    away -= 1.0
    return away
