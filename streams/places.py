"""Administrative units as a value: which unit a code meant at an instant, and which is nearest to a point."""

from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np
from msgspec import Struct

_EARTH_RADIUS_KM = 6371.0088
_UNIT_DIGITS = 5


class Unit(Struct, frozen=True):
    """One row of the registry: what a code meant from ``valid_from_ms`` until before ``valid_to_ms`` (None: still).

    ``kind`` is in Vietnamese (tỉnh, thành phố, xã, phường, đặc khu); ``lat`` and ``lon`` are WGS84 degrees of a point
    inside, or None.
    """

    scheme: str
    code: str
    name: str
    kind: str
    parent: str
    valid_from_ms: int
    valid_to_ms: int | None = None
    successors: tuple[str, ...] = ()
    lat: float | None = None
    lon: float | None = None

    @property
    def full_name(self) -> str:
        """Return kind and name as people write it: ``Phường Điện Biên Phủ``."""
        return f"{self.kind[:1].upper()}{self.kind[1:]} {self.name}"

    def holds(self, at_ms: int) -> bool:
        """Whether the row is valid at an instant."""
        return self.valid_from_ms <= at_ms and (self.valid_to_ms is None or at_ms < self.valid_to_ms)


class Places:
    """All units known, looked up at event time; never changes.

    Parameters
    ----------
    units
        Rows of any codes; several of one code have disjoint validity.

    Raises
    ------
    ValueError
        Two rows of one code are valid at the same time.

    Examples
    --------
    >>> july = 1_751_302_800_000  # 2025-07-01T00:00+07:00
    >>> places = Places([Unit("gso", "03160", "Mường Nhé", "xã", "11", july)])
    >>> places.label("03160", july), places.label("03160", july - 1)
    ('Xã Mường Nhé', 'đơn vị cũ mã 03160 (chưa rõ tên)')
    """

    def __init__(self, units: Iterable[Unit] = ()) -> None:
        rows: dict[str, list[Unit]] = {}
        for unit in units:
            rows.setdefault(unit.code, []).append(unit)
        self._rows: Mapping[str, tuple[Unit, ...]] = {
            code: _disjoint(sorted(found, key=lambda unit: unit.valid_from_ms)) for code, found in rows.items()
        }
        located = [
            (unit, unit.lat, unit.lon)
            for found in self._rows.values()
            for unit in found
            if len(unit.code) == _UNIT_DIGITS and unit.lat is not None and unit.lon is not None
        ]
        self._located: list[Unit] = [unit for unit, _, _ in located]
        self._points = np.radians(np.array([(lat, lon) for _, lat, lon in located], dtype=np.float64).reshape(-1, 2))

    def __len__(self) -> int:
        """Return the number of rows."""
        return sum(len(found) for found in self._rows.values())

    def __contains__(self, code: object) -> bool:
        return code in self._rows

    def at(self, code: str, at_ms: int) -> Unit | None:
        """Return the unit that ``code`` meant at ``at_ms``, or None: unknown, or known for another time only."""
        for unit in self._rows.get(code, ()):
            if unit.holds(at_ms):
                return unit
        return None

    def label(self, code: str, at_ms: int) -> str:
        """Return a name to show for a code at an instant; an old code is never shown under its new name."""
        unit = self.at(code, at_ms)
        if unit is not None:
            return unit.full_name
        return f"đơn vị {'cũ ' if code in self._rows else ''}mã {code} (chưa rõ tên)"

    def within(self, parent: str, at_ms: int) -> list[Unit]:
        """Return the units of a province at an instant, by code."""
        found = (unit for rows in self._rows.values() for unit in rows if unit.parent == parent and unit.holds(at_ms))
        return sorted(found, key=lambda unit: unit.code)

    def nearest(self, lat: float, lon: float, at_ms: int, within_km: float = 50.0) -> Unit | None:
        """Return the commune or ward valid at ``at_ms`` whose point is nearest, for codes that were split.

        Parameters
        ----------
        lat, lon
            WGS84 degrees.
        at_ms
            Event time.
        within_km
            How far the point may be; beyond, the answer is None.
        """
        if not self._located:
            return None
        here = np.radians([lat, lon])
        sine = np.sin((self._points - here) / 2) ** 2
        chord = sine[:, 0] + np.cos(self._points[:, 0]) * np.cos(here[0]) * sine[:, 1]
        distance_km = 2 * _EARTH_RADIUS_KM * np.arcsin(np.sqrt(chord))
        for row in map(int, np.argsort(distance_km, kind="stable")):
            if distance_km[row] > within_km:
                return None
            if self._located[row].holds(at_ms):
                return self._located[row]
        return None


def _disjoint(rows: list[Unit]) -> tuple[Unit, ...]:
    for before, after in pairwise(rows):
        if before.valid_to_ms is None or before.valid_to_ms > after.valid_from_ms:
            raise ValueError(
                f"unit {before.code}: {before.name} and {after.name} are both valid at one time; set valid_to"
            )
    return tuple(rows)
