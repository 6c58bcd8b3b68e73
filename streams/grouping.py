"""Which incident an anomaly belongs to: rule names, scopes, who joins whom, how severe."""

import math
from collections.abc import Collection

from streams.anomalies import Anomaly, Kind, Series
from streams.incidents import Case, Severity

PROVINCE = "*"
PLANNED = "planned_event"

CROWD = frozenset({Kind.SURGE, Kind.DROP, Kind.SILENT, Kind.RISE, Kind.FALL})
"""Kinds that many sensors can show at once for one common cause."""

SINGLE_RULE = {
    Kind.SURGE: "sensor_surge",
    Kind.DROP: "sensor_drop",
    Kind.RISE: "sensor_rise",
    Kind.FALL: "sensor_fall",
    Kind.SILENT: "sensor_silent",
    Kind.STUCK: "sensor_stuck",
    Kind.REPORT_SURGE: "report_surge",
    Kind.REPORT_CLUSTER: "report_cluster",
    Kind.REPORT_AREA: "report_area",
    Kind.LONG_WAIT: "queue_wait",
    Kind.STALLED: "queue_stalled",
    Kind.NO_SHOWS: "queue_no_shows",
    Kind.PAYMENT_FAILURES: "payment_failures",
    Kind.FALSE_ALARMS: "camera_false_alarms",
    Kind.WRONG_CLOCK: "source_clock",
}
WIDE_RULE = {
    Kind.SURGE: "area_surge",
    Kind.DROP: "area_drop",
    Kind.SILENT: "area_outage",
    Kind.RISE: "area_rise",
    Kind.FALL: "area_fall",
}
TELLS_TOO = {
    Kind.DROP: frozenset({"sensor_stuck"}),
    Kind.RISE: frozenset({"sensor_surge", "sensor_stuck", "area_surge"}),
    Kind.FALL: frozenset({"sensor_drop", "sensor_stuck", "area_drop"}),
    Kind.REPORT_CLUSTER: frozenset({"report_surge"}),
    Kind.REPORT_AREA: frozenset({"report_surge"}),
}
"""Rules that explain an anomaly of another kind of the same thing: a dead sensor counts nothing."""

RECURRING = frozenset({"sensor_surge", "sensor_drop", "sensor_rise", "sensor_fall", "sensor_stuck"})
"""Rules of single sensors, which show the same again after hours or days: what flickers is one incident."""

_SEVERITY = {
    "area_outage": Severity.MAJOR,
    "area_drop": Severity.MAJOR,
    "area_surge": Severity.MAJOR,
    "sensor_surge": Severity.MINOR,
    "sensor_drop": Severity.MINOR,
    "area_rise": Severity.MINOR,
    "area_fall": Severity.MINOR,
    "sensor_rise": Severity.WARNING,
    "sensor_fall": Severity.WARNING,
    "sensor_silent": Severity.MINOR,
    "sensor_stuck": Severity.WARNING,
    PLANNED: Severity.WARNING,
    "report_cluster": Severity.MINOR,
    "report_area": Severity.MINOR,
    "queue_stalled": Severity.MINOR,
    "queue_no_shows": Severity.MINOR,
    "camera_false_alarms": Severity.WARNING,
    "source_clock": Severity.WARNING,
}

_BY_EXTENT = ("queue_wait", "report_surge", "payment_failures")

RULES = {
    rule: frozenset({Severity.MAJOR, Severity.MINOR}) if rule in _BY_EXTENT else frozenset({_SEVERITY[rule]})
    for rule in (*SINGLE_RULE.values(), *WIDE_RULE.values(), PLANNED)
}
"""Every rule, and how severe its incidents can be."""


def fleet_key(series: Series, unit: str) -> str:
    """Return the key under which sensors of one kind in one unit (or `PROVINCE`) are counted."""
    return f"{series.tenant}|{series.family}|{unit}"


def wide_scope(series: Series, unit: str) -> str:
    """Return the scope of an incident of a whole unit, or of the province."""
    return f"{series.family}/{unit}"


