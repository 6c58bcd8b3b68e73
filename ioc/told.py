"""Incidents as text for people: which to show in which order, one in a few lines, one with all of its evidence."""

from collections.abc import Iterable

from streams.incidents import RANK, Incident, Piece, Status

_SAID = {Status.OPEN: "đang mở · open", Status.CLEARED: "đã hết · cleared", Status.SUPPRESSED: "được gộp · absorbed"}


def chosen(incidents: Iterable[Incident], unit: str | None = None, *, every: bool = False) -> list[Incident]:
    """Return the incidents that are open, or every one, of a unit or all; the most severe first, then the newest."""
    found = [
        incident
        for incident in incidents
        if (every or incident.status is Status.OPEN) and unit in {None, incident.unit_code}
    ]
    newest = sorted(found, key=lambda incident: (incident.start, incident.id), reverse=True)
    return sorted(newest, key=lambda incident: RANK[incident.severity])


def lines(incident: Incident) -> list[str]:
    """Return an incident in four lines: what, since when, where; why, in both languages; its id."""
    place = f"{incident.unit_name} ({incident.unit_code})" if incident.unit_code else "toàn tỉnh · the whole province"
    until = f" – {incident.end[:16]}" if incident.end else ""
    when = f"{incident.start[:16]}{until}"
    return [
        f"{incident.severity.value:8}  {incident.rule}  {place}  {when}  {_SAID[incident.status]}",
        f"    {incident.explanation.vi}",
        f"    {incident.explanation.en}",
        f"    {incident.id}",
    ]


def details(incident: Incident) -> list[str]:
    """Return an incident with all that speaks for it, the least probable first, and what else it is about."""
    told = [
        *lines(incident),
        f"    revision {incident.revision}, score {incident.score:.1f}, updated {incident.updated}",
    ]
    if incident.parent is not None:
        told.append(f"    told by {incident.parent}")
    told += [f"    {_piece(piece)}" for piece in incident.evidence]
    named = {piece.series for piece in incident.evidence}
    told += [f"    {series}" for series in incident.series if series not in named]
    if (unnamed := incident.series_total - len(named.union(incident.series))) > 0:
        told.append(f"    … and {unnamed} more")
    return told


def _piece(piece: Piece) -> str:
    usual = "" if piece.expected is None else f", usually {piece.expected:.4g}"
    until = "" if piece.open else f" to {piece.end[11:16]}"
    seen = f"{piece.observed:.4g}{usual}, p = {piece.p:.1e}"
    return f"{piece.kind.value:15} {piece.series}  {seen}, from {piece.start[:16]}{until} ({piece.detector})"
