"""Alerts on one-stop counters before citizens wait too long, and on what is overdue or out of date."""

from deploy.sources.alerts.model import Alert, Case, Severity, Told
from deploy.sources.thresholds import THRESHOLDS

_UNIT = 'tenant="11", unit="03127"'


def _wait(severity: Severity, limit: float) -> Alert:
    minutes = limit / 60
    return Alert(
        "IocPredictedWait",
        severity,
        "mot-cua",
        f"max by (tenant, unit) (ioc_queue_predicted_wait_seconds) > {limit:g}",
        120,
        Told(
            "Sắp phải chờ lâu tại bộ phận một cửa $unit",
            f"Người đến lúc này tại $unit phải chờ hơn {minutes:.0f} phút theo dự báo.",
            "Mở thêm quầy (xem số quầy cần mở), điều phối lượt lấy số.",
        ),
        Told(
            "A long wait is coming at the counters of unit $unit",
            f"Whoever comes to unit $unit now must expect to wait more than {minutes:.0f} minutes.",
            "Open counters (the page says how many), steer the issuing of tickets.",
        ),
        "ioc-queues",
        Case({f"ioc_queue_predicted_wait_seconds{{{_UNIT}}}": f"{limit + 1:g}x20"}, 10),
        Case({f"ioc_queue_predicted_wait_seconds{{{_UNIT}}}": f"{limit:g}x20"}, 10),
    )


_SHORT = Alert(
    "IocCountersShort",
    "minor",
    "mot-cua",
    "sum by (tenant, unit) (ioc_queue_counters_needed) > sum by (tenant, unit) (ioc_queue_counters_open)",
    900,
    Told(
        "Thiếu quầy tại $unit",
        "Đã 15 phút số quầy mở tại $unit ít hơn số cần để giữ thời gian chờ.",
        "Mở thêm quầy, hoặc chuyển người từ nơi thừa.",
    ),
    Told(
        "Too few counters are open in unit $unit",
        "For 15 minutes unit $unit has had fewer counters open than would keep the wait.",
        "Open more, or move staff from where there are too many.",
    ),
    "ioc-queues",
    Case({f"ioc_queue_counters_needed{{{_UNIT}}}": "4x30", f"ioc_queue_counters_open{{{_UNIT}}}": "3x30"}, 25),
    Case({f"ioc_queue_counters_needed{{{_UNIT}}}": "3x30", f"ioc_queue_counters_open{{{_UNIT}}}": "3x30"}, 25),
)


def _open(overdue: int, fine: int) -> dict[str, str]:
    return {
        f'ioc_deadlines_open{{tenant="11", level="dossier", phase="{phase}"}}': f"{count}x90"
        for phase, count in (("overdue", overdue), ("under_50", fine))
    }


_ALL_OPEN = "sum by (tenant, level) (ioc_deadlines_open)"
_OVERDUE = Alert(
    "IocOverdueShare",
    "warning",
    "phan-anh",
    f'sum by (tenant, level) (ioc_deadlines_open{{phase="overdue"}}) / {_ALL_OPEN} > 0.1 and {_ALL_OPEN} >= 20',
    3600,
    Told(
        "Nhiều việc quá hạn: $level",
        "Hơn 10 % số việc đang mở ($level) đã quá hạn.",
        "Xem cơ quan nào nợ nhiều nhất và đôn đốc; gia hạn phải có lý do.",
    ),
    Told(
        "Much is overdue: $level",
        "More than 10 % of what is open ($level) is past its deadline.",
        "See which agency owes most and press it; extensions need a reason.",
    ),
    "ioc-levels",
    Case(_open(20, 80), 80),
    Case(_open(5, 10), 80),
)


def _kpi(severity: Severity, days: float) -> Alert:
    series = 'ioc_kpi_as_of_timestamp_seconds{tenant="11", kpi="e_tax"}'
    return Alert(
        "IocKpiStale",
        severity,
        "van-hanh",
        f"(time() - max by (tenant, kpi) (ioc_kpi_as_of_timestamp_seconds)) / 86400 > {days:g}",
        3600,
        Told(
            "Số liệu chỉ tiêu $kpi đã cũ",
            f"Số liệu nhập của chỉ tiêu $kpi cũ hơn {days:g} ngày.",
            "Xin số mới và nhập bằng `ioc kpi import`.",
        ),
        Told(
            "The figure of the indicator $kpi is old",
            f"The imported figure of $kpi is more than {days:g} days old.",
            "Get a new one and bring it in with `ioc kpi import`.",
        ),
        "ioc-levels",
        Case({series: f"{-(days + 1) * 86_400:.0f}x90"}, 80),
        Case({series: f"{-(days - 1) * 86_400:.0f}x90"}, 80),
    )


QUEUES = (
    _wait("minor", THRESHOLDS["wait"].warning),
    _wait("major", THRESHOLDS["wait"].critical),
    _SHORT,
    _OVERDUE,
    _kpi("warning", THRESHOLDS["kpi_age"].warning),
    _kpi("minor", THRESHOLDS["kpi_age"].critical),
)
