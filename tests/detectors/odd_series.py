"""Healthy series as they come in the field: irregular, after weeks of nothing, at clock changes, drifting."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from detectors.arrays import Block, Floats, Ints

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_772_384_400_000  # Monday, 2 March 2026, midnight at UTC+7
OFFSET = 7 * HOUR
WEEKS = 8
EACH = 6
"""Series of each scenario."""
GAP = (START + 4 * 7 * DAY, START + 7 * 7 * DAY)
CHANGE = START + 5 * 7 * DAY - 22 * HOUR
"""Two o'clock on the night to a Sunday, five weeks after the start."""


class Clock(NamedTuple):
    """When a scenario's series report, and what is on the wall clock then."""

    at_ms: Ints
    local_ms: Ints


def _hourly(rng: np.random.Generator) -> Ints:
    hours: Ints = START + np.arange(WEEKS * 7 * 24, dtype=np.int64) * HOUR
    return hours + rng.integers(0, 5 * MINUTE)


def regular(rng: np.random.Generator) -> Clock:
    """Report every hour."""
    at_ms = _hourly(rng)
    return Clock(at_ms, at_ms + OFFSET)


def irregular(rng: np.random.Generator) -> Clock:
    """Report now and then, on average every hour; one report in fifty has the time of the one before."""
    gaps = rng.exponential(HOUR, WEEKS * 7 * 24).astype(np.int64) * (rng.random(WEEKS * 7 * 24) > 0.02)
    at_ms: Ints = START + np.cumsum(gaps)
    return Clock(at_ms, at_ms + OFFSET)


def gap(rng: np.random.Generator) -> Clock:
    """Report every hour, but not for three weeks."""
    at_ms = _hourly(rng)
    at_ms = at_ms[(at_ms < GAP[0]) | (at_ms >= GAP[1])]
    return Clock(at_ms, at_ms + OFFSET)


def forward(rng: np.random.Generator) -> Clock:
    """Report every hour; one night an hour is missing on the wall clock."""
    at_ms = _hourly(rng)
    return Clock(at_ms, at_ms + OFFSET + np.where(at_ms >= CHANGE, HOUR, 0))


def back(rng: np.random.Generator) -> Clock:
    """Report every hour; one night an hour comes twice on the wall clock."""
    at_ms = _hourly(rng)
    return Clock(at_ms, at_ms + OFFSET - np.where(at_ms >= CHANGE, HOUR, 0))


SCENARIOS: dict[str, Callable[[np.random.Generator], Clock]] = {
    "regular": regular,
    "irregular": irregular,
    "gap": gap,
    "forward": forward,
    "back": back,
    "drift": regular,
}


def _rhythm(local_ms: Ints) -> Floats:
    """Return how busy it is: by day, less at weekends; about 1 on average."""
    hour, weekday = local_ms / HOUR % 24, (local_ms // DAY + 3) % 7
    busy: Floats = (0.2 + 1.4 * np.exp(-(((hour - 13.0) / 4.5) ** 2))) * np.where(weekday >= 5, 0.6, 1.0) * 1.3
    return busy


def _drift(clock: Clock) -> Floats:
    """Return 0 for two weeks, then a slow rise to 1 in the end."""
    weeks = (clock.at_ms - START) / (7 * DAY)
    rise: Floats = np.maximum(weeks - 2.0, 0.0) / (WEEKS - 2.0)
    return rise


def counts(clock: Clock, drift: float, rng: np.random.Generator) -> Floats:
    """Return what is counted by the day's and the week's rhythm; drifting, it becomes a fifth more."""
    rate = 120.0 * _rhythm(clock.local_ms) * (1.0 + 0.2 * drift * _drift(clock))
    return rng.poisson(rate * rng.gamma(100.0, 0.01, len(rate))).astype(np.float64)


def reports(clock: Clock, drift: float, rng: np.random.Generator) -> Floats:
    """Return rare reports, about four a week; drifting, they become half as many again."""
    rate = 0.025 * _rhythm(clock.local_ms) * (1.0 + 0.5 * drift * _drift(clock))
    return rng.poisson(rate).astype(np.float64)


def noise(clock: Clock, drift: float, rng: np.random.Generator) -> Floats:
    """Return a gauge that only trembles; drifting, by half a standard deviation in six weeks."""
    return 20.0 + rng.normal(0.0, 0.5, len(clock.at_ms)) + 0.25 * drift * _drift(clock)


def rooms(clock: Clock, drift: float, rng: np.random.Generator) -> Floats:
    """Return a gauge with the rhythm of the day."""
    return noise(clock, drift, rng) + 5.0 * _rhythm(clock.local_ms)


def arrivals(clock: Clock, drift: float, rng: np.random.Generator) -> Floats:
    """Return what doesn't matter: only when it comes does."""
    del drift, rng
    return np.ones(len(clock.at_ms))


def block(kind: Callable[[Clock, float, np.random.Generator], Floats]) -> Block:
    """Return all scenarios of a kind of value in one block, `EACH` rows of the bank for each, in their order."""
    rng = np.random.default_rng(41)
    columns: list[Block] = []
    for number, (name, clocks) in enumerate(SCENARIOS.items()):
        for row in range(number * EACH, (number + 1) * EACH):
            clock = clocks(rng)
            value = kind(clock, float(name == "drift"), rng)
            columns.append(Block(np.full(len(value), row, np.int64), clock.at_ms, clock.local_ms, value))
    series, at_ms, local_ms, value = (np.concatenate(column) for column in zip(*columns, strict=True))
    order = np.lexsort((series, at_ms))
    return Block(series[order], at_ms[order], local_ms[order], value[order])
