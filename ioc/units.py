"""Reads the registry of administrative units: the one that ships with the package, and a site's own."""

import csv
from datetime import datetime, timedelta, timezone
from importlib import resources
from pathlib import Path

from ioc.errors import InputError
from streams.places import Places, Unit

_COLUMNS = ("scheme", "code", "name", "kind", "parent", "valid_from", "valid_to", "successors", "lat", "lon")
_KINDS = ("tỉnh", "thành phố", "xã", "phường", "đặc khu", "huyện", "quận", "thị xã", "thị trấn")
_VIETNAM = timezone(timedelta(hours=7))
_MAX_LAT, _MAX_LON = 90.0, 180.0


def load_places(path: str | Path | None = None) -> Places:
    """Return the bundled registry, with the rows of the CSV at ``path`` added.

    A row of the file takes the place of the bundled row with the same code and ``valid_from``.

    Raises
    ------
    InputError
        The file can't be read, a column is unknown or missing, a value is wrong, or rows of one code overlap in time;
        the message names file and line.
    """
    bundled = resources.files("ioc") / "data" / "units.csv"
    units = _rows("units.csv", bundled.read_text(encoding="utf-8"))
    if path is not None:
        try:
            own = _rows(str(path), Path(path).read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise InputError(f"units file {path}: {error.strerror}; see site.units_file") from None
        except UnicodeDecodeError as error:
            raise InputError(f"units file {path}: not UTF-8 ({error.reason} at byte {error.start})") from None
        taken = {(unit.code, unit.valid_from_ms) for unit in own}
        units = [unit for unit in units if (unit.code, unit.valid_from_ms) not in taken] + own
    try:
        return Places(units)
    except ValueError as error:
        raise InputError(f"units: {error}") from None


def _rows(name: str, text: str) -> list[Unit]:
    reader = csv.DictReader(text.splitlines(), strict=True)
    if tuple(sorted(reader.fieldnames or ())) != tuple(sorted(_COLUMNS)):
        raise InputError(
            f"{name}, line 1: columns must be {','.join(_COLUMNS)}, got {','.join(reader.fieldnames or ())}"
        )
    try:
        return [_unit(row) for row in reader]
    except (ValueError, csv.Error) as error:
        raise InputError(f"{name}, line {reader.line_num}: {error}") from None


def _unit(row: dict[str, str | None]) -> Unit:
    if None in row.values() or None in row:
        raise ValueError(f"needs {len(_COLUMNS)} fields")
    field = {name: (value or "").strip() for name, value in row.items()}
    code, kind = field["code"], field["kind"]
    if not code.isdigit() or len(code) not in {2, 3, 5}:
        raise ValueError(f"code: must be 2, 3 or 5 digits with its leading zeros, got {code!r}")
    if kind not in _KINDS:
        raise ValueError(f"kind: must be one of {', '.join(_KINDS)}, got {kind!r}")
    if not field["name"]:
        raise ValueError("name: must not be empty")
    valid_to = field["valid_to"]
    return Unit(
        scheme=field["scheme"],
        code=code,
        name=field["name"],
        kind=kind,
        parent=field["parent"],
        valid_from_ms=_midnight("valid_from", field["valid_from"]),
        valid_to_ms=_midnight("valid_to", valid_to) if valid_to else None,
        successors=tuple(field["successors"].split()),
        lat=_degrees("lat", field["lat"], _MAX_LAT),
        lon=_degrees("lon", field["lon"], _MAX_LON),
    )


def _midnight(name: str, text: str) -> int:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=_VIETNAM)
    except ValueError:
        raise ValueError(f"{name}: must be a date like 2025-07-01, got {text!r}") from None
    return int(day.timestamp() * 1000)


def _degrees(name: str, text: str, limit: float) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not -limit <= value <= limit:
        raise ValueError(f"{name}: must be degrees in -{limit:g}..{limit:g} or empty, got {text!r}")
    return value
