"""Alerts on one-stop counters before citizens wait too long, and on what is overdue or out of date."""

from deploy.sources.alerts.model import Alert, Case, Severity, Team, Told
from deploy.sources.thresholds import THRESHOLDS
from streams.kpis import KPIS

_UNIT = 'tenant="11", unit="03127"'
_MOST_OVERDUE = 0.1
_LEAST_OPEN = 20
"""Of fewer a share is chance."""


def _wait(severity: Severity, limit: float, hold_s: int) -> Alert:
    minutes = limit / 60
    return Alert(
        "IocPredictedWait",
        severity,
        "mot-cua",
        f"max by (tenant, unit) (ioc_queue_predicted_wait_seconds) > {limit:g}",
        hold_s,
        Told(
            "Sắp phải chờ lâu tại bộ phận một cửa $unit",
            f"Dự báo: ai đến lúc này phải chờ $duration; đã {hold_s // 60} phút liền trên {minutes:.0f} phút.",
            "Mở thêm quầy (xem số quầy cần mở), điều phối lượt lấy số.",
        ),
        Told(
            "A long wait is coming at the counters of $unit",
            f"Whoever comes now must expect to wait $duration; above {minutes:.0f} minutes for {hold_s // 60} minutes.",
            "Open counters (the page says how many), steer the issuing of tickets.",
        ),
        "ioc-queues",
        Case({f"ioc_queue_predicted_wait_seconds{{{_UNIT}}}": f"{limit + 1:g}x40"}, 20),
        Case({f"ioc_queue_predicted_wait_seconds{{{_UNIT}}}": f"{limit + 1:g}x8 {limit:g}x40"}, 20),
        2 * hold_s,
    )


_SHORT = Alert(
    "IocCountersShort",
    "minor",
    "mot-cua",
    "sum by (tenant, unit) (ioc_queue_counters_needed) > sum by (tenant, unit) (ioc_queue_counters_open)",
    900,
    Told(
        "Thiếu quầy tại $unit",
        "Đã 15 phút số quầy mở tại $unit ít hơn số cần ($value) để giữ thời gian chờ.",
        "Mở thêm quầy, hoặc chuyển người từ nơi thừa.",
    ),
    Told(
        "Too few counters are open in $unit",
        "For 15 minutes $unit has had fewer counters open than would keep the wait ($value).",
        "Open more, or move staff from where there are too many.",
    ),
    "ioc-queues",
    Case({f"ioc_queue_counters_needed{{{_UNIT}}}": "4x30", f"ioc_queue_counters_open{{{_UNIT}}}": "3x30"}, 25),
    Case({f"ioc_queue_counters_needed{{{_UNIT}}}": "3x30", f"ioc_queue_counters_open{{{_UNIT}}}": "3x30"}, 25),
)


def _overdue(name: str, levels: str, team: Team, vi: Told, en: Told) -> Alert:
    every = f'sum by (tenant, level) (ioc_deadlines_open{{level=~"{levels}"}})'
    late = f'sum by (tenant, level) (ioc_deadlines_open{{level=~"{levels}", phase="overdue"}})'

    def standing(overdue: int, fine: int) -> Case:
        level = levels.rpartition("|")[2]
        counts = (("overdue", overdue), ("under_50", fine))
        return Case(
            {f'ioc_deadlines_open{{tenant="11", level="{level}", phase="{phase}"}}': f"{n}x90" for phase, n in counts},
            80,
        )

    share = f"{late} / {every} > {_MOST_OVERDUE:g} and {every} >= {_LEAST_OPEN}"
    return Alert(name, "warning", team, share, 3600, vi, en, "ioc-levels", standing(20, 80), standing(5, 10))


def _kpi(severity: Severity, periods: float) -> Alert:
    """Return the alert on figures that should have been followed by others; each has its own period."""
    by_period: dict[int, list[str]] = {}
    for kpi in KPIS.values():
        if not kpi.live and kpi.every_days is not None:
            by_period.setdefault(kpi.every_days, []).append(kpi.id)
    aged = (
        f'(time() - max by (tenant, kpi) (ioc_kpi_as_of_timestamp_seconds{{kpi=~"{"|".join(kpis)}"}})) / 86400'
        f" > {days * periods:g}"
        for days, kpis in sorted(by_period.items())
    )
    month, year = (
        f'ioc_kpi_as_of_timestamp_seconds{{tenant="11", kpi="{kpi}"}}' for kpi in ("etax_firms_share", "dti_rank")
    )
    late_s = (31 * periods + 1) * 86_400
    return Alert(
        "IocKpiStale",
        severity,
        "van-hanh",
        " or ".join(aged),
        3600,
        Told(
            "Số liệu chỉ tiêu $kpi đã cũ",
            "Số liệu nhập của chỉ tiêu $kpi đã $value ngày; số mới hơn lẽ ra phải có.",
            "Xin số mới và nhập bằng `ioc kpi import`; `ioc kpi list` cho biết tên chỉ tiêu.",
        ),
        Told(
            "The figure of the indicator $kpi is old",
            "The imported figure of $kpi is $value days old; a newer one should be there.",
            "Get a new one and bring it in with `ioc kpi import`; `ioc kpi list` names the indicators.",
        ),
        "ioc-levels",
        Case({month: f"{-late_s:.0f}x90"}, 80),
        Case({month: f"{-(late_s - 2 * 86_400):.0f}x90", year: f"{-late_s:.0f}x90"}, 80),
    )


QUEUES = (
    _wait("minor", THRESHOLDS["wait"].warning, 600),
    _wait("major", THRESHOLDS["wait"].critical, 900),
    _SHORT,
    _overdue(
        "IocReportsOverdue",
        "report_receipt|report_resolution",
        "phan-anh",
        Told(
            "Nhiều phản ánh quá hạn: $level",
            "$share số phản ánh đang mở ($level) đã quá hạn, ngưỡng 10 %.",
            "Xem cơ quan nào nợ nhiều nhất và đôn đốc; gia hạn phải có lý do.",
        ),
        Told(
            "Many field reports are overdue: $level",
            "$share of the open reports ($level) are past their deadline, the limit is 10 %.",
            "See which agency owes most and press it; extensions need a reason.",
        ),
    ),
    _overdue(
        "IocDossiersOverdue",
        "dossier",
        "mot-cua",
        Told(
            "Nhiều hồ sơ quá hạn",
            "$share số hồ sơ đang mở đã quá hạn, ngưỡng 10 %.",
            "Xem cơ quan nào nợ nhiều nhất và đôn đốc; hẹn lại phải có thư xin lỗi.",
        ),
        Told(
            "Many dossiers are overdue",
            "$share of the open dossiers are past their deadline, the limit is 10 %.",
            "See which agency owes most and press it; a new appointment needs a letter of apology.",
        ),
    ),
    _kpi("warning", THRESHOLDS["kpi_age"].warning),
    _kpi("minor", THRESHOLDS["kpi_age"].critical),
)
