"""Edges of the detectors: parameters out of range, blocks and states that don't fit, sums that don't end."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from detectors.arrays import Block
from detectors.bank import DAY_MS, Bank, Column
from detectors.daily import DailyParameters
from detectors.envelope import EnvelopeParameters
from detectors.flatline import FlatlineParameters
from detectors.knn import NearestParameters
from detectors.level import Level, LevelParameters
from detectors.pace import QueueBank
from detectors.queueing import PredictedWait, QueueBlock
from detectors.rare import RareParameters
from detectors.seasonal import SeasonalParameters
from detectors.shift import ShiftParameters
from detectors.silence import UNKNOWN, Silence, SilenceParameters
from detectors.spot import SpotParameters
from detectors.tails import gamma_cdf, gamma_sf, nb_sf

_OUT_OF_RANGE = [
    (DailyParameters(prior_visits=0.0), r"daily\.prior_visits must be above 0, is 0\.0"),
    (EnvelopeParameters(quiet_observations=1), r"envelope\.quiet_observations must be at least 2, is 1"),
    (FlatlineParameters(memory_visits=-1.0), r"flatline\.memory_visits must be above 0, is -1\.0"),
    (FlatlineParameters(rare=1.0), r"flatline\.rare and flatline\.suspicious are probabilities below 1"),
    (LevelParameters(clip_sd=0.0), r"level\.clip_sd must be above 0"),
    (NearestParameters(length=0), r"nearest\.length must be at least 1, is 0"),
    (NearestParameters(neighbours=0), r"nearest\.neighbours must be at least 1, is 0"),
    (NearestParameters(window=19, neighbours=10), r"nearest\.window must be at least 20, is 19; raise it"),
    (RareParameters(prior_days=0.0), r"rare\.prior_days must be above 0"),
    (RareParameters(storm_weight=1.5), r"rare\.storm_weight must be at most 1, is 1\.5"),
    (SeasonalParameters(quiet_days=0.0), r"seasonal\.quiet_days must be above 0"),
    (SeasonalParameters(run_hours=(8.0, 1.0, 64.0)), r"seasonal\.run_hours must be 3 increasing times"),
    (SilenceParameters(least_s=0.0), r"silence\.least_s must be above 0"),
    (SilenceParameters(p=0.1), r"silence\.p must be below 0\.1, is 0\.1"),
    (SpotParameters(share=1.0), r"spot\.share must lie between 0 and 1, is 1\.0"),
    (SpotParameters(least_peaks=1), r"spot\.least_peaks must be at least 2, is 1"),
    (SpotParameters(peaks=19), r"spot\.peaks must be at least twice least_peaks \(10\), is 19"),
    (SpotParameters(quiet_observations=10), r"spot\.quiet_observations must be above least_peaks \(10\), is 10"),
    (SpotParameters(memory=299), r"spot\.memory must be at least 300, is 299"),
]


def block(series: Any, at_ms: Any, value: Any) -> Block:
    """Return a block whose local time is event time."""
    return Block(np.asarray(series), np.asarray(at_ms), np.asarray(at_ms), np.asarray(value))


@pytest.mark.parametrize(("parameters", "message"), _OUT_OF_RANGE)
def test_a_parameter_out_of_range_is_refused_by_name(parameters: Any, message: str) -> None:
    """Before any state is made; the message names detector, parameter, range and value."""
    with pytest.raises(ValueError, match=message):
        parameters.validated()


def test_averages_of_a_shift_must_differ_in_length() -> None:
    """Its parameters serve two detectors, so the message names the one that was made."""
    with pytest.raises(ValueError, match=r"activity\.short must be at least 1 and below long \(30\.0\), is 30\.0"):
        ShiftParameters(30.0, 30.0).validated("activity")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (block([0], [0], np.zeros(1, np.float32)), r"level\.update: value is float32\(1,\), need float64\(1,\)"),
        (block([0], [0], [0.0])._replace(value=[0.0]), r"level\.update: value is listNone, need float64"),  # type: ignore[arg-type]
        (block([[0]], [[0]], [[0.0]]), r"level\.update: series has 2 axes, need 1"),
        (block([2], [0], [0.0]), r"level\.update: series 2 is outside 0\.\.1; call resize first"),
        (block([-1], [0], [0.0]), r"level\.update: series -1 is outside 0\.\.1"),
        (block([0, 1], [1, 0], [0.0, 0.0]), r"level\.update: at_ms decreases inside the block"),
    ],
)
def test_a_block_that_breaks_its_contract_is_refused(wrong: Block, message: str) -> None:
    """The message names the column, what it is and what it needs to be."""
    bank = Level()
    bank.resize(2)
    with pytest.raises(ValueError, match=message):
        bank.update(wrong)


def test_a_block_without_observations_or_without_known_ones_says_nothing() -> None:
    """Neither is an error: partitions are idle, and readings unknown."""
    bank = Level()
    bank.resize(2)
    empty = bank.update(block(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)))
    unknown = bank.update(block([0, 1], [0, 0], [np.nan, np.inf]))
    assert len(empty.p_high) == 0
    assert unknown.p_high.tolist() == unknown.p_low.tolist() == [1.0, 1.0]
    assert bank.state()["count"].tolist() == [0.0, 0.0]


def test_snapshots_without_a_known_reading_leave_a_queue_as_it_was() -> None:
    """The contract of queues has its own checks: a known column of the wrong type, and a block of unknowns."""
    bank = PredictedWait()
    bank.resize(1)
    head, one = (np.zeros(1, np.int64),) * 3, np.ones(1)
    unknown = QueueBlock(*head, one * np.nan, one, one, one, one > 0.0)
    before = {name: array.tobytes() for name, array in bank.state().items()}
    assert bank.update(unknown).p_high.tolist() == [1.0]
    assert {name: array.tobytes() for name, array in bank.state().items()} == before
    with pytest.raises(ValueError, match=r"predicted_wait\.update: status_open is float64\(1,\), need bool\(1,\)"):
        bank.update(unknown._replace(status_open=one))  # type: ignore[arg-type]


def test_a_bank_never_forgets_a_series() -> None:
    """Rows are names: a smaller bank would give a series another one's history."""
    bank = Level()
    bank.resize(3)
    with pytest.raises(ValueError, match=r"level\.resize: size 2 is below the present 3; a bank only grows"):
        bank.resize(2)


