"""Alerts on what the province's systems report of themselves: processors, disks, links, applications, documents."""

from typing import NamedTuple

from deploy.sources.alerts.model import Alert, Case, Severity, Told
from deploy.sources.thresholds import THRESHOLDS


class _Level(NamedTuple):
    """A metric of some kinds of assets whose greatest value must not stay above a threshold."""

    name: str
    kinds: str
    metric: str
    threshold: str
    hold_s: int
    vi: Told
    en: Told


_LEVELS = (
    _Level(
        "IocProcessorBusy",
        "server|vm",
        "cpu_load",
        "cpu_load",
        900,
        Told(
            "Máy chủ quá tải: $asset_kind",
            "Có máy chủ ($asset_kind) dùng $value % bộ xử lý, đã quá 15 phút.",
            "Xem máy nào trên trang hệ thống; tìm tiến trình chiếm dụng, chuyển bớt tải.",
        ),
        Told(
            "A machine is overloaded: $asset_kind",
            "A processor ($asset_kind) is used to $value %, for more than 15 minutes now.",
            "See which one on the systems page; find the process, move load away.",
        ),
    ),
    _Level(
        "IocDiskFull",
        "server",
        "disk_used",
        "disk_used",
        600,
        Told("Ổ đĩa sắp đầy", "Ổ đĩa của một máy chủ đã dùng $value %.", "Xóa hoặc chuyển dữ liệu cũ, mở rộng ổ đĩa."),
        Told(
            "A disk is nearly full",
            "A server's disk is filled to $value %.",
            "Remove or move old data, enlarge the disk.",
        ),
    ),
    _Level(
        "IocLinkLoss",
        "link",
        "loss",
        "loss",
        600,
        Told(
            "Đường truyền mất gói",
            "Một đường truyền mất $value % gói tin.",
            "Báo nhà mạng; chuyển sang đường dự phòng.",
        ),
        Told(
            "A link loses packets",
            "A link loses $value % of its packets.",
            "Tell the carrier; switch to the spare link.",
        ),
    ),
    _Level(
        "IocApplicationErrors",
        "application",
        "error_share",
        "error_share",
        600,
        Told(
            "Ứng dụng lỗi nhiều",
            "Một ứng dụng trả lỗi cho $share yêu cầu.",
            "Xem nhật ký ứng dụng và thay đổi gần nhất; lùi bản nếu cần.",
        ),
        Told(
            "An application fails often",
            "An application answers $share of its requests with an error.",
            "See its log and the latest change; roll back if need be.",
        ),
    ),
    _Level(
        "IocDocumentsDelayed",
        "document_exchange",
        "exchange_delay",
        "exchange_delay",
        900,
        Told(
            "Liên thông văn bản chậm",
            "Văn bản điện tử đến nơi nhận chậm $duration.",
            "Kiểm tra trục liên thông và hàng đợi gửi của iOffice.",
        ),
        Told(
            "Documents arrive late",
            "Electronic documents take $duration to reach their receivers.",
            "Check the exchange and the outgoing queue of iOffice.",
        ),
    ),
)


def _alert(level: _Level, severity: Severity, limit: float) -> Alert:
    first = level.kinds.partition("|")[0]
    labels = f'tenant="11", asset_kind="{first}", metric="{level.metric}", statistic="max"'
    return Alert(
        level.name,
        severity,
        "ky-thuat",
        "max by (tenant, asset_kind) (ioc_telemetry_value"
        f'{{asset_kind=~"{level.kinds}", metric="{level.metric}", statistic="max"}}) > {limit:g}',
        level.hold_s,
        level.vi,
        level.en,
        "ioc-systems",
        Case({f"ioc_telemetry_value{{{labels}}}": f"{limit * 1.01:g}x60"}, 30),
        Case({f"ioc_telemetry_value{{{labels}}}": f"{limit:g}x60"}, 30),
    )


def _both(level: _Level) -> tuple[Alert, Alert]:
    threshold = THRESHOLDS[level.threshold]
    return _alert(level, "warning", threshold.warning), _alert(level, "minor", threshold.critical)


SYSTEMS = tuple(alert for level in _LEVELS for alert in _both(level))
