"""Jumps of a gauge against its own recent level and noise: for values that are no counts and have no calendar."""

from typing import NamedTuple

import numpy as np

from detectors import calibrate
from detectors.arrays import Block, Floats
from detectors.bank import Bank, Column, Verdict

_HUBER = 1.5
_HUBER_MEAN = 0.7785  # E min(Z², 1.5²), Z standard normal
_LARGEST = 1e150
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

    def _known(self, value: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        with np.errstate(invalid="ignore"):
            return np.abs(value) <= _LARGEST

    def _step(self, block: Block) -> Verdict:
        rows, table, parameters = block.series, self._table, self.parameters
        count, level = table.floats("count")[rows], table.floats("level")[rows]
        size, scale = table.floats("size")[rows], table.floats("scale")[rows]
        new = count == 0.0
        level = np.where(new, block.value, level)
        residual = block.value - level
        floor = np.maximum(parameters.least_relative_sd * np.maximum(size, np.abs(level)), 1e-12)
        noise = np.maximum(scale, floor)
        z = np.clip(residual / noise, -1e6, 1e6)
        both = np.stack([z, -z], axis=1)
        tail = table.floats("tail")
        tails = tail[rows]
        ready = count >= parameters.quiet_observations
        p = np.where(ready[:, None], np.exp(calibrate.log_tail(both, tails)), 1.0)
        weight = np.where(ready, np.where(p.min(axis=1) < _SUSPICIOUS, 0.02, 1.0), 0.0)[:, None]
        calibrate.learn(both, np.repeat(weight, 2, axis=1), tails)
        tail[rows] = tails
        self._learn(block, level, noise, z, count)
        return Verdict(p[:, 0], p[:, 1], np.where(ready, level, np.nan))

    def _learn(self, block: Block, level: Floats, noise: Floats, z: Floats, count: Floats) -> None:
        """Move level and scale by at most what the clip allows; both are plain means over the first observations."""
        rows, table, parameters = block.series, self._table, self.parameters
        young = count < parameters.level_memory
        step = (block.value - level) / np.where(young, count + 1.0, parameters.level_memory)
        reach = parameters.clip_sd * noise / parameters.level_memory
        table.floats("level")[rows] = np.where(young, level + step, level + np.clip(step, -reach, reach))
        absolute = np.abs(block.value - level) * 1.25  # the mean absolute deviation of a normal, to its sd
        scale = table.floats("scale")[rows]
        first = scale + (absolute - scale) / np.maximum(count, 1.0)
        surprise = np.minimum(z * z, _HUBER * _HUBER) / _HUBER_MEAN - 1.0
        later = noise * np.sqrt(1.0 + np.maximum(surprise, -1.0) / np.minimum(count + 1.0, parameters.noise_memory))
        table.floats("scale")[rows] = np.where(young, np.where(count == 0.0, 0.0, first), later)
        size = table.floats("size")[rows]
        table.floats("size")[rows] = size + (np.abs(block.value) - size) / np.minimum(
            count + 1.0, parameters.noise_memory
        )
        table.floats("count")[rows] = count + 1.0
