"""Anomalies as people read them: one line of JSON with times in RFC 3339."""

import msgspec
from msgspec import Struct

from streams.anomalies import Anomaly, Kind
from streams.grouping import SINGLE_RULE, severity
from streams.incidents import Piece, Severity, piece_of, rfc3339, score_of

_encoder = msgspec.json.Encoder(order="deterministic")


class AnomalyLine(Struct, frozen=True, kw_only=True):
    """One step of an episode, as people read it; times are RFC 3339, ``score`` is -log10 of ``p``."""

    id: str
    detector: str
    version: int
    kind: Kind
    tenant: str
    unit_code: str
    severity: Severity
    start: str
    end: str
    at: str
    open: bool
    score: float
    series: str
    evidence: Piece


def anomaly_line(anomaly: Anomaly, offset_min: int, major_wait_s: float) -> bytes:
    """Return an anomaly as one line of JSON, keys sorted: what `ioc detect --anomalies` prints."""
    piece = piece_of(anomaly, offset_min)
    return _encoder.encode(
        AnomalyLine(
            id=anomaly.id,
            detector=anomaly.detector,
            version=anomaly.version,
            kind=anomaly.kind,
            tenant=anomaly.series.tenant,
            unit_code=anomaly.series.unit_code,
            severity=severity(SINGLE_RULE[anomaly.kind], [anomaly], major_wait_s),
            start=piece.start,
            end=piece.end,
            at=rfc3339(anomaly.at_ms, offset_min),
            open=anomaly.open,
            score=score_of(anomaly.p),
            series=piece.series,
            evidence=piece,
        )
    )
