"""Lists which detector watches what, from the configuration that a worker's banks are made of."""

from typing import NamedTuple

from streams.banks.families import FAMILIES
from streams.banks.watching import Watching


class Watched(NamedTuple):
    """One line: a detector watches a group of series for a kind of anomaly, by a policy (None: its own).

    ``window_ms``: it reads sums over so long; 0: each value by itself.
    """

    topic: str
    family: str
    group: str
    detector: str
    kind: str
    policy: str | None
    window_ms: int = 0


def watched(watching: Watching) -> list[Watched]:
    """Return who watches what, in the order of the groups."""
    return [
        Watched(
            FAMILIES[group.family].topic, group.family, name, detector, kind.value, use.policy or None, use.window_ms
        )
        for name, group in watching.series.items()
        for detector, use in group.detectors.items()
        if use.enabled
        for kind in use.tells.values()
    ]
