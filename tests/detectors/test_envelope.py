"""Records: what lies beyond everything before, in parts of the range."""

import numpy as np
import pytest

from detectors.arrays import Block, Floats, Scores
from detectors.envelope import Envelope, EnvelopeParameters


def judged(value: Floats) -> Scores:
    """Return the scores of one series."""
    bank = Envelope()
    bank.resize(1)
    at = np.arange(len(value)) * 60_000
    return bank.update(Block(np.zeros(len(value), np.int64), at, at, value))


def test_a_record_falls_by_a_decade_per_tenth_of_the_range() -> None:
    """Range 0 to 10: a value of 12 is two tenths beyond, one of -3 three tenths below."""
    value = np.append(np.tile([0.0, 10.0], 100), [12.0, -3.0])
    scores = judged(value)
    assert scores.p_high[200] == pytest.approx(1e-2)
    assert scores.expected[200] == 10.0
    assert scores.p_low[201] == pytest.approx(10.0 ** -(3.0 / 1.2))  # the range has grown
    assert scores.expected[201] == 0.0


def test_what_was_a_record_once_is_none_again() -> None:
    """The same height a second time is within the range."""
    scores = judged(np.append(np.tile([0.0, 10.0], 100), [15.0, 15.0]))
    assert scores.p_high[200] < 1e-4
    assert scores.p_high[201] == 1.0


def test_any_change_of_what_never_changed_is_a_record() -> None:
    """A constant has no range; the least change counts in full."""
    assert judged(np.append(np.full(200, 4.0), 4.5)).p_high[-1] == 1e-10


def test_records_of_a_young_series_are_no_news() -> None:
    """Nothing is said before 150 values."""
    scores = judged(np.arange(160.0))
    assert (scores.p_high[:150] == 1.0).all()
    assert (scores.p_high[150:] < 1.0).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (EnvelopeParameters(quiet_observations=1), "envelope.quiet_observations must be at least 2, is 1"),
        (EnvelopeParameters(range_per_decade=0.0), "envelope.range_per_decade must be above 0, is 0.0"),
    ],
)
def test_parameters_out_of_range_are_named(parameters: EnvelopeParameters, message: str) -> None:
    """With range and value."""
    with pytest.raises(ValueError, match=message):
        parameters.validated()
