"""Looks into a snapshots topic with kafka-python alone."""

import json

from kafka import KafkaConsumer, TopicPartition


def newest_blocks(bootstrap: str, topic: str, name: str) -> list[bytes]:
    """Return the keys of the newest block ``name`` of every scope, by the sequence of the manifests that name it."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    place = TopicPartition(topic, 0)
    newest: dict[tuple[str, str, str, int], tuple[int, str]] = {}
    try:
        consumer.assign([place])
        consumer.seek_to_beginning(place)
        end = consumer.end_offsets([place])[place]
        while consumer.position(place) < end:
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    group, stage, source, partition, kind, *_ = json.loads(record.key or b"")
                    if kind == "manifest" and record.value is not None:
                        manifest = json.loads(record.value)
                        digest = next(block["digest"] for block in manifest["blocks"] if block["name"] == name)
                        scope = (group, stage, source, partition)
                        newest[scope] = max(newest.get(scope, (0, "")), (manifest["sequence"], digest))
    finally:
        consumer.close()
    return [
        json.dumps([*scope, "block", name, digest, 0], separators=(",", ":")).encode()
        for scope, (_, digest) in newest.items()
    ]
