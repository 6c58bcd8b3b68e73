"""The bank that measures telemetry: the latest observations over the assets of a kind, as least, mean and greatest."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from detectors.arrays import Ints
from streams.banks.bank import Horizon, Item
from streams.banks.intake import Picks
from streams.events import Event, TelemetryObservation
from streams.events.telemetry import ObservationData
from streams.measures import NOTHING, Labels, Measured

_MINUTE_MS = 60_000
_STALE_MS = 60 * _MINUTE_MS
_INTERVALS = 3
_LONG_AGO = -(2**62)

Reading = tuple[int, float, int]
"""When an observation was made, its value, and until when it counts."""


class TelemetryLevels:
    """Measures ``telemetry_value``; a `streams.banks.bank.Bank` that tells nothing.

    Of each asset and metric the latest observation counts, until it is older than three of its intervals, or than an
    hour where it tells none; of two at one instant the greater.

    Parameters
    ----------
    shown : Mapping[str, frozenset[str]]
        By kind of asset the metrics that are shown: labels are a closed set.
    """

    def __init__(self, shown: Mapping[str, frozenset[str]]) -> None:
        self._shown = {(str(kind), metric) for kind, metrics in shown.items() for metric in metrics}
        self._picks: Picks[ObservationData] = Picks()
        self._latest: dict[tuple[str, str, str, str], Reading] = {}
        self._minute = _LONG_AGO
        self._due = False

    def read(self, events: Sequence[Event]) -> None:
        """Keep the observations of a run that are shown."""
        shown = self._shown
        observations = [
            (place, event.data)
            for place, event in enumerate(events)
            if type(event) is TelemetryObservation and (event.data.asset_kind, event.data.metric) in shown
        ]
        self._picks.add(observations, len(events))

    def observe(self, kept: Ints, at_ms: Ints, local_ms: Ints) -> None:
        """Take in those that were admitted."""
        for data, at, _ in self._picks.take(kept, at_ms, local_ms):
            interval_s = data.interval_s
            until = at + (_STALE_MS if interval_s is None else round(_INTERVALS * 1000 * interval_s))
            key = (data.tenant, str(data.asset_kind), data.metric, data.asset_id)
            reading = (at, data.value, until)
            if reading > self._latest.get(key, (_LONG_AGO, 0.0, 0)):
                self._latest[key] = reading

    def close(self, horizon: Horizon) -> list[Item]:
        """Once a minute of event time, forget what is too old."""
        minute = horizon.watermark_ms // _MINUTE_MS
        if minute > self._minute:
            self._minute, self._due = minute, True
            now_ms = minute * _MINUTE_MS
            self._latest = {key: reading for key, reading in self._latest.items() if reading[2] > now_ms}
        return []

    def measured(self) -> Measured:
        """Return what stands if a minute of event time has passed since it was told."""
        if not self._due:
            return NOTHING
        self._due = False
        values: defaultdict[tuple[str, str, str], list[float]] = defaultdict(list)
        for (tenant, kind, metric, _), (_, value, _) in self._latest.items():
            values[tenant, kind, metric].append(value)
        figures: dict[Labels, float] = {}
        for of, all_of_it in values.items():
            figures[(*of, "min")] = min(all_of_it)
            figures[(*of, "mean")] = math.fsum(all_of_it) / len(all_of_it)
            figures[(*of, "max")] = max(all_of_it)
        return Measured(standing={"telemetry_value": figures})

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as a block."""
        return {"latest": msgspec.msgpack.encode(sorted(self._latest.items()))}

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh bank."""
        kind = list[tuple[tuple[str, str, str, str], Reading]]
        self._latest = dict(msgspec.msgpack.decode(blocks["latest"], type=kind))
