"""A scene: a generated series on which a detector speaks, with all that a picture of it shows."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Block, Floats, Ints, Scores

START = 1_772_384_400_000
"""Monday, 2 March 2026, midnight in Việt Nam."""
OFFSET = 7 * 3_600_000
MINUTE = 60_000
HOUR = 60 * MINUTE


class Scene(NamedTuple):
    """What a detector was shown, what it said, and when something happened.

    Attributes
    ----------
    at_ms : (n,) int64
        Event times.
    value : (n,) or (n, k) float64
        What is drawn as observed.
    expected : (n,) float64
        What is drawn as expected; NaN: nothing.
    p : (n,) float64
        The smaller of both tails.
    event : tuple of two ints
        First and last observation of what happened.
    label : str
        What the values are, with their unit.
    expected_label : str or None
        What is expected, where that is something else than the values.
    """

    at_ms: Ints
    value: Floats
    expected: Floats
    p: Floats
    event: tuple[int, int]
    label: str
    expected_label: str | None = None


def times(count: int, step_ms: int) -> Ints:
    """Return event times from `START` on, every ``step_ms``."""
    return START + np.arange(count, dtype=np.int64) * step_ms


def head(at_ms: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the columns that begin every block, of one series."""
    return np.zeros(len(at_ms), np.int64), at_ms, at_ms + OFFSET


def rhythm(at_ms: Ints) -> Floats:
    """Return how busy a street is at each instant: little at night, most in the morning and evening, less at weekends.

    The mean over a week is about 1.
    """
    local_h = (at_ms + OFFSET) / HOUR
    clock, weekday = local_h % 24, (local_h // 24 + 3) % 7  # 1970-01-01 was a Thursday
    busy = 0.15 + 1.8 * np.exp(-(((clock - 8.0) / 2.0) ** 2)) + 2.0 * np.exp(-(((clock - 17.5) / 3.0) ** 2))
    quieter: Floats = np.where(weekday >= 5, 0.7, 1.0) * busy
    return quieter


def smaller(scores: Scores) -> Floats:
    """Return the smaller of both tails."""
    p: Floats = np.minimum(scores.p_high, scores.p_low)
    return p


def of_values(
    detector: Callable[[], Any], at_ms: Ints, value: NDArray[np.float64], event: tuple[int, int], label: str
) -> Scene:
    """Return the scene of a detector of single values."""
    bank = detector()
    bank.resize(1)
    scores: Scores = bank.update(Block(*head(at_ms), value))
    return Scene(at_ms, value, scores.expected, smaller(scores), event, label)
