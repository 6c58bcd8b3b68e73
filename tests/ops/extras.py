"""Telemetry and indicators that the simulated province leaves out, so that every panel has something to show."""

import json
import math
from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from ioc.envelope import Chunk
from ioc.simulate import Simulation
from ioc.simulate.flow import DAY_MS, HEADERS, HOUR_MS, MINUTE_MS, rfc3339_of, stamp_of
from streams.topics import TELEMETRY

METRICS = MappingProxyType(
    {
        "vm": ("cpu_load", "%", 45.0),
        "iot_sensor": ("water_level", "cm", 120.0),
        "signature_service": ("signed_share", "%", 85.0),
        "meeting_bridge": ("sessions", "1", 6.0),
        "document_exchange": ("documents", "1", 85.0),
        "report_system": ("reports_due", "1", 14.0),
        "app_account": ("accounts", "1", 90_000.0),
        "data_portal": ("datasets", "1", 120.0),
        "security_team": ("members_on_duty", "1", 5.0),
    }
)
"""A metric of each kind of asset that the simulator leaves out: its name, UCUM unit and level."""

FIGURES = MappingProxyType(
    {
        "online_services_share": 0.35,
        "full_online_share": 0.62,
        "work_files_province_share": 0.93,
        "work_files_commune_share": 0.48,
        "documents_signed_share": 0.91,
        "cashless_people_share": 0.44,
        "citizen_app_accounts": 90_412.0,
        "etax_firms_share": 0.989,
        "dti_rank": 24.0,
    }
)
"""Figures of indicators as `ioc kpi import` sends them."""

_HEAD = {"specversion": "1.0", "datacontenttype": "application/json"}


class Extra(NamedTuple):
    """A record: when, where, under which key."""

    at_ms: int
    topic: str
    key: str
    event: dict[str, Any]


def extras(simulation: Simulation) -> list[Extra]:
    """Return all that is added to a simulation, in the order of time."""
    return sorted([*_telemetry(simulation), *_figures(simulation)], key=lambda extra: (extra.at_ms, extra.key))


def mixed(chunks: Iterable[Chunk], added: list[Extra]) -> Iterator[Chunk]:
    """Yield chunks of records with others mixed in by time; what is later than the last chunk is left out."""
    waiting = 0
    for chunk in chunks:
        due = waiting
        while due < len(added) and added[due].at_ms <= chunk.timestamps_ms[-1]:
            due += 1
        yield _merged(chunk, added[waiting:due])
        waiting = due


def _merged(chunk: Chunk, added: list[Extra]) -> Chunk:
    at_ms = [*chunk.timestamps_ms, *(extra.at_ms for extra in added)]
    order = sorted(range(len(at_ms)), key=at_ms.__getitem__)
    topics = [*chunk.topics, *(extra.topic for extra in added)]
    keys = [*chunk.keys, *(extra.key.encode() for extra in added)]
    values = [*chunk.values, *(json.dumps(extra.event).encode() for extra in added)]
    headers = [*chunk.headers, *(HEADERS for _ in added)]
    return Chunk(
        topics=[topics[row] for row in order],
        partitions=[0] * len(order),
        offsets=list(range(len(order))),
        timestamps_ms=[at_ms[row] for row in order],
        keys=[keys[row] for row in order],
        values=[values[row] for row in order],
        headers=[headers[row] for row in order],
    )


def _telemetry(simulation: Simulation) -> Iterator[Extra]:
    random = np.random.default_rng(7)
    tenant = simulation.province.tenant
    first_ms = simulation.first_ms + (simulation.settings.days - 1) * DAY_MS
    for kind, (metric, unit, level) in METRICS.items():
        for number in range(3):
            asset = f"{kind.upper()}-{tenant}-{number:02d}"
            for slot in range(288):
                at_ms = first_ms + slot * 5 * MINUTE_MS + number * 20_000
                swing = 1 + 0.1 * math.sin((slot / 12 - 9) * math.pi / 12) + random.normal(0.0, 0.02)
                data = {
                    "tenant": tenant,
                    "asset_id": asset,
                    "asset_kind": kind,
                    "metric": metric,
                    "value": round(level * swing, 2),
                    "unit": unit,
                    "interval_s": 300,
                    "kind": "gauge",
                }
                yield _observed(asset, at_ms, data)


def _figures(simulation: Simulation) -> Iterator[Extra]:
    at_ms = simulation.first_ms + (simulation.settings.days - 1) * DAY_MS + HOUR_MS
    for kpi, value in FIGURES.items():
        data = {"tenant": simulation.province.tenant, "kpi": kpi, "value": value, "as_of": "2026-02-28"}
        yield _event(kpi, "vn.ioc.kpi.figure.v1", f"{data['tenant']}/{kpi}", at_ms, data)


def _observed(asset: str, at_ms: int, data: dict[str, Any]) -> Extra:
    return _event(asset, "vn.ioc.telemetry.observation.v1", asset, at_ms, data)


def _event(name: str, kind: str, key: str, at_ms: int, data: dict[str, Any]) -> Extra:
    event = _HEAD | {
        "id": f"{name}-{stamp_of(at_ms)}",
        "source": f"/vn/{data['tenant']}/extra/{name}",
        "type": kind,
        "time": rfc3339_of(at_ms),
        "subject": name,
        "data": data,
    }
    return Extra(at_ms + 800, TELEMETRY, key, event)
