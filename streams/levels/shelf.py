"""Where matters are kept: as many as there is room for, in blocks of which those that change are written anew."""

from collections.abc import Iterator, Mapping
from typing import Generic

import msgspec

from streams.levels.matter import Matter, MatterT

_TO_A_BLOCK = 256


class Shelf(Generic[MatterT]):
    """Matters by tenant and name.

    Parameters
    ----------
    matter_type : type
        What they are.
    capacity : int
        So many are kept. Then the one that came to its end first is forgotten, and only where none has ended, the
        first of all.
    """

    def __init__(self, matter_type: type[MatterT], capacity: int) -> None:
        self.begun = 0
        self._decoder = msgspec.msgpack.Decoder(list[matter_type])  # type: ignore[valid-type]  # built from the run-time type
        self._capacity = capacity
        self._matters: dict[tuple[str, str], MatterT] = {}
        self._closed: dict[tuple[str, str], None] = {}
        self._closings = 0
        self._blocks: dict[int, dict[int, MatterT]] = {}
        self._encoded: dict[int, bytes] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._matters)

    def __iter__(self) -> Iterator[MatterT]:
        """Iterate over all, those first seen first."""
        return iter(self._matters.values())

    def get(self, tenant: str, name: str) -> MatterT | None:
        """Return a matter if it is here."""
        return self._matters.get((tenant, name))

    def add(self, matter: MatterT) -> MatterT | None:
        """Keep a new matter, whose number is ``begun``; return the one that had to make room for it, if one had to."""
        self.begun += 1
        gone = self._make_room() if len(self._matters) >= self._capacity else None
        self._put(matter)
        return gone

    def touch(self, matter: MatterT) -> None:
        """Note that a matter has changed; among those ended it stands where it came to its last end."""
        self._encoded.pop(matter.number // _TO_A_BLOCK, None)
        if matter.open:
            matter.ended = 0
            self._closed.pop(matter.key, None)
        elif not matter.ended:
            self._closings += 1
            matter.ended = self._closings
            self._closed[matter.key] = None

    def _put(self, matter: MatterT) -> None:
        self._matters[matter.key] = matter
        self._blocks.setdefault(matter.number // _TO_A_BLOCK, {})[matter.number] = matter

    def _make_room(self) -> MatterT:
        key = next(iter(self._closed), None) or next(iter(self._matters))
        self._closed.pop(key, None)
        gone = self._matters.pop(key)
        number = gone.number // _TO_A_BLOCK
        self._encoded.pop(number, None)
        block = self._blocks[number]
        del block[gone.number]
        if not block:
            del self._blocks[number]
        return gone

    def snapshot(self, name: str) -> dict[str, bytes]:
        """Return all as blocks."""
        for number, block in self._blocks.items():
            if number not in self._encoded:
                self._encoded[number] = msgspec.msgpack.encode(list(block.values()))
        numbers = list(self._blocks)
        blocks = {f"{name}/{number}": self._encoded[number] for number in numbers}
        blocks[name] = msgspec.msgpack.encode([self.begun, self._closings, numbers])
        return blocks

    def restore(self, name: str, blocks: Mapping[str, bytes]) -> None:
        """Fill a fresh shelf from the blocks of ``snapshot``."""
        self.begun, self._closings, numbers = msgspec.msgpack.decode(blocks[name], type=tuple[int, int, list[int]])
        for number in numbers:
            for matter in self._decoder.decode(blocks[f"{name}/{number}"]):
                self._put(matter)
        ended = sorted((matter for matter in self if not matter.open), key=_ended)
        self._closed = dict.fromkeys(matter.key for matter in ended)


def _ended(matter: Matter) -> int:
    return matter.ended
