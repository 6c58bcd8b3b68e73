"""The province at a glance: where incidents are, whether staff keep up and targets are met, whether data is fresh."""

from deploy.sources.dashboards.expressions import (
    NEW_INCIDENTS,
    OPEN_INCIDENTS,
    OPERATORS,
    OVERDUE,
    SILENT_CAMERAS,
    WAIT,
    named,
    on_time,
)
from deploy.sources.dashboards.frame import JOB, TENANT, Page, Row, drill, tenant, unit
from deploy.sources.dashboards.panels import CRITICAL, GOOD, WARNING, Query, Size, Step, course, numbers, steps
from deploy.sources.dashboards.shared import alerts, targets
from deploy.sources.dashboards.tables import Column, listed, units_map
from deploy.sources.dashboards.words import SEVERITIES, Words

_ANY = (Step(None, GOOD), Step(1, WARNING), Step(3, CRITICAL))
_PLACED = (
    f"(({OPEN_INCIDENTS}) or 0 * group by (tenant, unit) (ioc_unit_info{{{TENANT}}})) * on (tenant, unit) "
    f"group_left (name, lat, lon) max by (tenant, unit, name, lat, lon) (ioc_unit_info{{{TENANT}}})"
)
_WAIT_PLACED = (
    f"(({WAIT}) or 0 * group by (tenant, unit) (ioc_unit_info{{{TENANT}}})) * on (tenant, unit) "
    f"group_left (name, lat, lon) max by (tenant, unit, name, lat, lon) (ioc_unit_info{{{TENANT}}})"
)


def page() -> Page:
    """Return the dashboard."""
    return Page(
        "ioc-overview",
        "dieu-hanh",
        Words(
            "Trang đầu của ca trực: nơi nào có sự cố, ca trực có kịp xử lý không, chỉ tiêu có đạt không, dữ liệu "
            "có mới không.",
            "The first page of a shift: where incidents are, whether the shift keeps up, whether targets are met, "
            "whether data is fresh.",
        ),
        [tenant(), unit()],
        [_now(), _where(), _figures()],
    )


def _now() -> Row:
    return Row(
        Words("Ngay lúc này", "Right now"),
        [
            numbers(
                Words("Sự cố đang mở", "Open incidents"),
                Words(
                    "Có bao nhiêu sự cố đang mở, nặng đến đâu? Màu theo mức độ; bấm vào đơn vị ở bảng bên dưới để "
                    "xem chi tiết.",
                    "How many incidents are open, and how severe? Coloured by severity; the table below leads to "
                    "the unit.",
                ),
                [Query(f"sum by (severity) (ioc_incidents_open{{{JOB}}})", "{{severity}}")],
                Size(8, 5),
                "none",
                names=SEVERITIES,
            ),
            numbers(
                Words("Sự cố mới mỗi trực ban, 10 phút", "New incidents per operator, 10 min"),
                Words(
                    "Ca trực có kịp xử lý không? Ngân sách cảnh báo ISA-18.2: trung bình tối đa 1, từ 2 là quá tải.",
                    "Can the shift keep up? Alarm budget of ISA-18.2: at most 1 on average, from 2 on it is overload.",
                ),
                [Query(f"{NEW_INCIDENTS} / {OPERATORS}", "mỗi trực ban · per operator")],
                Size(4, 5),
                "none",
                colours=steps("alarm_rate"),
                decimals=1,
                line=True,
            ),
            numbers(
                Words("Chờ lâu nhất", "Longest wait"),
                Words(
                    "Người dân đến bây giờ phải chờ lâu nhất bao nhiêu? Mục tiêu 15 phút, trần 30 phút (QĐ "
                    "468/QĐ-TTg).",
                    "How long must somebody wait at worst who comes now? Target 15 minutes, limit 30 (Decision 468).",
                ),
                [Query(f"max({WAIT})", "dự báo · predicted")],
                Size(4, 5),
                "s",
                colours=steps("wait"),
                decimals=1,
                line=True,
            ),
            numbers(
                Words("Camera mất tín hiệu", "Silent cameras"),
                Words(
                    "Bao nhiêu phần camera không gửi gì? Trên một phần năm thường là mất điện hoặc đứt mạng, không "
                    "phải hỏng camera.",
                    "What share of cameras sends nothing? Above a fifth it is mostly power or network, not cameras.",
                ),
                [
                    Query(
                        f'sum(ioc_sensors{{{TENANT}, family="camera", state="silent"}})'
                        f' / sum(ioc_sensors{{{TENANT}, family="camera", state="watched"}})',
                        "tỷ lệ · share",
                    )
                ],
                Size(4, 5),
                "percentunit",
                colours=steps("sensors_silent"),
                decimals=1,
                line=True,
            ),
            numbers(
                Words("Độ trễ dữ liệu", "Age of data"),
                Words(
                    "Các con số trên trang này cũ đến đâu? Quá 2 phút: xem trang đường xử lý dữ liệu trước khi tin.",
                    "How old is what this page shows? Beyond 2 minutes look at the pipeline before trusting it.",
                ),
                [Query(f"max(ioc_event_time_lag_seconds{{{JOB}}})", "cũ nhất · oldest")],
                Size(4, 5),
                "s",
                colours=steps("freshness"),
                decimals=0,
                line=True,
            ),
        ],
    )


