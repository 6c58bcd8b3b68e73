"""Reads parameters of detectors with their defaults, units and meaning from their docstrings."""

import inspect
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

_UNITS = {
    "arrivals": "lần đến · arrivals",
    "below": "xác suất · probability",
    "count": "số đếm · counts",
    "days": "ngày · days",
    "gaps": "khoảng cách · gaps",
    "h": "giờ · h",
    "hazard": "xác suất · probability",
    "hours": "giờ · h",
    "km": "km",
    "ms": "ms",
    "nats": "nat",
    "observations": "quan trắc · observations",
    "p": "xác suất · probability",
    "rare": "xác suất · probability",
    "reporters": "người · people",
    "reports": "phản ánh · reports",
    "s": "giây · s",
    "sd": "độ lệch chuẩn · standard deviations",
    "services": "lượt phục vụ · services",
    "share": "tỷ lệ · share",
    "suspicious": "xác suất · probability",
    "trials": "lượt · trials",
    "visits": "lượt · visits",
}
"""By the last word of a parameter's name; what isn't here has no unit, or that of its class."""
_IN_OBSERVATIONS = "in observations"


class Parameter(NamedTuple):
    """One parameter: its name (nested ones with a dot), default, unit (or a dash) and meaning."""

    name: str
    default: str
    unit: str
    meaning: str


def parameters_of(value: Any, prefix: str = "") -> Iterator[Parameter]:
    """Yield the fields of a parameters' tuple in their order, nested ones too.

    Raises
    ------
    ValueError
        A field isn't explained under "Attributes" of the class's docstring.
    """
    meanings = attributes(type(value))
    missing = [field for field in value._fields if field not in meanings]
    if missing:
        raise ValueError(f"{type(value).__name__}: {', '.join(missing)} not under Attributes of its docstring")
    for field in value._fields:
        default = getattr(value, field)
        if hasattr(default, "_fields"):
            yield from parameters_of(default, f"{prefix}{field}.")
        else:
            yield Parameter(
                f"{prefix}{field}", _shown(default), _unit(type(value), field, meanings[field]), meanings[field]
            )


def attributes(owner: type[Any]) -> dict[str, str]:
    """Return what the docstring of a class says of each attribute, as one line each.

    Examples
    --------
    >>> from detectors.level import LevelParameters
    >>> attributes(LevelParameters)["noise_memory"]
    'Memory of the level and of the noise (e-fold).'
    """
    text = inspect.getdoc(owner) or ""
    section = text.partition("Attributes\n----------\n")[2].partition("\n\n")[0]
    found: dict[str, str] = {}
    for names, body in re.findall(r"^(\w[\w, ]*) : .*\n((?:    .*\n?)+)", section + "\n", re.MULTILINE):
        meaning = " ".join(body.split())
        found |= dict.fromkeys(names.split(", "), meaning)
    return found


def _shown(default: Any) -> str:
    if isinstance(default, tuple):
        return ", ".join(_shown(each) for each in default)
    return default if isinstance(default, str) else f"{default:g}"


def _unit(owner: type[Any], field: str, meaning: str) -> str:
    said = f"{(inspect.getdoc(owner) or '').partition(chr(10))[0]} {meaning}"
    plain = _UNITS["observations"] if _IN_OBSERVATIONS in said else "–"
    return _UNITS.get(field.rpartition("_")[2], plain)
