"""What else the province runs: a panel for every kind of asset of telemetry, and whether their signals come in."""

from types import MappingProxyType

from grafana_foundation_sdk.models.common import StackingMode

from deploy.sources.dashboards.expressions import records
from deploy.sources.dashboards.frame import TENANT, Page, Row, tenant
from deploy.sources.dashboards.panels import GOOD, WARNING, Panel, Query, Size, Step, course, numbers, ranked, steps
from deploy.sources.dashboards.words import FAMILIES, RECORDS, Words
from streams.events.telemetry import AssetKind

KINDS = MappingProxyType(
    {
        AssetKind.BTS: Words("Trạm BTS", "Base stations"),
        AssetKind.LINK: Words("Đường truyền", "Links"),
        AssetKind.SERVER: Words("Máy chủ vật lý", "Servers"),
        AssetKind.VM: Words("Máy chủ ảo", "Virtual machines"),
        AssetKind.IOT_SENSOR: Words("Cảm biến IoT", "IoT sensors"),
        AssetKind.SECURITY_TEAM: Words("Đội ứng cứu an toàn thông tin", "Security team"),
        AssetKind.APPLICATION: Words("Ứng dụng", "Applications"),
        AssetKind.DOCUMENT_EXCHANGE: Words("Trao đổi văn bản iOffice", "Document exchange (iOffice)"),
        AssetKind.SIGNATURE_SERVICE: Words("Chữ ký số", "Digital signatures"),
        AssetKind.MEETING_BRIDGE: Words("Họp trực tuyến", "Online meetings"),
        AssetKind.REPORT_SYSTEM: Words("Hệ thống báo cáo", "Government reporting"),
        AssetKind.APP_ACCOUNT: Words("Tài khoản ứng dụng công dân", "Citizen app accounts"),
        AssetKind.DATA_PORTAL: Words("Cổng dữ liệu mở", "Open-data portal"),
    }
)
"""Every kind of asset in the order of its place: infrastructure first, then services."""

_INFRASTRUCTURE = 6
_SERVICES = (8, 8, 8, 6, 6, 6, 6)
"""Columns of the services' panels."""


def page() -> Page:
    """Return the dashboard."""
    kinds = list(KINDS)
    return Page(
        "ioc-systems",
        "ky-thuat",
        Words(
            "Trạm BTS, máy chủ, đường truyền, ứng dụng, văn bản, chữ ký số và các hệ thống khác của tỉnh có chạy "
            "bình thường không.",
            "Whether base stations, servers, links, applications, documents, signatures and the other systems run "
            "as usual.",
        ),
        [tenant()],
        [
            _now(),
            Row(Words("Hạ tầng", "Infrastructure"), [_asset(kind, 8) for kind in kinds[:_INFRASTRUCTURE]]),
            Row(
                Words("Dịch vụ", "Services"),
                [_asset(kind, width) for kind, width in zip(kinds[_INFRASTRUCTURE:], _SERVICES, strict=True)],
            ),
        ],
    )


def _now() -> Row:
    family = f'{TENANT}, family="telemetry"'
    silent, watched = (f'sum(ioc_sensors{{{family}, state="{state}"}})' for state in ("silent", "watched"))
    return Row(
        Words("Tín hiệu", "Signals"),
        [
            numbers(
                Words("Thiết bị im lặng", "Silent assets"),
                Words("Bao nhiêu phần thiết bị, hệ thống không gửi gì?", "What share of assets sends nothing?"),
                [Query(f"{silent} / ({watched} > 0)", "tỷ lệ · share")],
                Size(5, 7),
                "percentunit",
                colours=steps("sensors_silent"),
                decimals=1,
                line=True,
            ),
            numbers(
                Words("Nguồn im lặng theo nhóm", "Silent sources by family"),
                Words(
                    "Camera, một cửa hay hạ tầng đang im? Cả ba cùng im là mất điện hoặc mạng.",
                    "Are cameras, offices or infrastructure silent? All three at once: power or network.",
                ),
                [Query(f'sum by (family) (ioc_sensors{{{TENANT}, state="silent"}})', "{{family}}")],
                Size(7, 7),
                "none",
                colours=(Step(None, GOOD), Step(1, WARNING)),
                names=FAMILIES,
            ),
            course(
                Words("Số đo mỗi giây", "Observations per second"),
                Words("Số đo của các hệ thống có về đủ không?", "Do observations come in as they should?"),
                [Query(records("outcome", "ioc.telemetry"), "{{outcome}}")],
                Size(6, 7),
                "recps",
                names=RECORDS,
                stacked=StackingMode.NORMAL,
                calcs=("mean",),
            ),
            ranked(
                Words("Sự cố cảm biến đang mở", "Open incidents of sensors"),
                Words(
                    "Loại bất thường nào của thiết bị đang mở? Gồm cả camera; xem đơn vị ở trang chi tiết sự cố.",
                    "Which oddities of devices stand open? Cameras too; the drill-down tells the units.",
                ),
                [
                    Query(
                        f'sort_desc(sum by (rule) (ioc_unit_incidents_open{{{TENANT}, rule=~"sensor_.*|area_.*"}}))',
                        "{{rule}}",
                    )
                ],
                Size(6, 7),
                "none",
            ),
        ],
    )


def _asset(kind: AssetKind, width: int) -> Panel:
    figures = f'ioc_telemetry_value{{{TENANT}, asset_kind="{kind.value}"}}'
    words = KINDS[kind]
    return course(
        words,
        Words(
            f"{words.vi}: số đo mới nhất có bình thường không? Nhỏ nhất, trung bình, lớn nhất của mọi thiết bị cùng "
            "loại; "
            "đơn vị theo tên số đo.",
            f"{words.en}: are the latest figures as usual? Lowest, mean and highest over the assets of the kind; "
            "the unit is that of the metric.",
        ),
        [Query(f"max by (metric, statistic) ({figures})", "{{metric}} {{statistic}}")],
        Size(width, 7),
        "short",
        calcs=("lastNotNull",),
        least=None,
    )
