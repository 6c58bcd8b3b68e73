"""The duplicate filter against lists of hashes, record by record."""

import random
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.dedupe import Dedupe


class Naive:
    """Remembers hashes in lists: no sorting, no filter, one at a time."""

    def __init__(self, page: int, capacity: int, horizon_ms: int) -> None:
        self.size, self.capacity, self.horizon_ms = page * 16, capacity, horizon_ms
        self.generations: list[list[tuple[int, int]]] = []
        self.growing: list[tuple[int, int]] = []

    def first(self, value: int, ingest: int) -> bool:
        """Tell whether the hash is new, and remember it."""
        if any(value == known for part in (*self.generations, self.growing) for known, _ in part):
            return False
        self.growing.append((value, ingest))
        if len(self.growing) == self.size:
            least = min(at for _, at in self.growing)
            self.generations.append(self.growing)
            self.growing = []
            while len(self.generations) > 1 and (
                (len(self.generations) + 1) * self.size > self.capacity
                or least - max(at for _, at in self.generations[0]) > self.horizon_ms
            ):
                self.generations.pop(0)
        return True


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[int], list[int], list[int]]:
    """Draw hashes with repeats near and far, ingest times with outliers, and where to cut."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    size = draw(st.integers(1, 400))
    pool = draw(st.integers(1, 600))
    spread = rng.choice([0, 1 << 20, 1 << 54])
    hashes = [(rng.randrange(pool) * (spread + 1)) % 2**64 for _ in range(size)]
    ingest = [row * 10 + rng.choice([0, 0, 0, -500, 10**6]) * (rng.random() < 0.02) for row in range(size)]
    cuts = sorted(rng.randrange(size + 1) for _ in range(draw(st.integers(0, 6))))
    return hashes, ingest, [0, *cuts, size]


@settings(deadline=None)
@given(streams(), st.integers(1, 3), st.integers(2, 5), st.sampled_from([0, 200, 1000, 10**9]))
def test_first_occurrences_are_those_of_the_naive_filter_however_the_stream_is_cut(
    stream: tuple[list[int], list[int], list[int]], page: int, generations: int, horizon_ms: int
) -> None:
    """Also after a snapshot at every cut, and with the same blocks as in one call."""
    hashes, ingest, cuts = stream
    capacity = generations * page * 16
    naive = Naive(page, capacity, horizon_ms)
    expected = [naive.first(value, at) for value, at in zip(hashes, ingest, strict=True)]
    column, times = np.array(hashes, np.uint64), np.array(ingest, np.int64)
    whole = Dedupe(capacity, horizon_ms, page)
    assert whole.first(column, times).tolist() == expected
    assert len(whole) <= capacity
    got = []
    part = Dedupe(capacity, horizon_ms, page)
    for start, stop in pairwise(cuts):
        got += part.first(column[start:stop], times[start:stop]).tolist()
        restored = Dedupe(capacity, horizon_ms, page)
        restored.restore(part.snapshot())
        part = restored
    assert got == expected
    assert part.snapshot() == whole.snapshot()
