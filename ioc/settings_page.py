"""Lists every setting of the configuration with its default, from the tree itself."""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import fields

from ioc.config import Config


def settings_table(config: Config) -> str:
    """Return one line per setting: its TOML name, its value in ``config``, its environment variable if it has one.

    Examples
    --------
    >>> settings_table(Config()).splitlines()[0]
    "kafka.bootstrap                 '127.0.0.1:9092'    IOC_KAFKA_BOOTSTRAP"
    """
    return "\n".join(_lines("", config))


def _lines(prefix: str, node: Struct) -> Iterator[str]:
    for field in fields(node):
        value = getattr(node, field.name)
        name = f"{prefix}{field.name}"
        if isinstance(value, Struct):
            yield from _lines(f"{name}.", value)
        else:
            section, _, key = name.partition(".")
            variable = "" if "." in key else f"IOC_{section}_{key}".upper()
            yield f"{name:31} {value!r:19} {variable}".rstrip()
