"""Peaks over a threshold, per series: how improbable a number is among all that its own series has shown before.

The largest values of a series are kept, sorted. The threshold is one of them, so that a fixed share of all values lies
above it; the excesses above it are fitted by moments to a generalised Pareto tail, whose shape is shrunk to the
exponential's, since a few dozen excesses say little about it. The fit is always that of everything seen: there are no
refits, and nothing has to be known of the values' distribution. After ``memory`` values every second peak is
forgotten, and the number of values with it, so that a series that calms down is judged by how it is now.

Source: Siffer, Fouque, Termier, Largouët (2017), Anomaly detection in streams with extreme value theory, KDD,
doi:10.1145/3097983.3098144; estimation above an order statistic: Pickands (1975), doi:10.1214/aos/1176343003.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Block, Floats, Ints
from detectors.bank import Bank, Column, Table, Verdict

LARGEST = 1e150  # squares of what lies below don't overflow
_SHAPE_PRIOR = 20.0  # excesses
_LEAST_SHAPE = 1e-3  # below it the tail is exponential
_LARGEST_SHAPE = 0.45  # with finite variance: what moments can estimate
_LEAST_LOG = -23.1  # a few dozen peaks say nothing about less than 1e-10
_LEAST_EXCESS = 1e-6  # relative to the threshold


class SpotParameters(NamedTuple):
    """Parameters of tails by peaks over a threshold, in observations.

    Attributes
    ----------
    quiet_observations : int
        Length of history before which nothing is said.
    share : float
        Share of the values that lies above the threshold.
    least_peaks, peaks : int
        The threshold is chosen so that at least and at most so many values lie above it.
    memory : int
        After so many values every second peak is forgotten.
    """

    quiet_observations: int = 150
    share: float = 0.01
    least_peaks: int = 10
    peaks: int = 64
    memory: int = 20_000

    def validated(self) -> "SpotParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        if not 0.0 < self.share < 1.0:
            raise ValueError(f"spot.share must lie between 0 and 1, is {self.share}")
        if not self.least_peaks > 1:
            raise ValueError(f"spot.least_peaks must be at least 2, is {self.least_peaks}")
        if self.peaks < 2 * self.least_peaks:
            raise ValueError(f"spot.peaks must be at least twice least_peaks ({self.least_peaks}), is {self.peaks}")
        if self.quiet_observations <= self.least_peaks:
            raise ValueError(
                f"spot.quiet_observations must be above least_peaks ({self.least_peaks}), is {self.quiet_observations}"
            )
        if self.memory < 2 * self.quiet_observations:
            raise ValueError(f"spot.memory must be at least {2 * self.quiet_observations}, is {self.memory}")
        return self


def columns(channels: int, parameters: SpotParameters) -> dict[str, Column]:
    """Return the state of the tails of some numbers per observation, for a `Table`."""
    return {
        "seen": Column((channels,)),
        "held": Column((channels,)),
        "top": Column((channels, parameters.peaks + 1), fill=-np.inf),
    }


def tails(rows: Ints, number: Floats, table: Table, parameters: SpotParameters) -> Floats:
    """Return the probability that a number is at least as large as these, then learn them.

    Parameters
    ----------
    rows : (m,) int64
        Series, none twice.
    number : (m, channels) float64
        What to judge, of any scale, -1e150 to 1e150; NaN is neither judged nor learned.
    table : Table
        Holds the arrays of `columns`.
    parameters : SpotParameters
        Those that `columns` was called with.

    Returns
    -------
    (m, channels) float64, from 1e-10 to 1; 1 for all that is not above the threshold.
    """
    channels = number.shape[1]
    place = (rows[:, None] * channels + np.arange(channels)).ravel()
    value = number.ravel()
    top = table.floats("top").reshape(-1, parameters.peaks + 1)
    seen, held = table.floats("seen").reshape(-1), table.floats("held").reshape(-1)
    count = seen[place]
    above = np.clip(np.floor(parameters.share * count), parameters.least_peaks, parameters.peaks)
    above = np.minimum(above, held[place] - 1.0).astype(np.int64)
    threshold = top[place, np.maximum(above, 0)]
    p = np.ones(len(value))
    hot = np.flatnonzero((value > threshold) & (count >= parameters.quiet_observations) & (above > 1))
    if len(hot):
        fitted = _log_tail(value[hot], threshold[hot], top[place[hot]], above[hot])
        p[hot] = np.exp(np.clip(np.log(above[hot] / count[hot]) + fitted, _LEAST_LOG, 0.0))
    known = np.isfinite(value)
    _learn(place[known], value[known], _Flat(seen, held, top), parameters)
    return p.reshape(number.shape)


class _Flat(NamedTuple):
    """The state arrays with series and channels as one axis: (n,), (n,), (n, peaks + 1)."""

    seen: Floats
    held: Floats
    top: Floats


def _log_tail(value: Floats, threshold: Floats, peaks: Floats, above: Ints) -> Floats:
    """Return the log of the generalised Pareto tail fitted to the peaks above the threshold."""
    is_peak: NDArray[np.bool_] = np.arange(peaks.shape[1]) < above[:, None]
    excess = np.where(is_peak, peaks - threshold[:, None], 0.0)
    mean = excess.sum(axis=1) / above
    mean = np.maximum(mean, _LEAST_EXCESS * np.maximum(np.abs(threshold), 1e-12))
    variance = np.maximum((excess * excess).sum(axis=1) / above - mean * mean, 1e-300)
    shape = 0.5 * (1.0 - mean * mean / variance) * (above / (above + _SHAPE_PRIOR))
    shape = np.clip(shape, 0.0, _LARGEST_SHAPE)
    over = value - threshold
    pareto = np.log1p(shape * over / (mean * (1.0 - shape))) / np.maximum(shape, _LEAST_SHAPE)
    log: Floats = -np.where(shape > _LEAST_SHAPE, pareto, over / mean)
    return log


def _learn(place: NDArray[np.int64], value: Floats, state: _Flat, parameters: SpotParameters) -> None:
    """Count values, insert those that belong to the peaks, forget half when the memory is full."""
    seen = state.seen[place] + 1.0
    state.seen[place] = seen
    entering = np.flatnonzero(value > state.top[place, -1])
    if len(entering):
        at = place[entering]
        peaks = state.top[at]
        peaks[:, -1] = value[entering]
        state.top[at] = -np.sort(-peaks, axis=1)
        state.held[at] = np.minimum(state.held[at] + 1.0, parameters.peaks + 1.0)
    full = place[seen >= parameters.memory]
    if len(full):
        every_second = state.top[full, 1::2]
        state.top[full] = -np.inf
        state.top[full, : every_second.shape[1]] = every_second
        state.held[full] = np.floor(state.held[full] / 2.0)
        state.seen[full] *= 0.5


def both_sides(rows: Ints, residual: Floats, table: Table, parameters: SpotParameters) -> tuple[Floats, Floats]:
    """Return the tails of residuals upwards and downwards, each judged by its own two channels."""
    p = tails(rows, np.stack([residual, -residual], axis=1), table, parameters)
    return p[:, 0], p[:, 1]


class Spot(Bank):
    """The values themselves, by the tails of what the series has shown before; expected is the nearest usual value.

    Examples
    --------
    >>> bank = Spot()
    >>> bank.resize(1)
    >>> at = np.arange(400) * 60_000
    >>> value = np.sin(np.arange(400.0) * 1.7)
    >>> value[-1] = 3.0
    >>> scores = bank.update(Block(np.zeros(400, np.int64), at, at, value))
    >>> bool(scores.p_high[-1] < 1e-6), bool(scores.p_high[:-1].min() > 1e-3)
    (True, True)
    """

    name = "spot"
    version = 1

    def __init__(self, parameters: SpotParameters | None = None) -> None:
        self.parameters = (parameters or SpotParameters()).validated()
        super().__init__(columns(2, self.parameters))

    def _known(self, value: Floats) -> NDArray[np.bool_]:
        return known(value)

    def _step(self, block: Block) -> Verdict:
        rows, parameters = block.series, self.parameters
        seen = self._table.floats("seen")[rows, 0]
        ready = seen >= parameters.quiet_observations
        kept = self._table.floats("top")[rows, :, parameters.least_peaks]
        p_high, p_low = both_sides(rows, block.value, self._table, parameters)
        usual = np.maximum(np.minimum(block.value, kept[:, 0]), -kept[:, 1])
        return Verdict(p_high, p_low, np.where(ready, usual, np.nan))


def known(value: Floats) -> NDArray[np.bool_]:
    """Say which values can be squared without overflow."""
    with np.errstate(invalid="ignore"):
        return np.abs(value) <= LARGEST
