"""Panels that stand on several dashboards: targets, and alerts that fire."""

from deploy.sources.dashboards.frame import TENANT
from deploy.sources.dashboards.panels import CRITICAL, GOOD, WARNING, Panel, Query, Size, Step
from deploy.sources.dashboards.tables import Column, listed
from deploy.sources.dashboards.words import SEVERITIES, Words

_REACHED = (Step(None, CRITICAL), Step(0.9, WARNING), Step(1.0, GOOD))


def targets(size: Size) -> Panel:
    """Return the table of indicators with their targets."""
    value = f"max by (kpi) (ioc_kpi_value{{{TENANT}}})"
    target = f"max by (kpi) (ioc_kpi_target{{{TENANT}}})"
    day = f"max by (kpi) (ioc_kpi_as_of_timestamp_seconds{{{TENANT}}}) * 1000"
    return listed(
        Words("Chỉ tiêu và mục tiêu", "Indicators against targets"),
        Words(
            "Chỉ tiêu nào chưa đạt mục tiêu của tỉnh? Ngày số liệu cho biết số nhập còn mới hay không; trống là số "
            "tính trực tiếp từ sự kiện.",
            "Which indicator misses the province's target? The date tells whether an imported figure is recent; "
            "none: counted live from events.",
        ),
        [Query(value), Query(target), Query(f"({value}) / ({target} > 0)"), Query(day)],
        size,
        [
            Column("kpi", Words("Chỉ tiêu", "Indicator"), width=260),
            Column("Value #A", Words("Giá trị", "Value"), "none", decimals=2),
            Column("Value #B", Words("Mục tiêu", "Target"), "none", decimals=2),
            Column("Value #C", Words("Giá trị / mục tiêu", "Value / target"), "percentunit", _REACHED, decimals=0),
            Column("Value #D", Words("Ngày số liệu", "As of"), "dateTimeAsIso"),
        ],
    )


def alerts(size: Size, team: str = "") -> Panel:
    """Return the table of alerts that fire now; of one team, or all."""
    where = f'alertstate="firing", severity=~".+"{f", team={team!r}" if team else ""}'
    return listed(
        Words("Cảnh báo đang phát", "Firing alerts"),
        Words(
            "Prometheus đang báo động việc gì, cho ai? Watchdog luôn phát: không thấy nó là đường báo động hỏng.",
            "What does Prometheus page about now, and whom? Watchdog always fires: without it the way of pages is "
            "broken.",
        ),
        [Query(f"max by (alertname, severity, team, unit) (ALERTS{{{where}}})")],
        size,
        [
            Column("alertname", Words("Cảnh báo", "Alert"), width=320),
            Column("severity", Words("Mức độ", "Severity"), names=SEVERITIES),
            Column("team", Words("Đơn vị trực", "Team")),
            Column("unit", Words("Mã đơn vị", "Unit code")),
        ],
    )
