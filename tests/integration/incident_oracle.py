"""What the topics of a worker hold, read by a process without the product: kafka-python and the standard library.

    python incident_oracle.py BOOTSTRAP

prints one JSON object: ``incidents`` (id to the text of its last record), ``revisions`` (id to the digests of its
revisions, in order), ``sources`` (records that are no punctuation, by topic), ``dead`` (origins of dead letters, each
once), ``late`` (origins of late records, each once), and ``faults``: what must never be, in words.
"""

import hashlib
import json
import sys
from collections import Counter
from typing import Any

from kafka import KafkaConsumer, TopicPartition

SOURCES = ("ioc.camera-events", "ioc.field-reports", "ioc.service-queues", "ioc.telemetry")
PUNCTUATION = b"vn.ioc.stream.punctuation.v1"


def read(bootstrap: str, topic: str) -> list[Any]:
    """Return every record of a topic, partition by partition, in order."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed")
    found: list[Any] = []
    try:
        places = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends = consumer.end_offsets(places)
        while any(consumer.position(place) < ends[place] for place in places):
            for records in consumer.poll(timeout_ms=500).values():
                found += records
    finally:
        consumer.close()
    return found


def follow(records: list[Any], faults: list[str]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the last text and the digests of all revisions of every incident."""
    last: dict[str, str] = {}
    revisions: dict[str, dict[int, str]] = {}
    for record in records:
        incident = json.loads(record.value)
        name, number = incident["id"], incident["revision"]
        if record.key != name.encode():
            faults.append(f"key {record.key!r} of incident {name}")
        digest = hashlib.sha256(record.value).hexdigest()
        known = revisions.setdefault(name, {})
        if known.setdefault(number, digest) != digest:
            faults.append(f"incident {name} has two revisions {number}")
        last[name] = record.value.decode()
    for name, known in revisions.items():
        if sorted(known) != list(range(1, len(known) + 1)):
            faults.append(f"incident {name} has revisions {sorted(known)}")
        if json.loads(last[name])["revision"] != max(known):
            faults.append(f"the last record of incident {name} is not its last revision")
    return last, {name: [known[number] for number in sorted(known)] for name, known in revisions.items()}


def is_event(record: Any) -> bool:
    """Say whether a record has the form of an event: JSON in UTF-8 with the required attributes and a known type."""
    try:
        event = json.loads((record.value or b"").decode())
    except ValueError:
        return False
    required = ("specversion", "id", "source", "type", "time", "data")
    return isinstance(event, dict) and all(name in event for name in required) and "no" not in event["type"].split(".")


def main(bootstrap: str) -> int:
    """Read and print."""
    faults: list[str] = []
    sources: Counter[str] = Counter()
    formless: set[str] = set()
    for topic in SOURCES:
        for record in read(bootstrap, topic):
            if PUNCTUATION not in (record.value or b""):
                sources[topic] += 1
                if not is_event(record):
                    formless.add(f"{topic}/{record.partition}/{record.offset}")
    dead = {json.loads(record.value)["id"] for record in read(bootstrap, "ioc.dead-letters")}
    if formless - dead:
        faults.append(f"{len(formless - dead)} records without the form of an event are no dead letters")
    late = {dict(record.headers)["ioc-origin"].decode() for record in read(bootstrap, "ioc.late-events")}
    incidents, revisions = follow(read(bootstrap, "ioc.incidents"), faults)
    told = {
        "incidents": incidents,
        "revisions": revisions,
        "sources": dict(sources),
        "dead": sorted(dead),
        "late": sorted(late),
        "faults": faults,
    }
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
