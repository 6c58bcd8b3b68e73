"""Latency: events offered at a real pace, and how long until the worker's answer to one of them can be read."""

import importlib
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec import Struct

from streams.anomalies import Anomaly, Kind, Watermark, from_value
from streams.rejection import read_dead_letter
from streams.topics import ANOMALIES, DEAD_LETTERS, SOURCES
from tests.bench.cluster import ROOT, command, environment, forget, fresh_group
from tests.bench.load import PARTITIONS
from tests.bench.pacer import LATENESS_MS, Pace, Sent

_PAST_PER_S = 40_000  # events of the past that pacer and worker get through in a second, cautiously
_START_S = 6.0
_AFTER_S = 1.5
_SETTLED_S = 2.0  # after the start of the pace, not measured
_STOP_S = 40.0
_LEAST_ANSWERED = 0.999

Answer = tuple[int, str, bytes]
"""When an output record was read (wall time in nanoseconds), its topic and value."""


class Latency(Struct, frozen=True):
    """From handing an event to the producer until a consumer has read what the worker says of it, milliseconds.

    ``stall_ms`` is the longest that the process keeping the pace was held up: what the machine itself adds.
    """

    name: str
    offered_per_s: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    probes: int
    unanswered: int
    stall_ms: float


def measure(bootstrap: str, rate: int, seconds: float) -> list[Latency]:
    """Offer ``rate`` events a second and time three kinds of answers.

    Raises
    ------
    RuntimeError
        The worker, or the process that keeps the pace, failed.
    """
    forget(bootstrap, *SOURCES)
    from_s = time.time() + _START_S + rate * seconds / _PAST_PER_S
    pace = Pace(bootstrap, rate, seconds, from_s, PARTITIONS)
    with _worker(bootstrap):
        offering = subprocess.Popen(
            command("pacer", msgspec.json.encode(pace).decode()), cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        answers = list(_answers(bootstrap, until_s=from_s + seconds + _AFTER_S))
        said, _ = offering.communicate()
    if offering.returncode:
        raise RuntimeError(f"the pacer ended with exit code {offering.returncode}")
    sent = msgspec.json.decode(said, type=Sent)
    return list(_results(pace, sent, answers))


@contextmanager
def _worker(bootstrap: str) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "ioc", "worker"], cwd=ROOT, env=environment(bootstrap, fresh_group("latency"))
    )
    try:
        yield
        if process.poll() is not None:
            raise RuntimeError(f"the worker ended with exit code {process.returncode}")
    finally:
        process.terminate()
        process.wait(_STOP_S)


def _answers(bootstrap: str, until_s: float) -> Iterator[Answer]:
    """Read what the worker writes until a point in time."""
    confluent_kafka: Any = importlib.import_module("confluent_kafka")  # of requirements/bench.txt, absent elsewhere
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": bootstrap, "group.id": fresh_group("answers"), "fetch.wait.max.ms": 5}
    )
    beginning = confluent_kafka.OFFSET_BEGINNING
    consumer.assign([confluent_kafka.TopicPartition(topic, 0, beginning) for topic in (ANOMALIES, DEAD_LETTERS)])
    try:
        while time.time() < until_s:
            message = consumer.poll(0.1)
            if message is not None and message.error() is None:
                yield time.time_ns(), message.topic(), message.value()
    finally:
        consumer.close()


def _results(pace: Pace, sent: Sent, answers: Iterable[Answer]) -> Iterator[Latency]:
    poisoned, broken, marks = _sorted_answers(answers)
    accounted = []
    for partition, at_ms, sent_ns in sent.samples:
        times, reads = marks[partition]
        place = bisect_left(times, at_ms - LATENESS_MS)
        accounted.append((sent_ns, reads[place] if place < len(reads) else None))
    yield _summary("event in, accounted for out", pace, sent, accounted)
    pairs = [(sent_ns, broken.get(source)) for source, sent_ns in sent.clocks.items()]
    yield _summary("event in, anomaly out (wrong clock)", pace, sent, pairs)
    pairs = [(sent_ns, poisoned.get(key)) for key, sent_ns in sent.poison.items()]
    yield _summary("poison in, dead letter out", pace, sent, pairs)


def _sorted_answers(
    answers: Iterable[Answer],
) -> tuple[dict[str, int], dict[str, int], list[tuple[list[int], list[int]]]]:
    """Return when dead letters (by key), wrong clocks (by source) and watermarks (per partition) were read first."""
    poisoned: dict[str, int] = {}
    broken: dict[str, int] = {}
    marks: list[tuple[list[int], list[int]]] = [([], []) for _ in range(PARTITIONS)]
    for read_ns, topic, value in answers:
        if topic == DEAD_LETTERS:
            poisoned.setdefault((read_dead_letter(value).key or b"").decode(), read_ns)
            continue
        match from_value(value):
            case Anomaly(kind=Kind.WRONG_CLOCK, series=series):
                broken.setdefault(series.entity, read_ns)
            case Watermark(topic="ioc.camera-events", partition=partition, at_ms=int(at_ms)):
                times, reads = marks[partition]
                if not times or at_ms > times[-1]:
                    times.append(at_ms)
                    reads.append(read_ns)
            case _:
                pass
    return poisoned, broken, marks


def _summary(name: str, pace: Pace, sent: Sent, pairs: list[tuple[int, int | None]]) -> Latency:
    since_ns = int((pace.from_s + _SETTLED_S) * 1e9)
    chosen = [(sent_ns, read_ns) for sent_ns, read_ns in pairs if sent_ns >= since_ns]
    took = sorted((read_ns - sent_ns) / 1e6 for sent_ns, read_ns in chosen if read_ns is not None)
    if len(took) < _LEAST_ANSWERED * len(chosen) or not took:
        raise RuntimeError(f"{name}: {len(chosen) - len(took)} of {len(chosen)} probes found no answer")
    return Latency(
        name,
        pace.rate,
        round(took[len(took) // 2], 1),
        round(took[int(len(took) * 0.99)], 1),
        round(took[-1], 1),
        len(chosen),
        len(chosen) - len(took),
        round(sent.stall_s * 1e3, 1),
    )
