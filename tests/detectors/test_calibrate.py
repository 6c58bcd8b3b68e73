"""Learned tails: of quiet scores whatever their shape, robust against incidents, within what is believed."""

from collections.abc import Callable

import numpy as np
import pytest

from detectors import calibrate, stretches
from detectors.arrays import Floats
from detectors.bank import Table

SERIES = 60
_GRID = np.linspace(2.0, 30.0, 20_000)
_NATS = 0.5 * _GRID**2 + np.log(_GRID + np.sqrt(_GRID**2 + 8.0 / np.pi))


def fresh(series: int = SERIES, longest: float = np.inf) -> calibrate.Tails:
    """Return the tails of new series."""
    table = Table("tails", calibrate.columns())
    table.resize(series)
    return calibrate.Tails(table, longest)


def judged(tails: calibrate.Tails, score: Floats) -> Floats:
    """Return the tails of one score per series upwards, (m,), after teaching them by the rules."""
    both, place = np.stack([score, -score]), slice(0, len(score))
    worth, peaks = tails.trust(place).copy(), calibrate.above(both)
    p: Floats = np.exp(tails.judge(place, both, peaks, worth, worth[peaks % len(score)])[0])
    return p


def with_excess(nats: Floats) -> Floats:
    """Return scores that lie so many nats above the start."""
    score: Floats = np.interp(nats + _NATS[0], _NATS, _GRID)
    return score


def _exponential(rng: np.random.Generator) -> Floats:
    return with_excess(rng.exponential(3.0, SERIES))


def _pareto(rng: np.random.Generator) -> Floats:
    return with_excess(np.minimum(2.0 * (rng.random(SERIES) ** -0.4 - 1.0), 400.0))


def _normal(rng: np.random.Generator) -> Floats:
    return with_excess(rng.exponential(1.0, SERIES))


@pytest.mark.parametrize("peaks", [_normal, _exponential, _pareto])
def test_the_tail_of_quiet_scores_is_learned_whatever_its_shape(
    peaks: Callable[[np.random.Generator], Floats],
) -> None:
    """Peaks in 4 % of the time, exponential or heavier: after 15,000 scores the rates hold, 1.0 to 1.6 times."""
    rng, tails = np.random.default_rng(31), fresh()
    found = []
    for step in range(25_000):
        score = np.where(rng.random(SERIES) < 0.04, peaks(rng), 0.0)
        p = judged(tails, score)
        if step >= 15_000:
            found.append(p)
    p = np.concatenate(found)
    for level in (1e-2, 1e-3, 1e-4):
        assert 0.7 < (p <= level).mean() / level < 2.0


def test_an_incident_of_a_day_does_not_become_the_norm() -> None:
    """Forty of six standard deviations in a row: a new series still finds them improbable; months change that."""
    tails = fresh(1)
    p = np.array([judged(tails, np.array([6.0]))[0] for _ in range(2000)])
    assert p[0] < 1e-6
    assert p[:40].max() < 1e-3
    assert p[-1] > 0.1


def test_no_tail_is_believed_to_be_longer_than_a_bank_allows() -> None:
    """Peaks of forty nats, one in thirty: beyond eleven standard deviations p is below 1e-6 all the same."""
    believed, free = fresh(1, 6.0), fresh(1)
    for tails in (believed, free):
        for step in range(2000):
            judged(tails, with_excess(np.array([40.0])) if step % 30 == 0 else np.zeros(1))
    assert judged(believed, np.array([12.0]))[0] < 1e-6
    assert judged(free, np.array([12.0]))[0] > 1e-3


def hours_of(score: Floats) -> Floats:
    """Return the tails of hourly scores of one series upwards, (hours,), that stretches teach by the rules."""
    table = Table("tails", {**calibrate.columns(), **stretches.columns()})
    table.resize(1)
    tails = calibrate.Tails(table)
    bank, place, an_hour = stretches.Stretches(table, tails), slice(0, 1), np.ones(1)
    found = np.empty(len(score))
    for step, each in enumerate(score):
        both = np.array([[each], [-each]])
        peaks = calibrate.above(both)
        worth = bank.trust(place, an_hour)
        log = tails.judge(place, both, peaks, worth, worth[peaks % 1])
        bank.hold(place, both, peaks, 1.0 - worth[peaks % 1], (1.0 - worth, log))
        found[step] = np.exp(log[0, 0])
    return found


def test_a_suspicious_stretch_teaches_when_a_day_has_been_calm() -> None:
    """Nine hours of 3.6 standard deviations: about as odd at their end as after the first, 2.9 times likelier later."""
    score = np.r_[np.zeros(200), np.full(9, 3.6), np.zeros(30), 3.6]
    p = hours_of(score)
    assert p[200] < 1e-3
    assert p[208] < 1.5 * p[201]
    assert p[-1] > 2.0 * p[208]
    soon = hours_of(np.delete(score, np.s_[-20:-1]))
    assert soon[-1] < 1.1 * p[208]


def test_an_incident_teaches_its_first_hour_and_a_twentieth_of_the_rest() -> None:
    """Nine hours of six standard deviations, the first below one in a million: no likelier a day later."""
    p = hours_of(np.r_[np.zeros(200), np.full(9, 6.0), np.zeros(30), 6.0])
    assert p[200] < 1e-6
    assert p[-1] < 1.1 * p[208]