def test_a_state_that_does_not_fit_is_refused() -> None:
    """Another version's arrays, arrays of unequal length, another type: each by its own message."""
    bank = Level()
    bank.resize(2)
    state = {name: array.copy() for name, array in bank.state().items()}
    with pytest.raises(ValueError, match=r"level\.load: arrays \['count'\], need \['count', 'level'"):
        bank.load({"count": state["count"]})
    with pytest.raises(ValueError, match=r"level\.load: arrays of \[1, 2\] series; all need the same number"):
        bank.load({**state, "count": state["count"][:1]})
    with pytest.raises(ValueError, match=r"level\.load: count is int64\(2,\), need float64\('series',\)"):
        bank.load({**state, "count": state["count"].astype(np.int64)})


def test_a_detector_without_its_step_says_so() -> None:
    """Whoever adds one learns at the first observation what is missing."""

    class Mute(Bank):
        name = "mute"
        version = 1

    class MuteQueue(QueueBank):
        name = "mute_queue"
        version = 1

    single, queue = Mute({"seen": Column()}), MuteQueue()
    single.resize(1)
    queue.resize(1)
    with pytest.raises(NotImplementedError):
        single.update(block([0], [0], [1.0]))
    head, one = (np.zeros(1, np.int64),) * 3, np.ones(1)
    with pytest.raises(NotImplementedError):
        queue.update(QueueBlock(*head, one, one, one, one, one > 0.0))


def test_who_is_heard_twice_a_month_is_never_silent() -> None:
    """Within the nine days that are looked ahead too little is expected of it: no deadline, and no alarm."""
    bank = Silence()
    bank.resize(1)
    at = np.arange(25) * 15 * DAY_MS
    scores = bank.update(block(np.zeros(25, np.int64), at, np.zeros(25)))
    assert bank.deadlines().tolist() == [UNKNOWN]
    assert scores.p_high.min() > 1e-3


@pytest.mark.parametrize("shape", [10.0, 1e4, 5e6])
def test_gamma_tails_are_exact_up_to_shapes_of_five_million(shape: float) -> None:
    """Against scipy, from six standard deviations below the mean to six above it."""
    x = shape + np.linspace(-3.0, 6.0, 10) * np.sqrt(shape)
    np.testing.assert_allclose(gamma_sf(x, np.array(shape)), stats.gamma.sf(x, shape), rtol=1e-8)
    np.testing.assert_allclose(gamma_cdf(x, np.array(shape)), stats.gamma.cdf(x, shape), rtol=1e-8, atol=1e-300)


def test_sums_that_would_take_too_many_terms_end_with_a_probability() -> None:
    """Digits are lost where numbers are absurdly large; time and sanity are not."""
    p = gamma_sf(np.array([1e12 - 1e4, 1e12 + 1e4]), np.array([1e12]))
    assert ((p >= 0.0) & (p <= 1.0)).all()
    p = nb_sf(np.array([1e15, 1.0000001e15]), np.array([1e15]), np.array([1e15]))
    assert ((p >= 0.0) & (p <= 1.0)).all()
