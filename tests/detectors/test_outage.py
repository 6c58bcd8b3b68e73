"""Area outages: the exact tail of unequal chances, with a common cause guarded, and rosters over time."""

import math
from decimal import Decimal, localcontext
from itertools import combinations, product

import numpy as np
import pytest

from detectors.arrays import Floats, Scores
from detectors.outage import Outage, OutageParameters, RosterBlock
from detectors.poissonbinomial import FRAILTIES, tails_together

HOUR = 3_600_000


def tail(least: int, chances: list[float], frailty: int = 0) -> float:
    """Return one tail."""
    return float(tails_together(np.array([float(least)]), np.array([chances]), np.array([frailty]))[0][0])


def test_independent_chances_equal_the_sum_over_all_outcomes() -> None:
    """Seven unequal sensors, every number of silent ones."""
    chances = np.random.default_rng(1).uniform(0.001, 0.7, 7).tolist()
    for least in range(8):
        outcomes = [outcome for outcome in product([0, 1], repeat=7) if sum(outcome) >= least]
        whole = [math.prod(p if hit else 1 - p for p, hit in zip(chances, each, strict=True)) for each in outcomes]
        assert tail(least, chances) == pytest.approx(math.fsum(whole), rel=1e-13)


def clayton(least: int, chances: list[float], frailty: float) -> float:
    """Return the tail under Clayton's copula by inclusion and exclusion, with 60 digits."""
    with localcontext() as context:
        context.prec = 60
        theta = Decimal(frailty)
        hazards = [((1 - Decimal(p)) ** -theta - 1) / theta for p in chances]
        total = Decimal(0)
        for k in range(least, len(chances) + 1):
            for silent in combinations(range(len(chances)), k):
                heard = sum((hazards[i] for i in range(len(chances)) if i not in silent), Decimal(0))
                for j in range(k + 1):
                    for more in combinations(silent, j):
                        exposed = heard + sum((hazards[i] for i in more), Decimal(0))
                        total += (-1) ** j * (1 + theta * exposed) ** (-1 / theta)
        return float(total)


@pytest.mark.parametrize("frailty", range(1, len(FRAILTIES)))
def test_a_common_cause_equals_claytons_copula(frailty: int) -> None:
    """From chances of one in ten thousand to nine in ten; two, and all of five."""
    rng = np.random.default_rng(2)
    for chances in (rng.uniform(0.0001, 0.02, 5).tolist(), rng.uniform(0.01, 0.9, 5).tolist()):
        for least in (1, 2, 5):
            assert tail(least, chances, frailty) == pytest.approx(clayton(least, chances, FRAILTIES[frailty]), rel=1e-5)


def test_more_is_at_least_one_more() -> None:
    """Both tails of every number come out of one recursion, or of the formula for any at all."""
    chances = np.random.default_rng(4).uniform(0.001, 0.3, 6).tolist()
    for frailty in range(len(FRAILTIES)):
        more = [
            float(tails_together(np.array([float(number)]), np.array([chances]), np.array([frailty]))[1][0])
            for number in range(7)
        ]
        at_least = [tail(number, chances, frailty) for number in range(8)]
        assert more == pytest.approx(at_least[1:], rel=1e-8)


def test_a_common_cause_leaves_everybodys_own_chance_alone() -> None:
    """Alone a sensor is silent as often; together more often, the more frailty."""
    for frailty in range(len(FRAILTIES)):
        for p, digits in ((1e-6, 1e-9), (0.03, 1e-9), (0.5, 1e-9), (0.9, 1e-3), (0.999, 1e-3)):
            assert tail(1, [p], frailty) == pytest.approx(p, rel=digits)
    tails = [tail(6, [0.05] * 10, frailty) for frailty in range(len(FRAILTIES))]
    assert (np.diff(tails) > 0.0).all()


def test_the_far_tail_is_exact() -> None:
    """Forty sensors of one in a thousand: ten to the minus 120, to the last digits."""
    assert tail(40, [1e-3] * 40) == pytest.approx(1e-120, rel=1e-12)


def test_a_tail_does_not_depend_on_its_neighbours() -> None:
    """Nor on empty places, nor on where they are."""
    rng = np.random.default_rng(3)
    chance = rng.uniform(0.0, 0.3, (400, 12)) * (rng.random((400, 12)) < 0.7)
    least = rng.integers(0, 8, 400).astype(np.float64)
    frailty = rng.integers(0, len(FRAILTIES), 400)
    together = tails_together(least, chance, frailty)[0]
    wider = tails_together(least, np.pad(chance, ((0, 0), (0, 9))), frailty)[0]
    alone = [tail(int(k), row.tolist(), int(f)) for k, row, f in zip(least, chance, frailty, strict=True)]
    assert together.tolist() == wider.tolist() == alone


def test_more_than_there_are_never_happens() -> None:
    """And none or more always does, whoever is there."""
    assert tail(3, [0.5, 0.0, 0.5]) == 0.0
    assert tail(0, [0.0, 0.0]) == 1.0
    assert tail(1, [0.0, 0.0]) == 0.0


