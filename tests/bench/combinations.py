"""Studies combinations of dependent tails, and the speed of detectors of shares, outages, areas, points and tails.

Run ``python -m tests.bench.combinations``; names of studies alone as arguments. Their rates: `tests.calibration`.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import click
import numpy as np

from detectors.arrays import Block, Floats, Scores
from detectors.blocks import AreaBlock, PointBlock, RosterBlock, ShareBlock, TailBlock
from detectors.combining import average_e, cauchy, fisher, half_cauchy
from detectors.ensemble import Ensemble, Refractory
from detectors.hotspots import Hotspot
from detectors.outage import Outage
from detectors.proportion import Proportion
from detectors.regions import nearest
from detectors.scan import AreaScan
from detectors.tails import normal_sf

_HOUR_MS = 3_600_000
_LEVELS = np.array([1e-2, 1e-3, 1e-4, 1e-5])
_COMBINED = 2_000_000

Blocks = Iterator[Any]


class Study(NamedTuple):
    """A bank, the blocks that it is fed with (one row per series each), and how many of them are not counted."""

    name: str
    bank: Callable[[], Any]
    blocks: Callable[[], Blocks]
    series: int
    settled: int


def hour(series: int, step: int) -> tuple[Any, Any, Any]:
    """Return series, at_ms and local_ms of one row per series."""
    at = np.full(series, step * _HOUR_MS)
    return np.arange(series), at, at


def shares(series: int, length: int, dispersion: float, trials: tuple[int, int]) -> Blocks:
    """Yield hits of shares from 2 to 40 %, Beta distributed with that correlation of trials."""
    rng = np.random.default_rng(1)
    usual, size = 10 ** rng.uniform(-1.7, -0.4, series), 1.0 / dispersion - 1.0
    for step in range(length):
        number = rng.integers(*trials, series)
        hits = rng.binomial(number, rng.beta(usual * size, (1.0 - usual) * size))
        yield ShareBlock(*hour(series, step), hits.astype(np.float64), number.astype(np.float64))


def rosters(units: int, places: int, length: int, common: float) -> Blocks:
    """Yield hourly sweeps over 4 to ``places`` sensors, silent 0.5 to 10 % in spells of 3 h, with a common hazard."""
    rng = np.random.default_rng(2)
    share, sensors = 10 ** rng.uniform(-2.3, -1.0, (units, places)), rng.integers(4, places + 1, units)
    there = np.arange(places) < sensors[:, None]
    state, hazard = rng.random((units, places)) < share, np.ones(units)
    for step in range(length):
        if common:
            hazard = np.where(rng.random(units) < 1 / 6, rng.gamma(1.0 / common, common, units), hazard)
        begins = rng.random((units, places)) < share / (1.0 - share) / 3.0 * hazard[:, None]
        state = np.where(state, rng.random((units, places)) > 1 / 3, begins)
        yield RosterBlock(*hour(units, step), np.where(there, state, np.nan).astype(np.float64))


def areas(kinds: int, units: int, length: int, noise: float) -> Blocks:
    """Yield hourly counts with a daily rhythm and rates from 0.1 to 30 an hour, with Gamma noise beyond Poisson's."""
    rng = np.random.default_rng(3)
    rate = 10 ** rng.uniform(-1.0, 1.5, (kinds, units))
    for step in range(length):
        level = rate * (1.0 + 0.9 * np.sin((step % 24 - 9) / 24 * 2 * np.pi))
        level = level * rng.gamma(1.0 / noise, noise, level.shape) if noise else level
        yield AreaBlock(*hour(kinds, step), rng.poisson(level).astype(np.float64))


def points(kinds: int, length: int, per_day: float) -> Blocks:
    """Yield reports of different people around five towns per kind, four of five by day."""
    rng = np.random.default_rng(4)
    towns, weight = rng.uniform(0.0, 0.5, (kinds, 5, 2)), rng.dirichlet(np.full(5, 0.7), kinds).cumsum(axis=1)
    at = np.zeros(kinds)
    for _ in range(length):
        night = (at / _HOUR_MS % 24 < 7) | (at / _HOUR_MS % 24 >= 20)
        at = at + rng.exponential(24.0 * _HOUR_MS / per_day, kinds) * np.where(night, 3.0, 0.6)
        town = np.minimum((rng.random((kinds, 1)) > weight).sum(axis=1), 4)
        place = towns[np.arange(kinds), town] + rng.normal(0.0, 0.01, (kinds, 2))
        order = np.argsort(at, kind="stable")
        now, (lat, lon) = at[order].astype(np.int64), place[order].T
        yield PointBlock(order, now, now, 21.0 + lat, 103.0 + lon, rng.integers(0, 10_000, kinds))


