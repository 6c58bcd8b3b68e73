"""What the shell has to know to run: the cluster, the topics, and the limits it works within."""

import ssl
from typing import Literal

from msgspec import Struct

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
_MIB = 1024 * 1024


class Source(Struct, frozen=True):
    """One input topic and the name of the stage that folds it; the name is part of every snapshot's key."""

    topic: str
    stage: str


class Security(Struct, frozen=True):
    """How to authenticate; the fields mean what they mean in `ioc.config.Kafka`."""

    protocol: SecurityProtocol = "PLAINTEXT"
    cafile: str | None = None
    certfile: str | None = None
    keyfile: str | None = None
    mechanism: str | None = None
    username: str | None = None
    password: str | None = None

    def ssl_context(self) -> ssl.SSLContext | None:
        """Return a verifying TLS context, or None where the protocol has no TLS."""
        if self.protocol not in {"SSL", "SASL_SSL"}:
            return None
        context = ssl.create_default_context(cafile=self.cafile)
        if self.certfile is not None:
            context.load_cert_chain(self.certfile, self.keyfile)
        return context

    def client_options(self) -> dict[str, object]:
        """Return the keyword arguments that every aiokafka client takes."""
        options: dict[str, object] = {"security_protocol": self.protocol, "ssl_context": self.ssl_context()}
        if self.protocol.startswith("SASL"):
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return options


class ShellSettings(Struct, frozen=True):
    """Everything that `build_app` needs beside the stages.

    Sizes are bytes, times seconds. ``batch_records`` and ``batch_bytes`` cap one call of ``Stage.process``;
    ``decompressed_bytes`` is the most that one compressed producer batch may unfold to before it is skipped and
    reported as a gap; ``reducible_topics`` name the outputs that ``build_app``'s ``reduce`` may shorten when the
    broker refuses them (dead letters and late copies), every other refusal ends the process.
    """

    bootstrap: str = "127.0.0.1:9092"
    group: str = "ioc"
    security: Security = Security()
    snapshots_topic: str = "ioc.snapshots"
    reducible_topics: frozenset[str] = frozenset()
    batch_records: int = 8192
    batch_bytes: int = 16 * _MIB
    fetch_partition_bytes: int = 4 * _MIB
    fetch_bytes: int = 32 * _MIB
    decompressed_bytes: int = 64 * _MIB
    snapshot_interval_s: float = 10.0
    snapshot_part_bytes: int = 512 * 1024
    idle_after_s: float = 5.0
    stall_after_s: float = 120.0
    session_timeout_s: float = 20.0
    handover_timeout_s: float = 30.0
    stop_timeout_s: float = 20.0
    compression: Literal["lz4", "zstd"] = "zstd"
