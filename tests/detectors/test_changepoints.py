"""Change-point detectors are cautious while young, find shifts as fast as theory says, and shrug at outliers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from detectors.arrays import Block, Floats, Ints, Scores
from detectors.changepoint import ChangePoint, ChangePointParameters
from detectors.cusum import CountCusum, CountCusumParameters, Cusum, CusumParameters
from detectors.pagehinkley import PageHinkley, PageHinkleyParameters

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MONDAY = 1_699_833_600_000
GAUGES: list[Callable[[], Any]] = [Cusum, PageHinkley, ChangePoint]

every_gauge = pytest.mark.parametrize("make", GAUGES, ids=[make.__name__ for make in GAUGES])


def told(bank: Any, values: Floats, at_ms: Ints | None = None) -> Scores:
    """Return what a bank says of (steps, series) values, every five minutes or at the times given, in their shape."""
    steps, series = values.shape
    bank.resize(max(bank.size, series))
    at = np.repeat((MONDAY + np.arange(steps) * 5 * MINUTE) if at_ms is None else at_ms, series)
    scores = bank.update(Block(np.tile(np.arange(series), steps), at, at, values.ravel()))
    return Scores(*(column.reshape(steps, series) for column in scores))


def noise(steps: int, series: int, seed: int, correlation: float = 0.0) -> Floats:
    """Return (steps, series) of normal noise of variance 1, a first-order autoregression."""
    rng = np.random.default_rng(seed)
    value = rng.normal(size=(steps, series))
    for step in range(1, steps):
        value[step] = correlation * value[step - 1] + np.sqrt(1.0 - correlation**2) * value[step]
    return value


def hourly(days: int, series: int, seed: int, of_week: tuple[float, ...] = (1.0,) * 7) -> Floats:
    """Return hourly negative-binomial counts from a Monday on, with the rhythms of days and weeks.

    ``of_week`` multiplies those of each day from Monday to Sunday.
    """
    rng = np.random.default_rng(seed)
    hour = np.arange(days * 24)[:, None]
    rhythm = 1.1 + np.sin((hour % 24 - 9) / 24 * 2 * np.pi)
    weekend = np.where(hour // 24 % 7 >= 5, 0.6, 1.0)
    level: Floats = np.exp(rng.uniform(0.0, 6.0, series)) * rhythm * weekend * np.array(of_week)[hour // 24 % 7]
    return rng.poisson(level * rng.gamma(20.0, 0.05, level.shape)).astype(np.float64)


@every_gauge
def test_a_young_series_is_cautious(make: Callable[[], Any]) -> None:
    """From the first answer on, before tails are learned, p below 1e-4 is at most twice as frequent."""
    scores = told(make(), noise(500, 300, 3))
    for p in (scores.p_high, scores.p_low):
        assert (p < 1e-4).mean() < 2e-4


@pytest.mark.parametrize("shift", [1.0, 2.0])
def test_the_delay_of_a_sum_is_that_of_theory(shift: float) -> None:
    """Mean time until the sum first reaches 8 nats against Siegmund's approximation of the average run length."""
    bank, values = Cusum(), noise(3200, 400, 4)
    values[3000:] += shift
    told(bank, values[:3000])
    height = 8.0 * float(bank.state()["long_run"].clip(1.0).mean()) * (1.0 + 2.0 / np.sqrt(2000.0) + 60.0 / 2000.0)
    bank.load({**bank.state(), "evidence": np.zeros((400, 2))})
    first = np.full(400, np.nan)
    for step in range(200):
        told(bank, values[3000 + step : 3001 + step], np.array([MONDAY + (3000 + step) * 5 * MINUTE]))
        evidence: Floats = bank._table.floats("evidence")
        crossed = evidence[0] >= 8.0
        first = np.where(np.isnan(first) & crossed, step + 1.0, first)
    drift, barrier = shift - 0.5, height + 1.166
    theory = (np.exp(-2.0 * drift * barrier) + 2.0 * drift * barrier - 1.0) / (2.0 * drift**2)
    assert np.nanmean(first) == pytest.approx(theory, rel=0.15)
    assert not np.isnan(first).any()


@every_gauge
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_lasting_shift_is_found_on_its_side(make: Callable[[], Any], sign: float) -> None:
    """Two standard deviations, within sixty observations, at one in a million; the other side says nothing."""
    values = noise(1260, 100, 5)
    values[1200:] += 2.0 * sign
    scores = told(make(), values)
    right, left = (scores.p_high, scores.p_low) if sign > 0.0 else (scores.p_low, scores.p_high)
    assert (right[1200:].min(axis=0) < 1e-6).mean() > 0.95
    assert (left[1210:] < 1e-3).mean() < 0.01


