"""Follows `ioc.incidents` on Kafka: every revision as it comes, from a thread of its own; or all that stand now."""

import threading
import time
from collections.abc import Callable
from typing import Self

import msgspec
from kafka import KafkaConsumer, TopicPartition

from ioc.config import Kafka
from ioc.errors import KafkaUnavailable
from ioc.kafka import client_settings, reaching
from streams.incidents import Incident
from streams.topics import INCIDENTS

_PATIENCE_S = 60.0


def latest_incidents(kafka: Kafka) -> list[Incident]:
    """Return the last revision of every incident that is on the topic now.

    Raises
    ------
    KafkaUnavailable
        No broker answers, or the topic can't be read to its end.
    """
    deadline = time.monotonic() + _PATIENCE_S
    with reaching(kafka), IncidentFollower(kafka, lambda _: None) as follower:
        while not follower.caught_up():
            if time.monotonic() > deadline:
                raise KafkaUnavailable(f"{INCIDENTS} was not read to its end within {_PATIENCE_S:.0f} s")
            time.sleep(0.1)
    return list(follower.latest.values())


class IncidentFollower:
    """Reads the incidents topic from its beginning and hands each revision to ``tell``; a context manager.

    Attributes
    ----------
    latest : dict of str to Incident
        The last revision of each incident seen so far.
    """

    def __init__(self, kafka: Kafka, tell: Callable[[Incident], None]) -> None:
        self._kafka = kafka
        self._tell = tell
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="incidents", daemon=True)
        self.latest: dict[str, Incident] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=10)

    def caught_up(self) -> bool:
        """Whether everything that is on the topic now has been told."""
        consumer = KafkaConsumer(**client_settings(self._kafka))
        place = TopicPartition(INCIDENTS, 0)
        try:
            return consumer.end_offsets([place])[place] <= self._position
        finally:
            consumer.close()

    _position = 0

    def _follow(self) -> None:
        decoder = msgspec.json.Decoder(Incident)
        consumer = KafkaConsumer(
            **client_settings(self._kafka), group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        consumer.assign([TopicPartition(INCIDENTS, 0)])
        try:
            while not self._stop.is_set():
                for records in consumer.poll(timeout_ms=200).values():
                    for record in records:
                        if record.value is not None:
                            incident = decoder.decode(record.value)
                            self.latest[incident.id] = incident
                            self._tell(incident)
                        self._position = record.offset + 1
        finally:
            consumer.close()
