"""Keeps what stages measure and writes it as text; families of thousands of series, without an object for each."""

import math
import operator
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

from ioc.metrics.catalogue import METRICS, Metric, of_measure
from streams.measures import MEASURES, Labels, Measure, Measured, Waits

Place = tuple[str, int]

_UNITS = "ioc_unit_info"


class Exemplar(NamedTuple):
    """One cause of an increment: its name (the id of an incident), the increment, when it was counted (seconds)."""

    incident_id: str
    increment: float
    at_s: float


def escaped(value: str) -> str:
    r"""Return a label value as it stands between quotes in the text format.

    Examples
    --------
    >>> print(escaped('a"b'))
    a\"b
    """
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def number(value: float) -> str:
    """Return a value as the text format wants it.

    Examples
    --------
    >>> number(3.0), number(math.inf), number(math.nan)
    ('3.0', '+Inf', 'NaN')
    """
    if math.isfinite(value):
        return repr(float(value))
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def braced(names: Iterable[str], values: Iterable[str]) -> str:
    """Return labels as they follow a name.

    Examples
    --------
    >>> braced(["tenant", "unit"], ["11", "03127"]), braced([], [])
    ('{tenant="11",unit="03127"}', '')
    """
    inside = ",".join([f'{name}="{escaped(value)}"' for name, value in zip(names, values, strict=True)])
    return f"{{{inside}}}" if inside else ""


class _Family(Protocol):
    """The text of one family: samples only, as the classic and the OpenMetrics format have them alike."""

    def lines(self, *, exemplars: bool) -> Iterator[str]:
        """Return its samples, a line each; exemplars only if asked for."""
        ...


class _Counted:
    """A counter: per series its prefix (``name{labels} ``), what was counted, and the latest exemplar."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._rows: dict[Labels, int] = {}
        self._prefixes: list[str] = []
        self._values: list[float] = []
        self._exemplars: dict[int, Exemplar] = {}

    def add(self, increments: Mapping[Labels, float], causes: Mapping[Labels, str], at_s: float) -> None:
        for labels, increment in increments.items():
            row = self._rows.get(labels)
            if row is None:
                row = self._rows[labels] = len(self._values)
                self._prefixes.append(f"{self._metric.name}{braced(self._metric.labels, labels)} ")
                self._values.append(0.0)
            self._values[row] += increment
            if labels in causes:
                self._exemplars[row] = Exemplar(causes[labels], increment, at_s)

    def lines(self, *, exemplars: bool) -> Iterator[str]:
        pairs = zip(self._prefixes, self._values, strict=True)
        if not exemplars or not self._exemplars:
            return (f"{prefix}{value!r}\n" for prefix, value in pairs)
        return (f"{prefix}{value!r}{self._exemplar(row)}\n" for row, (prefix, value) in enumerate(pairs))

    def _exemplar(self, row: int) -> str:
        known = self._exemplars.get(row)
        if known is None:
            return ""
        return f" # {braced(('incident_id',), (known.incident_id,))} {number(known.increment)} {known.at_s:.3f}"


class _Observed:
    """A histogram: per series the prefixes of its samples, the counts of its buckets (not summed up) and the total."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._edges = [number(bound) for bound in (*metric.bounds, math.inf)]
        self._rows: dict[Labels, int] = {}
        self._prefixes: list[list[str]] = []
        self._buckets: list[list[int]] = []
        self._totals: list[float] = []

    def add(self, observed: Mapping[Labels, Waits]) -> None:
        for labels, waits in observed.items():
            row = self._rows.get(labels)
            if row is None:
                row = self._rows[labels] = len(self._totals)
                self._prefixes.append(self._prefixes_of(labels))
                self._buckets.append([0] * len(self._edges))
                self._totals.append(0.0)
            self._buckets[row] = [known + new for known, new in zip(self._buckets[row], waits.buckets, strict=True)]
            self._totals[row] += waits.total

    def _prefixes_of(self, labels: Labels) -> list[str]:
        name, names = self._metric.name, self._metric.labels
        edges = [f"{name}_bucket{braced((*names, 'le'), (*labels, edge))} " for edge in self._edges]
        return [*edges, f"{name}_count{braced(names, labels)} ", f"{name}_sum{braced(names, labels)} "]

    def lines(self, *, exemplars: bool) -> Iterator[str]:
        del exemplars
        for prefixes, buckets, total in zip(self._prefixes, self._buckets, self._totals, strict=True):
            reached = 0
            for prefix, count in zip(prefixes, buckets, strict=False):
                reached += count
                yield f"{prefix}{reached}.0\n"
            yield f"{prefixes[-2]}{reached}.0\n"
            yield f"{prefixes[-1]}{total!r}\n"


