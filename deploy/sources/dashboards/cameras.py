"""Cameras: which are silent, whether it is a unit or a camera, what else is odd, and whether their events come in."""

from grafana_foundation_sdk.models.common import StackingMode

from deploy.sources.dashboards.expressions import SILENT_CAMERAS, most, named, records
from deploy.sources.dashboards.frame import JOB, TENANT, UNIT, Page, Row, drill, tenant, unit
from deploy.sources.dashboards.panels import CRITICAL, GOOD, WARNING, Query, Size, Step, course, numbers, ranked, steps
from deploy.sources.dashboards.tables import Column, listed
from deploy.sources.dashboards.words import RECORDS, SEVERITIES, Words

RULES = "area_.*|sensor_.*|camera_.*|source_clock"
"""Incident rules that cameras cause; those of single sensors and areas are told of other sensors too."""

_KINDS = "surge|drop|rise|fall|stuck|silent|false_alarms|wrong_clock"
_WATCHED = f'sum(ioc_sensors{{{TENANT}, family="camera", state="watched"}})'
_SILENT = f'sum(ioc_sensors{{{TENANT}, family="camera", state="silent"}})'
_OPEN = f'sum by (rule) (ioc_unit_incidents_open{{{TENANT}, {UNIT}, rule=~"{RULES}"}})'


def page() -> Page:
    """Return the dashboard."""
    return Page(
        "ioc-cameras",
        "dieu-hanh",
        Words(
            "Camera nào mất tín hiệu, do camera hay do cả địa bàn; hình ảnh, số đếm có gì lạ; dữ liệu camera có về "
            "đủ không.",
            "Which cameras are silent, alone or with their unit; what is odd about counts; whether camera events "
            "come in.",
        ),
        [tenant(), unit()],
        [_signal(), _odd(), _input()],
    )


def _signal() -> Row:
    return Row(
        Words("Tín hiệu", "Signal"),
        [
            numbers(
                Words("Đang mất tín hiệu", "Silent now"),
                Words("Bao nhiêu camera không gửi gì lúc này?", "How many cameras send nothing now?"),
                [Query(_SILENT, "camera")],
                Size(4, 5),
                "none",
                colours=(Step(None, GOOD), Step(1, WARNING)),
                line=True,
            ),
            numbers(
                Words("Tỷ lệ mất tín hiệu", "Share that is silent"),
                Words(
                    "Đây là việc của camera hay của mạng, điện? Từ một phần năm trở lên thường là mạng hoặc điện.",
                    "Is it the cameras, or network and power? From a fifth on it mostly is the latter.",
                ),
                [Query(f"{_SILENT} / {_WATCHED}", "tỷ lệ · share")],
                Size(4, 5),
                "percentunit",
                colours=steps("sensors_silent"),
                decimals=1,
            ),
            numbers(
                Words("Được theo dõi", "Watched"),
                Words(
                    "Hệ thống biết bao nhiêu camera? Ít hơn danh mục của tỉnh nghĩa là có camera chưa từng gửi dữ "
                    "liệu.",
                    "How many cameras are known? Fewer than in the inventory: some never sent anything.",
                ),
                [Query(_WATCHED, "camera")],
                Size(4, 5),
                "none",
            ),
            ranked(
                Words("Sự cố đang mở theo loại", "Open incidents by rule"),
                Words(
                    "Sự cố camera đang mở thuộc loại nào? area_… là cả địa bàn, sensor_… là từng thiết bị.",
                    "Of which kind are open incidents? area_… are whole units, sensor_… single devices.",
                ),
                [Query(f"sort_desc({_OPEN})", "{{rule}}")],
                Size(12, 5),
                "none",
                colours=(Step(None, "blue"), Step(3, WARNING)),
            ),
            course(
                Words("Camera mất tín hiệu theo đơn vị", "Silent cameras by unit"),
                Words(
                    "Camera tắt từ khi nào, ở đâu? Nhiều camera một đơn vị tắt cùng lúc là mất điện hoặc đứt mạng.",
                    "Since when are cameras silent, and where? Many of one unit at once: power or network.",
                ),
                [Query(most(SILENT_CAMERAS), "{{name}}")],
                Size(14, 9),
                "none",
            ),
            listed(
                Words("Đơn vị có camera mất tín hiệu", "Units with silent cameras"),
                Words(
                    "Gọi cho đơn vị nào trước? Bấm vào tên để xem sự cố của đơn vị.",
                    "Which unit is to be called first? Its name leads to its incidents.",
                ),
                [
                    Query(named(f"{SILENT_CAMERAS} > 0")),
                    Query(
                        named(f'sum by (tenant, unit) (ioc_unit_incidents_open{{{TENANT}, {UNIT}, rule=~"{RULES}"}})')
                    ),
                ],
                Size(10, 9),
                [
                    Column("name", Words("Đơn vị", "Unit"), link=drill("ioc-incident", unit="unit"), width=200),
                    Column("Value #A", Words("Camera tắt", "Silent"), "none", (Step(None, "text"), Step(3, CRITICAL))),
                    Column("Value #B", Words("Sự cố", "Incidents"), "none"),
                    Column("unit", Words("Mã", "Code"), width=80),
                ],
                sort="Value #A",
            ),
        ],
    )


