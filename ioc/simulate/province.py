"""The things that send: cameras, offices and equipment, placed in the units of a province."""

import unicodedata
from typing import NamedTuple

import numpy as np

from ioc.errors import ConfigError
from ioc.simulate.settings import SimulationSettings
from streams.places import Places, Unit

_WARD_WEIGHT = 9.0
_OFFICES = 12
_EQUIPMENT = 60
_REPORTS_PER_DAY = 320.0

# kind of camera: share of all, mean count in 5 minutes
_CAMERA_KINDS = (("traffic", 0.35, 45.0), ("market", 0.15, 30.0), ("crowd", 0.2, 22.0), ("neighbourhood", 0.3, 9.0))
_EQUIPMENT_KINDS = (("bts", 0.5), ("server", 0.2), ("link", 0.15), ("application", 0.15))


class Camera(NamedTuple):
    """A camera: ``rate`` is its mean count in 5 minutes; its day runs ``phase_slots`` of 5 minutes late."""

    id: str
    kind: str
    object_class: str
    unit: Unit
    lat: float
    lon: float
    rate: float
    phase_slots: int


class Office(NamedTuple):
    """A one-stop counter office: ``load`` is the utilisation that its usual arrivals cause."""

    id: str
    unit: Unit
    lat: float
    lon: float
    counters: int
    service_s: float
    load: float


class Equipment(NamedTuple):
    """A source of telemetry."""

    id: str
    kind: str
    unit: Unit
    lat: float
    lon: float
    level: float


class Province(NamedTuple):
    """Everything that sends, in a fixed order; ``weights`` are the units' shares of the reports."""

    tenant: str
    units: tuple[Unit, ...]
    weights: tuple[float, ...]
    cameras: tuple[Camera, ...]
    offices: tuple[Office, ...]
    equipment: tuple[Equipment, ...]
    reports_per_day: float


def build_province(settings: SimulationSettings, places: Places, at_ms: int) -> Province:
    """Place the simulated senders; the same settings give the same province.

    Raises
    ------
    ConfigError
        The province is unknown, or its communes aren't in the registry at that time.
    """
    tenant = _tenant(settings.province, places, at_ms)
    units = [unit for unit in places.within(tenant, at_ms) if unit.lat is not None and unit.lon is not None]
    random = np.random.default_rng([settings.seed, 101])
    weights = np.array([_WARD_WEIGHT if unit.kind == "phường" else 1.0 for unit in units])
    weights *= random.lognormal(0.0, 0.4, len(units))
    weights = np.sort(weights)[::-1] / weights.sum()
    order = sorted(range(len(units)), key=lambda i: (units[i].kind != "phường", units[i].code))
    units = [units[i] for i in order]
    return Province(
        tenant=tenant,
        units=tuple(units),
        weights=tuple(weights.tolist()),
        cameras=_cameras(random, tenant, units, weights, max(1, round(settings.cameras * settings.scale))),
        offices=_offices(random, units, max(1, round(_OFFICES * settings.scale))),
        equipment=_equipment(random, tenant, units, max(1, round(_EQUIPMENT * settings.scale))),
        reports_per_day=_REPORTS_PER_DAY * settings.scale,
    )


def slug(name: str) -> str:
    """Return a Vietnamese name as it is typed without diacritics.

    Examples
    --------
    >>> slug("Điện Biên")
    'dien-bien'
    """
    plain = unicodedata.normalize("NFD", name.replace("Đ", "D").replace("đ", "d"))
    return "".join(c for c in plain if not unicodedata.combining(c)).lower().replace(" ", "-")


def _tenant(province: str, places: Places, at_ms: int) -> str:
    known = [unit for unit in places.within("", at_ms) if places.within(unit.code, at_ms)]
    for unit in known:
        if province in {unit.code, slug(unit.name)}:
            return unit.code
    names = ", ".join(slug(unit.name) for unit in known)
    raise ConfigError(f"simulate province: no communes known for {province!r}; known are {names}")


def _around(random: np.random.Generator, unit: Unit, spread: float = 0.01) -> tuple[float, float]:
    """Return a point near the unit's, within some hundred metres."""
    lat, lon = random.normal(0.0, spread, 2).tolist()
    return round((unit.lat or 0.0) + lat, 6), round((unit.lon or 0.0) + lon, 6)


def _cameras(
    random: np.random.Generator, tenant: str, units: list[Unit], weights: np.ndarray, count: int
) -> tuple[Camera, ...]:
    """Deal cameras to units by weight (largest remainder) and to kinds by share."""
    exact = weights * count
    quota = np.floor(exact).astype(int)
    quota[np.argsort(quota - exact, kind="stable")[: count - quota.sum()]] += 1
    cameras = []
    for number, row in enumerate(np.repeat(np.arange(len(units)), quota).tolist()):
        kind, _, rate = _CAMERA_KINDS[
            int(random.choice(len(_CAMERA_KINDS), p=[share for _, share, _ in _CAMERA_KINDS]))
        ]
        lat, lon = _around(random, units[row])
        cameras.append(
            Camera(
                id=f"CAM-{tenant}-{number + 1:04d}",
                kind=kind,
                object_class="motorcycle" if kind == "traffic" else "person",
                unit=units[row],
                lat=lat,
                lon=lon,
                rate=round(rate * float(random.lognormal(0.0, 0.4)), 3),
                phase_slots=int(random.integers(-6, 7)),
            )
        )
    return tuple(cameras)


def _offices(random: np.random.Generator, units: list[Unit], count: int) -> tuple[Office, ...]:
    offices = []
    for number in range(count):
        unit = units[number % len(units)]
        lat, lon = _around(random, unit, 0.002)
        offices.append(
            Office(
                id=f"VP-{unit.code}" if number < len(units) else f"VP-{unit.code}-{number // len(units) + 1}",
                unit=unit,
                lat=lat,
                lon=lon,
                counters=6 if unit.kind == "phường" else int(random.integers(3, 5)),
                service_s=float(random.integers(36, 60)) * 10.0,
                load=round(float(random.uniform(0.45, 0.62)), 3),
            )
        )
    return tuple(offices)


def _equipment(random: np.random.Generator, tenant: str, units: list[Unit], count: int) -> tuple[Equipment, ...]:
    levels = {"bts": 120.0, "server": 35.0, "link": 18.0, "application": 400.0}
    kinds = [kind for kind, share in _EQUIPMENT_KINDS for _ in range(max(1, round(share * count)))][:count]
    equipment = []
    for number, kind in enumerate(kinds):
        unit = units[number % len(units)] if kind == "bts" else units[0]
        lat, lon = _around(random, unit)
        level = round(levels[kind] * float(random.lognormal(0.0, 0.3)), 2)
        equipment.append(Equipment(f"{kind.upper()}-{tenant}-{number + 1:04d}", kind, unit, lat, lon, level))
    return tuple(equipment)