class _Standing:
    """A gauge: what each partition holds, put together when it is shown."""

    def __init__(self, metric: Metric, combine: Callable[[float, float], float]) -> None:
        self._metric = metric
        self._combine = combine
        self._held: dict[Place, Mapping[Labels, float]] = {}

    def hold(self, place: Place, figures: Mapping[Labels, float]) -> None:
        self._held[place] = figures

    def keep(self, places: frozenset[Place]) -> bool:
        """Drop what other partitions held; whether anything was."""
        gone = self._held.keys() - places
        for place in gone:
            del self._held[place]
        return bool(gone)

    def lines(self, *, exemplars: bool) -> Iterator[str]:
        del exemplars
        together: dict[Labels, float] = {}
        for figures in list(self._held.values()):
            for labels, figure in figures.items():
                known = together.get(labels)
                together[labels] = figure if known is None else self._combine(known, figure)
        name, names = self._metric.name, self._metric.labels
        return (f"{name}{braced(names, labels)} {number(figure)}\n" for labels, figure in together.items())


class MeasuredFamilies:
    """All families of `streams.measures.MEASURES`, fed on the event loop's thread and written on that of a scrape.

    A family is written anew only when it has changed since the last scrape; the lock is held while one is.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._metrics = {name: of_measure(measure) for name, measure in MEASURES.items()}
        self._counted = {name: _Counted(self._metrics[name]) for name in _named("counter")}
        self._observed = {name: _Observed(self._metrics[name]) for name in _named("histogram")}
        self._standing = {name: _Standing(self._metrics[name], _combiner(MEASURES[name])) for name in _named("gauge")}
        self._units = _Counted(METRICS[_UNITS])
        self._metrics[_UNITS] = METRICS[_UNITS]
        self._families: dict[str, _Family] = {
            **self._counted,
            **self._observed,
            **self._standing,
            _UNITS: self._units,
        }
        self._texts: dict[tuple[str, bool], str] = {}

    def take(self, place: Place, measured: Measured, at_s: float) -> None:
        """Add what one step measured in a partition; ``at_s`` is now in seconds since 1970 UTC."""
        with self._lock:
            for name, increments in measured.counted.items():
                self._counted[name].add(increments, measured.exemplars.get(name, {}), at_s)
            for name, observed in measured.observed.items():
                self._observed[name].add(observed)
            for name, figures in measured.standing.items():
                self._standing[name].hold(place, figures)
            for name in (*measured.counted, *measured.observed, *measured.standing):
                self._forget(name)

    def name(self, unit: Labels) -> None:
        """Show a unit for the first time: the labels of ``ioc_unit_info``."""
        with self._lock:
            self._units.add({unit: 1.0}, {}, 0.0)
            self._forget(_UNITS)

    def keep(self, places: frozenset[Place]) -> None:
        """Drop the standing figures of all other partitions: they went to another worker, which shows them."""
        with self._lock:
            for name, family in self._standing.items():
                if family.keep(places):
                    self._forget(name)

    def text(self, *, openmetrics: bool) -> Iterator[str]:
        """Return help, type and samples of each family that has any, as one text each."""
        for name, family in self._families.items():
            with self._lock:
                text = self._texts.get((name, openmetrics))
                if text is None:
                    text = self._texts[name, openmetrics] = self._written(name, family, openmetrics=openmetrics)
            if text:
                yield text

    def _written(self, name: str, family: _Family, *, openmetrics: bool) -> str:
        samples = "".join(family.lines(exemplars=openmetrics))
        metric = self._metrics[name]
        shown = metric.name.removesuffix("_total") if openmetrics else metric.name
        return f"# HELP {shown} {metric.en}\n# TYPE {shown} {metric.kind}\n{samples}" if samples else ""

    def _forget(self, name: str) -> None:
        self._texts.pop((name, True), None)
        self._texts.pop((name, False), None)


def _named(kind: str) -> list[str]:
    return [measure.name for measure in MEASURES.values() if measure.kind == kind]


def _combiner(measure: Measure) -> Callable[[float, float], float]:
    return max if measure.combine == "max" else operator.add
