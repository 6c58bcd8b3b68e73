"""What the Faust shell is told of a configuration: the cluster, its security, the worker's limits."""

from ioc.config import Kafka, Worker
from streams.shell.settings import Security, ShellSettings
from streams.topics import DEAD_LETTERS, LATE_EVENTS, SNAPSHOTS


def shell_settings(kafka: Kafka, worker: Worker | None = None) -> ShellSettings:
    """Return the shell's settings: a worker's, or with default limits those of `ioc record` and `ioc replay`."""
    limits = worker or Worker()
    return ShellSettings(
        bootstrap=kafka.bootstrap,
        group=kafka.group,
        security=Security(
            protocol=kafka.security_protocol,
            cafile=kafka.ssl_cafile,
            certfile=kafka.ssl_certfile,
            keyfile=kafka.ssl_keyfile,
            mechanism=kafka.sasl_mechanism,
            username=kafka.sasl_username,
            password=kafka.sasl_password,
        ),
        snapshots_topic=SNAPSHOTS,
        reducible_topics=frozenset({DEAD_LETTERS, LATE_EVENTS}),
        batch_records=limits.batch_records,
        batch_bytes=limits.batch_bytes,
        snapshot_interval_s=limits.snapshot_interval_s,
        idle_after_s=limits.idle_after_s,
        stall_after_s=limits.stall_after_s,
        compression="zstd",  # every client reads it; lz4 asks kafka-python's users for another package
    )