def scope(anomaly: Anomaly) -> str:
    """Return what an incident of a single thing is about: an office, a category, a sensor, a queue."""
    match anomaly.kind:
        case Kind.LONG_WAIT:
            return anomaly.series.entity
        case Kind.PAYMENT_FAILURES:
            return PROVINCE
        case Kind.REPORT_SURGE | Kind.REPORT_CLUSTER:
            return f"{anomaly.series.entity}/{anomaly.series.unit_code or PROVINCE}"
        case Kind.STUCK | Kind.DROP | Kind.SURGE | Kind.RISE | Kind.FALL:
            return f"{anomaly.series.family}/{anomaly.series.entity}/{anomaly.series.part}"
        case _:
            return anomaly.series.label


def belongs(case: Case, anomaly: Anomaly) -> bool:
    """Whether an open incident already tells of this anomaly's cause.

    An incident of a unit or of the province takes every sensor of its kind there. Report surges join when the
    category is the same, when both are province-wide, or when both are in the same unit: so a storm is one incident.
    Clusters and areas of reports join a surge likewise.
    Long waits join per office, failing payments in the whole province: offices share a gateway. What an incident of
    another rule tells too joins that. All else joins its own re-occurrence.
    """
    series = anomaly.series
    if case.tenant != series.tenant:
        return False
    rules = TELLS_TOO.get(anomaly.kind, frozenset()) | {SINGLE_RULE[anomaly.kind], WIDE_RULE.get(anomaly.kind)}
    if case.rule not in rules:
        return False
    if case.rule in WIDE_RULE.values():
        return case.scope in (wide_scope(series, PROVINCE), wide_scope(series, series.unit_code))
    if case.rule == "report_surge":
        return any(
            member.series.entity == series.entity or member.unit_code == anomaly.unit_code
            for member in case.members.values()
        )
    return case.scope == scope(anomaly)


def tells_less(kind: Kind) -> int:
    """Return a rank: what may be explained by more rules has its turn later, when both are due at once.

    Examples
    --------
    >>> sorted((Kind.FALL, Kind.DROP, Kind.SILENT), key=tells_less)
    [<Kind.SILENT: 'silent'>, <Kind.DROP: 'drop'>, <Kind.FALL: 'fall'>]
    """
    return len(TELLS_TOO.get(kind, ()))


def explained_by(rule: str) -> frozenset[str]:
    """Return the rules whose open incidents an incident of ``rule`` about the same sensor takes in.

    Examples
    --------
    >>> sorted(explained_by("sensor_stuck"))
    ['sensor_drop', 'sensor_fall', 'sensor_rise']
    """
    return frozenset(SINGLE_RULE[kind] for kind, rules in TELLS_TOO.items() if rule in rules)


def severity(rule: str, members: Collection[Anomaly], major_wait_s: float) -> Severity:
    """Return how urgent an incident of ``rule`` with these members is."""
    if rule == "queue_wait":
        longest = max(member.facts.get("wait_s", 0.0) for member in members)
        return Severity.MAJOR if longest >= major_wait_s else Severity.MINOR
    if rule == "report_surge":
        return Severity.MAJOR if any(not member.unit_code for member in members) else Severity.MINOR
    if rule == "payment_failures":
        return Severity.MAJOR if len({member.series.unit_code for member in members}) > 1 else Severity.MINOR
    return _SEVERITY[rule]


def binomial_tail(successes: int, trials: int, chance: float) -> float:
    """Return P(X >= successes) of a binomial count, summed in logarithms.

    Examples
    --------
    >>> round(binomial_tail(2, 3, 0.5), 6)
    0.5
    """
    if successes <= 0:
        return 1.0
    log_p, log_q = math.log(chance), math.log1p(-chance)
    whole = math.lgamma(trials + 1)
    terms = [
        whole - math.lgamma(k + 1) - math.lgamma(trials - k + 1) + k * log_p + (trials - k) * log_q
        for k in range(successes, trials + 1)
    ]
    greatest = max(terms)
    return min(1.0, math.exp(greatest) * math.fsum(math.exp(term - greatest) for term in terms))
