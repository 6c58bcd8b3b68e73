"""Punctuation: a record without news that moves a watermark, so that windows close on any number of partitions."""

from datetime import UTC, datetime
from typing import Literal

import orjson

from streams.records import RecordBatch

PUNCTUATION = "vn.ioc.stream.punctuation.v1"
CLOSE_AFTER_MS = 24 * 3600 * 1000

Edge = Literal["start", "end"]

_HEADERS = (("content-type", b"application/cloudevents+json; charset=UTF-8"),)


def punctuation(
    topic: str, partition: int, offset: int, at_ms: int, edge: Edge, *, heard_ms: int | None = None
) -> RecordBatch:
    """Return the one record that says "ingest time of this partition is now ``at_ms``".

    Whoever feeds a recording puts one with ``edge="start"`` into every partition before the first record, at that
    record's timestamp, and one with ``edge="end"`` behind the last, `CLOSE_AFTER_MS` later. Further ones with
    ``edge="start"`` in between move time on where no records come. The same arguments give the same bytes.

    Parameters
    ----------
    topic, partition, offset
        Where the record stands, or will stand (its id doesn't depend on the offset).
    at_ms
        Kafka timestamp and event time, milliseconds since 1970 UTC.
    edge
        Which end of the recording it marks.
    heard_ms
        At the end: ingest time of the recording's last record in any partition. Who was silent then had fallen silent;
        behind it the recording is over, and silence says nothing. None: `CLOSE_AFTER_MS` before ``at_ms``.

    Examples
    --------
    >>> batch = punctuation("ioc.telemetry", 3, 0, 1_772_384_400_000, "start")
    >>> orjson.loads(batch.values[0])["id"]
    'ioc.telemetry-3-start-1772384400000'
    """
    event = {
        "specversion": "1.0",
        "id": f"{topic}-{partition}-{edge}-{at_ms}",
        "source": "/ioc/replay",
        "type": PUNCTUATION,
        "time": datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds"),
        "datacontenttype": "application/json",
        "data": {"edge": edge, "heard_ms": (at_ms - CLOSE_AFTER_MS if heard_ms is None else heard_ms)}
        if edge == "end"
        else {"edge": edge},
    }
    return RecordBatch(topic, partition, [offset], [at_ms], [None], [orjson.dumps(event)], [_HEADERS])
