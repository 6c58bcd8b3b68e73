"""What a part of the province sends in a day, as columns, and how instants become text."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.records import Headers

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SECOND_MS = 1000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
LOCAL_OFFSET_MS = 7 * HOUR_MS  # Vietnam has had UTC+7 all year since 1975

HEADERS: Headers = (("content-type", b"application/cloudevents+json; charset=UTF-8"),)


class Flow(NamedTuple):
    """Events of one topic, in any order.

    Attributes
    ----------
    topic
        Where they go.
    time_ms : (n,) int64
        When they happened.
    ts_ms : (n,) int64
        When they reached Kafka.
    keys, values
        n keys and n event texts.
    """

    topic: str
    time_ms: Ints
    ts_ms: Ints
    keys: list[bytes]
    values: list[bytes]


def flow(topic: str, time_ms: list[int], ts_ms: list[int], keys: list[bytes], values: list[bytes]) -> Flow:
    """Return a flow from lists."""
    return Flow(topic, np.array(time_ms, dtype=np.int64), np.array(ts_ms, dtype=np.int64), keys, values)


def join(flows: list[Flow]) -> Flow:
    """Return flows of one topic as one."""
    return Flow(
        flows[0].topic,
        np.concatenate([part.time_ms for part in flows]),
        np.concatenate([part.ts_ms for part in flows]),
        [key for part in flows for key in part.keys],
        [value for part in flows for value in part.values],
    )


def rfc3339(at_ms: Ints) -> list[str]:
    """Return instants as local time of Vietnam, to the second.

    Parameters
    ----------
    at_ms : (n,) int64
        Milliseconds since 1970 UTC.

    Examples
    --------
    >>> rfc3339(np.array([1_772_384_400_000]))
    ['2026-03-02T00:00:00+07:00']
    """
    local = (np.asarray(at_ms, dtype=np.int64) + LOCAL_OFFSET_MS).astype("datetime64[ms]")
    return [f"{text}+07:00" for text in np.datetime_as_string(local, unit="s").tolist()]


def stamps(at_ms: Ints) -> list[str]:
    """Return instants as they stand in ids: local time without separators.

    Examples
    --------
    >>> stamps(np.array([1_772_384_400_000]))
    ['20260302T000000']
    """
    return [text[:19].replace("-", "").replace(":", "") for text in rfc3339(at_ms)]


def delays(random: np.random.Generator, n: int, mean_s: float = 1.5) -> Ints:
    """Return ``n`` delays on the way to Kafka, in milliseconds: at least 50, gamma distributed with the mean given."""
    return (50 + random.gamma(2.0, mean_s * 500, n)).astype(np.int64)