def swept(silent: Floats, parameters: OutageParameters | None = None) -> Scores:
    """Return the scores of hourly sweeps, (hours, units, places), of a cold bank."""
    hours, units, places = silent.shape
    bank = Outage(parameters or OutageParameters(places=places))
    bank.resize(units)
    at = np.repeat(np.arange(hours) * HOUR, units)
    block = RosterBlock(np.tile(np.arange(units), hours), at, at, silent.reshape(-1, places))
    return Scores(*(column.reshape(hours, units) for column in bank.update(block)))


def spells(hours: int, units: int, places: int, common: float, seed: int) -> Floats:
    """Return silences of three hours of sensors that are silent 0.5 to 10 % of the time, in part for a common cause."""
    rng = np.random.default_rng(seed)
    share = 10 ** rng.uniform(-2.3, -1.0, (units, places))
    state = rng.random((units, places)) < share
    hazard = np.ones(units)
    rosters = np.empty((hours, units, places))
    for hour in range(hours):
        new = rng.random(units) < 1 / 6
        hazard = np.where(new, rng.gamma(1 / common, common, units) if common else 1.0, hazard)
        begins = rng.random((units, places)) < share / (1.0 - share) / 3.0 * hazard[:, None]
        state = np.where(state, rng.random((units, places)) > 1 / 3, begins)
        rosters[hour] = state
    return rosters


@pytest.mark.parametrize("common", [0.0, 0.5])
def test_tails_keep_their_promise(common: float) -> None:
    """Independent or with a common cause, p below 0.01 and 0.001 is at most twice as frequent as that."""
    p = swept(spells(900, 150, 12, common, 4)).p_high[336:]
    for level in (1e-2, 1e-3):
        assert (p < level).mean() < 2.0 * level
    assert (p < 1e-2).mean() > 1e-3


def test_an_outage_is_found_while_it_lasts_and_is_not_learned() -> None:
    """Nine of twelve for half a day, twice within a week: as improbable the second time, hour for hour."""
    rosters = spells(800, 1, 12, 0.0, 5)
    for start in (500, 650):
        rosters[start : start + 12, 0, :9] = 1.0
    p = swept(rosters).p_high[:, 0]
    assert p[500:512].max() < 1e-5
    assert p[650:662].max() < 1e-5
    assert p[336:500].min() > 1e-4


def test_dead_cameras_are_no_news_after_weeks() -> None:
    """Four of twelve go dead on one day: an outage then, their usual state two months later."""
    rosters = spells(2100, 1, 12, 0.0, 6)
    rosters[400:, 0, :4] = 1.0
    p = swept(rosters).p_high[:, 0]
    assert p[400] < 1e-3
    assert np.median(p[-200:]) > 0.1


def test_a_unit_whose_sensors_often_fail_together_is_less_surprising() -> None:
    """Five of twelve, on the same shares of silence: with a common cause it has been seen before."""
    alone, shared = spells(1500, 1, 12, 0.0, 7), spells(1500, 1, 12, 0.0, 7)
    for hour in range(20, 1460, 40):
        shared[hour : hour + 2, 0, :5] = 1.0
        for sensor in range(5):
            alone[hour + 3 * sensor : hour + 3 * sensor + 2, 0, sensor] = 1.0
    for rosters in (alone, shared):
        rosters[-1, 0] = np.arange(12) < 5
    assert swept(shared).p_high[-1, 0] > 10.0 * swept(alone).p_high[-1, 0]


def test_what_nobody_watches_is_not_silent() -> None:
    """A single sensor is no area, retired ones don't count, and a young unit says nothing."""
    rosters = np.zeros((400, 3, 4))
    rosters[:, 0, 1:] = np.nan
    rosters[:, 1, 2:] = np.nan
    rosters[380:, :, :2] = np.where(np.isnan(rosters[380:, :, :2]), np.nan, 1.0)
    rosters[:330, 2] = np.nan
    scores = swept(rosters)
    assert (scores.p_high[:, 0] == 1.0).all()
    assert scores.p_high[380, 1] < 1e-3
    assert scores.expected[379, 1] < 0.1
    assert (scores.p_high[:, 2] == 1.0).all()


def test_parameters_out_of_range_are_named() -> None:
    """With the value; so is a roster of another width."""
    with pytest.raises(ValueError, match=r"outage\.spell_h must be above 0 and finite, is 0"):
        Outage(OutageParameters(spell_h=0.0))
    with pytest.raises(ValueError, match=r"outage\.usual_share must be below 1, is 2"):
        Outage(OutageParameters(usual_share=2.0))
    bank = Outage(OutageParameters(places=4))
    bank.resize(1)
    one = np.zeros(1, np.int64)
    with pytest.raises(ValueError, match=r"outage\.update: silent is float64\(1, 3\), need float64\(1, 4\)"):
        bank.update(RosterBlock(one, one, one, np.zeros((1, 3))))
