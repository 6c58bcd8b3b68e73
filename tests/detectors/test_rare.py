"""Rare counts: which of the trailing windows a surge is told by."""

import numpy as np
import pytest

from detectors.arrays import Block
from detectors.rare import WINDOWS, RareCounts, Windows
from tests.contract import feeds
from tests.contract.naive_rare import NaiveRare

HOUR = 3_600_000
MONTH_H = 30 * 24


def block() -> Block:
    """Return the feed of the detector laws."""
    made = feeds.counts().block
    assert isinstance(made, Block)
    return made


def explained(size: int) -> Windows:
    """Return the windows of the feed, taken in blocks of a size."""
    bank = RareCounts()
    bank.resize(feeds.SERIES)
    whole = block()
    parts = []
    for at in range(0, len(whole.series), size):
        part = Block(*(column[at : at + size] for column in whole))  # type: ignore[arg-type]  # columns keep their type
        parts.append(bank.explained(part)[1])
    return Windows(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def test_the_windows_are_those_of_a_naive_twin() -> None:
    """Length, count and expectation of the least tail, and nothing where nothing surges."""
    whole = block()
    twins = [NaiveRare() for _ in range(feeds.SERIES)]
    told = []
    for series, at_ms, local_ms, value in zip(*(column.tolist() for column in whole), strict=True):
        twins[series].observe(at_ms, local_ms, value)
        told.append(twins[series].window)
    found = explained(len(whole.series))
    np.testing.assert_allclose(np.array(found).T, np.array(told), rtol=1e-7)
    assert set(found.hours[~np.isnan(found.hours)].tolist()) == set(map(float, WINDOWS))


def test_cutting_a_block_changes_no_window() -> None:
    """Bit for bit: what is shown must not depend on how records were fetched."""
    whole, parts = explained(10**9), explained(13)
    assert all(left.tobytes() == right.tobytes() for left, right in zip(whole, parts, strict=True))


@pytest.mark.parametrize(
    ("counts", "hours", "seen"),
    [([0, 0, 0, 0, 0, 40], 1.0, 40.0), ([0, 0, 0, 9, 8, 8], 3.0, 25.0), ([6, 5, 6, 6, 5, 6], 6.0, 34.0)],
)
def test_a_surge_is_told_by_the_hours_that_it_has_lasted(counts: list[int], hours: float, seen: float) -> None:
    """After a month with a report a day: one hour, three, or six of them."""
    days = np.arange(0, MONTH_H, 24)
    surge = MONTH_H + 9 + np.arange(len(counts))
    at = np.concatenate([days, surge]) * HOUR
    value = np.concatenate([np.ones(len(days)), counts]).astype(float)
    bank = RareCounts()
    bank.resize(1)
    _, windows = bank.explained(Block(np.zeros(len(at), np.int64), at, at, value))
    assert (windows.hours[-1], windows.observed[-1]) == (hours, seen)
    assert 0.0 < windows.expected[-1] < seen
