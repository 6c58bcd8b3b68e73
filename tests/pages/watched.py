"""Finds out which detector watches what, from the banks that a worker makes for each source topic."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from detectors.registry import EVERY
from streams.banks.watching import Watching, banks_of
from streams.judge import Judge
from streams.topics import SOURCES

_DEEPEST = 12  # banks hold each other's parts no deeper; ends a walk that turns in circles


class Watched(NamedTuple):
    """One line: on a topic a detector watches for a kind of anomaly, by a policy of ``[watching]`` (None: its own)."""

    topic: str
    detector: str
    kind: str
    policy: str | None


def watched(watching: Watching) -> list[Watched]:
    """Return who watches what, in the order of the topics, each line once."""
    policies = {id(getattr(watching, name)): name for name in watching.__struct_fields__}
    lines: list[Watched] = []
    for topic in SOURCES:
        judged = set()
        found = [part for bank in banks_of(topic, 0, watching) for part in _parts(bank, _DEEPEST)]
        for judge in (part for part in found if isinstance(part, Judge)):
            judged.add(judge._detector)
            lines.append(Watched(topic, judge._detector, judge.kind.value, policies[id(judge._policy)]))
        detectors = (part.name for part in found if type(part).__module__.startswith("detectors."))
        lines += [Watched(topic, name, name, None) for name in detectors if name in EVERY and name not in judged]
    return list(dict.fromkeys(lines))


def _parts(thing: Any, depth: int) -> Iterator[Any]:
    """Yield what a bank holds: judges, detectors, and what holds those."""
    if depth == 0:
        return
    if isinstance(thing, Judge) or hasattr(thing, "state"):
        yield thing
    elif isinstance(thing, Mapping):
        for part in thing.values():
            yield from _parts(part, depth - 1)
    elif isinstance(thing, Sequence) and not isinstance(thing, str | bytes):
        for part in thing:
            yield from _parts(part, depth - 1)
    elif type(thing).__module__.startswith("streams.banks"):
        yield from _parts(vars(thing), depth - 1)
