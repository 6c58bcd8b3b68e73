"""The configuration: one frozen tree from TOML, overridden by `IOC_…` environment variables."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from ioc.calendar import Days, plain
from ioc.errors import ConfigError
from ioc.kpi_targets import Kpi
from ioc.service_levels import ServiceLevels
from ioc.shown import Telemetry
from streams.banks.watching import Watching
from streams.correlate import Rules

Port = Annotated[int, Meta(ge=0, le=65535)]
Positive = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=1)]

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Kafka(Struct, frozen=True, forbid_unknown_fields=True):
    """How to reach the cluster. SASL is refused without TLS, except on loopback.

    ``sasl_password_file`` names a file that holds the password, as systemd, Kubernetes and Compose hand it over.
    """

    bootstrap: str = "127.0.0.1:9092"
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    ssl_cafile: str | None = None
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    sasl_username: str | None = None
    sasl_password: str | None = None
    sasl_password_file: str | None = None
    group: str = "ioc"
    partitions: Count = 4
    replication: Count = 1

    @property
    def uses_tls(self) -> bool:
        """Whether the line is encrypted."""
        return self.security_protocol in {"SSL", "SASL_SSL"}


class Worker(Struct, frozen=True, forbid_unknown_fields=True):
    """The consuming process: batch caps, snapshots, watchdog."""

    batch_records: Count = 8192
    batch_bytes: Annotated[int, Meta(ge=65536)] = 16 * 1024 * 1024
    snapshot_interval_s: Positive = 10.0
    idle_after_s: Positive = 5.0
    stall_after_s: Positive = 120.0


class Metrics(Struct, frozen=True, forbid_unknown_fields=True):
    """Where `/metrics` is served; loopback unless told otherwise. Port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: Port = 9108


class Site(Struct, frozen=True, forbid_unknown_fields=True):
    """What is particular to the place: time zone, whose public holidays, the files that describe units and assets.

    ``operators`` are the staff on duty who take incidents: the budget of alarms is per head.
    """

    timezone: str = "Asia/Ho_Chi_Minh"
    country: str = "VN"
    subdivision: str = ""
    units_file: str | None = None
    assets_file: str | None = None
    operators: Count = 3


