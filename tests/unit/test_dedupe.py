"""The duplicate filter: hashes, snapshots, limits."""

import numpy as np
import pytest
from xxhash import xxh3_64_intdigest

from streams.dedupe import Dedupe, event_digests, hashes_of


def random_hashes(size: int, seed: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Return distinct-looking hashes."""
    return np.random.default_rng(seed).integers(0, 2**64, size, dtype=np.uint64)


def test_a_hash_is_xxh3_of_source_nul_and_id() -> None:
    """Computed with the library one by one; the separator keeps ("ab", "c") and ("a", "bc") apart."""
    hashes = hashes_of(event_digests(["ab", "a", "/máy-ảnh/1"], ["c", "bc", "số 1"]))
    assert hashes.dtype == np.uint64
    assert hashes.tolist() == [xxh3_64_intdigest(text.encode()) for text in ("ab\0c", "a\0bc", "/máy-ảnh/1\0số 1")]
    assert hashes_of(event_digests([], [])).tolist() == []


def test_of_repeats_within_one_call_the_first_counts() -> None:
    """Also when it is known from before."""
    dedupe = Dedupe()
    dedupe.first(np.array([7], np.uint64), np.array([0]))
    mask = dedupe.first(np.array([9, 7, 9, 8, 9], np.uint64), np.arange(5))
    assert mask.tolist() == [True, False, False, True, False]


def test_large_memories_stay_exact() -> None:
    """A quarter of a million hashes: none is forgotten, none is taken for another."""
    dedupe = Dedupe()
    hashes, ingest = random_hashes(250_000, seed=1), np.zeros(250_000, np.int64)
    for start in range(0, 250_000, 8000):
        assert dedupe.first(hashes[start : start + 8000], ingest[start : start + 8000]).all()
    assert len(dedupe) == 250_000
    assert not dedupe.first(hashes, ingest).any()
    assert dedupe.first(random_hashes(50_000, seed=2), ingest[:50_000]).all()


def test_between_snapshots_only_the_open_block_and_new_ones_differ() -> None:
    """A sealed block is the same object until pages merge into a generation."""
    dedupe = Dedupe()
    hashes, ingest = random_hashes(150_000, seed=3), np.arange(150_000)
    dedupe.first(hashes[:140_000], ingest[:140_000])
    before = dedupe.snapshot()
    dedupe.first(hashes[140_000:], ingest[140_000:])
    after = dedupe.snapshot()
    assert {"generation/0", "generation/1", "open"} < before.keys() < after.keys()
    assert all(after[name] is before[name] for name in before if name != "open")
    assert max(len(block) for block in after.values()) < 1 << 20


def test_a_block_keeps_its_name_when_older_ones_are_dropped() -> None:
    """Otherwise every block would be written anew; numbers go on behind a restart too."""
    dedupe, hashes = Dedupe(capacity=96, page=2), random_hashes(300, seed=5)
    dedupe.first(hashes[:200], np.arange(200))
    before = dedupe.snapshot()
    restored = Dedupe(capacity=96, page=2)
    restored.restore(before)
    for one in (dedupe, restored):
        one.first(hashes[200:230], np.arange(200, 230))
    after = dedupe.snapshot()
    assert restored.snapshot() == after
    assert {"generation/4", "generation/5"} == {name for name in before if name.startswith("generation/")}
    assert {"generation/5", "generation/6"} == {name for name in after if name.startswith("generation/")}
    assert after["generation/5"] == before["generation/5"]


def test_a_snapshot_of_other_page_size_is_refused() -> None:
    """The message says what to do."""
    dedupe = Dedupe(capacity=64, page=2)
    dedupe.first(random_hashes(5, seed=4), np.arange(5))
    with pytest.raises(ValueError, match=r"must have 40 bytes, not 32.*start without it"):
        Dedupe(capacity=96, page=3).restore(dedupe.snapshot())


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"page": 0}, "page must be at least 1, not 0"),
        ({"horizon_ms": -1}, "horizon_ms must be at least 0, not -1"),
        ({"capacity": 131_071}, "capacity must be at least 131072, two generations, not 131071"),
    ],
)
def test_limits_out_of_range_are_refused(limits: dict[str, int], message: str) -> None:
    """Each names the parameter, the range and the value."""
    with pytest.raises(ValueError, match=message):
        Dedupe(**limits)
