"""Holds incidents against the truth of a simulation: what was found, missed, and raised without being true."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from ioc.simulate.settings import Truth
from streams.anomalies import Kind
from streams.incidents import Incident

_EARLY = timedelta(minutes=30)
_LATE = timedelta(hours=2)
_KINDS = {kind.value for kind in Kind}


class Verdict(Struct, frozen=True):
    """What became of one true thing; ``incident`` is the one that tells of it."""

    truth: Truth
    outcome: Literal["found", "missed", "rightly silent", "falsely raised"]
    incident: Incident | None


def score(truths: Sequence[Truth], incidents: Iterable[Incident]) -> tuple[list[Verdict], list[Incident]]:
    """Return a verdict on each truth, and the incidents that no truth explains.

    An incident tells of a truth when it shows the expected kind of anomaly (or is of the expected rule), overlaps it in
    time (half an hour early to two hours late), and shares a unit, a sensor, an office or a category with it.
    """
    told = [incident for incident in incidents if incident.status.value != "suppressed"]
    verdicts: list[Verdict] = []
    explained: set[str] = set()
    for truth in truths:
        matching = sorted((incident for incident in told if _tells(incident, truth)), key=lambda i: _distance(i, truth))
        if truth.expected:
            explained.update(incident.id for incident in matching)
            outcome: Literal["found", "missed"] = "found" if matching else "missed"
            verdicts.append(Verdict(truth, outcome, matching[0] if matching else None))
        else:
            verdicts.append(
                Verdict(truth, "falsely raised" if matching else "rightly silent", matching[0] if matching else None)
            )
    return verdicts, [
        incident for incident in told if incident.id not in explained and not _mentioned(incident, truths)
    ]


def _distance(incident: Incident, truth: Truth) -> tuple[bool, timedelta]:
    """Order incidents that tell of a truth: of its unit first, then by how near their starts are."""
    apart = abs(datetime.fromisoformat(incident.start) - datetime.fromisoformat(truth.start))
    return (incident.unit_code != truth.unit_code, apart)


def _tells(incident: Incident, truth: Truth) -> bool:
    if truth.tenant != incident.tenant or not _overlap(incident, truth):
        return False
    kinds = {piece.kind.value for piece in incident.evidence}
    expected = truth.expected or Kind.REPORT_SURGE.value
    if expected in _KINDS and expected not in kinds and not _stronger(expected, kinds):
        return False
    if expected not in _KINDS and expected != incident.rule:
        return False
    return _names(incident, truth)


def _stronger(expected: str, kinds: set[str]) -> bool:
    """Tell whether stuck was told where a drop was expected: a dead sensor is both."""
    return expected == Kind.DROP.value and Kind.STUCK.value in kinds


def _names(incident: Incident, truth: Truth) -> bool:
    return any(name in label.split("/") or label.endswith(name) for label in incident.series for name in truth.series)


def _mentioned(incident: Incident, truths: Sequence[Truth]) -> bool:
    """Whether the incident is a further symptom of something true, of another kind than the expected one."""
    return any(truth.expected and _overlap(incident, truth) and _names(incident, truth) for truth in truths)


def _overlap(incident: Incident, truth: Truth) -> bool:
    start = datetime.fromisoformat(incident.start)
    end = datetime.fromisoformat(incident.end or incident.updated)
    return start <= datetime.fromisoformat(truth.end) + _LATE and end >= datetime.fromisoformat(truth.start) - _EARLY