class Admission(Struct, frozen=True, forbid_unknown_fields=True):
    """What is let in: how late, how far ahead of its ingest time, and how many ids are remembered for how long.

    The watermark stays `allowed_lateness_s` behind the newest record: results wait for it.
    """

    allowed_lateness_s: Annotated[float, Meta(ge=0, le=86_400)] = 900.0
    skew_s: Annotated[float, Meta(ge=0)] = 60.0
    max_ahead_s: Annotated[float, Meta(ge=0)] = 600.0
    dedupe_capacity: Annotated[int, Meta(ge=131_072)] = 1 << 21
    dedupe_horizon_s: Positive = 3_600.0


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole tree; every field has a default that runs the demo."""

    kafka: Kafka = Kafka()
    worker: Worker = Worker()
    metrics: Metrics = Metrics()
    site: Site = Site()
    admission: Admission = Admission()
    calendar: Days = Days()
    watching: Watching = Watching()
    rules: Rules = Rules()
    service_levels: ServiceLevels = ServiceLevels()
    kpi: Kpi = Kpi()
    telemetry: Telemetry = Telemetry()


def load(path: Path | None, environ: Mapping[str, str]) -> Config:
    """Read TOML at ``path`` (None: defaults only) and apply ``IOC_SECTION_KEY=value`` from ``environ``.

    Raises
    ------
    ConfigError
        The file can't be read, a key is unknown, a value is out of range, or settings of ``[kafka]`` contradict each
        other; the message names it.

    Examples
    --------
    >>> load(None, {"IOC_KAFKA_BOOTSTRAP": "kafka-1:9093"}).kafka.bootstrap
    'kafka-1:9093'
    """
    tree = _read(path) if path is not None else {}
    if isinstance(tree.get("watching"), dict):
        tree["watching"] = _merged(msgspec.to_builtins(Watching()), tree["watching"])
    for name, value in environ.items():
        if name.startswith("IOC_"):
            _override(tree, name, value)
    try:
        config = msgspec.convert(tree, Config, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"configuration: {error}; `ioc check --settings` lists every one") from None
    config = msgspec.structs.replace(config, kafka=_with_password(config.kafka))
    refuse(config.kafka)
    return config


def _with_password(kafka: Kafka) -> Kafka:
    """Return ``kafka`` with the password that its file holds; a line's end behind it is none of it."""
    if kafka.sasl_password_file is None:
        return kafka
    if kafka.sasl_password is not None:
        raise ConfigError("kafka.sasl_password and kafka.sasl_password_file are both set; set one")
    path = Path(kafka.sasl_password_file)
    try:
        password = path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ConfigError(f"kafka.sasl_password_file = {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"kafka.sasl_password_file = {path}: not UTF-8") from None
    return msgspec.structs.replace(kafka, sasl_password=password)


def _read(path: Path) -> dict[str, Any]:
    try:
        return plain(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"configuration file {path}: {error.strerror}; name another with --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"configuration file {path}: {error}") from None


_REPLACED = frozenset({"tells", "parameters"})


def _merged(defaults: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return defaults with what is given laid over them, table by table; what a table says as a whole is replaced.

    Examples
    --------
    >>> _merged({"a": {"b": 1, "tells": {"high": "surge"}}}, {"a": {"c": 2, "tells": {"low": "drop"}}})
    {'a': {'b': 1, 'tells': {'low': 'drop'}, 'c': 2}}
    """
    result = dict(defaults)
    for key, value in given.items():
        known = defaults.get(key)
        both = isinstance(known, dict) and isinstance(value, dict) and key not in _REPLACED
        result[key] = _merged(known or {}, value) if both else value
    return result


def _override(tree: dict[str, Any], name: str, value: str) -> None:
    rest = name.removeprefix("IOC_").lower()
    section = next((known for known in Config.__struct_fields__ if rest.startswith(f"{known}_")), "")
    key = rest.removeprefix(f"{section}_")
    if not section or not key:
        sections = ", ".join(Config.__struct_fields__)
        raise ConfigError(f"environment variable {name}: no such setting; sections are {sections}")
    tree.setdefault(section, {})[key] = value


def refuse(kafka: Kafka) -> None:
    """Raise ConfigError for settings that contradict each other or would send a password in clear.

    A setting that would be ignored is refused too: whoever names a certificate believes the line is encrypted.
    """
    protocol = kafka.security_protocol
    for host, _ in addresses(kafka):
        if protocol == "SASL_PLAINTEXT" and host not in _LOOPBACK:
            raise ConfigError(
                f"kafka.security_protocol = SASL_PLAINTEXT sends the password to {host} in clear; use SASL_SSL"
            )
    if not kafka.uses_tls:
        for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile"):
            if getattr(kafka, name) is not None:
                raise ConfigError(f"kafka.{name} has no effect with kafka.security_protocol = {protocol}; use SSL")
    if kafka.ssl_keyfile is not None and kafka.ssl_certfile is None:
        raise ConfigError("kafka.ssl_keyfile is set without kafka.ssl_certfile; set both or none")
    for name in ("sasl_mechanism", "sasl_username", "sasl_password"):
        if protocol.startswith("SASL") and not getattr(kafka, name):
            raise ConfigError(f"kafka.{name} is missing; kafka.security_protocol = {protocol} needs it")
        if not protocol.startswith("SASL") and getattr(kafka, name) is not None:
            raise ConfigError(f"kafka.{name} has no effect with kafka.security_protocol = {protocol}; use SASL_SSL")


def addresses(kafka: Kafka) -> list[tuple[str, int]]:
    """Return host and port of every bootstrap address.

    Examples
    --------
    >>> addresses(Kafka(bootstrap="kafka-1:9093,[::1]:9094"))
    [('kafka-1', 9093), ('::1', 9094)]
    """
    pairs = []
    for address in kafka.bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) <= 65_535:  # noqa: PLR2004 - the largest port
            raise ConfigError(f"kafka.bootstrap: {address!r} is no host:port; an example is kafka-1:9092,kafka-2:9092")
        pairs.append((host.removeprefix("[").removesuffix("]"), int(port)))
    return pairs