def _where() -> Row:
    link = drill("ioc-incident", unit="unit")
    return Row(
        Words("Ở đâu", "Where"),
        [
            units_map(
                Words("Bản đồ đơn vị", "Map of units"),
                Words(
                    "Sự cố ở xã, phường nào? Màu và cỡ theo số sự cố đang mở; chú giải có thời gian chờ dự báo. "
                    "Bấm để xem sự cố của đơn vị.",
                    "Which communes and wards have incidents? Colour and size by open incidents; the tooltip tells "
                    "the predicted wait. Click for the unit's incidents.",
                ),
                [Query(_PLACED), Query(_WAIT_PLACED)],
                Size(12, 16),
                [
                    Column("Value #A", Words("Sự cố đang mở", "Open incidents"), "none"),
                    Column("Value #B", Words("Chờ dự báo", "Predicted wait"), "s", steps("wait")),
                ],
                link=link,
            ),
            listed(
                Words("Đơn vị cần chú ý", "Units that need attention"),
                Words(
                    "Đơn vị nào cần người ngay, vì việc gì? Mỗi dòng một đơn vị; bấm vào tên để xem chi tiết.",
                    "Which unit needs somebody now, and for what? One row per unit; its name leads to the details.",
                ),
                [
                    Query(named(OPEN_INCIDENTS)),
                    Query(named(f"{WAIT} > 0")),
                    Query(named(f"{SILENT_CAMERAS} > 0")),
                    Query(named(f"{OVERDUE} > 0")),
                ],
                Size(12, 9),
                [
                    Column("name", Words("Đơn vị", "Unit"), link=link, width=170),
                    Column("Value #A", Words("Sự cố", "Incidents"), "none", _ANY, decimals=0),
                    Column("Value #B", Words("Chờ", "Wait"), "s", steps("wait"), decimals=1),
                    Column("Value #C", Words("Tắt", "Silent"), "none", decimals=0),
                    Column("Value #D", Words("Quá hạn", "Overdue"), "none", decimals=0),
                    Column("unit", Words("Mã", "Code"), width=80),
                ],
                sort="Value #A",
            ),
            course(
                Words("Sự cố mới so với ngân sách cảnh báo", "New incidents against the alarm budget"),
                Words(
                    "Ca trực có bị ngập cảnh báo không, từ khi nào? Vạch: 1 (trung bình) và 2 (95 %) mỗi trực ban "
                    "trong 10 phút.",
                    "Is the shift flooded with alarms, and since when? Lines: 1 (mean) and 2 (95th percentile) per "
                    "operator in 10 minutes.",
                ),
                [Query(f"{NEW_INCIDENTS} / {OPERATORS}", "mỗi trực ban · per operator")],
                Size(12, 7),
                "none",
                colours=steps("alarm_rate"),
                calcs=("mean", "max"),
            ),
        ],
    )


def _figures() -> Row:
    return Row(
        Words("Chỉ tiêu và cảnh báo", "Targets and alerts"),
        [
            targets(Size(12, 10)),
            course(
                Words("Đúng hạn trong 6 giờ", "On time within the last 6 hours"),
                Words(
                    "Phản ánh và hồ sơ có đang kịp hạn không? Việc quá hạn chưa xong tính là trễ.",
                    "Are reports and dossiers in time? What is overdue and unfinished counts as late.",
                ),
                [
                    Query(on_time("report_receipt", window="6h"), "tiếp nhận phản ánh · receipt"),
                    Query(on_time("report_resolution", window="6h"), "xử lý phản ánh · resolution"),
                    Query(on_time("dossier", window="6h"), "hồ sơ · dossiers"),
                ],
                Size(12, 10),
                "percentunit",
                calcs=("lastNotNull", "min"),
            ),
            alerts(Size(24, 8)),
        ],
    )
