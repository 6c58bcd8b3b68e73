"""Families of series: on which topic each comes, which detectors fit it, and the bank that they make together."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from detectors.pagehinkley import PageHinkley
from detectors.rare import RareCounts
from detectors.registry import DETECTORS, POINT_DETECTORS, QUEUE_DETECTORS, SHARE_DETECTORS
from detectors.silence import Silence
from streams import areas
from streams.anomalies import Kind
from streams.areas import Scanner
from streams.banks import clusters, queues, reports
from streams.banks.arrivals import ArrivalBank
from streams.banks.bank import Bank, Whole
from streams.banks.clusters import ClusterBank
from streams.banks.intake import Reader
from streams.banks.outcomes import PAYMENTS, REVIEWS, VISITORS
from streams.banks.panel import Panel
from streams.banks.queues import QueueBank
from streams.banks.readers import CAMERA_COUNTS, CAMERA_SIGNALS, OFFICE_SIGNALS, TELEMETRY_SIGNALS, TELEMETRY_VALUES
from streams.banks.reports import ReportBank
from streams.banks.reviews import ReviewBank
from streams.banks.samples import SampleBank
from streams.banks.shares import ShareBank
from streams.calendar import Calendar
from streams.levels.sensors import Sensors
from streams.levels.waits import WaitTargets
from streams.topics import ANOMALIES, CAMERA_EVENTS, FIELD_REPORTS, SERVICE_QUEUES, TELEMETRY


class Local(NamedTuple):
    """What banks are told of the place: its calendar, and what it promises of waiting."""

    calendar: Calendar
    waits: WaitTargets


class Family(NamedTuple):
    """What a family of series is made of.

    ``detectors`` are those that fit it, by name, and ``kinds`` what they may tell of it. ``bank`` makes its bank of the
    groups' panels, of topic and partition in one word, and of the place; None: stage 2 watches it. ``whole`` says
    that the family has no metrics to tell apart, so that one group takes all of it; ``judged`` that a policy judges the
    tails.
    """

    topic: str
    detectors: Mapping[str, Callable[[], Any]]
    kinds: frozenset[Kind]
    bank: Callable[[Sequence[Panel], str, Local], Bank] | None
    whole: bool = True
    judged: bool = True


def _values(topic: str, name: str, reader: Reader[tuple[str, str]]) -> Family:
    """Return a family of sampled values, which every detector of single values fits."""
    fitting = {detector: factory for detector, factory in DETECTORS.items() if factory not in (RareCounts, Silence)}
    return Family(
        topic,
        fitting,
        _VALUE_KINDS,
        lambda panels, _, local: SampleBank(name, reader, panels, local.calendar),
        whole=False,
    )


def _signals(topic: str, reader: Reader[str], sensors: str) -> Family:
    """Return a family of arrivals, watched for silence by a timer and measured under a name."""
    return Family(
        topic,
        {Silence.name: Silence},
        frozenset({Kind.SILENT}),
        lambda panels, _, local: ArrivalBank(
            "signals", reader, Silence(panels[0].watches[0].detector.parameters, local.calendar.usual), Sensors(sensors)
        ),
        judged=False,
    )


def _shares(name: str, reader: Reader[Any], kind: Kind) -> Family:
    """Return a family of trials and hits."""
    return Family(
        SERVICE_QUEUES,
        SHARE_DETECTORS,
        frozenset({kind}),
        lambda panels, _, __: ShareBank(name, reader, panels[0].watches[0]),
    )


_VALUE_KINDS = frozenset({Kind.SURGE, Kind.DROP, Kind.RISE, Kind.FALL, Kind.STUCK})

FAMILIES: MappingProxyType[str, Family] = MappingProxyType(
    {
        "camera.count": _values(CAMERA_EVENTS, "counts", CAMERA_COUNTS),
        "camera.signal": _signals(CAMERA_EVENTS, CAMERA_SIGNALS, "camera"),
        "camera.reviews": Family(
            CAMERA_EVENTS,
            {PageHinkley.name: PageHinkley},
            frozenset({Kind.FALSE_ALARMS}),
            lambda panels, _, __: ReviewBank("reviews", REVIEWS, panels[0].watches[0]),
        ),
        reports.FAMILY: Family(
            FIELD_REPORTS,
            {RareCounts.name: RareCounts},
            frozenset({Kind.REPORT_SURGE}),
            lambda panels, origin, _: Whole(ReportBank(origin, panels[0].watches[0])),
        ),
        areas.FAMILY: Family(ANOMALIES, {Scanner.name: Scanner}, frozenset({Kind.REPORT_AREA}), None),
        clusters.FAMILY: Family(
            FIELD_REPORTS,
            POINT_DETECTORS,
            frozenset({Kind.REPORT_CLUSTER}),
            lambda panels, _, __: Whole(ClusterBank(panels[0].watches[0])),
        ),
        queues.FAMILY: Family(
            SERVICE_QUEUES,
            QUEUE_DETECTORS,
            frozenset({Kind.LONG_WAIT, Kind.STALLED}),
            lambda panels, _, local: Whole(QueueBank(panels[0].watches, local.waits)),
        ),
        "queue.signal": _signals(SERVICE_QUEUES, OFFICE_SIGNALS, "office"),
        "queue.visitors": _shares("visitors", VISITORS, Kind.NO_SHOWS),
        "dossier.payments": _shares("payments", PAYMENTS, Kind.PAYMENT_FAILURES),
        "telemetry.value": _values(TELEMETRY, "values", TELEMETRY_VALUES),
        "telemetry.signal": _signals(TELEMETRY, TELEMETRY_SIGNALS, "telemetry"),
    }
)
"""Every family by its name, in the order in which a topic's banks stand."""
