"""Queues: the wait ahead is found before it happens; a stall is told from a closed office."""

import numpy as np
import pytest

from detectors.arrays import Floats, Scores
from detectors.queueing import PredictedWait, QueueBank, QueueBlock, QueueParameters, StalledCounter
from tests.calibration.forecasts import by_decile, forecasts, shared_forecasts, sure

MINUTE = 60_000
DAY_START = 1_700_006_400_000  # midnight


def snapshots(waiting: Floats, counters: float, served: Floats, stated_s: float = 600.0, hour: int = 8) -> QueueBlock:
    """Return one queue's readings, one every five minutes from ``hour`` o'clock."""
    n = len(waiting)
    at = DAY_START + hour * 60 * MINUTE + np.arange(n) * 5 * MINUTE
    full = np.ones(n)
    rows = np.zeros(n, np.int64)
    return QueueBlock(rows, at, at, waiting, counters * full, stated_s * full, served, full > 0)


def said(bank: QueueBank, block: QueueBlock) -> Scores:
    """Return the scores of a cold bank of one queue."""
    bank.resize(1)
    return bank.update(block)


def test_the_pace_of_ticket_numbers_beats_the_stated_service_time() -> None:
    """One ticket a minute at two counters: 20 people wait 21 min, whatever 3,600 s the source claims."""
    served = np.arange(24.0) * 5
    scores = said(PredictedWait(), snapshots(np.full(24, 20.0), 2.0, served, stated_s=3600.0))
    assert scores.expected[-1] == pytest.approx(21 * 60, rel=0.25)


def test_a_shrinking_queue_shows_the_pace_where_nothing_is_stated() -> None:
    """Thirty people, one leaves every 5 min from a single counter: hours to go."""
    waiting = 40.0 - np.arange(20.0)
    scores = said(PredictedWait(), snapshots(waiting, 1.0, np.full(20, np.nan), stated_s=0.0))
    assert scores.expected[-1] == pytest.approx((waiting[-1] + 1) * 300, rel=0.25)


def test_a_long_wait_is_certain_and_a_short_one_is_not() -> None:
    """Sixty ahead at six an hour; two ahead at the same pace."""
    served = np.arange(12.0) // 2
    long = said(PredictedWait(), snapshots(60.0 + np.arange(12.0), 1.0, served))
    short = said(PredictedWait(), snapshots(np.tile([1.0, 2.0], 6), 3.0, served * 3, stated_s=300.0))
    assert long.p_high[-1] < 1e-4
    assert short.p_high[1:].min() > 0.2


def test_the_second_level_needs_a_longer_queue() -> None:
    """30 min is exceeded less surely than 15."""
    block = snapshots(np.full(12, 10.0) + np.arange(12.0) % 2, 2.0, np.arange(12.0))
    fifteen = said(PredictedWait(), block)
    thirty = said(PredictedWait(QueueParameters(threshold_s=1800.0)), block)
    assert (fifteen.p_high[2:] < thirty.p_high[2:]).all()


