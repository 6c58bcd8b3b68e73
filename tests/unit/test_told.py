"""Incidents as text: which are shown, in which order, and what is said of one."""

import re

from msgspec.structs import replace

from ioc.told import chosen, details, lines
from streams.anomalies import Kind
from streams.incidents import Explanation, Incident, Piece, Severity, Status

PIECE = Piece(
    kind=Kind.SILENT,
    detector="silence",
    version=1,
    series="camera.signal/03127/CAM-11-0001",
    unit_code="03127",
    start="2026-03-16T10:15:00+07:00",
    end="2026-03-16T10:40:00+07:00",
    open=False,
    p=1e-6,
    observed=1140.0,
    expected=300.0,
)
OUTAGE = Incident(
    id="9a1f",
    revision=2,
    rule="area_outage",
    detector="silence",
    tenant="11",
    unit_code="03127",
    unit_name="Phường Điện Biên Phủ",
    severity=Severity.MAJOR,
    status=Status.OPEN,
    start="2026-03-16T10:15:00+07:00",
    end=None,
    updated="2026-03-16T10:45:00+07:00",
    score=6.0,
    series=["camera.signal/03127/CAM-11-0001", "camera.signal/03127/CAM-11-0002"],
    series_total=7,
    evidence=[PIECE],
    explanation=Explanation("7 camera mất tín hiệu", "7 cameras fell silent"),
)
MINOR = replace(OUTAGE, id="b", severity=Severity.MINOR, start="2026-03-16T11:00:00+07:00")
OLDER = replace(OUTAGE, id="c", start="2026-03-16T08:00:00+07:00", unit_code="03334")
OVER = replace(OUTAGE, id="d", status=Status.CLEARED, end="2026-03-16T12:30:00+07:00")


def test_open_incidents_come_by_severity_and_then_the_newest_first() -> None:
    """Whoever comes on duty reads from the top."""
    assert [incident.id for incident in chosen([MINOR, OVER, OLDER, OUTAGE])] == ["9a1f", "c", "b"]


def test_one_can_ask_for_a_unit_and_for_what_is_over() -> None:
    """Both together too."""
    all_of_them = [MINOR, OVER, OLDER, OUTAGE]
    assert [incident.id for incident in chosen(all_of_them, "03334")] == ["c"]
    assert [incident.id for incident in chosen(all_of_them, "03127", every=True)] == ["d", "9a1f", "b"]


def test_an_incident_is_told_with_its_place_and_why_in_both_languages() -> None:
    """Four lines; one that is over says until when, one of no unit that it is the whole province's."""
    first, *others = lines(OUTAGE)
    assert re.split(" {2,}", first) == [
        "major",
        "area_outage",
        "Phường Điện Biên Phủ (03127)",
        "2026-03-16T10:15",
        "đang mở · open",
    ]
    assert [other.strip() for other in others] == ["7 camera mất tín hiệu", "7 cameras fell silent", "9a1f"]
    assert "2026-03-16T10:15 – 2026-03-16T12:30  đã hết · cleared" in lines(OVER)[0]
    assert "the whole province" in lines(replace(OUTAGE, unit_code=""))[0]


def test_the_evidence_of_one_is_told_with_what_was_seen_and_what_is_usual() -> None:
    """Then the series that are named without evidence of their own, and how many are not named."""
    told = "\n".join(details(replace(OUTAGE, parent="ffff")))
    assert "camera.signal/03127/CAM-11-0001  1140, usually 300, p = 1.0e-06, from 2026-03-16T10:15 to 10:40" in told
    assert told.endswith("camera.signal/03127/CAM-11-0002\n    … and 5 more")
    assert "told by ffff" in told
    assert "score 6.0" in told
    whole = details(replace(OUTAGE, series_total=2, evidence=[replace(PIECE, open=True, expected=None)]))
    assert "1140, p = 1.0e-06, from 2026-03-16T10:15 (silence)" in whole[-2]
    assert "more" not in whole[-1]
