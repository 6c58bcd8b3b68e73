"""Episodes: when an anomaly opens, is told again, and closes."""

import msgspec
import numpy as np

from streams.anomalies import Anomaly, Kind, Series
from streams.judge import Evidence, Judge, Policy

HOUR = 3_600_000
POLICY = Policy(open_below=1e-4, hold_below=1e-2, quiet_ms=2 * HOUR, refresh_ms=6 * HOUR)
SERIES = [Series("11", "03127", "camera.count", f"CAM-{row}") for row in range(3)]


def judge_of() -> Judge:
    """Return a fresh judge of drops."""
    return Judge(Kind.DROP, "seasonal", 1, POLICY)


def told(judge: Judge, rows: list[int], hours: list[float], p: list[float]) -> list[Anomaly]:
    """Judge observations of value 5 where 9 was expected."""
    at = (np.array(hours) * HOUR).astype(np.int64)
    n = len(rows)
    evidence = Evidence(
        np.array(rows), at, at, np.array(p), np.full(n, 5.0), np.full(n, 9.0), {"fact": np.arange(n, dtype=np.float64)}
    )
    return judge.judge(evidence, SERIES.__getitem__)


def test_nothing_is_told_above_the_threshold() -> None:
    """A tail probability at or above the threshold opens nothing."""
    assert told(judge_of(), [0, 1], [1, 1], [1e-4, 0.5]) == []


def test_an_episode_opens_once_and_is_held_within_the_hysteresis() -> None:
    """Further deviating windows of the same series are part of the same episode."""
    anomalies = told(judge_of(), [0, 0, 0], [1, 2, 3], [1e-5, 5e-3, 1e-5])
    assert [(a.open, a.start_ms, a.at_ms) for a in anomalies] == [(True, HOUR, HOUR)]


def test_an_episode_closes_after_quiet_and_ends_with_its_last_deviating_window() -> None:
    """Quiet is event time without a deviating window."""
    anomalies = told(judge_of(), [0, 0, 0, 0], [1, 2, 3, 4], [1e-5, 1e-5, 1.0, 1.0])
    assert [(a.open, a.end_ms, a.at_ms) for a in anomalies] == [(True, HOUR, HOUR), (False, 2 * HOUR, 4 * HOUR)]


def test_a_lasting_episode_is_told_again_at_the_refresh_interval() -> None:
    """So that whoever listens knows that it goes on."""
    anomalies = told(judge_of(), [0] * 13, list(range(13)), [1e-5] * 13)
    assert [a.at_ms // HOUR for a in anomalies] == [0, 6, 12]


def test_a_much_less_probable_window_is_told_at_once_with_its_own_figures() -> None:
    """The evidence shown is that of the least probable window."""
    anomalies = told(judge_of(), [0, 0], [1, 2], [1e-5, 1e-9])
    assert [(a.p, a.facts) for a in anomalies] == [(1e-5, {"fact": 0.0}), (1e-9, {"fact": 1.0})]


def alone(hours: list[float], p: list[float]) -> list[tuple[int, bool]]:
    """Return the hours at which a series is told, and whether it is worth an incident without company."""
    policy = msgspec.structs.replace(POLICY, alone_below=1e-8, alone_after=3)
    anomalies = told(Judge(Kind.DROP, "seasonal", 1, policy), [0] * len(hours), hours, p)
    return [(anomaly.at_ms // HOUR, anomaly.alone) for anomaly in anomalies]


def test_a_series_stands_alone_when_it_is_improbable_enough_or_has_deviated_often_enough() -> None:
    """Told at once when it does, and only once."""
    assert alone([1, 2], [1e-5, 1e-7]) == [(1, False)]
    assert alone([1, 2, 3], [1e-7, 9e-9, 9e-9]) == [(1, False), (2, True)]
    assert alone([1, 2, 3, 4], [1e-5, 1e-3, 1e-3, 1e-3]) == [(1, False), (3, True)]
    assert [anomaly.alone for anomaly in told(judge_of(), [0], [1], [1e-5])] == [True]


def test_series_do_not_touch_each_other() -> None:
    """An open episode of one series neither holds nor hides that of another."""
    anomalies = told(judge_of(), [0, 1, 0, 1], [1, 1, 2, 2], [1e-5, 1.0, 1.0, 1e-6])
    assert [(a.series.entity, a.at_ms // HOUR) for a in anomalies] == [("CAM-0", 1), ("CAM-1", 2)]


def test_cutting_the_observations_anywhere_tells_the_same() -> None:
    """Batches are an accident of transport."""
    rng = np.random.default_rng(7)
    rows = rng.integers(0, 3, 200).tolist()
    hours = np.sort(rng.uniform(0, 60, 200)).tolist()
    p = (10.0 ** rng.uniform(-7, 0, 200)).tolist()
    whole_judge = judge_of()
    whole = told(whole_judge, rows, hours, p)
    for cut in (1, 50, 120, 199):
        judge = judge_of()
        first = told(judge, rows[:cut], hours[:cut], p[:cut])
        resumed = judge_of()
        resumed.restore(judge.snapshot())
        second = told(resumed, rows[cut:], hours[cut:], p[cut:])
        facts_free = [a.id for a in first + second]
        assert facts_free == [a.id for a in whole]
