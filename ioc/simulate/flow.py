"""What a part of the province sends in a day: events made into columns, and instants into text."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal, NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from streams.codec import encode
from streams.events import Event
from streams.records import Headers

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SECOND_MS = 1000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
SATURDAY = 5  # of `datetime.date.weekday`
OPENING_H, CLOSING_H = 7.5, 17.0  # of offices, local time
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

    def delayed(self, random: np.random.Generator, mean_s: float = 1.5) -> "Flow":
        """Return the flow on a network: at least 50 ms late, gamma distributed with the mean given."""
        late_ms = 50 + random.gamma(2.0, mean_s * 500, len(self.time_ms))
        return self.put_off(late_ms.astype(np.int64))

    def put_off(self, late_ms: int | Ints) -> "Flow":
        """Return the flow as it reaches Kafka so late, in milliseconds: all alike, or (n,) each."""
        return self._replace(ts_ms=self.time_ms + late_ms)


class Head(TypedDict):
    """The attributes that every simulated event has."""

    specversion: Literal["1.0"]
    id: str
    source: str
    time: str
    subject: str
    datacontenttype: str


def head(event_id: str, source: str, time: str, subject: str) -> Head:
    """Return the attributes of an event of ``subject``, which is its record key as well."""
    return Head(
        specversion="1.0", id=event_id, source=source, time=time, subject=subject, datacontenttype="application/json"
    )


def flow(topic: str, happened: Iterable[tuple[int, Event]]) -> Flow:
    """Return events, each with the instant at which it happened, as a flow that needs no time to reach Kafka."""
    times, keys, values = [], [], []
    for at_ms, event in happened:
        times.append(at_ms)
        keys.append((event.subject or "").encode())
        values.append(encode(event))
    time_ms = np.array(times, dtype=np.int64)
    return Flow(topic, time_ms, time_ms, keys, values)


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


def rfc3339_of(at_ms: int) -> str:
    """Return one instant as `rfc3339` does."""
    return rfc3339(np.array([at_ms]))[0]


def stamp_of(at_ms: int) -> str:
    """Return one instant as `stamps` does."""
    return stamps(np.array([at_ms]))[0]


def instant(at_ms: int) -> datetime:
    """Return an instant as a value, to the second."""
    return datetime.fromtimestamp(at_ms // SECOND_MS, UTC)