@every_gauge
def test_one_outlier_is_no_shift(make: Callable[[], Any]) -> None:
    """A value a hundred standard deviations off, in quiet series: nothing below 1e-4 on it and the thirty after it."""
    values = noise(1030, 200, 6)
    values[1000] += 100.0
    scores = told(make(), values)
    assert (scores.p_high[1000:].min(axis=0) < 1e-4).mean() <= 0.02


@every_gauge
def test_a_gap_is_no_change_and_what_follows_is_judged(make: Callable[[], Any]) -> None:
    """Two weeks without values raise nothing by themselves; a shift after them is still found."""
    values, at = noise(1300, 100, 7), MONDAY + np.arange(1300) * 5 * MINUTE
    at[1200:] += 14 * DAY
    values[1240:] += 3.0
    scores = told(make(), values, at)
    assert np.minimum(scores.p_high[1200:1230], scores.p_low[1200:1230]).min() > 1e-5
    assert (scores.p_high[1240:].min(axis=0) < 1e-6).mean() > 0.95


def test_evidence_does_not_cross_a_long_gap() -> None:
    """Sums begin anew after it, and so does the memory of neighbouring residuals; a night changes nothing."""
    values, at = noise(602, 20, 8), MONDAY + np.arange(602) * 5 * MINUTE
    values[500:600] += 1.0
    values[600:] = 0.0
    at[600:] += DAY // 2
    at[601:] += 14 * DAY
    bank = Cusum()
    told(bank, values[:600], at[:600])
    told(bank, values[600:601], at[600:601])
    assert bank.state()["evidence"][:, 0].min() > 1.0
    told(bank, values[601:], at[601:])
    assert (bank.state()["evidence"] == 0.0).all()
    assert (np.abs(bank.state()["recent"]) < 0.4).all()


@pytest.mark.parametrize("make", [Cusum, PageHinkley])
def test_the_return_is_not_delayed_by_the_length_of_a_shift(make: Callable[[], Any]) -> None:
    """Sums saturate near one in a hundred million: three hundred observations after a shift nearly all is calm."""
    values = noise(2600, 60, 9)
    values[2000:2200] += 2.0
    scores = told(make(), values)
    assert 1e-10 < np.median(scores.p_high[2199]) < 1e-7
    assert (scores.p_high[2500] > 1e-3).mean() > 0.95


def test_a_lasting_shift_becomes_the_norm() -> None:
    """Two thousand observations after a shift by four standard deviations nothing is left of it."""
    values = noise(4000, 60, 10)
    values[1500:] += 4.0
    scores = told(Cusum(), values)
    assert (scores.p_high[3500:] < 1e-3).mean() < 0.01
    assert np.abs(scores.expected[3500:] - 4.0).max() < 0.5


def test_neighbours_that_go_together_are_not_read_as_shifts() -> None:
    """The long-run variance of an autoregression of 0.5 is 3, and is found within its taper's bias and its error."""
    bank = Cusum()
    told(bank, noise(4000, 50, 11, 0.5))
    assert bank.state()["long_run"].mean() == pytest.approx(2.8, abs=0.2)


def test_a_change_point_is_an_event_and_passes() -> None:
    """A change is recent for some 60 observations; then its level is expected and nothing is said any more."""
    values = noise(1400, 60, 12)
    values[1200:] += 3.0
    scores = told(ChangePoint(), values)
    assert np.median((scores.p_high[1200:] < 1e-4).sum(axis=0)) == pytest.approx(60.0, abs=15.0)
    assert (scores.p_high[1300:] < 1e-3).mean() < 0.02
    assert np.abs(np.median(scores.expected[1300:], axis=0) - 3.0).max() < 0.6


def test_a_drift_too_small_for_cusum_is_found_by_page_hinkley() -> None:
    """Half a standard deviation for eight hundred observations."""
    values = noise(3800, 60, 13)
    values[3000:] -= 0.5
    drift = told(PageHinkley(), values).p_low[3000:].min(axis=0)
    shift = told(Cusum(), values).p_low[3000:].min(axis=0)
    assert (drift < 1e-6).mean() > 0.9
    assert (shift < 1e-6).mean() < 0.5


@pytest.mark.parametrize(("factor", "side"), [(1.6, "p_high"), (0.6, "p_low")])
def test_counts_that_stay_off_their_week_are_found(factor: float, side: str) -> None:
    """Two fifths less, or three fifths more, than usual in series of more than twenty an hour: sure within a day."""
    values = hourly(64, 100, 14)
    busy = values[: 60 * 24].mean(axis=0) > 20.0
    values[60 * 24 :] = np.round(values[60 * 24 :] * factor)
    scores = told(CountCusum(), values, MONDAY + np.arange(len(values)) * HOUR)
    p: Floats = getattr(scores, side)[:, busy]
    assert (p[60 * 24 : 61 * 24].min(axis=0) < 1e-6).mean() > 0.9
    assert (p[: 60 * 24] < 1e-6).mean() < 1e-5


