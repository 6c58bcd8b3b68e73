"""The bank of deadlines: takes steps of reports or dossiers in event-time order, and measures what became of them."""

from collections.abc import Mapping, Sequence
from typing import Generic

import msgspec

from detectors.arrays import Ints
from streams.banks.bank import Horizon, Item
from streams.banks.intake import Picks
from streams.events import Event
from streams.levels.book import Book
from streams.levels.clock import Clocks
from streams.levels.matter import Ending, Life, MatterT, StepT
from streams.levels.shelf import Shelf
from streams.measures import NOTHING, Measured

_MINUTE_MS = 60_000
_NEVER = 2**62


class LevelBank(Generic[StepT, MatterT]):
    """All reports, or all dossiers, of one partition; a `streams.banks.bank.Bank` that measures.

    It works in whole minutes of event time, so that neither the order in which steps arrive nor the way in which
    batches are cut changes what it says. It tells no anomalies.

    Parameters
    ----------
    name : str
        Prefix of the snapshot's blocks.
    life : Life
        How the matters live.
    clocks : Clocks
        Tell when a deadline comes nearer.
    agencies : frozenset of str
        The closed set of labels.
    capacity : int
        So many matters are remembered; an open one that is forgotten counts as unknown.
    """

    def __init__(
        self, name: str, life: Life[StepT, MatterT], clocks: Clocks, agencies: frozenset[str], capacity: int
    ) -> None:
        self._name = name
        self._life = life
        self._shelf = Shelf(life.matter_type, capacity)
        self._book = Book(agencies, life.unit_level, life.happenings, clocks.marks)
        self._picks: Picks[Event] = Picks()
        self._waiting: list[StepT] = []
        self._first_ms = _NEVER
        self._minute = -_NEVER

    def read(self, events: Sequence[Event]) -> None:
        """Keep the steps of a run until they are admitted."""
        self._picks.add([(place, events[place]) for place in self._life.places(events)], len(events))

    def observe(self, kept: Ints, at_ms: Ints, local_ms: Ints) -> None:
        """Keep what is needed of the admitted steps until the watermark passes them."""
        for event, at, _ in self._picks.take(kept, at_ms, local_ms):
            self._wait(self._life.step(event, at))

    def _wait(self, step: StepT) -> None:
        self._waiting.append(step)
        self._first_ms = min(self._first_ms, step.at_ms)

    def close(self, horizon: Horizon) -> list[Item]:
        """Take the steps of the minutes that the watermark has passed."""
        minute = horizon.watermark_ms // _MINUTE_MS * _MINUTE_MS
        if minute > self._minute:
            before, self._minute = self._minute, minute
            for step in self._released(minute):
                self._take(step if step.at_ms >= before else msgspec.structs.replace(step, at_ms=before))
            self._book.advance(minute)
        return []

    def _released(self, minute: int) -> list[StepT]:
        if self._first_ms >= minute:
            return []
        due = [step for step in self._waiting if step.at_ms < minute]
        self._waiting = [step for step in self._waiting if step.at_ms >= minute]
        self._first_ms = min((step.at_ms for step in self._waiting), default=_NEVER)
        return sorted(due, key=_in_order)

    def _take(self, step: StepT) -> None:
        """Apply a step to its matter, and write down what came of it."""
        matter = self._shelf.get(step.tenant, step.name)
        if matter is None:
            matter = self._life.begin(step, self._shelf.begun)
            self._forget(self._shelf.add(matter))
        for told in self._life.apply(matter, step):
            if isinstance(told, Ending):
                self._book.end(matter, told)
            else:
                self._book.count(told.family, (matter.tenant, *told.labels))
        self._shelf.touch(matter)
        self._write(matter)

    def _write(self, matter: MatterT) -> None:
        self._book.write(matter, dict(self._life.running(matter)) if matter.open else {}, self._minute)

    def _forget(self, gone: MatterT | None) -> None:
        if gone is not None and gone.open:
            self._book.write(gone, {}, self._minute)
            for level, _ in self._life.running(gone):
                self._book.end(gone, Ending(level, "unknown"))

    def measured(self) -> Measured:
        """Return what was counted since the last call and what stands, if any of it has changed."""
        return self._book.measured() if self._book.has_news else NOTHING

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks."""
        return {
            **self._shelf.snapshot(f"{self._name}/matters"),
            f"{self._name}/waiting": msgspec.msgpack.encode(self._waiting),
            f"{self._name}/known": msgspec.msgpack.encode(self._book.known),
            f"{self._name}/minute": msgspec.msgpack.encode(self._minute),
        }

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh bank."""
        self._shelf.restore(f"{self._name}/matters", blocks)
        waiting = msgspec.msgpack.Decoder(list[self._life.step_type])  # type: ignore[name-defined]  # built from the run-time type
        for step in waiting.decode(blocks[f"{self._name}/waiting"]):
            self._wait(step)
        known = msgspec.msgpack.decode(blocks[f"{self._name}/known"], type=dict[str, list[tuple[str, ...]]])
        self._book.meet_again(known)
        self._minute = msgspec.msgpack.decode(blocks[f"{self._name}/minute"], type=int)
        for matter in self._shelf:
            self._write(matter)


def _in_order(step: StepT) -> tuple[int, int, str]:
    return step.at_ms, step.order, step.event
