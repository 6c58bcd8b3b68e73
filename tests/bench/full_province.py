"""Metrics of a worker that has a whole province at ten times the units of Điện Biên, every label set taken."""

from itertools import product

from ioc.metrics import WorkerMetrics
from streams.alarms import MAX_UNIT_SERIES
from streams.grouping import RECURRING, RULES
from streams.measures import MEASURES, Labels, Measured, Waits
from streams.rejection import Reason
from streams.stage import Outcome, Tally
from streams.topics import ANOMALIES, SOURCES

BUDGET = 10_000
PARTITIONS = 12
UNITS = tuple(f"{number:05}" for number in range(450))
AGENCIES = (*(f"Sở {number}" for number in range(64)), "other")
CATEGORIES = (*(f"Lĩnh vực {number}" for number in range(30)), "other")

_VALUES: dict[str, tuple[str, ...]] = {
    "tenant": ("11",),
    "unit": UNITS,
    "agency": AGENCIES,
    "category": CATEGORIES,
    "level": ("report_receipt", "report_resolution", "dossier"),
    "outcome": ("on_time", "late_extended", "late"),
    "phase": ("under_50", "from_50", "from_75", "from_90", "overdue"),
    "service_level": ("full", "partial", "in_person"),
    "channel": ("online", "counter", "post"),
    "payment": ("online", "cash", "failed"),
    "rating": ("1", "2", "3", "4", "5"),
    "family": ("camera", "office", "telemetry"),
    "state": ("watched", "silent"),
    "asset_kind": tuple(f"kind_{number}" for number in range(13)),
    "metric": tuple(f"metric_{number}" for number in range(3)),
    "statistic": ("min", "mean", "max"),
    "kpi": tuple(f"kpi_{number}" for number in range(40)),
    "rule": tuple(sorted(RECURRING)),
}
_NARROWER: dict[str, dict[str, tuple[str, ...]]] = {
    "deadlines": {"level": ("report_resolution", "dossier"), "outcome": ("on_time", "late")},
    "deadlines_overdue": {"level": ("report_resolution", "dossier")},
    "category_deadlines": {"level": ("report_receipt", "report_resolution")},
    "tickets": {"outcome": ("served", "no_show", "cancelled")},
}
_LISTED: dict[str, list[Labels]] = {
    "incidents_opened": [("11", rule, level.value) for rule, levels in RULES.items() for level in levels],
    "unit_incidents_open": [("11", unit, "area_outage", "major") for unit in UNITS[:MAX_UNIT_SERIES]],
}


def label_sets(name: str) -> list[Labels]:
    """Return every label set that a family can have."""
    if name in _LISTED:
        return _LISTED[name]
    values = _VALUES | _NARROWER.get(name, {})
    return list(product(*(values[label] for label in MEASURES[name].labels)))


def feed(metrics: WorkerMetrics) -> None:
    """Let a worker have measured all of it, in every partition of every topic."""
    metrics.on_rebalance((*product(SOURCES, range(PARTITIONS)), (ANOMALIES, 0)))
    for topic in (*SOURCES, ANOMALIES):
        metrics.on_batch(topic, 0, 100, 70_000, 0.01)
        metrics.on_gap(topic, 0, 0, 1, "deleted")
    metrics.on_snapshot(ANOMALIES, 0, 4096, 7, 0.02)
    metrics.on_outcome(SOURCES[0], 0, Outcome([], _tally(), 1_772_384_400_000, measured()))


def measured() -> Measured:
    """Return one of everything."""
    of_kind = {kind: [m for m in MEASURES.values() if m.kind == kind] for kind in ("counter", "gauge", "histogram")}
    return Measured(
        counted={each.name: dict.fromkeys(label_sets(each.name), 17.0) for each in of_kind["counter"]},
        observed={
            each.name: dict.fromkeys(label_sets(each.name), Waits((1,) * (len(each.bounds) + 1), 61.5))
            for each in of_kind["histogram"]
        },
        standing={each.name: dict.fromkeys(label_sets(each.name), 0.123456789) for each in of_kind["gauge"]},
    )


def _tally() -> Tally:
    notes = ("clock_skew", "suspect_clock", "sequence_gap", "unrecognised_value")
    rules = {f"{rule}/{level.value}": 1 for rule, levels in RULES.items() for level in levels}
    return Tally(
        records=1,
        dead_lettered={reason.value: 0 for reason in Reason},
        noted=dict.fromkeys(notes, 1),
        anomalies={f"kind_{number}/detector_{number}": 1 for number in range(20)},
        incidents={f"{rule}/{status}": 1 for rule in rules for status in ("open", "cleared", "suppressed")},
        open_incidents=rules,
    )
