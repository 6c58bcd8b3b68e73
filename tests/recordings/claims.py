"""What each label demands: which incidents must be found, or must not be, and how that is judged."""

import re
from datetime import timedelta

from msgspec import Struct

from tests.recordings.labelled import Found, Label

_SNOW = "snow"
_CARS, _LAND = "rejestrac", "(wieczyst|nieruchom)"


class Claim(Struct, frozen=True):
    """The demand of one label.

    There must be an incident of one of ``rules`` in the label's window for every pattern of ``series``; with
    ``absent``, none may have evidence in that window whose series fits.
    """

    label: str
    rules: frozenset[str]
    series: tuple[str, ...] = ("",)
    absent: bool = False


class Verdict(Struct, frozen=True):
    """Whether a demand is met, by which incidents, and how long after the label's start the first was told."""

    met: bool
    incidents: tuple[Found, ...]
    delay: timedelta | None


def _claim(label: str, rules: str, *series: str, absent: bool = False) -> Claim:
    return Claim(label, frozenset(rules.split()), series or ("",), absent)


def _offices(pattern: str, *names: str) -> list[str]:
    return [f"UD_{name}/.*{pattern}" for name in names]


CLAIMS = (
    _claim("W1", "queue_wait", *_offices(_CARS, "Wola", "Bialoleka", "Mokotow_2", "Praga_Poludnie")),
    _claim("W2", "queue_wait", *_offices(_LAND, "Mokotow_1", "Bielany", "Wola", "Targowek", "Srodmiescie_1")),
    _claim("W3", "queue_wait", *_offices(_CARS, "Praga_Poludnie", "Bialoleka", "Targowek")),
    _claim("W4", "queue_wait queue_stalled", absent=True),
    _claim("W5", "queue_wait queue_stalled", absent=True),
    _claim("W6", "area_outage sensor_silent"),
    _claim("W8", "source_clock"),
    _claim("W9", "source_clock", "UD_Srodmiescie_2"),
    _claim("W10", "queue_stalled", "UD_Ursus/.*KASA"),
    _claim("W11", "queue_stalled", "UD_Bielany/.*KASY"),
    _claim("B1", "report_surge", _SNOW),
    _claim("B2", "report_surge", _SNOW),
    _claim("B3", "report_surge", _SNOW),
    _claim("B4", "report_surge", _SNOW),
    _claim("B7", "report_surge", "PWD Graffiti", absent=True),
    _claim("B8", "report_surge", r"Pothole Repair \(Internal\)", absent=True),
    _claim("B9", "report_surge", r"Pothole Repair \(Internal\)", absent=True),
    _claim("A1", "area_drop area_fall"),
    _claim("A5", "area_surge sensor_surge"),
    _claim("A6", "sensor_stuck", "CAM-0002"),  # 107 Quay Street
    _claim("A8", "sensor_stuck", "CAM-0010"),  # 297 Queen Street
)


def judge(claim: Claim, label: Label, incidents: tuple[Found, ...]) -> Verdict:
    """Say whether a claim is met by the incidents of its recording."""
    within = [each for each in incidents if each.rule in claim.rules and each.overlaps(label.start, label.end)]
    if claim.absent:
        guilty = tuple(each for each in within if _has_evidence(each, claim.series[0], label))
        return Verdict(not guilty, guilty, None)
    answers = [[each for each in within if _fits(pattern, each.series)] for pattern in claim.series]
    matched = tuple(dict.fromkeys(each for answer in answers for each in answer)) if all(answers) else ()
    first = min((each.told for each in matched), default=None)
    return Verdict(bool(matched), matched, None if first is None else first - label.start)


def _fits(pattern: str, series: tuple[str, ...]) -> bool:
    return any(re.search(pattern, name, re.IGNORECASE) for name in series)


def _has_evidence(incident: Found, pattern: str, label: Label) -> bool:
    return any(
        re.search(pattern, piece.series) and piece.start <= label.end and piece.end >= label.start
        for piece in incident.evidence
    )
