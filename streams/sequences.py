"""Gaps in the `sequence` of each source: events that were sent and never came."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from xxhash import xxh3_64_intdigest

_MAX_DIGITS: Final = 18  # fits 64 bits
_REORDERED: Final = 1000  # a number this far back is an event out of order; further back the source began anew
_RESTARTED: Final = 1_000_000  # a jump of more than this is a new numbering, not a loss


class Sequences:
    """Remembers the greatest number of each source, at most ``sources`` of them (the least recently heard goes first).

    Only decimal numbers count; other texts, which CloudEvents allows, order events but show no gap. An event that
    comes after its successor was counted as missing before: with reordering the count is an upper bound.

    Examples
    --------
    >>> sequences = Sequences()
    >>> sequences.missing(["/camera/1"] * 3, ["7", "8", "11"])
    2
    """

    def __init__(self, sources: int = 16384) -> None:
        if sources < 1:
            raise ValueError(f"sources must be at least 1, not {sources}; the default is 16384")
        self._sources = sources
        self._greatest: dict[int, int] = {}

    def missing(self, sources: Sequence[str], sequences: Sequence[str | None]) -> int:
        """Return how many numbers were skipped by the next events, given in the order of records."""
        keys = {source: xxh3_64_intdigest(source.encode()) for source in set(sources)}
        total = 0
        greatest = self._greatest
        for source, text in zip(sources, sequences, strict=True):
            if text is None or len(text) > _MAX_DIGITS or not (text.isascii() and text.isdigit()):
                continue
            key, number = keys[source], int(text)
            last = greatest.pop(key, None)
            if last is not None and last - _REORDERED <= number <= last:
                number = last
            elif last is not None and last < number <= last + _RESTARTED:
                total += number - last - 1
            greatest[key] = number
            if len(greatest) > self._sources:
                del greatest[next(iter(greatest))]
        return total

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as one block."""
        return {"greatest": msgspec.msgpack.encode(list(self._greatest.items()))}

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Take over the state of `snapshot`."""
        self._greatest = dict(msgspec.msgpack.decode(blocks["greatest"], type=list[tuple[int, int]]))
