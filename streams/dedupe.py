"""Recognise what was there before: repeated events by the hash of source and id, in bounded memory."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_digest

Hashes = NDArray[np.uint64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_PAGES_PER_GENERATION: Final = 16
_HEADER: Final = 16  # bytes: least and greatest ingest time
_LEAST_WORDS: Final = 1 << 12
_FULL: Final = 2  # hashes per word of the prefilter at which it is built anew


def event_digests(sources: Iterable[str], ids: Iterable[str]) -> list[bytes]:
    r"""Return the 64-bit XXH3 of each ``source NUL id``, 8 bytes each; of n sources and n ids.

    Two of m remembered hashes meet by chance with m * 2**-64 per event: with two million remembered, one event in
    9e12 would be taken for a duplicate wrongly.

    Examples
    --------
    >>> from xxhash import xxh3_64_intdigest
    >>> hashes_of(event_digests(["/camera/1"], ["7"])).tolist() == [xxh3_64_intdigest(b"/camera/1\0" b"7")]
    True
    """
    return [xxh3_64_digest(f"{source}\0{id_}".encode()) for source, id_ in zip(sources, ids, strict=True)]


def hashes_of(digests: Iterable[bytes]) -> Hashes:
    """Return n digests as an array, (n,) uint64."""
    return np.frombuffer(b"".join(digests), ">u8").astype(np.uint64)


class _Sealed(NamedTuple):
    """Hashes that will not change any more: sorted, a view of the block that the snapshot writes."""

    block: bytes
    hashes: Hashes
    least_ms: int
    greatest_ms: int


class Dedupe:
    """Remembers the hashes of the latest events, at most ``capacity``, and tells first occurrences from repeats.

    New hashes collect in an open page; a full page is sealed, and 16 pages merge into a generation. When one forms,
    the oldest go: those that lie more than the horizon before it, and those beyond the capacity. So a hash is
    remembered for the horizon at least, as long as the capacity suffices. What is remembered follows from the
    sequence of hashes and ingest times alone, however it is cut into calls.

    A blocked Bloom filter, four bits in one word per hash, says "never seen" for nearly all new hashes; only what
    passes it is looked up in the sealed arrays. It changes the speed, never the answer, and is not in the snapshot.

    Parameters
    ----------
    capacity : int
        Greatest number of remembered hashes, at least two generations (131,072 with the default page). Memory at
        capacity is 16 bytes per hash.
    horizon_ms : int
        Milliseconds of ingest time that an id is remembered for, >= 0.
    page : int
        Hashes per page, >= 1.

    Raises
    ------
    ValueError
        A parameter is out of range.

    Examples
    --------
    >>> dedupe = Dedupe()
    >>> hashes, ingest_ms = hashes_of(event_digests("aab", "121")), np.array([0, 1, 2])
    >>> dedupe.first(hashes, ingest_ms).tolist(), dedupe.first(hashes[:1], ingest_ms[:1]).tolist()
    ([True, True, True], [False])
    """

    def __init__(self, capacity: int = 1 << 21, horizon_ms: int = 24 * 3600 * 1000, page: int = 4096) -> None:
        if page < 1:
            raise ValueError(f"page must be at least 1, not {page}; the default is 4096")
        if horizon_ms < 0:
            raise ValueError(f"horizon_ms must be at least 0, not {horizon_ms}; one day is 86400000")
        self._page = page
        self._generation = page * _PAGES_PER_GENERATION
        if capacity < 2 * self._generation:
            raise ValueError(f"capacity must be at least {2 * self._generation}, two generations, not {capacity}")
        self._capacity = capacity
        self._horizon_ms = horizon_ms
        self._generations: list[_Sealed] = []
        self._pages: list[_Sealed] = []
        self._dropped = 0
        self._open = np.zeros(page, np.uint64)
        self._open_ingest = np.zeros(page, np.int64)
        self._open_size = 0
        self._words = np.zeros(_LEAST_WORDS, np.uint64)
        self._filtered = 0

    def __len__(self) -> int:
        """Return how many hashes are remembered."""
        return len(self._generations) * self._generation + self._growing()

    def first(self, hashes: Hashes, ingest_ms: Ints) -> Mask:
        """Tell which hashes occur for the first time, and remember them.

        Parameters
        ----------
        hashes : (n,) uint64
            From `hashes_of`, in the order of the records.
        ingest_ms : (n,) int64
            Ingest times of the same records.

        Returns
        -------
        (n,) bool
            False where the hash is remembered or stands earlier in the same call.
        """
        mask = np.zeros(len(hashes), np.bool_)
        start = 0
        while start < len(hashes):
            rest = hashes[start:]
            new = ~(self._known(rest) | _repeated(rest))
            rows = np.flatnonzero(new)
            room = self._generation - self._growing()
            if len(rows) >= room:  # a generation forms within this call: what follows may meet a shorter memory
                rows = rows[:room]
                stop = int(rows[-1]) + 1
            else:
                stop = len(rest)
            mask[start + rows] = True
            self._remember(rest[rows], ingest_ms[start + rows])
            start += stop
        return mask

    def _growing(self) -> int:
        return len(self._pages) * self._page + self._open_size

    def _known(self, hashes: Hashes) -> Mask:
        place, bits = self._bits(hashes)
        known: Mask = (self._words[place] & bits) == bits
        rows = np.flatnonzero(known)
        if len(rows) == 0:
            return known
        needles = hashes[rows]
        order = np.argsort(needles)
        needles = needles[order]
        found = np.zeros(len(rows), np.bool_)
        tables = [np.sort(self._open[: self._open_size])] if self._open_size else []
        tables += [sealed.hashes for sealed in (*reversed(self._pages), *reversed(self._generations))]
        for table in tables:
            at = table.searchsorted(needles)
            at[at == len(table)] = 0
            found |= table[at] == needles
            if found.all():
                break
        known[rows[order]] = found
        return known

    def _remember(self, hashes: Hashes, ingest_ms: Ints) -> None:
        self._filter(hashes)
        done = 0
        while done < len(hashes):
            taken = min(self._page - self._open_size, len(hashes) - done)
            end = self._open_size + taken
            self._open[self._open_size : end] = hashes[done : done + taken]
            self._open_ingest[self._open_size : end] = ingest_ms[done : done + taken]
            self._open_size = end
            done += taken
            if end == self._page:
                self._pages.append(_seal(self._open, int(self._open_ingest.min()), int(self._open_ingest.max())))
                self._open_size = 0
        if len(self._pages) == _PAGES_PER_GENERATION:
            self._merge()

    def _merge(self) -> None:
        least = min(page.least_ms for page in self._pages)
        greatest = max(page.greatest_ms for page in self._pages)
        self._generations.append(_seal(np.concatenate([page.hashes for page in self._pages]), least, greatest))
        self._pages = []
        # least against greatest: a wrong timestamp in either generation keeps the old one, never drops it early
        while len(self._generations) > 1 and (
            (len(self._generations) + 1) * self._generation > self._capacity
            or least - self._generations[0].greatest_ms > self._horizon_ms
        ):
            del self._generations[0]
            self._dropped += 1

    def _bits(self, hashes: Hashes) -> tuple[NDArray[np.intp], Hashes]:
        """Return the word of each hash (from its upper bits) and its four bits there (from its lower 24)."""
        one, six = np.uint64(1), np.uint64(63)
        bits = one << (hashes & six)
        for shift in (6, 12, 18):
            bits |= one << ((hashes >> np.uint64(shift)) & six)
        return (hashes >> np.uint64(65 - len(self._words).bit_length())).astype(np.intp), bits

    def _filter(self, hashes: Hashes) -> None:
        if self._filtered + len(hashes) > _FULL * len(self._words):
            live = len(self) + len(hashes)
            self._words = np.zeros(max(_LEAST_WORDS, 1 << (live - 1).bit_length()), np.uint64)
            self._filtered = 0
            self._refill()
        place, bits = self._bits(hashes)
        np.bitwise_or.at(self._words, place, bits)
        self._filtered += len(hashes)

    def _refill(self) -> None:
        for hashes in (
            *(sealed.hashes for sealed in (*self._generations, *self._pages)),
            self._open[: self._open_size],
        ):
            place, bits = self._bits(hashes)
            np.bitwise_or.at(self._words, place, bits)
            self._filtered += len(hashes)

    def snapshot(self) -> dict[str, bytes]:
        """Return the memory as blocks of at most 512 KiB; ``page/…`` and ``generation/…`` never change once there."""
        size = self._open_size
        blocks = {"open": self._open[:size].astype("<u8").tobytes() + self._open_ingest[:size].astype("<i8").tobytes()}
        for number, generation in enumerate(self._generations, self._dropped):
            blocks[f"generation/{number}"] = generation.block
        following = (self._dropped + len(self._generations)) * _PAGES_PER_GENERATION
        for number, page in enumerate(self._pages, following):
            blocks[f"page/{number}"] = page.block
        return blocks

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Take over the memory of `snapshot`.

        Raises
        ------
        ValueError
            A block has not the size that the parameters of this filter give it.
        """
        numbered = {kind: _numbered(blocks, kind) for kind in ("generation", "page")}
        self._generations = [_unseal(block, self._generation) for _, block in numbered["generation"]]
        self._pages = [_unseal(block, self._page) for _, block in numbered["page"]]
        self._dropped = numbered["generation"][0][0] if self._generations else 0
        size = len(blocks["open"]) // 16
        self._open[:size] = np.frombuffer(blocks["open"], "<u8", size)
        self._open_ingest[:size] = np.frombuffer(blocks["open"], "<i8", size, size * 8)
        self._open_size = size
        self._words = np.zeros(max(_LEAST_WORDS, 1 << len(self).bit_length()), np.uint64)
        self._filtered = 0
        self._refill()


