"""Jumps of a gauge against its own recent level and noise: for values that are no counts and have no calendar."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import calibrate, runs
from detectors.arrays import Block, Floats, Ints
from detectors.bank import Column, Gauges, Verdict

_LARGEST_Z = 1e6


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


class Level(Gauges):
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
    version = 3

    def __init__(self, parameters: LevelParameters | None = None) -> None:
        self.parameters = (parameters or LevelParameters()).validated()
        self._settled = max(self.parameters.quiet_observations, self.parameters.level_memory)
        super().__init__(
            {"count": Column(), "level": Column(), "size": Column(), "scale": Column(), **calibrate.columns()}
        )
        self._tails = calibrate.Tails(self._table, belief=calibrate.POWER_LAW)

    def _step(self, block: Block) -> Verdict:
        place, table, value = block.place, self._table, block.value
        counts, levels, sizes, scales = (table.floats(name) for name in ("count", "level", "size", "scale"))
        count, level, size, scale = counts[place], levels[place], sizes[place], scales[place]
        settled = bool(count.min() >= self._settled)
        if not settled:
            level = np.where(count == 0.0, value, level)
        noise = np.maximum(np.abs(level), size)
        noise *= self.parameters.least_relative_sd
        np.maximum(noise, 1e-12, out=noise)
        np.maximum(noise, scale, out=noise)
        z = value - level
        z /= noise
        np.minimum(np.maximum(z, -_LARGEST_Z, out=z), _LARGEST_Z, out=z)
        ready = None if settled else count >= self.parameters.quiet_observations
        p = self._judge(place, z, ready)
        expected = level.copy() if ready is None else np.where(ready, level, np.nan)
        memory = np.minimum(count + 1.0, self.parameters.noise_memory)
        later, spread = self._learned(z, noise, memory)
        later += level
        if not settled:
            young = np.flatnonzero(count < self.parameters.level_memory)
            later[young], spread[young] = _begun(count[young], level[young], scale[young], value[young])
        levels[place], scales[place] = later, spread
        sizes[place] = size + (np.abs(value) - size) / memory
        counts[place] = count + 1.0
        return Verdict(p[0], p[1], expected)

    def _judge(self, place: Ints | slice, z: Floats, ready: NDArray[np.bool_] | None) -> Floats:
        """Return the tails upwards and downwards, (2, m), and teach them where ready (None: everywhere)."""
        both = np.stack([z, -z])
        worth = self._tails.trust(place) * (1.0 if ready is None else ready)
        peaks = calibrate.above(both)
        p = self._tails.judge(place, both, peaks, worth, worth[peaks % len(z)])
        np.exp(p, out=p)
        if ready is not None:
            p[:, ~ready] = 1.0
        return p

    def _learned(self, z: Floats, noise: Floats, memory: Floats) -> tuple[Floats, Floats]:
        """Return how far the level moves, at most by what the clip allows, and the scale after this score."""
        clip = self.parameters.clip_sd
        step = np.minimum(np.maximum(z, -clip), clip)
        step *= noise
        step /= self.parameters.level_memory
        spread = runs.surprise(z * z)
        spread /= memory
        spread += 1.0
        np.sqrt(spread, out=spread)
        spread *= noise
        return step, spread


def _begun(seen: Floats, level: Floats, scale: Floats, value: Floats) -> tuple[Floats, Floats]:
    """Return level and scale of young series, of which both are plain means over what was seen."""
    away = value - level
    absolute = np.abs(away) * 1.25  # the mean absolute deviation of a normal, to its sd
    spread = scale + (absolute - scale) / np.maximum(seen, 1.0)
    return level + away / (seen + 1.0), np.where(seen == 0.0, 0.0, spread)
