"""The measure of calibration is right and can fail; short studies of calibrated detectors are within a factor of 2."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from detectors.registry import EVERY
from tests.calibration import page
from tests.calibration.__main__ import FAMILIES, UNMEASURED
from tests.calibration.family import LEVELS, Family, Rate, Tails, measure, poisson_interval

CALIBRATED: dict[str, float] = {
    "changepoint": 0.12,
    "count_cusum": 0.05,
    "cusum": 0.06,
    "ensemble": 0.2,
    "flatline": 0.1,
    "pagehinkley": 0.08,
    "silence": 0.1,
    "stalled_counter": 0.2,
}
"""Detectors whose families are held to the factor here, and the size of their short versions."""
SHORT = [family for family in FAMILIES if family.detector in CALIBRATED and not family.recorded]


def uniform(power: float = 1.0, share: float = 1.0, steps: int = 200) -> Family:
    """Return a family whose detector says ``share`` times a uniform number to a power."""

    def run(seed: int, size: float) -> Iterator[Tails]:
        rng, series = np.random.default_rng(seed), np.arange(round(1000 * size))
        for _ in range(steps):
            high, low = rng.random((2, len(series)))
            yield Tails(share * high**power, share * low**power, series)

    return Family("fake", "uniform", ("high", "low"), run, "at once")


@pytest.mark.parametrize("family", SHORT, ids=[f"{family.detector}, {family.name}" for family in SHORT])
def test_short_studies_are_within_a_factor_of_two(family: Family) -> None:
    """No level is surely outside, and the commonest is surely inside."""
    for measured in measure(family, 2, CALIBRATED[family.detector]):
        assert not [rate for rate in measured.rates if rate.outside]
        assert measured.rates[0].inside


def test_right_tails_are_within_the_factor_at_every_level_that_can_be_judged() -> None:
    """Uniform numbers are their own tails: 200,000 of them speak down to 1e-4."""
    for measured in measure(uniform()):
        assert measured.observations == 200_000
        assert [rate.enough for rate in measured.rates] == [True, True, True, False]
        assert all(rate.low < 1.0 < rate.high for rate in measured.rates if rate.enough)
        assert measured.rates[0].inside


@pytest.mark.parametrize("wrong", [uniform(share=0.4), uniform(power=0.5), uniform(share=2.5), uniform(power=1.5)])
def test_a_wrong_detector_is_caught(wrong: Family) -> None:
    """Tails two and a half times too small or too large, or to a wrong power, are surely outside somewhere."""
    assert all(any(rate.outside for rate in measured.rates) for measured in measure(wrong))


def test_halved_tails_are_seen_at_the_edge() -> None:
    """Just twice as many as promised: the interval is around 2, so that nobody calls it inside."""
    for measured in measure(uniform(share=0.5)):
        assert measured.rates[0].ratio == pytest.approx(2.0, abs=0.1)
        assert not measured.rates[0].inside


def test_alarms_in_clusters_widen_the_interval() -> None:
    """Ten alarms at a time speak like one: the interval is about the root of ten as wide."""

    def run(seed: int, size: float) -> Iterator[Tails]:
        rng, series = np.random.default_rng(seed), np.arange(round(1000 * size))
        for _ in range(20):
            p = rng.random(len(series))
            for _ in range(10):
                yield Tails(p, p, series)

    (clustered,) = measure(Family("fake", "clusters", ("high",), run, "at once"))
    (single, _) = measure(uniform())
    width, narrow = (rate.high - rate.low for rate in (clustered.rates[0], single.rates[0]))
    assert width / narrow == pytest.approx(np.sqrt(10.0), rel=0.15)


def test_discrete_counts_are_held_against_the_generators_own_tails() -> None:
    """A detector that knows the distribution is exact, although its tails skip most levels."""

    def run(seed: int, size: float) -> Iterator[Tails]:
        rng, series = np.random.default_rng(seed), np.arange(round(1000 * size))
        for _ in range(100):
            high = np.where(rng.random(len(series)) < 0.004, 0.004, 1.0)
            yield Tails(high, high, series, high, high)

    (measured,) = measure(Family("fake", "steps", ("high",), run, "at once"))
    assert measured.rates[0].ratio == 1.0
    assert measured.rates[0].observed == pytest.approx(400.0, abs=60.0)
    assert np.isnan(measured.rates[1].ratio)


def test_intervals_of_counts_are_those_of_poisson() -> None:
    """Against the exact interval of 20 events, 12.22 to 30.89; more in the doctest."""
    assert poisson_interval(20.0) == pytest.approx((12.22, 30.89), abs=0.05)


def test_every_detector_has_a_family_or_a_reason() -> None:
    """A detector that nobody measures would be uncalibrated unseen."""
    assert sorted({family.detector for family in FAMILIES} | set(UNMEASURED)) == sorted(EVERY)


def test_every_family_is_on_the_page() -> None:
    """Run `make calibration ARGS="--only NAME"` with a new family: what isn't measured can't be read."""
    counted = {(one.detector, one.family, one.side) for one in page.load()}
    assert counted == {(family.detector, family.name, side) for family in FAMILIES for side in family.sides}


def test_the_page_is_what_was_counted() -> None:
    """Change families or the words of the page, then run `make calibration`."""
    assert page.PAGE.read_text(encoding="utf-8") == page.text(page.load(), UNMEASURED)


def test_counts_survive_the_file(tmp_path: Path) -> None:
    """What is saved is what is loaded, to six digits."""
    target = tmp_path / "counts.csv"
    measured = list(measure(uniform(), size=0.1))
    page.save(measured, target)
    for before, after in zip(measured, page.load(target), strict=True):
        assert after[:-1] == before[:-1]
        for old, new in zip(before.rates, after.rates, strict=True):
            assert new == pytest.approx(old, rel=1e-5)


@pytest.mark.parametrize(
    ("rate", "cell"),
    [
        (Rate(1e-2, 100.0, 100.0, 0.8, 1.2), "1.00 (0.80–1.20)"),
        (Rate(1e-2, 300.0, 100.0, 2.6, 3.4), "**3.00** (2.60–3.40)"),
        (Rate(1e-2, 40.0, 100.0, 0.3, 0.6), "*0.40* (0.30–0.60)"),
        (Rate(1e-2, 3.0, 10.0, 0.1, 0.9), "–"),
    ],
)
def test_the_table_marks_what_is_outside(rate: Rate, cell: str) -> None:
    """Surely outside is bold, perhaps is slanted, too few is a dash."""
    assert page.shown(rate) == cell
    assert rate.level in LEVELS
