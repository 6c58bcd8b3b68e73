"""Families of shares, rosters and other detectors' tails.

To add one: a function ``run(seed, size)`` that yields `Tails` of settled observations, and a `Family` in ``FAMILIES``.
``each`` feeds a bank with blocks of one observation per series. For discrete statistics hand in the generator's own
tails (``true_high``, ``true_low``), so that steps count on both sides alike.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy.special import betaln, gammaln

from detectors.arrays import Block, Floats, Ints
from detectors.blocks import RosterBlock, ShareBlock, TailBlock
from detectors.outage import Outage, OutageParameters
from detectors.registry import EVERY
from detectors.tails import normal_sf
from tests.calibration.family import HOUR_MS, MONDAY_MS, Family, Tails

_ENSEMBLE = (1000, 500, 3000)  # series, steps that don't count, steps in all
_SHARES = (1000, 150, 1150)
_ROSTERS = (800, 700, 2000)
_PLACES = 24
_SPELL_H = 3.0  # of a sensor's silence
_HAZARD_H = 6.0  # how long a common hazard lasts
_DRAWS = 3000  # of common hazards, for the true tail

Truth = tuple[Floats, Floats]


def head(series: int, step: int) -> tuple[Ints, Ints, Ints]:
    """Return series, at_ms and local_ms of an hourly row of each series."""
    at = np.full(series, MONDAY_MS + step * HOUR_MS)
    return np.arange(series), at, at


def each(bank: Any, blocks: Iterable[tuple[Any, Truth | None]], settled: int) -> Iterator[Tails]:
    """Yield the tails of a bank that is fed with blocks of one row per series, once ``settled`` blocks are over."""
    for step, (block, truth) in enumerate(blocks):
        if step == 0:
            bank.resize(len(block.series))
        scores = bank.update(block)
        if step >= settled:
            yield Tails(scores.p_high, scores.p_low, block.series, *(truth or (None, None)))


def high_of_reports(bank: Any, step: int, count: Ints) -> Floats:
    """Return the upper tails of an hour's reports, (m,), of a bank that sees only series that have any."""
    some, p = np.flatnonzero(count), np.ones(len(count))
    if len(some):
        _, at, local = head(len(some), step)
        p[some] = bank.update(Block(some, at, local, count[some].astype(np.float64))).p_high
    return p


def _ensemble(correlation: float, bias: float, seed: int, size: float) -> Iterator[Tails]:
    """Yield the ensemble's tails of three detectors of one series, whose normal scores are correlated.

    Their tails are to the power ``bias``: right at 1, too careful below it, too bold above.
    """
    series, settled, length = _ENSEMBLE
    rng, number = np.random.default_rng(seed), max(round(series * size), 20)

    def blocks() -> Iterator[tuple[TailBlock, None]]:
        for step in range(length):
            common, own = rng.normal(size=(number, 1)), rng.normal(size=(number, 3))
            score = np.sqrt(correlation) * common + np.sqrt(1.0 - correlation) * own
            yield TailBlock(*head(number, step), normal_sf(score) ** bias, normal_sf(-score) ** bias), None

    return each(EVERY["ensemble"](), blocks(), settled)


def _shares(correlation: float, trials: tuple[int, int], seed: int, size: float) -> Iterator[Tails]:
    """Yield tails of shares from 2 to 40 %, Beta distributed with that correlation of trials, and the true ones."""
    series, settled, length = _SHARES
    rng, number = np.random.default_rng(seed), max(round(series * size), 20)
    usual = 10 ** rng.uniform(-1.7, -0.4, number)
    sizes = rng.integers(trials[0], trials[1] + 1, (number, 3))
    high, low = _beta_binomial(sizes, usual, correlation)

    def blocks() -> Iterator[tuple[ShareBlock, Truth]]:
        row, whole = np.arange(number), 1.0 / correlation - 1.0 if correlation else 0.0
        for step in range(length):
            which = rng.integers(0, 3, number)
            share = rng.beta(usual * whole, (1.0 - usual) * whole) if correlation else usual
            hits = rng.binomial(sizes[row, which], share)
            block = ShareBlock(*head(number, step), hits.astype(np.float64), sizes[row, which].astype(np.float64))
            yield block, (high[row, which, hits], low[row, which, hits])

    return each(EVERY["proportion"](), blocks(), settled)


