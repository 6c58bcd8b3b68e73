"""Jumps of a gauge against its own recent level and noise: for values that are no counts and have no calendar."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import calibrate
from detectors.arrays import Block, Floats, Ints
from detectors.bank import Bank, Column, Verdict

_HUBER = 1.5
_HUBER_MEAN = 0.7785  # E min(Z², 1.5²), Z standard normal
_LARGEST = 1e150
_LARGEST_Z = 1e6
_SUSPICIOUS = 1e-4  # below this the tails learn next to nothing


class LevelParameters(NamedTuple):
    """Parameters of `Level`, in observations.

    Attributes
    ----------
    quiet_observations : float
        Length of history before which nothing is said.
    level_memory, noise_memory : float
        Memory of the level and of the noise (e-fold).
    clip_sd : float
        A residual moves the level by at most this many standard deviations.
    least_relative_sd : float
        Floor of the noise relative to the level's size: rounding is no noise.
    """

    quiet_observations: float = 60.0
    level_memory: float = 20.0
    noise_memory: float = 200.0
    clip_sd: float = 3.0
    least_relative_sd: float = 1e-3

    def validated(self) -> "LevelParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        for name, value in self._asdict().items():
            if not value > 0.0:
                raise ValueError(f"level.{name} must be above 0, is {value}")
        return self


class _Known(NamedTuple):
    """What is known of each series before it learns, (m,) each."""

    observations: Floats
    level: Floats
    noise: Floats
    scale: Floats


class Level(Bank):
    """Residual from an exponentially weighted level, in units of a robust scale, mapped to a learned tail.

    Examples
    --------
    >>> bank = Level()
    >>> bank.resize(1)
    >>> at = np.arange(200) * 60_000
    >>> value = 20.0 + np.sin(np.arange(200.0) * 1.7)
    >>> value[-1] = 60.0
    >>> scores = bank.update(Block(np.zeros(200, np.int64), at, at, value))
    >>> bool(scores.p_high[-1] < 1e-6), bool(scores.p_high[:-1].min() > 0.01)
    (True, True)
    """

    name = "level"
    version = 1

    def __init__(self, parameters: LevelParameters | None = None) -> None:
        self.parameters = (parameters or LevelParameters()).validated()
        super().__init__(
            {
                "count": Column(),
                "level": Column(),
                "size": Column(),
                "scale": Column(),
                "tail": Column((4, 2), fill=calibrate.fresh(2)),
            }
        )

    def _known(self, value: Floats) -> NDArray[np.bool_]:
        with np.errstate(invalid="ignore"):
            return np.abs(value) <= _LARGEST

    def _step(self, block: Block) -> Verdict:
        rows, table, parameters = block.series, self._table, self.parameters
        count, level, size, scale = (table.floats(name).take(rows) for name in ("count", "level", "size", "scale"))
        new = count == 0.0
        if new.any():
            level = np.where(new, block.value, level)
        residual = block.value - level
        magnitude = np.abs(block.value)
        floor = np.maximum(size, np.abs(level))
        floor *= parameters.least_relative_sd
        np.maximum(floor, 1e-12, out=floor)
        noise = np.maximum(scale, floor)
        z = residual / noise
        np.minimum(np.maximum(z, -_LARGEST_Z, out=z), _LARGEST_Z, out=z)
        ready = count >= parameters.quiet_observations
        p = self._judge(rows, z, ready)
        self._learn(rows, residual, _Known(count, level, noise, scale), z)
        size += (magnitude - size) / np.minimum(count + 1.0, parameters.noise_memory)
        table.floats("size")[rows] = size
        table.floats("count")[rows] = count + 1.0
        return Verdict(p[0], p[1], np.where(ready, level, np.nan))

    def _judge(self, rows: Ints, z: Floats, ready: NDArray[np.bool_]) -> Floats:
        """Return the tails upwards and downwards, (2, m), and teach them."""
        both = np.stack([z, -z])
        tails = self._table.across("tail", rows)
        by_series = tails.transpose(2, 0, 1)
        p = calibrate.log_tail(both.T, by_series).T
        np.exp(p, out=p)
        weight = np.where(np.minimum(p[0], p[1]) < _SUSPICIOUS, 0.02, 1.0)
        if not ready.all():
            p[:, ~ready] = 1.0
            weight[~ready] = 0.0
        calibrate.learn(both.T, np.broadcast_to(weight, both.shape).T, by_series)
        self._table.put("tail", rows, tails)
        return p

    def _learn(self, rows: Ints, residual: Floats, known: _Known, z: Floats) -> None:
        """Move level and scale by at most what the clip allows; both are plain means over the first observations."""
        parameters, (count, level, noise, scale) = self.parameters, known
        young = count < parameters.level_memory
        reach = parameters.clip_sd * noise / parameters.level_memory
        step = residual / parameters.level_memory
        np.minimum(np.maximum(step, -reach, out=step), reach, out=step)
        surprise = np.minimum(z * z, _HUBER * _HUBER)
        surprise /= _HUBER_MEAN
        surprise -= 1.0
        surprise /= np.minimum(count + 1.0, parameters.noise_memory)
        surprise += 1.0
        later = np.sqrt(surprise, out=surprise)
        later *= noise
        some = np.flatnonzero(young)
        if len(some):
            seen = count[some]
            step[some] = residual[some] / (seen + 1.0)
            absolute = np.abs(residual[some]) * 1.25  # the mean absolute deviation of a normal, to its sd
            first = scale[some] + (absolute - scale[some]) / np.maximum(seen, 1.0)
            later[some] = np.where(seen == 0.0, 0.0, first)
        self._table.floats("level")[rows] = level + step
        self._table.floats("scale")[rows] = later
