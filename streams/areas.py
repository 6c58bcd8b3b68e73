"""Neighbouring units that report more than usual together: the space-time scan over all input partitions."""

from collections.abc import Mapping

import msgspec
import numpy as np
from msgspec import Struct

from detectors.arrays import Floats, Ints
from detectors.regions import nearest
from detectors.scan import AreaBlock, AreaScan, AreaScanParameters, Clusters
from streams.anomalies import Anomaly, Counts, Series
from streams.banks.panel import Watch
from streams.blocks import pack, unpack
from streams.calendar import NO_CALENDAR, Calendar
from streams.judge import Evidence
from streams.places import Places
from streams.series import SeriesTable

FAMILY = "report.area"
HOUR_MS = 3_600_000
_NEIGHBOURS = 6  # an area is at most a unit and the five nearest to it
_LEAST_UNITS = 3  # what comes from fewer is those units' own surge, or one diligent caller's
_LEAST_REPORTS = 100  # where one in months is usual, the first is a sensation: scanned from so many on
_LONGEST_FILL = 48  # hours without any report that count as zeros; beyond, the feed was down and nothing is known


class Scanner:
    """An `AreaScan` that has no map yet."""

    name = AreaScan.name
    version = AreaScan.version

    def __init__(self, parameters: AreaScanParameters | None = None) -> None:
        self.parameters = (parameters or AreaScanParameters()).validated()

    def over(self, neighbours: Ints) -> AreaScan:
        """Return a fresh scan over a map."""
        return AreaScan(neighbours, self.parameters)


class _Hour(Struct):
    """What all partitions counted in an hour (mutable): its local offset, and counts by category and unit."""

    offset_ms: int
    counts: dict[str, dict[str, int]] = {}


class _Memory(Struct):
    """What a province's scan knows besides its arrays (mutable).

    Codes and places of the units on the map; reports of categories that aren't scanned yet; hours to come, by their
    start; start of the last hour that was scanned.
    """

    codes: list[str]
    lat: list[float]
    lon: list[float]
    seen: dict[str, int] = {}
    hours: dict[int, _Hour] = {}
    last_ms: int | None = None


class AreaSurges:
    """The (province, category) series of the scan, over all input partitions.

    Parameters
    ----------
    watch : Watch
        Its detector is a `Scanner`.
    places : Places
        The registry. The map of a province are the units with a place that were valid in the first hour heard of it;
        with fewer than three it is left alone.
    calendar : Calendar, optional
        Which days are like other days.
    """

    def __init__(self, watch: Watch, places: Places, calendar: Calendar = NO_CALENDAR) -> None:
        self._watch = watch
        self._places = places
        self._calendar = calendar
        self._provinces: dict[str, _Province | None] = {}

    def add(self, counts: Counts) -> None:
        """Take in one closed hour of one input partition."""
        tenant = counts.rows[0][0].tenant
        if tenant not in self._provinces:
            self._provinces[tenant] = self._charted(tenant, counts.at_ms)
        province = self._provinces[tenant]
        if province is not None:
            province.add(counts)

    def _charted(self, tenant: str, at_ms: int) -> "_Province | None":
        found = [
            (unit.code, unit.lat, unit.lon)
            for unit in self._places.within(tenant, at_ms)
            if unit.lat is not None and unit.lon is not None
        ]
        if len(found) < _LEAST_UNITS:
            return None
        codes, lat, lon = (list(column) for column in zip(*found, strict=True))
        return _Province(tenant, _Memory(codes, lat, lon), self._watch, self._calendar)

    def close(self, watermark_ms: int) -> list[Anomaly]:
        """Return what is above expectation in the hours that all input partitions have passed."""
        known = (province for _, province in sorted(self._provinces.items()) if province is not None)
        return [anomaly for province in known for anomaly in province.close(watermark_ms)]

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks."""
        known = {tenant: province for tenant, province in self._provinces.items() if province is not None}
        memories = [(tenant, None if each is None else each.memory) for tenant, each in self._provinces.items()]
        blocks = {"areas/provinces": msgspec.msgpack.encode(memories)}
        for tenant, province in known.items():
            blocks |= {f"areas/{tenant}/{name}": block for name, block in province.snapshot().items()}
        return blocks

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh instance."""
        memories = msgspec.msgpack.decode(blocks["areas/provinces"], type=list[tuple[str, _Memory | None]])
        for tenant, memory in memories:
            province = None if memory is None else _Province(tenant, memory, self._watch, self._calendar)
            if province is not None:
                prefix = f"areas/{tenant}/"
                mine = {name.removeprefix(prefix): block for name, block in blocks.items() if name.startswith(prefix)}
                province.restore(mine)
            self._provinces[tenant] = province


