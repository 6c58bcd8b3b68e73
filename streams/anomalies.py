"""What stage 1 tells stage 2 on one topic: anomalies, newly seen series, counts of closed windows, watermarks."""

import hashlib
from enum import Enum

import msgspec
from msgspec import Struct

from streams.records import Headers, OutputRecord
from streams.topics import ANOMALIES


class Kind(Enum):
    """What is wrong with a series; a closed set, used as metric label and for grouping.

    A surge or a drop is odd now; a rise or a fall is a lasting change of level.
    """

    SURGE = "surge"
    DROP = "drop"
    RISE = "rise"
    FALL = "fall"
    STUCK = "stuck"
    SILENT = "silent"
    REPORT_SURGE = "report_surge"
    REPORT_CLUSTER = "report_cluster"
    REPORT_AREA = "report_area"
    LONG_WAIT = "long_wait"
    STALLED = "stalled"
    NO_SHOWS = "no_shows"
    PAYMENT_FAILURES = "payment_failures"
    FALSE_ALARMS = "false_alarms"
    WRONG_CLOCK = "wrong_clock"


class Series(Struct, frozen=True, order=True):
    """Identity of a series; ``family`` is of a closed set (`camera.count`), ``entity`` a camera, office, category."""

    tenant: str
    unit_code: str
    family: str
    entity: str
    part: str = ""

    @property
    def label(self) -> str:
        """Return the series as one readable string."""
        parts = (self.family, self.unit_code, self.entity, self.part)
        return "/".join(part for part in parts if part)


class Anomaly(Struct, frozen=True, kw_only=True, tag_field="type", tag="vn.ioc.anomaly.v1"):
    """One step of an episode of one series: opened, refreshed or closed.

    ``p`` is the least tail probability so far, ``observed`` and ``expected`` belong to it; ``facts`` holds further
    numbers for the explanation, ``units`` the units of an area, the middle one first. ``at_ms`` is the event time at
    which this was judged, ``end_ms`` the end of the last window that deviated. ``expires_ms`` is when the episode
    counts as ended if no further step comes. ``alone`` says whether it is worth an incident without company.
    """

    id: str
    at_ms: int
    detector: str
    version: int
    kind: Kind
    series: Series
    start_ms: int
    end_ms: int
    expires_ms: int
    open: bool
    p: float
    observed: float
    expected: float
    facts: dict[str, float] = {}
    units: tuple[str, ...] = ()
    alone: bool = True

    @property
    def unit_code(self) -> str:
        """Return the unit that it is about, of an area the middle one; empty: the whole province."""
        return self.units[0] if self.units else self.series.unit_code


class Joined(Struct, frozen=True, kw_only=True, tag_field="type", tag="vn.ioc.series-joined.v1"):
    """A series was seen for the first time: the basis of "how many of how many"."""

    id: str
    at_ms: int
    series: Series


class Counts(Struct, frozen=True, kw_only=True, tag_field="type", tag="vn.ioc.window-counts.v1"):
    """Counts of one closed window of one input partition, for roll-ups over units; ``at_ms`` is the window's end."""

    id: str
    at_ms: int
    width_ms: int
    local_offset_ms: int
    rows: list[tuple[Series, int]]


class Watermark(Struct, frozen=True, kw_only=True, tag_field="type", tag="vn.ioc.watermark.v1"):
    """How far one input partition is complete in event time; None says "empty, don't wait for it"."""

    id: str
    at_ms: int | None
    topic: str
    partition: int


Message = Anomaly | Joined | Counts | Watermark
_decoder = msgspec.json.Decoder(Message)
_encoder = msgspec.json.Encoder(order="deterministic")


def digest(*parts: str | int) -> str:
    """Return the deterministic id of an output: BLAKE2b over its identifying parts, 128 bit in hex.

    Examples
    --------
    >>> digest("silence", 1, "CAM-1", 0) == digest("silence", 1, "CAM-1", 0)
    True
    """
    text = "\x1f".join(map(str, parts))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def to_record(message: Message, source: str, timestamp_ms: int) -> OutputRecord:
    """Return ``message`` as a CloudEvent in binary mode on `ioc.anomalies`, keyed by tenant."""
    match message:
        case Anomaly() | Joined():
            key = message.series.tenant
        case Counts():
            key = message.rows[0][0].tenant
        case Watermark():
            key = f"{message.topic}/{message.partition}"
    type_name = type(message).__struct_config__.tag
    headers: Headers = (
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", message.id.encode()),
        ("ce_source", source.encode()),
        ("ce_type", str(type_name).encode()),
    )
    return OutputRecord(ANOMALIES, key.encode(), _encoder.encode(message), headers, timestamp_ms)


def from_value(value: bytes) -> Message:
    """Read a record's value back.

    Raises
    ------
    msgspec.DecodeError
        The value is none of the four messages (a bug or a foreign record).
    """
    message: Message = _decoder.decode(value)
    return message
