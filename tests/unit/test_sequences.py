"""Gaps in sequences."""

import pytest

from streams.sequences import Sequences


def test_skipped_numbers_are_counted_per_source_across_calls() -> None:
    """Two sources interleave; one loses 3 and 4, the other nothing."""
    sequences = Sequences()
    assert sequences.missing(["a", "b", "a"], ["1", "10", "2"]) == 0
    assert sequences.missing(["b", "a", "b"], ["11", "5", "12"]) == 2


def test_reordering_and_beginning_anew_are_no_gaps() -> None:
    """A number from just before changes nothing; one from far before, or far ahead, starts a new count."""
    sequences = Sequences()
    assert sequences.missing(["a"] * 3, ["5000", "4999", "5001"]) == 0
    assert sequences.missing(["a"] * 2, ["1", "3"]) == 1
    assert sequences.missing(["a"] * 2, ["90000000", "90000001"]) == 0


def test_texts_that_are_no_numbers_are_passed_over() -> None:
    """CloudEvents allows any text, and most events have none."""
    sequences = Sequences()
    assert sequences.missing(["a"] * 6, ["1", None, "x2", "-1", "9" * 30, "2"]) == 0
    assert Sequences().missing(["a"] * 2, ["1", "٣"]) == 0


def test_the_source_heard_least_recently_is_forgotten_first() -> None:
    """A forgotten source starts anew, without a gap."""
    sequences = Sequences(sources=2)
    assert sequences.missing(["a", "b", "a", "c"], ["1", "1", "2", "1"]) == 0
    assert sequences.missing(["b", "c"], ["5", "5"]) == 3


def test_a_restored_memory_goes_on() -> None:
    """The gap spans the snapshot."""
    first, second = Sequences(), Sequences()
    first.missing(["a"], ["1"])
    second.restore(first.snapshot())
    assert second.missing(["a"], ["4"]) == 2


def test_room_for_no_source_is_refused() -> None:
    """The message names parameter, range and value."""
    with pytest.raises(ValueError, match="sources must be at least 1, not 0"):
        Sequences(0)
