"""The thresholds that alerts page at and dashboards are coloured by: one source for both."""

from types import MappingProxyType
from typing import NamedTuple


class Threshold(NamedTuple):
    """Where a figure begins to matter (``warning``) and where somebody must act now (``critical``), and why there.

    ``unit`` is that of the figure: seconds, records, ratio, alarms, incidents, periods. High figures are the bad ones.
    """

    name: str
    warning: float
    critical: float
    unit: str
    why: str


_ALL = (
    Threshold("wait", 900.0, 1800.0, "seconds", "Decision 468/QĐ-TTg: 15 minutes from 2025, 30 minutes before."),
    Threshold(
        "freshness", 120.0, 600.0, "seconds", "Incidents are to be told within minutes of the event that shows them."
    ),
    Threshold("lag", 50_000.0, 500_000.0, "records", "A worker folds 50,000 records in about a second, alone."),
    Threshold("dead_letters", 0.01, 0.05, "ratio", "Beyond one record in a hundred a source is wired wrongly."),
    Threshold("late", 0.05, 0.2, "ratio", "Late events are kept apart: what they would have shown goes unseen."),
    Threshold("snapshot_age", 120.0, 600.0, "seconds", "Snapshots come every 10 s; a restart reads all that followed."),
    Threshold("clock_skew", 0.01, 0.1, "ratio", "One source with a wrong clock is maintenance; a tenth is a gateway."),
    Threshold(
        "alarm_rate",
        1.0,
        2.0,
        "alarms",
        "ISA-18.2 and EEMUA 191, per operator and 10 minutes: mean at most 1, 95th percentile at most 2.",
    ),
    Threshold("alarm_flood", 10.0, 10.0, "alarms", "ISA-18.2: more than 10 per operator in 10 minutes are a flood."),
    Threshold("stale_incidents", 5.0, 20.0, "incidents", "ISA-18.2: fewer than 5 alarms may stand for a day."),
    Threshold("sensors_silent", 0.05, 0.2, "ratio", "A fifth of a fleet that is silent is a network, not cameras."),
    Threshold("kpi_age", 1.15, 3.25, "periods", "Monthly figures are late after five weeks, lost after a quarter."),
    Threshold("cpu_load", 85.0, 95.0, "percent", "Above it queues build up; a burst has no room."),
    Threshold("disk_used", 85.0, 95.0, "percent", "Weeks, then days, until nothing can be written."),
    Threshold("loss", 2.0, 10.0, "percent", "Video breaks at two lost packets in a hundred, signing at ten."),
    Threshold("error_share", 0.02, 0.1, "ratio", "One request in fifty is seen by citizens, one in ten by everybody."),
    Threshold("exchange_delay", 300.0, 1800.0, "seconds", "Documents are exchanged within minutes, or somebody calls."),
    Threshold("scrape", 0.5, 5.0, "seconds", "A scrape takes 20 ms; half a second says that the worker is busy."),
)

THRESHOLDS: MappingProxyType[str, Threshold] = MappingProxyType({threshold.name: threshold for threshold in _ALL})
"""Every threshold by its name."""
