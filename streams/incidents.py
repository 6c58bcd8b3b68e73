"""Incidents: what operators see, the mutable case behind each while it is open, and the record that carries it."""

import math
from datetime import datetime, timedelta, timezone
from enum import Enum

import msgspec
from msgspec import Struct

from streams.anomalies import Anomaly, Kind, digest
from streams.records import Headers, OutputRecord
from streams.topics import INCIDENTS

_SHOWN = 20
_SCORE_LIMIT = 300.0


class Severity(Enum):
    """How urgent an incident is, most urgent first."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    WARNING = "warning"


LASTING = frozenset({Kind.RISE, Kind.FALL})
RANK = {severity: rank for rank, severity in enumerate(Severity)}


class Status(Enum):
    """Where an incident is in its life; `suppressed` means that a wider incident tells it."""

    OPEN = "open"
    CLEARED = "cleared"
    SUPPRESSED = "suppressed"


class Piece(Struct, frozen=True, kw_only=True):
    """One contribution to an incident, as it is shown; times are RFC 3339."""

    kind: Kind
    detector: str
    version: int
    series: str
    unit_code: str
    start: str
    end: str
    open: bool
    p: float
    observed: float
    expected: float | None
    facts: dict[str, float] = {}
    units: tuple[str, ...] = ()


class Explanation(Struct, frozen=True):
    """The incident in plain language."""

    vi: str
    en: str


class Incident(Struct, frozen=True, kw_only=True):
    """One revision of an incident. ``score`` is -log10 of the least tail probability of its evidence, at most 300."""

    id: str
    revision: int
    rule: str
    detector: str
    tenant: str
    unit_code: str
    unit_name: str
    severity: Severity
    status: Status
    start: str
    end: str | None
    updated: str
    score: float
    series: list[str]
    series_total: int
    evidence: list[Piece]
    explanation: Explanation
    parent: str | None = None


class Case(Struct, kw_only=True):
    """An open incident (mutable, owned by the correlator).

    ``members`` holds the latest step of each episode, by kind and series; ``calm_ms`` is since when no carrier is open;
    ``changed`` says that something happened since it was told at ``told_ms``. Times are event time in ms.
    """

    id: str
    rule: str
    tenant: str
    unit_code: str
    scope: str
    start_ms: int
    members: dict[str, Anomaly]
    severity: Severity
    calm_ms: int | None
    status: Status = Status.OPEN
    parent: str | None = None
    revision: int = 0
    changed: bool = False
    told_ms: int = 0

    def add(self, anomaly: Anomaly, now_ms: int) -> None:
        """Take in the latest step of an episode."""
        self.members[member_key(anomaly)] = anomaly
        self.changed = True
        if any(member.open for member in self.carriers()):
            self.calm_ms = None
        elif self.calm_ms is None:
            self.calm_ms = now_ms

    def carriers(self) -> list[Anomaly]:
        """Return the members as long as which the incident lasts: all; of a report surge its leading category alone.

        After a storm some categories stay busy for weeks; the incident is over when what made it one is over. Nor does
        a lasting change of level keep an incident open that is about more.
        """
        if self.rule != "report_surge":
            members = list(self.members.values())
            return [member for member in members if member.kind not in LASTING] or members
        surges = [member for member in self.ranked() if member.kind is Kind.REPORT_SURGE]
        return [member for member in surges if member.series.entity == surges[0].series.entity]

    def end_ms(self) -> int:
        """Return the end of the last deviating window of all members."""
        return max(member.end_ms for member in self.members.values())

    def ranked(self) -> list[Anomaly]:
        """Return the members, the least probable first; ties by series, so that the order is always the same."""
        return sorted(self.members.values(), key=lambda m: (m.p, m.series, m.kind.value))


def member_key(anomaly: Anomaly) -> str:
    """Return what identifies an episode's series within an incident."""
    return f"{anomaly.kind.value}|{anomaly.detector}|{anomaly.series.label}"


def case_id(tenant: str, rule: str, scope: str, start_ms: int) -> str:
    """Return the deterministic id of an incident."""
    return digest("incident", tenant, rule, scope, start_ms)


def score_of(p: float) -> float:
    """Return -log10 of a tail probability, at most 300, rounded to 0.01.

    Examples
    --------
    >>> score_of(1e-6), score_of(0.0)
    (6.0, 300.0)
    """
    return _SCORE_LIMIT if p <= 0 else round(min(abs(math.log10(p)), _SCORE_LIMIT), 2)


def rfc3339(at_ms: int, offset_min: int) -> str:
    """Write an instant as RFC 3339 in whole milliseconds (none where they are zero) at an offset from UTC in minutes.

    Examples
    --------
    >>> rfc3339(0, 420)
    '1970-01-01T07:00:00+07:00'
    """
    zone = timezone(timedelta(minutes=offset_min))
    moment = datetime.fromtimestamp(at_ms // 1000, zone).replace(microsecond=at_ms % 1000 * 1000)
    return moment.isoformat(timespec="milliseconds" if at_ms % 1000 else "seconds")


def publish(case: Case, at_ms: int, unit_name: str, explanation: Explanation, offset_min: int) -> Incident:
    """Return the next revision of ``case`` as of event time ``at_ms``, times written at ``offset_min`` from UTC."""
    case.revision += 1
    case.told_ms = at_ms
    case.changed = False
    ranked = case.ranked()
    return Incident(
        id=case.id,
        revision=case.revision,
        rule=case.rule,
        detector=ranked[0].detector,
        tenant=case.tenant,
        unit_code=case.unit_code,
        unit_name=unit_name,
        severity=case.severity,
        status=case.status,
        start=rfc3339(case.start_ms, offset_min),
        end=None if case.status is Status.OPEN else rfc3339(case.end_ms(), offset_min),
        updated=rfc3339(at_ms, offset_min),
        score=score_of(ranked[0].p),
        series=list(dict.fromkeys(member.series.label for member in ranked))[:_SHOWN],
        series_total=len({member.series for member in ranked}),
        evidence=[piece_of(member, offset_min) for member in ranked[:_SHOWN]],
        explanation=explanation,
        parent=case.parent,
    )


def piece_of(member: Anomaly, offset_min: int) -> Piece:
    """Return an episode as it is shown, times written at ``offset_min`` from UTC."""
    return Piece(
        kind=member.kind,
        detector=member.detector,
        version=member.version,
        series=member.series.label,
        unit_code=member.unit_code,
        start=rfc3339(member.start_ms, offset_min),
        end=rfc3339(member.end_ms, offset_min),
        open=member.open,
        p=member.p,
        observed=round(member.observed, 3),
        expected=None if math.isnan(member.expected) else round(member.expected, 3),
        facts={name: round(value, 3) for name, value in member.facts.items()},
        units=member.units,
    )


_encoder = msgspec.json.Encoder(order="deterministic")


def to_line(incident: Incident) -> bytes:
    """Return the incident as one line of JSON, keys sorted: the record's value, and what `ioc detect` prints."""
    return _encoder.encode(incident)


def to_record(incident: Incident, timestamp_ms: int) -> OutputRecord:
    """Return the revision as a CloudEvent in binary mode on the compacted topic, keyed by incident id."""
    headers: Headers = (
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", f"{incident.id}-{incident.revision}".encode()),
        ("ce_source", b"/ioc/fold"),
        ("ce_type", b"vn.ioc.incident.v1"),
        ("ce_time", incident.updated.encode()),
        ("ce_correlationid", incident.id.encode()),
    )
    return OutputRecord(INCIDENTS, incident.id.encode(), to_line(incident), headers, timestamp_ms)
