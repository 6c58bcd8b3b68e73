"""Which incident an anomaly belongs to: rule names, scopes, who joins whom, how severe."""

import math
from collections.abc import Collection

from streams.anomalies import Anomaly, Kind, Series
from streams.incidents import Case, Severity

PROVINCE = "*"

CROWD = frozenset({Kind.SURGE, Kind.DROP, Kind.SILENT})
"""Kinds that many sensors can show at once for one common cause."""

SINGLE_RULE = {
    Kind.SURGE: "sensor_surge",
    Kind.DROP: "sensor_drop",
    Kind.SILENT: "sensor_silent",
    Kind.STUCK: "sensor_stuck",
    Kind.REPORT_SURGE: "report_surge",
    Kind.LONG_WAIT: "queue_wait",
    Kind.STALLED: "queue_stalled",
    Kind.WRONG_CLOCK: "source_clock",
}
WIDE_RULE = {Kind.SURGE: "area_surge", Kind.DROP: "area_drop", Kind.SILENT: "area_outage"}

_SEVERITY = {
    "area_outage": Severity.MAJOR,
    "area_drop": Severity.MAJOR,
    "area_surge": Severity.MAJOR,
    "sensor_surge": Severity.MINOR,
    "sensor_drop": Severity.MINOR,
    "sensor_silent": Severity.MINOR,
    "sensor_stuck": Severity.WARNING,
    "queue_stalled": Severity.MINOR,
    "source_clock": Severity.WARNING,
}


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
        case Kind.REPORT_SURGE:
            return f"{anomaly.series.entity}/{anomaly.series.unit_code or PROVINCE}"
        case Kind.STUCK | Kind.DROP | Kind.SURGE:
            return f"{anomaly.series.family}/{anomaly.series.entity}/{anomaly.series.part}"
        case _:
            return anomaly.series.label


def belongs(case: Case, anomaly: Anomaly) -> bool:
    """Whether an open incident already tells of this anomaly's cause.

    An incident of a unit or of the province takes every sensor of its kind there. Report surges join when the
    category is the same, when both are province-wide, or when both are in the same unit: so a storm is one incident.
    Long waits join per office. A drop joins the incident of the stuck sensor that explains it. All else joins its
    own re-occurrence.
    """
    series = anomaly.series
    if case.tenant != series.tenant:
        return False
    if case.rule == WIDE_RULE.get(anomaly.kind):
        return case.scope in (wide_scope(series, PROVINCE), wide_scope(series, series.unit_code))
    if case.rule == "report_surge" == SINGLE_RULE[anomaly.kind]:
        return any(
            member.series.entity == series.entity or member.series.unit_code == series.unit_code
            for member in case.members.values()
        )
    rule = "sensor_stuck" if anomaly.kind is Kind.DROP and case.rule == "sensor_stuck" else SINGLE_RULE[anomaly.kind]
    return case.rule == rule and case.scope == scope(anomaly)


def severity(rule: str, members: Collection[Anomaly], major_wait_s: float) -> Severity:
    """Return how urgent an incident of ``rule`` with these members is."""
    if rule == "queue_wait":
        longest = max(member.facts.get("wait_s", 0.0) for member in members)
        return Severity.MAJOR if longest >= major_wait_s else Severity.MINOR
    if rule == "report_surge":
        return Severity.MAJOR if any(not member.series.unit_code for member in members) else Severity.MINOR
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
