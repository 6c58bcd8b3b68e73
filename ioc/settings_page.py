"""Lists every setting of the configuration with its default, from the tree itself."""

from collections.abc import Iterator
from enum import Enum
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import fields

from ioc.config import Config

_SECRET = frozenset({"kafka.sasl_password"})
_TREES = frozenset(
    {"watching", "service_levels"}
)  # sections whose names hold more words than an environment variable's


class Setting(NamedTuple):
    """A setting: its name in TOML, its value as it is shown, its environment variable (empty: it has none)."""

    name: str
    value: str
    variable: str


def settings(config: Config) -> Iterator[Setting]:
    """Yield every setting of ``config``, section by section.

    Examples
    --------
    >>> next(settings(Config()))
    Setting(name='kafka.bootstrap', value="'127.0.0.1:9092'", variable='IOC_KAFKA_BOOTSTRAP')
    """
    yield from _below("", config)


def settings_table(config: Config) -> str:
    """Return one line per setting: its TOML name, its value in ``config``, its environment variable if it has one.

    Examples
    --------
    >>> settings_table(Config()).splitlines()[0]
    "kafka.bootstrap                 '127.0.0.1:9092'    IOC_KAFKA_BOOTSTRAP"
    """
    lines = (f"{each.name:31} {each.value:19} {each.variable}".rstrip() for each in settings(config))
    return "\n".join(lines)


def _below(prefix: str, node: Struct) -> Iterator[Setting]:
    for field in fields(node):
        yield from _told(f"{prefix}{field.name}", getattr(node, field.name))


def _told(name: str, value: Any) -> Iterator[Setting]:
    if isinstance(value, Struct):
        yield from _below(f"{name}.", value)
    elif isinstance(value, dict) and value:
        for key, part in value.items():
            yield from _told(f"{name}.{key}", part)
    else:
        section, _, key = name.partition(".")
        variable = "" if "." in key or section in _TREES else f"IOC_{section}_{key}".upper()
        yield Setting(name, repr(_shown(name, value)), variable)


def _shown(name: str, value: Any) -> Any:
    if name in _SECRET and value is not None:
        return "***"
    return value.value if isinstance(value, Enum) else value
