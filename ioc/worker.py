"""The worker: both stages on Kafka through the Faust shell, with `/metrics` beside them."""

import logging
from collections.abc import Mapping

from kafka import KafkaConsumer

from ioc.app import Assembly
from ioc.config import Config
from ioc.errors import CheckFailed, KafkaUnavailable
from ioc.kafka import client_settings, reaching
from ioc.metrics import WorkerMetrics, serve
from ioc.shell import shell_settings
from streams.shell.agents import build_app
from streams.shell.codecs import check_codecs
from streams.shell.settings import Source
from streams.shell.worker import run_worker
from streams.stage import Stage
from streams.topics import ANOMALIES, SOURCES

log = logging.getLogger(__name__)

FIND = "find"
FOLD = "fold"


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
    try:
        check_codecs()
    except RuntimeError as error:
        raise CheckFailed(str(error)) from None
    assembly = Assembly(config)
    partitions = partitions_of_sources(config)
    places = [(topic, number) for topic, count in partitions.items() for number in range(count)]

    def make_stage(source: Source, partition: int) -> Stage:
        return assembly.fold(places) if source.stage == FOLD else assembly.find(source.topic, partition)

    metrics = WorkerMetrics(config, assembly.names.places)
    server, address = serve(metrics, config.metrics)
    log.info("metrics at %s", address)
    try:
        sources = [*(Source(topic, FIND) for topic in SOURCES), Source(ANOMALIES, FOLD)]
        return run_worker(build_app(shell_settings(config.kafka, config.worker), sources, make_stage, metrics))
    finally:
        log.info(metrics.ledger.line())
        server.shutdown()
        server.server_close()
