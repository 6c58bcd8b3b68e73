"""Offers camera events at a steady pace, with probes among them, and tells when it sent what; a process of its own."""

import importlib
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from streams.codec import STRUCTURED_HEADERS, encode
from streams.events.camera import AnalyticsData, CameraAnalytics, ObjectClass, Phase, Rule
from streams.shell.partitioning import partition_of
from streams.topics import CAMERA_EVENTS

LATENESS_MS = 900_000
_CAMERAS = 2000
_SAMPLE_EVERY_S = 0.02
_POISON_EVERY_S = 0.1
_CLOCK_EVERY_S = 0.2
_CLOCK_EVENTS = 20  # so many over ten minutes prove a clock wrong (streams/clocks.py)
_CLOCK_SPAN_MS = 600_000
_CLOCK_AHEAD_MS = 120_000
_STEP_S = 0.002


class Pace(Struct, frozen=True):
    """What to offer: ``rate`` events a second for ``seconds``, starting at the wall time ``from_s``."""

    bootstrap: str
    rate: int
    seconds: float
    from_s: float
    partitions: int


class Sent(Struct, frozen=True):
    """When probes were handed to the producer, wall time in nanoseconds.

    ``samples`` are ordinary events by partition and record timestamp; ``poison`` and ``clocks`` by the text that the
    output will hold; ``stall_s`` is the longest that the pace was not kept for.
    """

    samples: list[tuple[int, int, int]]
    poison: dict[str, int]
    clocks: dict[str, int]
    stall_s: float


class _Sender:
    """Writes records as they are told, without lingering."""

    def __init__(self, pace: Pace) -> None:
        confluent_kafka = importlib.import_module("confluent_kafka")  # of requirements/bench.txt, absent elsewhere
        settings = {"bootstrap.servers": pace.bootstrap, "linger.ms": 0, "queue.buffering.max.messages": 2_000_000}
        self._producer: Any = confluent_kafka.Producer(settings)
        self._partitions = pace.partitions
        self._places = [(f"CAM-{number:05d}", "/vn/11/camera/") for number in range(_CAMERAS)]
        self._number = 0

    def event(self, timestamp_ms: int, camera: str | None = None, ahead_ms: int = 0) -> int:
        """Send a count at a time, of the next camera by default; return its partition."""
        self._number += 1
        camera_id = camera or self._places[self._number % _CAMERAS][0]
        moment = datetime.fromtimestamp((timestamp_ms + ahead_ms) / 1000, UTC).isoformat(timespec="milliseconds")
        value = encode(
            CameraAnalytics(
                specversion="1.0",
                id=f"{camera_id}-{self._number}",
                source=f"/vn/11/camera/{camera_id}",
                time=moment,
                subject=camera_id,
                datacontenttype="application/json",
                data=AnalyticsData(
                    tenant="11",
                    unit_code="03127",
                    camera_id=camera_id,
                    rule=Rule.COUNT,
                    phase=Phase.INSTANT,
                    object_class=ObjectClass.CAR,
                    count=self._number % 17,
                    interval_s=300.0,
                ),
            )
        )
        return self.record(camera_id, value, timestamp_ms)

    def record(self, key: str, value: bytes, timestamp_ms: int) -> int:
        """Send bytes; return the partition."""
        partition = partition_of(key.encode(), self._partitions)
        self._producer.produce(
            CAMERA_EVENTS,
            value,
            key.encode(),
            partition=partition,
            timestamp=timestamp_ms,
            headers=list(STRUCTURED_HEADERS),
        )
        return partition

    def poll(self) -> None:
        """Let the producer work."""
        self._producer.poll(0)

    def flush(self) -> None:
        """Wait until everything is delivered."""
        self._producer.flush()


def main() -> None:
    """Send the past, wait for the start, then keep the pace."""
    pace = msgspec.json.decode(sys.argv[1], type=Pace)
    sender = _Sender(pace)
    _send_past(sender, pace)
    sent = _keep_pace(sender, pace)
    sender.flush()
    sys.stdout.write(msgspec.json.encode(sent).decode() + "\n")


def _send_past(sender: _Sender, pace: Pace) -> None:
    """Send what will become due while the pace is kept: events of a quarter of an hour before, at the same rate."""
    first_ms = int(pace.from_s * 1000) - LATENESS_MS - 2000
    count = int(pace.rate * (pace.seconds + 4))
    for number in range(count):
        sender.event(first_ms + number * 1000 // pace.rate)
        if number % 10_000 == 0:
            sender.poll()
    sender.flush()


def _due(pace: Pace) -> Iterator[int]:
    """Yield, step by step, how many events are to be sent now."""
    sent = 0
    while (elapsed := time.time() - pace.from_s) < pace.seconds:
        wanted = max(0, int(elapsed * pace.rate))
        if wanted > sent:
            yield wanted - sent
            sent = wanted
        time.sleep(_STEP_S)


def _keep_pace(sender: _Sender, pace: Pace) -> Sent:
    samples: list[tuple[int, int, int]] = []
    poison: dict[str, int] = {}
    clocks: dict[str, int] = {}
    every = {_SAMPLE_EVERY_S: _sampler(sender, samples), _POISON_EVERY_S: _poisoner(sender, poison)}
    every[_CLOCK_EVERY_S] = _clock_breaker(sender, clocks)
    due_at = dict.fromkeys(every, pace.from_s)
    worst_s = 0.0
    last = time.time()
    for events in _due(pace):
        now = time.time()
        worst_s, last = max(worst_s, now - max(last, pace.from_s)), now
        for _ in range(events):
            sender.event(int(now * 1000))
        for period_s, probe in every.items():
            if now >= due_at[period_s]:
                due_at[period_s] += period_s
                probe()
        sender.poll()
    return Sent(samples, poison, clocks, worst_s)


def _sampler(sender: _Sender, samples: list[tuple[int, int, int]]) -> Callable[[], None]:
    def probe() -> None:
        now_ns = time.time_ns()
        samples.append((sender.event(now_ns // 1_000_000), now_ns // 1_000_000, now_ns))

    return probe


def _poisoner(sender: _Sender, poison: dict[str, int]) -> Callable[[], None]:
    def probe() -> None:
        key = f"POISON-{len(poison):06d}"
        poison[key] = now_ns = time.time_ns()
        sender.record(key, b'{"not":"an event"}', now_ns // 1_000_000)

    return probe


def _clock_breaker(sender: _Sender, clocks: dict[str, int]) -> Callable[[], None]:
    """Return what sends a source's twenty events with a wrong clock: the last of them makes the anomaly."""

    def probe() -> None:
        camera = f"CLOCK-{len(clocks):06d}"
        now_ms = time.time_ns() // 1_000_000
        for number in range(_CLOCK_EVENTS - 1):
            sent_ms = now_ms - _CLOCK_SPAN_MS + number * 1000
            sender.event(sent_ms, camera, _CLOCK_AHEAD_MS)
        clocks[f"/vn/11/camera/{camera}"] = now_ns = time.time_ns()
        sender.event(now_ns // 1_000_000 + 1, camera, _CLOCK_AHEAD_MS)

    return probe


if __name__ == "__main__":
    main()
