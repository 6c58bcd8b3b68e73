"""Families of maps and places: hourly counts of neighbouring units, and reports around towns."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from detectors.blocks import AreaBlock, PointBlock
from detectors.hotspots import Hotspot
from detectors.regions import nearest
from detectors.scan import AreaScan
from tests.calibration.family import HOUR_MS, MONDAY_MS, Family, Tails
from tests.calibration.units import each, head

_AREAS = (200, 960, 3600)  # kinds, hours that don't count, hours in all
_UNITS = 45
_POINTS = (400, 300, 1500)


def _areas(noise: float, seed: int, size: float) -> Iterator[Tails]:
    """Yield tails of scans over 45 units, 0.1 to 30 an hour with a daily rhythm, with Gamma noise beyond Poisson's."""
    kinds, settled, length = _AREAS
    rng, number = np.random.default_rng(seed), max(round(kinds * size), 5)
    rate = 10 ** rng.uniform(-1.0, 1.5, (number, _UNITS))
    bank = AreaScan(nearest(rng.uniform(20.0, 22.0, _UNITS), rng.uniform(102.0, 104.0, _UNITS), 6))

    def blocks() -> Iterator[tuple[AreaBlock, None]]:
        for step in range(length):
            level = rate * (1.0 + 0.9 * np.sin((step % 24 - 9) / 24 * 2 * np.pi))
            level = level * rng.gamma(1.0 / noise, noise, level.shape) if noise else level
            yield AreaBlock(*head(number, step), rng.poisson(level).astype(np.float64)), None

    return each(bank, blocks(), settled)


def _points(per_day: float, seed: int, size: float) -> Iterator[Tails]:
    """Yield tails of reports of different people around five towns per kind, four of five by day."""
    kinds, settled, length = _POINTS
    rng, number = np.random.default_rng(seed), max(round(kinds * size), 5)
    towns, weight = rng.uniform(0.0, 0.5, (number, 5, 2)), rng.dirichlet(np.full(5, 0.7), number).cumsum(axis=1)

    def blocks() -> Iterator[tuple[PointBlock, None]]:
        at, row = np.zeros(number), np.arange(number)
        for _ in range(length):
            night = (at / HOUR_MS % 24 < 7) | (at / HOUR_MS % 24 >= 20)
            at = at + rng.exponential(24.0 * HOUR_MS / per_day, number) * np.where(night, 3.0, 0.6)
            town = np.minimum((rng.random((number, 1)) > weight).sum(axis=1), 4)
            place = towns[row, town] + rng.normal(0.0, 0.01, (number, 2))
            order = np.argsort(at, kind="stable")
            now, (lat, lon) = MONDAY_MS + at[order].astype(np.int64), place[order].T
            yield PointBlock(order, now, now, 21.0 + lat, 103.0 + lon, rng.integers(0, 10_000, number)), None

    return each(Hotspot(), blocks(), settled)


FAMILIES = (
    Family("area_scan", "45 units, Poisson", ("high",), partial(_areas, 0.0), "40 days"),
    Family("area_scan", "45 units, noise 0.1", ("high",), partial(_areas, 0.1), "40 days"),
    Family("hotspot", "five towns, 20 reports a day", ("high",), partial(_points, 20.0), "300 reports"),
    Family("hotspot", "five towns, 3 reports a day", ("high",), partial(_points, 3.0), "300 reports"),
)
