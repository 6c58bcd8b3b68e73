"""The bank of report clusters: citizens who report of one place within hours, per unit and group of services."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from detectors.arrays import Ints
from detectors.hotspots import Hotspot, PointBlock
from streams.anomalies import Series
from streams.banks.bank import Horizon, Item
from streams.banks.panel import Watch
from streams.banks.reports import OWN_CHANNELS
from streams.blocks import pack, unpack
from streams.events import Event, FieldReport
from streams.events.fieldreport import Action
from streams.judge import Evidence
from streams.series import Columns, Pending, SeriesTable

FAMILY = "report.place"
HOUR_MS = 3_600_000
_EXACT_BITS = 52  # whole numbers of so many bits are exact as floats


class ClusterBank:
    """All (unit, group of services) series of one partition; a `streams.banks.bank.EventBank`.

    The unit is the record key, so that a series lies in one partition; a cluster on the border of two units is seen as
    two halves. A report without ``reporter_hash`` counts as a reporter of its own.
    """

    def __init__(self, watch: Watch) -> None:
        self._table: SeriesTable[tuple[str, str]] = SeriesTable()
        self._pending = Pending(width=3)
        self._detector: Hotspot = watch.detector
        ((_, self._judge),) = watch.judges()

    def observe(self, events: Sequence[Event], at_ms: Ints, local_ms: Ints) -> None:
        """Keep the places of what citizens submitted until the watermark passes them."""
        submitted, row_of = Action.SUBMITTED, self._table.row_of
        rows, positions, points = [], [], []
        for position, event in enumerate(events):
            if not isinstance(event, FieldReport) or event.data.action is not submitted:
                continue
            data = event.data
            if data.channel in OWN_CHANNELS or data.location is None:
                continue
            key = (data.unit_code, data.service_group or data.service_code or "other")
            row = row_of.get(key)
            if row is None:
                row = self._table.add(key, Series(data.tenant, key[0], FAMILY, key[1]), int(at_ms[position]))
            who = data.reporter_hash or data.service_request_id
            points.append((data.location.lat, data.location.lon, _number(who)))
            rows.append(row)
            positions.append(position)
        if rows:
            index = np.array(positions)
            values = np.array(points, np.float64).T
            self._pending.add(Columns(np.array(rows, np.int64), at_ms[index], local_ms[index], values))

    def close(self, horizon: Horizon) -> list[Item]:
        """Score and judge the reports that the watermark has passed."""
        ready = self._pending.release(horizon.watermark_ms)
        if ready is None:
            return []
        order = np.lexsort((*ready.values, ready.series, ready.at_ms))  # so that arrival doesn't order one instant
        series, at_ms = ready.series[order], ready.at_ms[order]
        lat, lon, reporter = ready.values[:, order]
        self._detector.resize(len(self._table))
        found = self._detector.scan(
            PointBlock(series, at_ms, ready.local_ms[order], lat, lon, reporter.astype(np.int64))
        )
        start_ms = at_ms - (np.nan_to_num(found.window_h) * HOUR_MS).astype(np.int64)
        facts = {"radius_km": found.radius_km, "window_h": found.window_h, "lat": lat, "lon": lon}
        evidence = Evidence(series, start_ms, at_ms, found.p_high, found.observed, found.expected, facts)
        return list(self._judge.judge(evidence, self._table.series.__getitem__))

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks."""
        return {
            **self._table.snapshot("clusters/series"),
            **pack("clusters/detector", self._detector.state()),
            "clusters/pending": self._pending.snapshot(),
            "clusters/judge": self._judge.snapshot(),
        }

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh bank."""
        self._table.restore("clusters/series", blocks, tuple[str, str])
        self._detector.load(unpack("clusters/detector", blocks))
        self._pending.restore(blocks["clusters/pending"])
        self._judge.restore(blocks["clusters/judge"])


def _number(reporter: str) -> float:
    """Return a number that is the same for the same reporter, and of which nobody is read."""
    digest = hashlib.blake2b(reporter.encode(), digest_size=8).digest()
    return float(int.from_bytes(digest) >> (64 - _EXACT_BITS))
