"""Sums over windows of the wall clock: each window once, whatever the batches; and what a ward makes of them."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.arrays import Block, Scores
from streams.anomalies import Anomaly, Kind, Series
from streams.banks.panel import Watch
from streams.banks.ward import Ward
from streams.banks.window_sums import WindowSums
from streams.judge import Policy

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
OFFSET_MS = 7 * HOUR_MS

Told = list[tuple[int, int, int, int, int, str]]


def naive(rows: list[tuple[int, int, float]]) -> Told:
    """Return (place, series, start, end, start on the wall clock, sum) of every window that is over, one by one."""
    begun: dict[int, tuple[int, int]] = {}
    values: dict[tuple[int, int], list[float]] = defaultdict(list)
    told: Told = []
    first: dict[int, int] = {}
    for place, (series, at_ms, value) in enumerate(rows):
        hour = (at_ms + OFFSET_MS) // HOUR_MS
        first.setdefault(series, hour)
        if series in begun and begun[series][0] != hour:
            before, start_ms = begun[series]
            total = float("nan") if before == first[series] else sum(values[series, before])
            told.append((place, series, start_ms, at_ms, before * HOUR_MS, repr(total)))
        if series not in begun or begun[series][0] != hour:
            begun[series] = hour, at_ms
        values[series, hour].append(value)
    return told


def block(rows: list[tuple[int, int, float]]) -> Block:
    """Return a block of (series, time, value)."""
    at_ms = np.array([at for _, at, _ in rows], np.int64)
    series = np.array([each for each, _, _ in rows], np.int64)
    return Block(series, at_ms, at_ms + OFFSET_MS, np.array([value for _, _, value in rows], np.float64))


def told(sums: WindowSums, rows: list[tuple[int, int, float]], before: int = 0) -> Told:
    """Add a block; return what is over, with places that count from ``before``."""
    over = sums.add(block(rows))
    columns = (over.where + before, over.block.series, over.start_ms, over.block.at_ms, over.block.local_ms)
    lines = zip(*(column.tolist() for column in columns), map(repr, over.block.value.tolist()), strict=True)
    return [(place, series, start, end, local, total) for place, series, start, end, local, total in lines]


observations = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 90), st.sampled_from([0.0, 1.0, 7.0, float("nan")])), max_size=60
)


@given(observations, st.lists(st.integers(0, 60), max_size=4), st.booleans())
def test_every_window_is_told_once_by_what_ends_it(
    steps: list[tuple[int, int, float]],
    cuts: list[int],
    anew: bool,
) -> None:
    """As one by one, however the observations are cut into blocks, and over a restart."""
    times = np.cumsum([0, *(minutes for _, minutes, _ in steps)])[1:].tolist()
    rows = [(series, at * MINUTE_MS, value) for (series, _, value), at in zip(steps, times, strict=True)]
    sums, found = WindowSums(HOUR_MS), []
    sums.resize(4)
    edges = sorted({0, len(rows), *(cut for cut in cuts if cut <= len(rows))})
    for first, last in pairwise(edges):
        found += told(sums, rows[first:last], first)
        if anew:
            other = WindowSums(HOUR_MS)
            other.load({name: array.copy() for name, array in sums.state().items()})
            sums = other
    assert found == naive(rows)


def test_nothing_ends_nothing() -> None:
    """An empty block."""
    sums = WindowSums(HOUR_MS)
    assert len(sums.add(block([])).where) == 0


class Large:
    """A detector that finds sums from 100 on improbable, and keeps what it was given."""

    name, version = "large", 3

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.size = 0

    def resize(self, size: int) -> None:
        """Grow."""
        self.size = size

    def update(self, block: Block) -> Scores:
        """Score."""
        self.blocks.append(block)
        ones = np.ones(len(block.series))
        return Scores(np.where(block.value >= 100.0, 1e-9, 1.0), ones, ones)

    def state(self) -> dict[str, np.ndarray]:
        """Return nothing of note."""
        return {"rows": np.zeros(self.size)}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Take over the size."""
        self.size = len(state["rows"])


POLICY = Policy(open_below=1e-6, hold_below=1e-3, quiet_ms=24 * HOUR_MS, refresh_ms=HOUR_MS)


def ward(detector: Large, window_ms: int = HOUR_MS) -> Ward:
    """Return a ward of two series with one detector."""
    made = Ward("counts/streets", [Watch(detector, {"high": Kind.SURGE}, POLICY, window_ms)])
    made.size = 2
    return made


def series_of(row: int) -> Series:
    """Return a series whose camera is its row in the bank."""
    return Series("11", "03127", "camera.count", f"CAM-{row}", "person")


def street(series: int, values: list[float]) -> list[tuple[int, int, float]]:
    """Return counts every twenty minutes from midnight of the wall clock on."""
    return [(series, 17 * HOUR_MS + 20 * MINUTE_MS * step, value) for step, value in enumerate(values)]


def judged(ward: Ward, rows: list[tuple[int, int, float]]) -> list[Anomaly]:
    """Give a ward a block whose series 5 has row 1."""
    return ward.judge(block(rows), np.ones(len(rows), np.int64), series_of)


COUNTS = [9.0, 9.0, 9.0, 40.0, 30.0, 30.0, 1.0, 2.0, 3.0, 4.0]


def test_a_detector_with_a_window_reads_sums_and_what_it_tells_shows_them() -> None:
    """Of the whole hour, from its first count to the one behind it."""
    (surge,) = judged(ward(Large()), street(5, COUNTS))
    assert (surge.series.entity, surge.observed, surge.open) == ("CAM-5", 100.0, True)
    assert (surge.start_ms, surge.at_ms) == (18 * HOUR_MS, 19 * HOUR_MS)
    assert surge.facts == {"window_h": 1.0}


def test_a_detector_with_a_window_is_not_asked_before_one_is_over() -> None:
    """That is what the window saves."""
    detector = Large()
    streets = ward(detector)
    for each in street(5, COUNTS):
        judged(streets, [each])
    assert [(each.local_ms.tolist(), each.series.tolist()) for each in detector.blocks] == [
        ([24 * HOUR_MS], [1]),
        ([25 * HOUR_MS], [1]),
        ([26 * HOUR_MS], [1]),
    ]


@pytest.mark.parametrize("window_ms", [HOUR_MS, 2 * HOUR_MS])
def test_a_ward_goes_on_in_the_middle_of_a_window_unless_it_has_another_one(window_ms: int) -> None:
    """State that was learned of other sums is not taken over."""
    before, after = ward(Large()), ward(Large(), window_ms)
    judged(before, street(5, COUNTS)[:5])
    after.restore(before.snapshot())
    surges = judged(after, street(5, COUNTS)[5:])
    assert [surge.observed for surge in surges] == ([100.0] if window_ms == HOUR_MS else [])