def _odd() -> Row:
    opened = f'ioc_incidents_opened_total{{{TENANT}, rule=~"{RULES}"}}'
    return Row(
        Words("Bất thường", "Oddities"),
        [
            course(
                Words("Bất thường theo loại", "Anomalies by kind"),
                Words(
                    "Số đếm, hình ảnh có gì lạ, từ khi nào? Trước khi gộp thành sự cố; gồm cả cảm biến khác camera.",
                    "What is odd about counts and pictures, since when? Before folding; sensors other than cameras "
                    "too.",
                ),
                [
                    Query(
                        f'sum by (kind) (increase(ioc_anomalies_total{{{JOB}, kind=~"{_KINDS}"}}[$__rate_interval]))',
                        "{{kind}}",
                    )
                ],
                Size(12, 8),
                "none",
                bars=True,
                stacked=StackingMode.NORMAL,
                calcs=("sum",),
            ),
            course(
                Words("Sự cố mới mở theo mức độ", "Incidents opened by severity"),
                Words(
                    "Camera gây bao nhiêu sự cố, nặng đến đâu? Nhiều «lưu ý» là việc bảo trì, không phải báo động.",
                    "How many incidents do cameras cause, how severe? Many warnings are maintenance, no alarm.",
                ),
                [Query(f"sum by (severity) (increase({opened}[$__rate_interval]))", "{{severity}}", exemplar=True)],
                Size(12, 8),
                "none",
                bars=True,
                stacked=StackingMode.NORMAL,
                names=SEVERITIES,
                calcs=("sum",),
            ),
        ],
    )


def _input() -> Row:
    notes = f'ioc_notes_total{{{JOB}, topic="ioc.camera-events"}}'
    return Row(
        Words("Dữ liệu vào", "Input"),
        [
            course(
                Words("Sự kiện camera mỗi giây", "Camera events per second"),
                Words(
                    "Dữ liệu camera có về không, có bị trùng, muộn, loại nhiều không?",
                    "Do camera events come in, and are many doubled, late or refused?",
                ),
                [Query(records("outcome", "ioc.camera-events"), "{{outcome}}")],
                Size(12, 8),
                "recps",
                names=RECORDS,
                stacked=StackingMode.NORMAL,
                calcs=("mean", "max"),
            ),
            course(
                Words("Ghi chú khi nhận", "Remarks on accepted events"),
                Words(
                    "Nguồn nào gửi dữ liệu lạ (đồng hồ sai, giá trị lạ) cần bảo trì? Sự kiện vẫn được nhận.",
                    "Do sources send oddities (wrong clocks, unknown values) that want maintenance? Events are kept.",
                ),
                [Query(f"sum by (note) (increase({notes}[$__rate_interval])) > 0", "{{note}}")],
                Size(12, 8),
                "none",
                bars=True,
                stacked=StackingMode.NORMAL,
                calcs=("sum",),
            ),
        ],
    )