def _repeated(hashes: Hashes) -> Mask:
    """Tell which hashes stand earlier in the same array."""
    repeated = np.zeros(len(hashes), np.bool_)
    ordered = np.sort(hashes)
    if (ordered[1:] == ordered[:-1]).any():
        order = np.argsort(hashes, kind="stable")
        repeated[order[1:]] = hashes[order[1:]] == hashes[order[:-1]]
    return repeated


def _seal(hashes: Hashes, least_ms: int, greatest_ms: int) -> _Sealed:
    header = np.array([least_ms, greatest_ms], "<i8").tobytes()
    return _unseal(header + np.sort(hashes).astype("<u8").tobytes(), len(hashes))


def _unseal(block: bytes, size: int) -> _Sealed:
    if len(block) != _HEADER + 8 * size:
        raise ValueError(
            f"dedupe block must have {_HEADER + 8 * size} bytes, not {len(block)}; "
            "the snapshot was written with another page size: start without it"
        )
    least, greatest = np.frombuffer(block, "<i8", 2).tolist()
    return _Sealed(block, np.frombuffer(block, "<u8", offset=_HEADER), least, greatest)


def _numbered(blocks: Mapping[str, bytes], kind: str) -> list[tuple[int, bytes]]:
    return sorted((int(name.partition("/")[2]), block) for name, block in blocks.items() if name.startswith(f"{kind}/"))