def test_what_comes_again_every_week_is_no_noise() -> None:
    """Fridays a quarter above Mondays, Saturdays above Sundays, in series of more than twenty an hour.

    After two months the long-run variance is 1.1, without such days 0.9; with weekdays and weekends alone it was 3.1.
    Two fifths more than usual are sure within a day in 0.46 of the series, without such days in 0.54; in none before.
    """
    values = hourly(61, 100, 18, (0.9, 0.95, 1.0, 1.05, 1.15, 1.1, 0.85))
    busy = values[: 60 * 24].mean(axis=0) > 20.0
    values[60 * 24 :] = np.round(values[60 * 24 :] * 1.4)
    bank, at = CountCusum(), MONDAY + np.arange(len(values)) * HOUR
    told(bank, values[: 60 * 24], at[: 60 * 24])
    assert bank.state()["long_run"][busy].mean() < 1.5
    p = told(bank, values[60 * 24 :], at[60 * 24 :]).p_high[:, busy]
    assert (p.min(axis=0) < 1e-6).mean() > 0.35


def test_counts_that_stay_off_become_the_norm() -> None:
    """A third less for good, in series of more than twenty an hour: told within days, usual after two weeks.

    All were told, and from then on none was below 1e-4; without a level that follows, nearly all still were.
    """
    values = hourly(84, 100, 17)
    busy = values[: 60 * 24].mean(axis=0) > 20.0
    values[60 * 24 :] = np.round(values[60 * 24 :] * 0.65)
    p = told(CountCusum(), values, MONDAY + np.arange(len(values)) * HOUR).p_low[:, busy]
    assert (p[60 * 24 : 63 * 24].min(axis=0) < 1e-6).mean() > 0.9
    assert (p[74 * 24 :] < 1e-4).mean() < 0.01


def test_one_storm_of_counts_is_no_shift() -> None:
    """An hour of a hundred times the usual adds what any surprising hour adds."""
    values = hourly(60, 100, 15)
    values[50 * 24 + 12] *= 100.0
    scores = told(CountCusum(), values, MONDAY + np.arange(len(values)) * HOUR)
    assert (scores.p_high[50 * 24 + 12 : 50 * 24 + 24] < 1e-4).mean() < 0.01


def test_steep_mornings_every_five_minutes_are_no_shifts() -> None:
    """The hour's mean is interpolated, so that ramps don't add up."""
    rng = np.random.default_rng(16)
    at = MONDAY + np.arange(22 * 288) * 5 * MINUTE
    clock = (np.arange(22 * 288) / 12.0 % 24)[:, None]
    level = 60.0 * (0.1 + np.exp(-0.5 * ((clock - 7.5) / 1.2) ** 2)) * np.ones(20)
    scores = told(CountCusum(), rng.poisson(level * rng.gamma(20.0, 0.05, level.shape)).astype(np.float64), at)
    settled = slice(15 * 288, None)
    for p in (scores.p_high[settled], scores.p_low[settled]):
        assert (p < 1e-3).mean() < 2e-3


@pytest.mark.parametrize(
    ("make", "wrong", "message"),
    [
        (CusumParameters, {"shift_sd": 0.0}, r"cusum\.shift_sd must be above 0, is 0"),
        (CusumParameters, {"shift_sd": 6.0}, r"shift_sd must be below twice clip_sd = 3"),
        (CountCusumParameters, {"quiet_days": -1.0}, r"count_cusum\.quiet_days must be above 0, is -1"),
        (CountCusumParameters, {"factor": 0.5}, r"factor must be above 1.*is 0\.5"),
        (PageHinkleyParameters, {"level_memory": float("nan")}, r"pagehinkley\.level_memory must be above 0, is nan"),
        (PageHinkleyParameters, {"tolerance_sd": 3.0}, r"tolerance_sd must be below clip_sd = 3"),
        (ChangePointParameters, {"prior_weight": 0.0}, r"changepoint\.prior_weight must be above 0"),
        (ChangePointParameters, {"hazard": 1.0}, r"hazard must be a probability below 1, is 1"),
        (ChangePointParameters, {"hypotheses": 1}, r"hypotheses must be at least 2, is 1"),
        (ChangePointParameters, {"memory": 50}, r"memory must be at least recent = 60, is 50"),
    ],
)
def test_parameters_out_of_range_are_refused_by_name(make: Any, wrong: dict[str, Any], message: str) -> None:
    """The message names the parameter, the range and the value."""
    with pytest.raises(ValueError, match=message):
        make(**wrong).validated()
