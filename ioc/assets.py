"""Reads a site's registry of assets: cameras, offices and telemetry sources, from CSV, TOML or JSON."""

import csv
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from ioc.errors import InputError

Kind = Literal["camera", "office", "telemetry"]

_COLUMNS = ("asset_id", "kind", "name", "tenant", "unit_code", "lat", "lon", "valid_from", "valid_to")
_REQUIRED = ("asset_id", "kind", "name", "tenant", "unit_code")
_KINDS: tuple[Kind, ...] = ("camera", "office", "telemetry")
_VIETNAM = timezone(timedelta(hours=7))
_TENANT_DIGITS, _UNIT_DIGITS = 2, 5
_MAX_LAT, _MAX_LON = 90.0, 180.0
_ALWAYS_MS = -(2**62)


class Asset(Struct, frozen=True):
    """One row: what ``asset_id`` was from ``valid_from_ms`` until before ``valid_to_ms`` (None: still).

    ``lat`` and ``lon`` are WGS84 degrees, or None where the place is not known.
    """

    asset_id: str
    kind: Kind
    name: str
    tenant: str
    unit_code: str
    lat: float | None = None
    lon: float | None = None
    valid_from_ms: int = _ALWAYS_MS
    valid_to_ms: int | None = None

    def holds(self, at_ms: int) -> bool:
        """Whether the row is valid at an instant."""
        return self.valid_from_ms <= at_ms and (self.valid_to_ms is None or at_ms < self.valid_to_ms)


class Assets:
    """All assets of a site, looked up at event time; never changes.

    Examples
    --------
    >>> assets = Assets([Asset("CAM-1", "camera", "Ngã tư Bến xe", "11", "03127")])
    >>> assets.at("camera", "CAM-1", 0).name, assets.at("office", "CAM-1", 0)
    ('Ngã tư Bến xe', None)
    """

    def __init__(self, rows: "list[Asset] | tuple[Asset, ...]" = ()) -> None:
        self._rows: dict[tuple[Kind, str], list[Asset]] = {}
        for row in rows:
            self._rows.setdefault((row.kind, row.asset_id), []).append(row)

    def __len__(self) -> int:
        """Return the number of rows."""
        return sum(len(found) for found in self._rows.values())

    def __iter__(self) -> Iterator[Asset]:
        """Yield the rows, those of one asset together."""
        return (row for found in self._rows.values() for row in found)

    def at(self, kind: Kind, asset_id: str, at_ms: int) -> Asset | None:
        """Return what an id was at an instant (milliseconds since 1970 UTC), None if it was nothing known."""
        for row in self._rows.get((kind, asset_id), ()):
            if row.holds(at_ms):
                return row
        return None


def load_assets(path: str | Path) -> Assets:
    """Read a registry; the ending tells the format.

    A ``.csv`` has a header line; a ``.toml`` has one ``[[assets]]`` table per row; a ``.json`` is an array of objects,
    or an object with the array ``assets``. Dates are days in Vietnam; ``valid_to`` is the first day no longer valid.

    Raises
    ------
    InputError
        The file can't be read, a column is unknown or missing, a value is wrong, or rows of one asset overlap in time;
        the message names the file and the line (CSV) or the number of the row.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"assets file {path}: {error.strerror}; see site.assets_file") from None
    except UnicodeDecodeError as error:
        raise InputError(f"assets file {path}: not UTF-8 ({error.reason} at byte {error.start})") from None
    rows: list[Asset] = []
    seen: dict[tuple[Kind, str], list[Asset]] = {}
    for place, fields in _parsed(str(path), text):
        try:
            asset = _asset(fields)
            same = seen.setdefault((asset.kind, asset.asset_id), [])
            _refuse_overlap(asset, same)
        except ValueError as error:
            raise InputError(f"assets file {path}, {place}: {error}") from None
        same.append(asset)
        rows.append(asset)
    return Assets(rows)


def _parsed(path: str, text: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield every row with where it stands."""
    if path.endswith(".csv"):
        yield from _csv_rows(path, text)
        return
    try:
        if path.endswith(".toml"):
            tree: Any = tomllib.loads(text)
        elif path.endswith(".json"):
            tree = msgspec.json.decode(text)
        else:
            raise InputError(f"assets file {path}: must end with .csv, .toml or .json")
    except (tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise InputError(f"assets file {path}: {error}") from None
    if isinstance(tree, dict) and set(tree) <= {"assets"}:
        tree = tree.get("assets", [])
    if not isinstance(tree, list) or not all(isinstance(row, dict) for row in tree):
        raise InputError(f"assets file {path}: expected only a list of tables named assets")
    for number, row in enumerate(tree, start=1):
        yield f"asset {number}", row


def _csv_rows(path: str, text: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    reader = csv.DictReader(text.splitlines(), strict=True)
    try:
        for row in reader:
            if None in row or None in row.values():
                raise InputError(
                    f"assets file {path}, line {reader.line_num}: needs {len(reader.fieldnames or ())} fields"
                )
            yield f"line {reader.line_num}", {name: value for name, value in row.items() if value != ""}
    except csv.Error as error:
        raise InputError(f"assets file {path}, line {reader.line_num}: {error}") from None


def _asset(fields: Mapping[str, object]) -> Asset:
    if unknown := sorted(set(fields) - set(_COLUMNS)):
        raise ValueError(f"unknown column {', '.join(map(str, unknown))}; columns are {', '.join(_COLUMNS)}")
    if missing := [name for name in _REQUIRED if not fields.get(name)]:
        raise ValueError(f"{', '.join(missing)}: must not be empty")
    kind = next((known for known in _KINDS if known == fields["kind"]), None)
    if kind is None:
        raise ValueError(f"kind: must be one of {', '.join(_KINDS)}, got {fields['kind']!r}")
    return Asset(
        asset_id=str(fields["asset_id"]),
        kind=kind,
        name=str(fields["name"]),
        tenant=_digits("tenant", fields["tenant"], _TENANT_DIGITS),
        unit_code=_digits("unit_code", fields["unit_code"], _UNIT_DIGITS),
        lat=_degrees("lat", fields.get("lat"), _MAX_LAT),
        lon=_degrees("lon", fields.get("lon"), _MAX_LON),
        valid_from_ms=_midnight("valid_from", fields["valid_from"]) if "valid_from" in fields else _ALWAYS_MS,
        valid_to_ms=_midnight("valid_to", fields["valid_to"]) if "valid_to" in fields else None,
    )


def _digits(name: str, value: object, count: int) -> str:
    if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == count):
        raise ValueError(f"{name}: must be {count} digits as text, leading zeros kept, got {value!r}")
    return value


def _degrees(name: str, value: object, limit: float) -> float | None:
    if value is None:
        return None
    try:
        degrees = float(str(value))
    except ValueError:
        degrees = float("nan")
    if not -limit <= degrees <= limit:
        raise ValueError(f"{name}: must be degrees in -{limit:g}..{limit:g}, got {value!r}")
    return degrees


def _midnight(name: str, value: object) -> int:
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{name}: must be a date like 2026-01-31, got {value!r}") from None
    return int(datetime.combine(day, datetime.min.time(), tzinfo=_VIETNAM).timestamp() * 1000)


def _refuse_overlap(asset: Asset, others: list[Asset]) -> None:
    for other in others:
        first, second = sorted((asset, other), key=lambda row: row.valid_from_ms)
        if first.valid_to_ms is None or first.valid_to_ms > second.valid_from_ms:
            raise ValueError(f"asset_id {asset.asset_id}: a row above is valid at the same time; set valid_to")
