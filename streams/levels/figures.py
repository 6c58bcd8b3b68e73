"""The bank of indicators: the latest imported figure of each, and the target that is in force."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

import msgspec

from detectors.arrays import Ints
from streams.banks.bank import Horizon, Item
from streams.banks.intake import Picks
from streams.events import Event, KpiFigure, Punctuation
from streams.events.kpi import FigureData
from streams.kpis import KPIS
from streams.measures import NOTHING, Labels, Measured

_DAY_MS = 24 * 3_600_000
_MINUTE_MS = 60_000
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall-clock date from which days are counted


class Target(NamedTuple):
    """A value that an indicator is to reach in a province (empty: in all), from a day on until another."""

    tenant: str
    kpi: str
    value: float
    since: date
    until: date = date.max


class Figure(NamedTuple):
    """The figure that counts: of all the greatest, so the latest day, then the latest import."""

    as_of: int
    imported_ms: int
    value: float


class Targets:
    """Which target is in force: that of the province before that of all, then the latest.

    Examples
    --------
    >>> targets = Targets([Target("", "k", 0.5, date(2022, 1, 1)), Target("15", "k", 0.8, date(2025, 1, 1))])
    >>> targets.on(date(2024, 1, 1), "15"), targets.on(date(2026, 1, 1), "15"), targets.on(date(2020, 1, 1), "15")
    ({'k': 0.5}, {'k': 0.8}, {})
    """

    def __init__(self, targets: Sequence[Target]) -> None:
        self._targets = sorted(targets, key=lambda each: (each.tenant != "", each.since))

    def on(self, day: date, tenant: str) -> dict[str, float]:
        """Return the targets of a province that are in force on a day, by indicator."""
        return {
            each.kpi: each.value
            for each in self._targets
            if each.tenant in ("", tenant) and each.since <= day < each.until
        }


class FigureBank:
    """Measures ``kpi_value``, ``kpi_as_of_timestamp_seconds`` and ``kpi_target``; a `streams.banks.bank.Bank`.

    Targets are those of the provinces that were heard of on its topic. A figure of an unknown indicator is passed over:
    labels are a closed set.

    Parameters
    ----------
    targets : Targets
        Of all provinces.
    offset_min : int
        The site's offset from UTC in minutes: days are those of its wall clock.
    """

    def __init__(self, targets: Targets, offset_min: int) -> None:
        self._targets = targets
        self._offset_ms = offset_min * _MINUTE_MS
        self._picks: Picks[FigureData] = Picks()
        self._tenants: set[str] = set()
        self._figures: dict[tuple[str, str], Figure] = {}
        self._day: int | None = None
        self._due = False

    def read(self, events: Sequence[Event]) -> None:
        """Keep the figures of a run, and which provinces it is of."""
        before = len(self._tenants)
        kinds = set(map(type, events))
        if Punctuation in kinds:
            self._tenants.update([event.data.tenant for event in events if not isinstance(event, Punctuation)])
        else:  # the bulk of the traffic
            self._tenants.update([event.data.tenant for event in events])  # type: ignore[union-attr]  # no Punctuation
        self._due |= len(self._tenants) > before
        found = enumerate(events) if KpiFigure in kinds else ()
        self._picks.add([(place, event.data) for place, event in found if type(event) is KpiFigure], len(events))

    def observe(self, kept: Ints, at_ms: Ints, local_ms: Ints) -> None:
        """Take in the figures that were admitted."""
        for data, at, _ in self._picks.take(kept, at_ms, local_ms):
            if data.kpi in KPIS:
                key, figure = (data.tenant, data.kpi), Figure(data.as_of.toordinal(), at, data.value)
                self._figures[key] = max(figure, self._figures.get(key, figure))
                self._due = True

    def close(self, horizon: Horizon) -> list[Item]:
        """Note which day it is: other targets may be in force."""
        day = (horizon.watermark_ms + self._offset_ms) // _DAY_MS
        if day != self._day:
            self._day, self._due = day, True
        return []

    def measured(self) -> Measured:
        """Return figures and targets if one of them may have changed."""
        if not self._due or self._day is None:
            return NOTHING
        self._due = False
        today = (_EPOCH + timedelta(days=self._day)).date()
        targets: dict[Labels, float] = {
            (tenant, kpi): value
            for tenant in sorted(self._tenants)
            for kpi, value in self._targets.on(today, tenant).items()
        }
        return Measured(
            standing={
                "kpi_value": {of: figure.value for of, figure in self._figures.items()},
                "kpi_as_of_timestamp_seconds": {of: self._seconds(figure) for of, figure in self._figures.items()},
                "kpi_target": targets,
            }
        )

    def _seconds(self, figure: Figure) -> float:
        """Return when the day of a figure began at the site, seconds since 1970 UTC."""
        days = figure.as_of - _EPOCH.date().toordinal()
        return (days * _DAY_MS - self._offset_ms) / 1000.0

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as a block."""
        return {"figures": msgspec.msgpack.encode([sorted(self._tenants), sorted(self._figures.items())])}

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh bank."""
        kind = tuple[list[str], list[tuple[tuple[str, str], Figure]]]
        tenants, figures = msgspec.msgpack.decode(blocks["figures"], type=kind)
        self._tenants, self._figures = set(tenants), dict(figures)
