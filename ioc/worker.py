"""The worker: both stages on Kafka through the Faust shell, with `/metrics` beside them."""

import logging
from collections.abc import Mapping

from kafka import KafkaConsumer

from ioc.app import Assembly
from ioc.config import Config
from ioc.errors import KafkaUnavailable
from ioc.kafka import client_settings, reaching
from ioc.metrics import WorkerMetrics, serve
from streams.shell.agents import build_app
from streams.shell.settings import Security, ShellSettings, Source
from streams.shell.worker import run_worker
from streams.stage import Stage
from streams.topics import ANOMALIES, DEAD_LETTERS, LATE_EVENTS, SNAPSHOTS, SOURCES

log = logging.getLogger(__name__)

FIND = "find"
FOLD = "fold"


def shell_settings(config: Config) -> ShellSettings:
    """Return what the shell is told of a configuration."""
    kafka, worker = config.kafka, config.worker
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
        batch_records=worker.batch_records,
        batch_bytes=worker.batch_bytes,
        snapshot_interval_s=worker.snapshot_interval_s,
        idle_after_s=worker.idle_after_s,
        stall_after_s=worker.stall_after_s,
    )


def partitions_of_sources(config: Config) -> Mapping[str, int]:
    """Ask the cluster how many partitions each source topic has.

    Raises
    ------
    KafkaUnavailable
        No broker answers, or a topic is missing.
    """
    with reaching(config.kafka):
        consumer = KafkaConsumer(**client_settings(config.kafka))
        try:
            found = {topic: len(consumer.partitions_for_topic(topic) or ()) for topic in SOURCES}
        finally:
            consumer.close()
    missing = [topic for topic, count in found.items() if count == 0]
    if missing:
        raise KafkaUnavailable(f"topics missing: {', '.join(missing)}; create them with `ioc topics apply`")
    return found


def work(config: Config) -> int:
    """Consume until told to stop; return the exit code.

    Raises
    ------
    IocError
        The configuration can't work, or Kafka isn't reachable.
    """
    assembly = Assembly(config)
    partitions = partitions_of_sources(config)
    places = [(topic, number) for topic, count in partitions.items() for number in range(count)]

    def make_stage(source: Source, partition: int) -> Stage:
        return assembly.fold(places) if source.stage == FOLD else assembly.find(source.topic, partition)

    metrics = WorkerMetrics()
    server, address = serve(metrics, config.metrics)
    log.info("metrics at %s", address)
    try:
        sources = [*(Source(topic, FIND) for topic in SOURCES), Source(ANOMALIES, FOLD)]
        return run_worker(build_app(shell_settings(config), sources, make_stage, metrics))
    finally:
        server.shutdown()
        server.server_close()
