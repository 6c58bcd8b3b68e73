"""Runs the simulated province day by day and delivers its events in the order in which Kafka would get them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

import numpy as np

from ioc.envelope import Chunk, Outline
from ioc.partitioning import Splitter
from ioc.simulate.cameras import Cameras
from ioc.simulate.dossiers import Dossiers
from ioc.simulate.flow import DAY_MS, HEADERS, Flow, Ints
from ioc.simulate.network import lose_and_hold, poison, repeat
from ioc.simulate.plan import Effect, Plan, first_instant, make_plan
from ioc.simulate.province import Province, build_province
from ioc.simulate.queues import Offices
from ioc.simulate.reports import Reports
from ioc.simulate.settings import SimulationSettings, Truth
from ioc.simulate.systems import Systems
from ioc.simulate.telemetry import Telemetry
from streams.places import Places
from streams.records import RecordBatch
from streams.topics import SOURCES


class _Arrivals(NamedTuple):
    ts_ms: Ints
    topics: list[str]
    keys: list[bytes | None]
    values: list[bytes | None]


class Simulation:
    """A simulated stretch of a province's life.

    Parameters
    ----------
    settings
        What to simulate.
    places
        The registry of units (`ioc.units.load_places`).

    Attributes
    ----------
    province : Province
        Everything that sends.
    first_ms : int
        When it starts, milliseconds since 1970 UTC.
    truths : tuple of Truth
        What is made to happen.

    Raises
    ------
    ConfigError
        The province or a scenario is unknown.
    """

    def __init__(self, settings: SimulationSettings, places: Places) -> None:
        self.settings = settings
        self.first_ms = first_instant(settings)
        self.province: Province = build_province(settings, places, self.first_ms)
        self._plan: Plan = make_plan(settings, self.province, self.first_ms)
        self.truths: tuple[Truth, ...] = self._plan.truths

    def outline(self) -> Outline:
        """Return topics and time span without simulating anything."""
        return Outline(None, tuple(sorted(SOURCES)), self.first_ms, self.first_ms + self.settings.days * DAY_MS - 1)

    def chunks(self, max_records: int = 8192) -> Iterator[Chunk]:
        """Yield all records by ingest time, in partition 0 of their topics, up to ``max_records`` at a time."""
        offsets: dict[str, int] = {}
        waiting = _Arrivals(np.empty(0, dtype=np.int64), [], [], [])
        for number, arrivals in enumerate(self._days(range(self.settings.days), self._plan)):
            end_ms = self.first_ms + (number + 1) * DAY_MS
            merged = _merge([waiting, arrivals])
            due = int(np.searchsorted(merged.ts_ms, end_ms))
            for start in range(0, due, max_records):
                yield _chunk(merged, start, min(start + max_records, due), offsets)
            waiting = _cut(merged, due, len(merged.topics))

    def afterwards(self, effect: Effect, max_records: int = 8192) -> Iterator[Chunk]:
        """Yield what comes in on the day behind the last until ``effect`` ends: it holds, and no scenario is played.

        Of the days before, what the last one leaves under way comes in too; steps of older reports and dossiers don't.
        """
        days = self.settings.days
        plan = self._plan._replace(effects=(*self._plan.effects, effect))
        arrivals = _merge(list(self._days(range(days - 1, days + 1), plan)))
        begun = int(np.searchsorted(arrivals.ts_ms, self.first_ms + days * DAY_MS))
        due = int(np.searchsorted(arrivals.ts_ms, effect.end_ms))
        offsets: dict[str, int] = {}
        for start in range(begun, due, max_records):
            yield _chunk(arrivals, start, min(start + max_records, due), offsets)

    def batches(self, max_records: int = 8192, partitions: int | None = None) -> Iterator[RecordBatch]:
        """Yield the records as batches per topic and partition, as `ioc.recording.Recording.batches` does."""
        splitter = Splitter(partitions)
        for chunk in self.chunks(max_records):
            yield from splitter.split(chunk)

    def _days(self, numbers: range, plan: Plan) -> Iterator[_Arrivals]:
        seed, province = self.settings.seed, self.province
        cameras, offices = Cameras(seed, province, plan), Offices(seed, province, plan)
        reports, telemetry = Reports(seed, province, plan), Telemetry(seed, province)
        dossiers, systems = Dossiers(seed, province), Systems(seed, province)
        for number in numbers:
            day = self.settings.start + timedelta(days=number)
            first_ms = self.first_ms + number * DAY_MS
            flows = [
                cameras.day(number, first_ms, day),
                reports.day(number, first_ms, day),
                offices.day(number, first_ms, day),
                telemetry.day(number, first_ms),
                dossiers.day(number, first_ms, day),
                systems.day(number, first_ms),
            ]
            yield self._delivered(flows, number, first_ms, plan)

    def _delivered(self, flows: list[Flow], number: int, first_ms: int, plan: Plan) -> _Arrivals:
        """Return a day's events as they arrive."""
        seed = self.settings.seed
        if self.settings.faults:
            flows = [repeat(flow, seed) for flow in flows]
        flows = [lose_and_hold(flow, plan) for flow in flows]
        spoilt = poison(np.random.default_rng([seed, 5, number]), first_ms) if self.settings.faults else []
        poison_ms = np.array([at_ms for _, at_ms, _, _ in spoilt], dtype=np.int64)
        return _Arrivals(
            np.concatenate([*(flow.ts_ms for flow in flows), poison_ms]),
            [flow.topic for flow in flows for _ in flow.keys] + [topic for topic, _, _, _ in spoilt],
            [*(key for flow in flows for key in flow.keys), *(key for _, _, key, _ in spoilt)],
            [*(value for flow in flows for value in flow.values), *(value for _, _, _, value in spoilt)],
        )


def _merge(parts: list[_Arrivals]) -> _Arrivals:
    ts_ms = np.concatenate([part.ts_ms for part in parts])
    topics = [topic for part in parts for topic in part.topics]
    keys = [key for part in parts for key in part.keys]
    values = [value for part in parts for value in part.values]
    order = np.argsort(ts_ms, kind="stable")
    rows = order.tolist()
    return _Arrivals(
        ts_ms[order], [topics[row] for row in rows], [keys[row] for row in rows], [values[row] for row in rows]
    )


def _cut(arrivals: _Arrivals, start: int, stop: int) -> _Arrivals:
    part = slice(start, stop)
    return _Arrivals(arrivals.ts_ms[part], arrivals.topics[part], arrivals.keys[part], arrivals.values[part])


def _chunk(arrivals: _Arrivals, start: int, stop: int, offsets: dict[str, int]) -> Chunk:
    part = _cut(arrivals, start, stop)
    numbers = []
    for topic in part.topics:
        number = offsets.get(topic, 0)
        numbers.append(number)
        offsets[topic] = number + 1
    count = stop - start
    return Chunk(
        topics=part.topics,
        partitions=[0] * count,
        offsets=numbers,
        timestamps_ms=part.ts_ms.tolist(),
        keys=part.keys,
        values=part.values,
        headers=[HEADERS] * count,
    )
