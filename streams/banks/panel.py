"""A panel: the detectors that watch one group of a family's series, and what is told of their sides."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from streams.anomalies import Kind
from streams.judge import Judge, Policy

Side = Literal["high", "low"]
Reading = Literal["any", "gauge", "counter"]


class Watch(Struct, frozen=True):
    """One detector at work: the kinds told of its high and its low side, and the policy that judges its tails.

    A side that isn't named is ignored; a detector that answers without tails has no policy. It reads sums over windows
    of ``window_ms``, or each value by itself (0).
    """

    detector: Any
    tells: dict[Side, Kind]
    policy: Policy | None
    window_ms: int = 0

    @property
    def name(self) -> str:
        """Name and version of the detector, and what else its state depends on."""
        name = f"{self.detector.name}/{self.detector.version}"
        return f"{name}/{self.window_ms}" if self.window_ms else name

    def judges(self) -> Iterator[tuple[Side, Judge]]:
        """Yield a fresh judge for each side that is told."""
        for side, kind in self.tells.items():
            if self.policy is not None:
                yield side, Judge(kind, self.detector.name, self.detector.version, self.policy)


class Choice(NamedTuple):
    """Which series of a family a group takes: patterns of their metric, and how its readings are to be understood."""

    metrics: tuple[str, ...] = ("*",)
    reading: Reading = "any"

    def fit(self, metric: str, *, counter: bool) -> tuple[int, bool] | None:
        """Return how closely a series is described, to compare; None if it isn't taken.

        Examples
        --------
        >>> Choice(("cpu*", "*")).fit("cpu_load", counter=False), Choice(reading="gauge").fit("cpu_load", counter=True)
        ((3, False), None)
        """
        if self.reading != "any" and counter is not (self.reading == "counter"):
            return None
        plain = [len(pattern.strip("*?")) for pattern in self.metrics if fnmatchcase(metric, pattern)]
        return (max(plain), self.reading != "any") if plain else None


class Panel(NamedTuple):
    """A named group of series and its detectors."""

    name: str
    choice: Choice
    watches: Sequence[Watch]


def closest(panels: Sequence[Panel], metric: str, *, counter: bool) -> int | None:
    """Return the place of the panel that describes a series most closely, of equals the first by name; None if none.

    Examples
    --------
    >>> panels = [Panel("all", Choice(), ()), Panel("cpu", Choice(("cpu*",)), ())]
    >>> closest(panels, "cpu_load", counter=False), closest(panels, "latency", counter=False)
    (1, 0)
    """
    fits = [
        (fit, panel.name, place)
        for place, panel in enumerate(panels)
        if (fit := panel.choice.fit(metric, counter=counter)) is not None
    ]
    if not fits:
        return None
    best = max(fit for fit, _, _ in fits)
    return min((name, place) for fit, name, place in fits if fit == best)[1]
