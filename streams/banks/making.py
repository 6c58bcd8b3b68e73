"""Makes a detector with some of its parameters changed, as the configuration says."""

import math
from collections.abc import Callable, Mapping
from typing import Any, get_type_hints

import msgspec


def make(name: str, factory: Callable[[], Any], given: Mapping[str, Any]) -> Any:
    """Return the detector of a factory, made anew where parameters are given.

    Raises
    ------
    ValueError
        A parameter is unknown, of the wrong type or out of range; the message names it.

    Examples
    --------
    >>> from detectors.level import Level
    >>> make("level", Level, {"clip_sd": 4}).parameters.clip_sd
    4.0
    >>> make("level", Level, {"clip": 4})
    Traceback (most recent call last):
    ValueError: level.clip is no parameter; there are quiet_observations, level_memory, noise_memory, ...
    """
    detector = factory()
    return type(detector)(_changed(name, detector.parameters, given)) if given else detector


def _changed(where: str, defaults: Any, given: Mapping[str, Any]) -> Any:
    """Return a tuple of parameters with some replaced, nested ones too."""
    types, values = get_type_hints(type(defaults)), {}
    for key, value in given.items():
        name = f"{where}.{key}"
        if key not in types:
            raise ValueError(f"{name} is no parameter; there are {', '.join(types)}")
        default = getattr(defaults, key)
        values[key] = _changed(name, default, value) if _nested(default, value) else _converted(name, value, types[key])
    return defaults._replace(**values)


def _nested(default: Any, value: Any) -> bool:
    return hasattr(default, "_fields") and isinstance(value, Mapping)


def _converted(name: str, value: Any, wanted: Any) -> Any:
    try:
        converted = msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        raise ValueError(f"{name}: {error}") from None
    if isinstance(converted, float) and not math.isfinite(converted):
        raise ValueError(f"{name} must be a finite number, is {converted}")
    return converted