class _Province:
    """The scan over one province's map: its categories, hour by hour."""

    def __init__(self, tenant: str, memory: _Memory, watch: Watch, calendar: Calendar) -> None:
        self.memory = memory
        self._tenant = tenant
        self._calendar = calendar
        self._place = {code: place for place, code in enumerate(memory.codes)}
        k = min(_NEIGHBOURS, len(memory.codes))
        self._neighbours = nearest(np.array(memory.lat), np.array(memory.lon), k)
        self._scan: AreaScan = watch.detector.over(self._neighbours)
        ((_, self._judge),) = watch.judges()
        self._table: SeriesTable[str] = SeriesTable()

    def add(self, counts: Counts) -> None:
        """Add one partition's counts to those of the hour; units that aren't on the map are passed over."""
        start_ms = counts.at_ms - counts.width_ms
        hour = self.memory.hours.setdefault(start_ms, _Hour(counts.local_offset_ms))
        hour.offset_ms = min(hour.offset_ms, counts.local_offset_ms)
        for series, count in counts.rows:
            if series.unit_code in self._place:
                units = hour.counts.setdefault(series.entity, {})
                units[series.unit_code] = units.get(series.unit_code, 0) + count

    def close(self, watermark_ms: int) -> list[Anomaly]:
        """Scan the hours that end before the watermark, and judge those with reports."""
        memory, told = self.memory, []
        for start_ms in sorted(start for start in memory.hours if start + HOUR_MS < watermark_ms):
            hour = memory.hours.pop(start_ms)
            if memory.last_ms is not None and start_ms <= memory.last_ms:
                continue  # a partition wrote it behind its own watermark
            self._fill(start_ms, hour.offset_ms)
            self._welcome(hour, start_ms)
            told += self._judged(self._scanned(start_ms, hour), start_ms)
            memory.last_ms = start_ms
        return told

    def _fill(self, start_ms: int, offset_ms: int) -> None:
        """Let the hours since the last one, in which nobody reported anything, teach that."""
        last_ms = self.memory.last_ms
        if last_ms is not None:
            for empty_ms in range(max(last_ms + HOUR_MS, start_ms - _LONGEST_FILL * HOUR_MS), start_ms, HOUR_MS):
                self._scanned(empty_ms, _Hour(offset_ms))

    def _welcome(self, hour: _Hour, start_ms: int) -> None:
        """Count what isn't scanned yet, and begin with what has come often enough."""
        seen = self.memory.seen
        for category in sorted(hour.counts.keys() - self._table.row_of.keys()):
            seen[category] = seen.get(category, 0) + sum(hour.counts[category].values())
            if seen[category] >= _LEAST_REPORTS:
                del seen[category]
                self._table.add(category, Series(self._tenant, "", FAMILY, category), start_ms)
        self._scan.resize(len(self._table))

    def _scanned(self, start_ms: int, hour: _Hour) -> Clusters:
        rows = np.arange(len(self._table))
        counts = np.zeros((len(rows), len(self._place)))
        for category, units in hour.counts.items():
            row = self._table.row_of.get(category)
            if row is not None:
                for code, count in units.items():
                    counts[row, self._place[code]] = count
        at_ms = np.full(len(rows), start_ms)
        return self._scan.scan(AreaBlock(rows, at_ms, self._calendar.usual(at_ms + hour.offset_ms), counts))

    def _judged(self, found: Clusters, start_ms: int) -> list[Anomaly]:
        rows, end_ms = np.arange(len(found.p_high)), start_ms + HOUR_MS
        facts = {"centre": found.centre, "reach": found.reach, "window_h": found.window}
        began_ms = end_ms - (np.nan_to_num(found.window) * HOUR_MS).astype(np.int64)
        p = np.where(self._units(found) >= _LEAST_UNITS, found.p_high, 1.0)
        evidence = Evidence(rows, began_ms, np.full(len(rows), end_ms), p, found.observed, found.expected, facts)
        return [self._named(anomaly) for anomaly in self._judge.judge(evidence, self._table.series.__getitem__)]

    def _units(self, found: Clusters) -> Floats:
        """Return from how many units the reports of each region come."""
        units = np.zeros(len(found.p_high))
        counted = self._scan.state()["counted"].astype(np.float64, copy=False)
        for row in np.flatnonzero(~np.isnan(found.centre)).tolist():
            region = self._neighbours[int(found.centre[row]), : int(found.reach[row])]
            units[row] = (counted[row, : int(found.window[row])][:, region] > 0).any(axis=0).sum()
        return units

    def _named(self, anomaly: Anomaly) -> Anomaly:
        """Return the anomaly with the codes of its units, the middle one first, instead of their places on the map."""
        facts = dict(anomaly.facts)
        region = self._neighbours[int(facts.pop("centre")), : int(facts.pop("reach"))]
        units = tuple(self.memory.codes[place] for place in region.tolist())
        return msgspec.structs.replace(anomaly, facts=facts, units=units)

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks, but for the memory."""
        return {
            **self._table.snapshot("series"),
            **pack("scan", self._scan.state()),
            "judge": self._judge.snapshot(),
        }

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh scan."""
        self._table.restore("series", blocks, str)
        self._scan.load(unpack("scan", blocks))
        self._judge.restore(blocks["judge"])
