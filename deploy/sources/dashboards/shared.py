"""Panels that stand on several dashboards: targets, and alerts that fire."""

from deploy.sources.dashboards.expressions import on_time
from deploy.sources.dashboards.frame import TENANT
from deploy.sources.dashboards.panels import CRITICAL, GOOD, WARNING, Panel, Query, Size, Step
from deploy.sources.dashboards.tables import Column, listed
from deploy.sources.dashboards.words import SEVERITIES, Said, Words
from streams.kpis import KPIS

_REACHED = (Step(None, CRITICAL), Step(0.9, WARNING), Step(1.0, GOOD))


NAMES = {kpi: Said(Words(each.vi, each.en)) for kpi, each in KPIS.items()}
_LOWER = "|".join(kpi for kpi, each in KPIS.items() if each.better == "lower")
"""Indicators of which less is better."""


def counted(window: str) -> dict[str, str]:
    """Return the indicators that are quotients of counters, over a window of whoever asks."""
    submitted, paid = f"ioc_dossiers_submitted_total{{{TENANT}", f"ioc_dossier_payments_total{{{TENANT}"
    wait = "ioc_ticket_wait_seconds"
    return {
        "dossiers_online_share": _share(submitted, 'channel="online"', window),
        "dossiers_full_share": _share(submitted, 'service_level="full"', window),
        "cashless_payments_share": _share(paid, 'payment="online"', window),
        "dossiers_on_time_share": on_time("dossier", window=window),
        "reports_on_time_share": on_time("report_resolution", window=window),
        "counter_wait_mean": (
            f"sum(increase({wait}_sum{{{TENANT}}}[{window}])) / (sum(increase({wait}_count{{{TENANT}}}[{window}])) > 0)"
        ),
    }


def _share(family: str, part: str, window: str) -> str:
    return f"sum(increase({family}, {part}}}[{window}])) / (sum(increase({family}}}[{window}])) > 0)"


def indicators(window: str) -> str:
    """Return all indicators by id: figures that were imported, and those that counters tell."""
    live = (f'label_replace({expr}, "kpi", "{kpi}", "", "")' for kpi, expr in counted(window).items())
    return " or ".join([f"max by (kpi) (ioc_kpi_value{{{TENANT}}})", *live])


def reached(window: str) -> str:
    """Return how much of its target each indicator reaches; of those of which less is better, the inverse."""
    more, less = (f'max by (kpi) (ioc_kpi_target{{{TENANT}, kpi{sign}"{_LOWER}"}})' for sign in ("!~", "=~"))
    value = indicators(window)
    return f"({value}) / on (kpi) ({more} > 0) or {less} / on (kpi) ({value})"


def targets(size: Size) -> Panel:
    """Return the table of indicators with their targets."""
    target = f"max by (kpi) (ioc_kpi_target{{{TENANT}}})"
    day = f"max by (kpi) (ioc_kpi_as_of_timestamp_seconds{{{TENANT}}}) * 1000"
    return listed(
        Words("Chỉ tiêu và mục tiêu", "Indicators against targets"),
        Words(
            "Chỉ tiêu nào chưa đạt mục tiêu của tỉnh? Có ngày là số nhập, không có ngày là số tính từ sự kiện "
            "trong khoảng đang xem. Thời gian chờ tính bằng giây, tỷ lệ từ 0 đến 1.",
            "Which indicator misses the province's target? A date: imported; none: counted from events in the range "
            "shown. Waits are in seconds, shares from 0 to 1.",
        ),
        [Query(indicators("$__range")), Query(target), Query(reached("$__range")), Query(day)],
        size,
        [
            Column("kpi", Words("Chỉ tiêu", "Indicator"), width=300, names=NAMES),
            Column("Value #A", Words("Giá trị", "Value"), "none", decimals=2),
            Column("Value #B", Words("Mục tiêu", "Target"), "none", decimals=2),
            Column("Value #C", Words("Đạt", "Reached"), "percentunit", _REACHED, decimals=0),
            Column("Value #D", Words("Ngày", "As of"), "time:YYYY-MM-DD"),
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