def stalling(hour: int = 8) -> QueueBlock:
    """Return two hours of brisk service, then four in which no counter is open and people keep coming."""
    waiting = np.r_[np.full(24, 5.0), 5.0 + np.arange(48.0) // 3]
    served = np.r_[np.arange(24.0) * 2, np.full(48, 46.0)]
    block = snapshots(waiting, 1.0, served, stated_s=180.0, hour=hour)
    return block._replace(counters_open=np.repeat([1.0, 0.0], [24, 48]))


def test_nobody_called_while_people_keep_coming_is_a_stall() -> None:
    """No counter open, one more waiting every quarter of an hour: sure after an hour, not after five minutes.

    1e-5 of a queue that was watched for two hours; 1e-6 half an hour later.
    """
    scores = said(StalledCounter(), stalling())
    assert scores.p_high[:26].min() == 1.0
    assert scores.p_high[24 + 12 :].max() < 2e-5
    assert scores.p_high[24 + 18 :].max() < 1e-6


def test_readings_of_a_closed_day_are_no_stall() -> None:
    """Seven people on the screen all day, and nothing moves."""
    scores = said(StalledCounter(), snapshots(np.full(120, 7.0), 0.0, np.full(120, 55.0)))
    assert scores.p_high.min() == 1.0


def test_what_is_left_on_the_screen_after_hours_is_no_stall() -> None:
    """Served all morning; then four remain shown and nobody comes any more."""
    waiting = np.r_[np.tile([3.0, 4.0], 20), np.full(60, 4.0)]
    served = np.r_[np.arange(40.0), np.full(60, 39.0)]
    assert said(StalledCounter(), snapshots(waiting, 1.0, served)).p_high.min() == 1.0


def test_a_new_day_starts_afresh() -> None:
    """Yesterday's stall is over in the morning, whatever the screen still shows."""
    morning = snapshots(np.full(3, 20.0), 0.0, np.full(3, 46.0), hour=24 + 8)
    bank = StalledCounter()
    bank.resize(1)
    assert bank.update(stalling(hour=14)).p_high[-1] < 1e-6
    assert bank.update(morning).p_high.min() == 1.0


def test_a_closed_service_says_nothing() -> None:
    """status_open is believed when it says closed."""
    block = snapshots(50.0 + np.arange(24.0), 1.0, np.arange(24.0))
    closed = block._replace(status_open=np.zeros(24, dtype=np.bool_))
    assert said(PredictedWait(), closed).p_high.min() == 1.0
    assert said(StalledCounter(), closed).p_high.min() == 1.0


def paused(counters: float, usual: float = 6.0) -> Scores:
    """Return the scores of six busy counters for two hours, then of ``counters`` of which none calls for one hour."""
    rng = np.random.default_rng(9)
    served = np.r_[np.cumsum(rng.poisson(usual / 2.0, 24)), np.zeros(12)]
    served[24:] = served[23]
    waiting = np.r_[np.full(24, 8.0), 8.0 + np.arange(12.0)]
    block = snapshots(waiting, usual, served, stated_s=600.0)
    return said(StalledCounter(), block._replace(counters_open=np.repeat([usual, counters], [24, 12])))


def test_a_pause_of_six_counters_is_sooner_sure_than_of_one() -> None:
    """An hour without a call where six counters of ten minutes are open; with one open it may be chance."""
    assert paused(6.0).p_high[24 + 6] < 1e-4
    assert paused(1.0).p_high[24 + 6] > 1e-3
    assert paused(6.0).p_high[:24].min() > 1e-2


def test_more_counters_than_usual_promise_no_more_calls() -> None:
    """Counters may be shared among queues: what the queue has shown is what counts."""
    assert paused(60.0).p_high[-1] == paused(6.0).p_high[-1]


def test_a_stall_does_not_become_the_pace() -> None:
    """While it lasts it only gets more improbable."""
    assert (np.diff(paused(6.0).p_high[24 + 6 :]) < 0.0).all()


def test_forecasts_come_true_as_often_as_they_say() -> None:
    """In each tenth of the probabilities, on simulated queues with unsteady services; a study is 0.08 off at most."""
    for number, forecast, true in by_decile(forecasts(2, queues=150, days=8)):
        assert number > 500
        assert abs(true - forecast) < 0.12


def test_forecasts_of_queues_that_share_counters_come_true_as_often_as_they_say() -> None:
    """Most have one or two waiting, or none; 0.11 off at most. Of those below 0.01, which open incidents, as many.

    Learned only of stretches at whose end people wait, up to 0.25 more and ten times as many came true.
    """
    pairs = list(shared_forecasts(2))
    for number, forecast, true in by_decile(iter(pairs)):
        assert number > 500
        assert abs(true - forecast) < 0.13
    number, forecast, true = sure(iter(pairs), 0.01)
    assert number > 1500
    assert true < 2.0 * forecast


def test_who_is_called_from_a_queue_of_one_leaves_it_empty() -> None:
    """One person at every other reading, called within five minutes: two ahead are no wait of a quarter of an hour.

    Whether the number moves or only the queue.
    """
    waiting, served = np.tile([1.0, 0.0], 40), np.arange(80.0) // 2
    for numbers in (served, np.full(80, np.nan)):
        scores = said(PredictedWait(), snapshots(waiting, 1.0, numbers, stated_s=0.0))
        assert scores.expected[-2] < 500.0
        assert scores.p_high[-2] > 0.8


def test_a_jump_of_shared_numbers_is_not_taken_for_services() -> None:
    """A hundred numbers within five minutes, once: the wait ahead hardly changes."""
    served = np.arange(60.0)
    jumped = served + 14.0 * (np.arange(60) > 50)
    smooth, jump = (said(PredictedWait(), snapshots(np.full(60, 8.0), 1.0, each)) for each in (served, jumped))
    assert jump.expected[-1] > 0.7 * smooth.expected[-1]


def test_a_pace_that_nobody_has_shown_is_uncertain() -> None:
    """A day on which one waits and nobody is called slows the pace; it doesn't make sure of it."""
    scores = said(PredictedWait(), snapshots(1.0 + np.arange(60.0) // 10, 1.0, np.full(60, 7.0), stated_s=0.0))
    assert scores.expected[11] > 3600.0
    assert scores.p_high[11] > 1e-3


def test_a_queue_that_shrinks_is_no_stall() -> None:
    """Some counters show no number, others do not change it: whoever waits no more was called."""
    block = stalling()
    waiting = block.waiting.copy()
    waiting[24:] = 5.0 + np.arange(48.0) % 3
    assert said(StalledCounter(), block._replace(waiting=waiting)).p_high.min() > 1e-3


def test_parameters_out_of_range_are_named() -> None:
    """With the value."""
    with pytest.raises(ValueError, match=r"queue\.threshold_s must be above 0 and finite, is -1"):
        PredictedWait(QueueParameters(threshold_s=-1.0))
