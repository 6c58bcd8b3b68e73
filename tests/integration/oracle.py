"""What a counting worker must have produced, from the input alone, by a process without the product.

    python oracle.py BOOTSTRAP INPUT_TOPIC OUTPUT_TOPIC

prints one JSON object: how many outputs were due and came, which are missing, false or unknown, how many repeat.
"""

import hashlib
import json
import sys
from collections import Counter

from kafka import KafkaConsumer, TopicPartition

EVERY = 10


def read(bootstrap: str, topic: str) -> dict[int, list[tuple[int, bytes, bytes]]]:
    """Return (offset, key, value) of every committed record by partition."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    found: dict[int, list[tuple[int, bytes, bytes]]] = {}
    try:
        places = [TopicPartition(topic, each) for each in sorted(consumer.partitions_for_topic(topic) or ())]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends = consumer.end_offsets(places)
        while any(consumer.position(place) < ends[place] for place in places):
            for place, records in consumer.poll(timeout_ms=500).items():
                kept = found.setdefault(place.partition, [])
                kept += [(each.offset, each.key or b"", each.value or b"") for each in records]
    finally:
        consumer.close()
    return found


def due(records: list[tuple[int, bytes, bytes]], partition: int) -> dict[str, str]:
    """Return the outputs of one partition by id; each carries a chain over all values before it, in order."""
    chain = b""
    counts: Counter[bytes] = Counter()
    outputs = {}
    for offset, key, value in records:
        chain = hashlib.sha256(chain + value).digest()
        counts[key] += 1
        if counts[key] % EVERY == 0:
            outputs[f"{partition}/{key.decode()}/{counts[key]}"] = f"{offset} {chain.hex()}"
    return outputs


def main(bootstrap: str, source: str, target: str) -> int:
    """Compare and print; 0 when all is as it must be."""
    expected: dict[str, str] = {}
    for partition, records in read(bootstrap, source).items():
        expected |= due(records, partition)
    came: dict[str, set[str]] = {}
    total = 0
    for records in read(bootstrap, target).values():
        for _, key, value in records:
            came.setdefault(key.decode(), set()).add(value.decode())
            total += 1
    verdict = {
        "due": len(expected),
        "came": total,
        "missing": sorted(set(expected) - set(came))[:10],
        "unknown": sorted(set(came) - set(expected))[:10],
        "false": sorted(name for name, values in came.items() if name in expected and values != {expected[name]})[:10],
        "repeated": total - len(came),
    }
    sys.stdout.write(json.dumps(verdict) + "\n")
    return 0 if not (verdict["missing"] or verdict["unknown"] or verdict["false"]) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