def _beta_binomial(trials: Ints, share: Floats, correlation: float) -> Truth:
    """Return P(H >= h) and P(H <= h), (series, 3, h), of each number of trials; binomial without correlation."""
    hits, n = np.arange(trials.max() + 1), trials[:, :, None]
    misses = np.maximum(n - hits, 0)
    log = gammaln(n + 1) - gammaln(hits + 1) - gammaln(misses + 1)
    p = share[:, None, None]
    if correlation:
        whole = 1.0 / correlation - 1.0
        log = log + betaln(hits + p * whole, misses + (1.0 - p) * whole) - betaln(p * whole, (1.0 - p) * whole)
    else:
        log = log + hits * np.log(p) + misses * np.log1p(-p)
    return _both(np.where(hits <= n, np.exp(log), 0.0))


def _both(chance: Floats) -> Truth:
    """Return the tails from above and from below along the last axis."""
    return np.cumsum(chance[..., ::-1], axis=-1)[..., ::-1], np.cumsum(chance, axis=-1)


def _rosters(common: float, seed: int, size: float) -> Iterator[Tails]:
    """Yield tails of hourly sweeps over 4 to 24 sensors, silent 0.5 to 10 % in spells, with a common hazard."""
    units, settled, length = _ROSTERS
    rng, number = np.random.default_rng(seed), max(round(units * size), 20)
    share, sensors = 10 ** rng.uniform(-2.3, -1.0, (number, _PLACES)), rng.integers(4, _PLACES + 1, number)
    share = np.where(np.arange(_PLACES) < sensors[:, None], share, 0.0)
    begin = share / (1.0 - share) / _SPELL_H
    high = _together(rng, share, begin, common)

    def blocks() -> Iterator[tuple[RosterBlock, Truth]]:
        row, hazard, silent = np.arange(number), np.ones(number), rng.random(share.shape) < share
        for step in range(length):
            hazard = _hazard(rng, hazard, common)
            begins = rng.random(share.shape) < begin * hazard[:, None]
            silent = np.where(silent, rng.random(share.shape) > 1.0 / _SPELL_H, begins)
            block = RosterBlock(*head(number, step), np.where(share > 0.0, silent, np.nan))
            yield block, (high[row, silent.sum(axis=1)], np.ones(number))

    return each(Outage(OutageParameters(places=_PLACES)), blocks(), settled)


def _hazard(rng: np.random.Generator, hazard: Floats, common: float) -> Floats:
    """Return the next hour's common hazards: Gamma with mean 1 and variance ``common``, drawn anew now and then."""
    if not common:
        return hazard
    fresh = rng.gamma(1.0 / common, common, hazard.shape)
    return np.where(rng.random(hazard.shape) < 1.0 / _HAZARD_H, fresh, hazard)


def _together(rng: np.random.Generator, share: Floats, begin: Floats, common: float) -> Floats:
    """Return P(at least so many silent), (units, number): given the past of the hazard sensors are independent."""
    chance, hazard, silent = np.zeros((len(share), _PLACES + 1)), np.ones(()), share
    for _ in range(_DRAWS if common else 1):
        for _ in range(round(_HAZARD_H) if common else 0):
            hazard = _hazard(rng, hazard, common)
            silent = silent * (1.0 - 1.0 / _SPELL_H) + (1.0 - silent) * np.minimum(begin * hazard, 1.0)
        exactly = np.zeros_like(chance)
        exactly[:, 0] = 1.0
        for place in range(_PLACES):
            more = exactly[:, :-1] * silent[:, place, None]
            exactly *= 1.0 - silent[:, place, None]
            exactly[:, 1:] += more
        chance += exactly
    return _both(chance / chance.sum(axis=1, keepdims=True))[0]


FAMILIES = (
    *(
        Family("ensemble", name, ("high", "low"), partial(_ensemble, correlation, bias), "500 observations")
        for name, correlation, bias in (
            ("three right detectors, independent", 0.0, 1.0),
            ("correlated by 0.8", 0.8, 1.0),
            ("correlated by 0.8, too careful by a power of 0.7", 0.8, 0.7),
            ("correlated by 0.8, too bold by a power of 1.5", 0.8, 1.5),
        )
    ),
    Family("proportion", "binomial, 20 to 200 trials", ("high", "low"), partial(_shares, 0.0, (20, 200)), "150 hours"),
    Family("proportion", "correlation 0.05", ("high", "low"), partial(_shares, 0.05, (20, 200)), "150 hours"),
    Family("proportion", "0.1, 100 to 1,000 trials", ("high", "low"), partial(_shares, 0.1, (100, 1000)), "150 hours"),
    Family("proportion", "0.02, 3 to 15 trials", ("high",), partial(_shares, 0.02, (3, 15)), "150 hours"),
    Family("outage", "independent silences", ("high",), partial(_rosters, 0.0), "700 hours"),
    Family("outage", "common hazard, variance 0.5", ("high",), partial(_rosters, 0.5), "700 hours"),
    Family("outage", "common hazard, variance 1.5", ("high",), partial(_rosters, 1.5), "700 hours"),
)
