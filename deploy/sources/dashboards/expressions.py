"""PromQL that several dashboards share."""

from deploy.sources.dashboards.frame import JOB, TENANT, UNIT

NAMED = f"max by (tenant, unit, name) (ioc_unit_info{{{TENANT}}})"
"""Units and their names; each worker tells of the units that it saw, so that several tell of one."""

OPEN_INCIDENTS = f"sum by (tenant, unit) (ioc_unit_incidents_open{{{TENANT}, {UNIT}}})"
WAIT = f"max by (tenant, unit) (ioc_queue_predicted_wait_seconds{{{TENANT}, {UNIT}}})"
SILENT_CAMERAS = f"sum by (tenant, unit) (ioc_cameras_silent{{{TENANT}, {UNIT}}})"
OVERDUE = f"sum by (tenant, unit) (ioc_deadlines_overdue{{{TENANT}, {UNIT}}})"
OPERATORS = "scalar(max(ioc_operators))"
NEW_INCIDENTS = f"sum(increase(ioc_incidents_opened_total{{{TENANT}}}[10m]))"


def named(expr: str) -> str:
    """Return figures by tenant and unit with the units' names.

    Examples
    --------
    >>> named("x")[:42]
    '(x) * on (tenant, unit) group_left (name) '
    """
    return f"({expr}) * on (tenant, unit) group_left (name) {NAMED}"


def most(expr: str, count: int = 10) -> str:
    """Return the units with the highest figures above 0, by name."""
    return f"topk({count}, sum by (name) ({named(expr)}) > 0)"


def on_time(level: str, by: str = "", window: str = "$__range", *, units: bool = False) -> str:
    """Return the share on time of what ended in ``window`` and of what stands open past its deadline.

    What is overdue and still open counts as late: a share without it is flattered by never finishing. Where nothing
    ended, there is no share. ``units`` counts
    by unit, for resolutions and dossiers of the chosen ones; else agencies are counted, for every level.
    """
    family, where = ("deadlines", f"{TENANT}, {UNIT}") if units else ("agency_deadlines", TENANT)
    where += f', level="{level}"'
    grouped = f" by ({by})" if by else ""
    done = f"sum{grouped} (increase(ioc_{family}_total{{{where}}}[{window}]))"
    good = f'sum{grouped} (increase(ioc_{family}_total{{{where}, outcome="on_time"}}[{window}]))'
    overdue = f"sum{grouped} (ioc_{family}_overdue{{{where}}})"
    return f"{good} / (({done} > 0) + ({overdue} or {done} * 0))"


def ended(family: str, level: str, window: str, by: str = "outcome") -> str:
    """Return how many came to an end in ``window``, by outcome."""
    return f'sum by ({by}) (increase(ioc_{family}_total{{{TENANT}, level="{level}"}}[{window}]))'


def within(seconds: int, where: str = f"{TENANT}, {UNIT}", window: str = "$__range", by: str = "") -> str:
    """Return the share of tickets that were called within so many seconds."""
    grouped = f" by ({by})" if by else ""
    fast = f'sum{grouped} (increase(ioc_ticket_wait_seconds_bucket{{{where}, le="{seconds}.0"}}[{window}]))'
    return f"{fast} / (sum{grouped} (increase(ioc_ticket_wait_seconds_count{{{where}}}[{window}])) > 0)"


def records(by: str, topic: str, window: str = "$__rate_interval") -> str:
    """Return records of a source topic per second."""
    return f'sum by ({by}) (rate(ioc_events_total{{{JOB}, topic=~"{topic}"}}[{window}]))'