def dependent(rng: np.random.Generator, number: int, detectors: int, correlation: float) -> Floats:
    """Return uniform tails (number, detectors) of correlated normal scores."""
    common, own = rng.normal(size=(number, 1)), rng.normal(size=(number, detectors))
    return normal_sf(np.sqrt(correlation) * common + np.sqrt(1.0 - correlation) * own)


def tails(series: int, length: int) -> Blocks:
    """Yield tails of three detectors correlated by 0.8."""
    rng = np.random.default_rng(5)
    for step in range(length):
        high = dependent(rng, series, 3, 0.8)
        yield TailBlock(*hour(series, step), high, 1.0 - high)


def values(series: int, length: int) -> Blocks:
    """Yield one uniform tail per series."""
    rng = np.random.default_rng(6)
    for step in range(length):
        yield Block(*hour(series, step), rng.random(series))


def country(units: int, k: int) -> AreaScan:
    """Return a scan over so many places in a square of two degrees."""
    rng = np.random.default_rng(7)
    return AreaScan(nearest(rng.uniform(20.0, 22.0, units), rng.uniform(102.0, 104.0, units), k))


SPEED = [
    Study("proportion, 10,000 series", Proportion, lambda: shares(10_000, 40, 0.02, (20, 200)), 10_000, 25),
    Study("outage, 45 units of 64 places", Outage, lambda: rosters(45, 64, 400, 0.3), 45, 350),
    Study("outage, 3,321 units of 64 places", Outage, lambda: rosters(3321, 64, 360, 0.3), 3321, 345),
    Study("area_scan, 1 kind in 45 units", lambda: country(45, 6), lambda: areas(1, 45, 400, 0.05), 1, 350),
    Study("area_scan, 1 kind in 3,321 units", lambda: country(3321, 8), lambda: areas(1, 3321, 400, 0.05), 1, 390),
    Study("hotspot, 1,000 kinds", Hotspot, lambda: points(1000, 100, 20.0), 1000, 90),
    Study("ensemble, 10,000 series", Ensemble, lambda: tails(10_000, 20), 10_000, 5),
    Study("refractory, 10,000 series", Refractory, lambda: values(10_000, 40), 10_000, 5),
]


def run(study: Study) -> Iterator[tuple[Scores, float, int]]:
    """Yield what a study's bank says after its settling, the seconds that it took, and its bytes per series."""
    bank = study.bank()
    bank.resize(study.series)
    state = sum(array.nbytes for array in bank.state().values()) // study.series
    for step, block in enumerate(study.blocks()):
        started = time.perf_counter()
        scores = bank.update(block)
        if step >= study.settled:
            yield scores, time.perf_counter() - started, state


def speed(study: Study) -> str:
    """Return milliseconds per call, rows per second and bytes per series, of the median call."""
    measured = [(seconds, state) for _, seconds, state in run(study)]
    seconds = float(np.median([each for each, _ in measured]))
    return f"{study.name:34} {1e3 * seconds:8.2f} ms  {study.series / seconds:12,.0f}/s  {measured[0][1]:9,} bytes"


def combined(correlation: float) -> str:
    """Return the rates of the combinations of three and five dependent tails."""
    lines = []
    for detectors in (3, 5):
        rng, below = np.random.default_rng(8), np.zeros((4, len(_LEVELS)))
        for _ in range(4):
            high = dependent(rng, _COMBINED // 4, detectors, correlation)
            functions = (fisher, cauchy, half_cauchy, average_e)
            below += [(combine(high)[:, None] < _LEVELS).sum(axis=0) for combine in functions]
        parts = (
            f"{combine.__name__} " + " ".join(f"{ratio:.2f}" for ratio in each / _COMBINED / _LEVELS)
            for combine, each in zip(functions, below, strict=True)
        )
        lines.append(f"{detectors} tails correlated by {correlation}: " + "; ".join(parts))
    return "\n".join(lines)


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice(["combined", "speed"]))
def main(parts: tuple[str, ...]) -> None:
    """Print observed over nominal rates of combinations at 10⁻² to 10⁻⁵, and what a call costs."""
    chosen = parts or ("combined", "speed")
    if "combined" in chosen:
        for correlation in (0.0, 0.5, 0.9):
            click.echo(combined(correlation))
    if "speed" in chosen:
        for study in SPEED:
            click.echo(speed(study))


if __name__ == "__main__":
    main()
