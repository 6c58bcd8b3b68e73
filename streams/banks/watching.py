"""Which detector watches what, with which false-alarm rate: the banks of each source topic."""

from msgspec import Struct

from detectors.flatline import Flatline
from detectors.queueing import PredictedWait, StalledCounter
from detectors.rare import RareCounts
from detectors.seasonal import SeasonalCounts
from detectors.silence import Silence
from streams.anomalies import Kind
from streams.banks.arrivals import ArrivalBank
from streams.banks.bank import Bank, Whole
from streams.banks.queues import QueueBank
from streams.banks.readers import CAMERA_COUNTS, CAMERA_SIGNALS, OFFICE_SIGNALS, TELEMETRY_SIGNALS, TELEMETRY_VALUES
from streams.banks.reports import ReportBank
from streams.banks.samples import SampleBank, Watch
from streams.judge import Policy
from streams.topics import CAMERA_EVENTS, FIELD_REPORTS, SERVICE_QUEUES, SOURCES, TELEMETRY

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS


class Watching(Struct, frozen=True, forbid_unknown_fields=True):
    """The policies of all judges; ``open_below`` of each is a false-alarm rate per observation."""

    level: Policy = Policy(open_below=1e-6, hold_below=1e-3, quiet_ms=3 * _HOUR_MS, refresh_ms=6 * _HOUR_MS)
    stuck: Policy = Policy(open_below=1e-9, hold_below=1e-3, quiet_ms=3 * _HOUR_MS, refresh_ms=6 * _HOUR_MS)
    surges: Policy = Policy(open_below=1e-6, hold_below=1e-5, quiet_ms=12 * _HOUR_MS, refresh_ms=6 * _HOUR_MS)
    wait: Policy = Policy(open_below=1e-2, hold_below=0.2, quiet_ms=15 * _MINUTE_MS, refresh_ms=30 * _MINUTE_MS)
    stalled: Policy = Policy(open_below=1e-4, hold_below=1e-2, quiet_ms=10 * _MINUTE_MS, refresh_ms=30 * _MINUTE_MS)


def banks_of(topic: str, partition: int, watching: Watching) -> list[Bank]:
    """Return fresh banks for one partition of a source topic.

    Raises
    ------
    ValueError
        The topic is no source topic.
    """
    level = [
        Watch(SeasonalCounts(), Kind.SURGE, Kind.DROP, watching.level),
        Watch(Flatline(), None, Kind.STUCK, watching.stuck),
    ]
    if topic == CAMERA_EVENTS:
        return [SampleBank("counts", CAMERA_COUNTS, level), ArrivalBank("signals", CAMERA_SIGNALS, Silence())]
    if topic == FIELD_REPORTS:
        return [Whole(ReportBank(f"{topic}/{partition}", RareCounts(), watching.surges))]
    if topic == SERVICE_QUEUES:
        queues = QueueBank(PredictedWait(), StalledCounter(), watching.wait, watching.stalled)
        return [Whole(queues), ArrivalBank("signals", OFFICE_SIGNALS, Silence())]
    if topic == TELEMETRY:
        return [SampleBank("values", TELEMETRY_VALUES, level), ArrivalBank("signals", TELEMETRY_SIGNALS, Silence())]
    raise ValueError(f"topic {topic!r} is no source topic; these are {', '.join(SOURCES)}")
