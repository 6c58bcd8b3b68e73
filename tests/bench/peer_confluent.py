"""A peer: the plain loop that most fast Python consumers are, confluent-kafka and orjson."""

import importlib

import orjson

from tests.bench.stopwatch import Stopwatch, read_job, report

_AT_ONCE = 5000


def main() -> None:
    """Read and decode, nothing else."""
    job = read_job()
    confluent_kafka = importlib.import_module("confluent_kafka")  # of requirements/bench.txt, absent elsewhere
    settings = {"bootstrap.servers": job.bootstrap, "group.id": job.group, "auto.offset.reset": "earliest"}
    if job.tuned:
        settings["fetch.queue.backoff.ms"] = "5"
    consumer = confluent_kafka.Consumer(settings)
    consumer.subscribe([job.topic])
    watch = Stopwatch(job)
    run = None
    while run is None:
        messages = consumer.consume(_AT_ONCE, 1.0)
        for message in messages:
            orjson.loads(message.value())
        run = watch.count(len(messages))
    report(run)
    consumer.close()


if __name__ == "__main__":
    main()
