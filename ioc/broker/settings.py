"""What the embedded Kafka is told: its properties, its log, the flags of its JVM."""

import base64
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

from ioc.errors import ConfigError

HOST = "127.0.0.1"
LOG_FILE = "broker.log"

_FOREVER = str(2**63 - 1)
_PORTS = range(15_000, 32_000)
"""Below the ports that systems give to outgoing connections (Linux from 32768): such a connection could take ours while
the broker restarts, and a client that keeps reconnecting to a port of that range can even connect to itself."""

JVM_FLAGS = (
    "-Xmx512m",
    "-XX:+UseSerialGC",  # 2 cores and a small heap: a third of the memory of G1, and a quicker start
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",  # no files in /tmp that a kill -9 would leave there
    "-Djava.awt.headless=true",
    "--enable-native-access=ALL-UNNAMED",  # zstd, lz4 and snappy are native code
    "--sun-misc-unsafe-memory-access=allow",
)


def server_properties(
    records: Path, port: int, controller_port: int, listeners: Mapping[str, int], extra: Mapping[str, str]
) -> str:
    """Return `server.properties` of a single node that is broker and controller, on loopback; ``extra`` wins.

    ``listeners`` maps further protocols (SSL, SASL_PLAINTEXT, SASL_SSL) to their ports.
    """
    ports = {"PLAINTEXT": port, **listeners}
    advertised = ",".join(f"{name}://{HOST}:{number}" for name, number in ports.items())
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "listeners": f"{advertised},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": advertised,
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": ",".join(["CONTROLLER:PLAINTEXT", *(f"{name}:{name}" for name in ports)]),
        "log.dirs": str(records),
        # what a single node can hold, in as few files as will do
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "log.index.size.max.bytes": str(1024 * 1024),
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),  # 128 MiB by default, a quarter of our heap
        "num.network.threads": "2",
        "num.io.threads": "4",
        # a broker that was killed may register again when its old session ends: after 3 s, not 9
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        # a misspelt topic is an error, and a group's first member doesn't wait 3 s for others
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        # a recording keeps its years-old timestamps: the defaults refuse them or delete them at once
        "log.message.timestamp.before.max.ms": _FOREVER,
        "log.message.timestamp.after.max.ms": _FOREVER,
        "log.retention.ms": "-1",
        **extra,
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def log_properties(log: Path) -> str:
    """Return the log4j2 configuration: one file of 8 MiB and its predecessor."""
    settings = {
        "shutdownHook": "disable",  # it would run beside Kafka's own, and the end of an orderly stop would be missing
        "appender.file.type": "RollingFile",
        "appender.file.name": "file",
        "appender.file.fileName": str(log),
        "appender.file.filePattern": f"{log}.1",
        "appender.file.layout.type": "PatternLayout",
        "appender.file.layout.pattern": "%d{ISO8601} %-5p %m (%c{1})%n",
        "appender.file.policies.type": "SizeBasedTriggeringPolicy",
        "appender.file.policies.size": "8MB",
        "appender.file.strategy.type": "DefaultRolloverStrategy",
        "appender.file.strategy.max": "1",
        "rootLogger.level": "INFO",
        "rootLogger.appenderRef.file.ref": "file",
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def cluster_id() -> str:
    """Return a new random cluster id: 16 bytes in URL-safe base64 without padding.

    Examples
    --------
    >>> len(cluster_id())
    22
    """
    # Kafka reads an id that begins with a dash as an option
    return "A" + base64.urlsafe_b64encode(secrets.token_bytes(16)).decode()[1:22]


def free_ports(count: int) -> list[int]:
    """Return ``count`` different ports of loopback on which nothing listens now.

    Examples
    --------
    >>> len(set(free_ports(3)))
    3
    """
    found: list[int] = []
    while len(found) < count:
        port = secrets.choice(_PORTS)
        if port not in found and _is_free(port):
            found.append(port)
    return found


def refuse_used_port(port: int) -> None:
    """Raise ConfigError when something listens on ``port`` of loopback."""
    if not _is_free(port):
        raise ConfigError(f"port {port} on {HOST} is in use; stop what listens there or choose another one: --port 0")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # as Kafka does: connections of a previous broker that are still closing are no obstacle
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
