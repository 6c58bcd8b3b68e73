"""The bank of field reports: how many citizens report of each category in each unit, hour by hour, and what surges."""

from collections.abc import Mapping, Sequence

import numpy as np

from detectors.arrays import Ints
from streams.anomalies import Counts, Series, digest
from streams.banks.bank import Horizon, Item
from streams.banks.panel import Watch
from streams.banks.panes import Panes
from streams.banks.surges import HOUR_MS, SurgeSeries
from streams.events import Event, FieldReport
from streams.events.fieldreport import Action, Channel

FAMILY = "report.count"
OWN_CHANNELS = frozenset({Channel.STAFF, Channel.COUNTER, Channel.CAMERA})
"""Channels in which the administration itself enters reports, often many at once: no citizens' surge."""


class ReportBank:
    """All (unit, category) series of one partition; a `streams.banks.bank.Bank`.

    Besides anomalies it tells the counts of every closed hour, for the roll-up to the province.
    """

    def __init__(self, origin: str, watch: Watch) -> None:
        self._origin = origin
        self._surges = SurgeSeries("reports", watch)

    def observe(self, events: Sequence[Event], at_ms: Ints, local_ms: Ints) -> None:
        """Count what citizens submitted."""
        submitted = Action.SUBMITTED
        rows, positions = [], []
        for position, event in enumerate(events):
            if not isinstance(event, FieldReport) or event.data.action is not submitted:
                continue
            data = event.data
            if data.channel in OWN_CHANNELS:
                continue
            category = data.service_code or "other"
            series = Series(data.tenant, data.unit_code, FAMILY, category)
            key = (data.unit_code, category)
            rows.append(self._surges.row(key, series, int(at_ms[position]), int(local_ms[position])))
            positions.append(position)
        if rows:
            index = np.array(positions)
            self._surges.add(np.array(rows, np.int64), at_ms[index], local_ms[index])

    def close(self, horizon: Horizon) -> list[Item]:
        """Score and judge the hours that the watermark has passed, and tell their counts."""
        panes, anomalies = self._surges.close(horizon.watermark_ms)
        return [] if panes is None else [*anomalies, *self._counts(panes)]

    def _counts(self, panes: Panes) -> list[Counts]:
        found: dict[tuple[int, str], list[tuple[Series, int]]] = {}
        offsets: dict[tuple[int, str], int] = {}
        for i, row in enumerate(panes.series.tolist()):
            series = self._surges.table.series[row]
            key = (int(panes.end_ms[i]), series.tenant)
            found.setdefault(key, []).append((series, int(panes.sums[0, i])))
            offset = int(panes.local_ms[i] - panes.at_ms[i])
            offsets[key] = min(offset, offsets.get(key, offset))
        return [
            Counts(
                id=digest("counts", self._origin, tenant, at_ms),
                at_ms=at_ms,
                width_ms=HOUR_MS,
                local_offset_ms=offsets[at_ms, tenant],
                rows=sorted(rows),
            )
            for (at_ms, tenant), rows in found.items()
        ]

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks."""
        return self._surges.snapshot()

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh bank."""
        self._surges.restore(blocks)
