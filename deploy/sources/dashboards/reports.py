"""Field reports: whether they are answered in time, by whom not, what is reported unusually often, how it is rated."""

from grafana_foundation_sdk.models.common import StackingMode

from deploy.sources.dashboards.expressions import ended, named, on_time, records
from deploy.sources.dashboards.frame import TENANT, UNIT, Page, Row, drill, tenant, unit
from deploy.sources.dashboards.panels import GOOD, WARNING, Query, Size, Step, course, numbers, ranked, share
from deploy.sources.dashboards.tables import Column, listed
from deploy.sources.dashboards.words import OUTCOMES, PHASES, RECORDS, SEVERITIES, Words

_RESOLUTION = "report_resolution"
_RULES = "report_.*"


def page() -> Page:
    """Return the dashboard."""
    return Page(
        "ioc-reports",
        "dieu-hanh",
        Words(
            "Phản ánh có được tiếp nhận và xử lý đúng hạn không, cơ quan nào trễ, người dân phản ánh gì nhiều bất "
            "thường.",
            "Whether reports are received and resolved in time, which agency is late, what is reported unusually "
            "often.",
        ),
        [tenant(), unit()],
        [_deadlines(), _who(), _what()],
    )


def _deadlines() -> Row:
    overdue = f'sum(ioc_deadlines_overdue{{{TENANT}, {UNIT}, level="{_RESOLUTION}"}})'
    rated = f"sum(increase(ioc_report_ratings_total{{{TENANT}}}[$__range]))"
    stars = " + ".join(
        f'{rating} * (sum(increase(ioc_report_ratings_total{{{TENANT}, rating="{rating}"}}[$__range])) or vector(0))'
        for rating in range(1, 6)
    )
    return Row(
        Words("Thời hạn", "Deadlines"),
        [
            numbers(
                Words("Xử lý đúng hạn", "Resolved on time"),
                Words(
                    "Bao nhiêu phần phản ánh xử lý đúng hạn trong khoảng đang xem? Quá hạn chưa xong tính là trễ.",
                    "What share was resolved on time in the range shown? Overdue and unfinished counts as late.",
                ),
                [Query(on_time(_RESOLUTION), "đúng hạn · on time")],
                Size(5, 5),
                "percentunit",
                colours=share("report_resolution"),
                decimals=1,
            ),
            numbers(
                Words("Tiếp nhận đúng hạn", "Received on time"),
                Words(
                    "Người dân có được trả lời là đã nhận kịp thời không?",
                    "Are people told in time that it was received?",
                ),
                [Query(on_time("report_receipt"), "đúng hạn · on time")],
                Size(5, 5),
                "percentunit",
                colours=share("report_receipt"),
                decimals=1,
            ),
            numbers(
                Words("Quá hạn chưa xong", "Open past the deadline"),
                Words(
                    "Bao nhiêu phản ánh đang quá hạn mà chưa xử lý xong?",
                    "How many reports stand open past their deadline?",
                ),
                [Query(overdue, "quá hạn · overdue")],
                Size(5, 5),
                "none",
                colours=(Step(None, GOOD), Step(1, WARNING)),
                line=True,
            ),
            numbers(
                Words("Điểm hài lòng", "Mean rating"),
                Words(
                    "Người dân chấm kết quả xử lý mấy điểm trên 5, trong khoảng đang xem?",
                    "How do people rate the handling, of 5, in the range shown?",
                ),
                [Query(f"({stars}) / ({rated} > 0)", "điểm · of 5")],
                Size(4, 5),
                "none",
                colours=(Step(None, "red"), Step(3, WARNING), Step(4, GOOD)),
                decimals=2,
            ),
            ranked(
                Words("Chấm điểm", "Ratings"),
                Words("Điểm nào nhiều nhất?", "Which ratings are given most?"),
                [Query(f"sum by (rating) (increase(ioc_report_ratings_total{{{TENANT}}}[$__range]))", "{{rating}} ★")],
                Size(5, 5),
                "none",
                decimals=0,
            ),
            course(
                Words("Phản ánh đang mở theo phần thời hạn đã dùng", "Open reports by share of time used"),
                Words(
                    "Việc sắp trễ có đang dồn lại không? Từ 90 % là còn kịp nếu làm ngay.",
                    "Does work that will be late pile up? From 90 % it is still in time if done now.",
                ),
                [
                    Query(
                        f'sum by (phase) (ioc_deadlines_open{{{TENANT}, level="{_RESOLUTION}"}})',
                        "{{phase}}",
                    )
                ],
                Size(12, 9),
                "none",
                stacked=StackingMode.NORMAL,
                names=PHASES,
            ),
            course(
                Words("Xử lý xong theo kết quả", "Resolved, by outcome"),
                Words(
                    "Phản ánh xong đúng hạn, trễ sau gia hạn hay trễ? Gia hạn nhiều che việc trễ.",
                    "Are reports finished on time, late with an extension, or late? Extensions hide lateness.",
                ),
                [Query(ended("agency_deadlines", _RESOLUTION, "$__rate_interval"), "{{outcome}}")],
                Size(12, 9),
                "none",
                bars=True,
                stacked=StackingMode.NORMAL,
                names=OUTCOMES,
                calcs=("sum",),
            ),
        ],
    )


def _who() -> Row:
    late = "late|late_extended"
    overdue = f'sum by (tenant, unit) (ioc_deadlines_overdue{{{TENANT}, {UNIT}, level="{_RESOLUTION}"}})'
    return Row(
        Words("Ai trễ", "Who is late"),
        [
            listed(
                Words("Cơ quan", "Agencies"),
                Words(
                    "Cơ quan nào cần đôn đốc? Đúng hạn tính cả việc quá hạn chưa xong, trong khoảng đang xem.",
                    "Which agency needs a reminder? The share counts overdue work, in the range shown.",
                ),
                [
                    Query(on_time(_RESOLUTION, "agency")),
                    Query(
                        f'sum by (agency) (increase(ioc_agency_deadlines_total{{{TENANT}, level="{_RESOLUTION}", '
                        f'outcome=~"{late}"}}[$__range]))'
                    ),
                    Query(f'sum by (agency) (ioc_agency_deadlines_overdue{{{TENANT}, level="{_RESOLUTION}"}})'),
                ],
                Size(12, 9),
                [
                    Column("agency", Words("Cơ quan", "Agency"), width=210),
                    Column(
                        "Value #A", Words("Đúng hạn", "On time"), "percentunit", share("report_resolution"), decimals=0
                    ),
                    Column("Value #B", Words("Trễ", "Late"), "none", decimals=0),
                    Column("Value #C", Words("Quá hạn", "Overdue"), "none", decimals=0),
                ],
                sort="Value #C",
            ),
            listed(
                Words("Đơn vị quá hạn", "Units past deadlines"),
                Words(
                    "Xã, phường nào đang để phản ánh quá hạn, và đúng hạn bao nhiêu phần?",
                    "Which communes and wards let reports lie, and what share is on time?",
                ),
                [
                    Query(named(overdue)),
                    Query(named(on_time(_RESOLUTION, "tenant, unit", units=True))),
                ],
                Size(12, 9),
                [
                    Column("name", Words("Đơn vị", "Unit"), link=drill("ioc-incident", unit="unit"), width=200),
                    Column("Value #A", Words("Quá hạn", "Overdue"), "none", (Step(None, "text"), Step(1, WARNING))),
                    Column("Value #B", Words("Đúng hạn", "On time"), "percentunit", share(_RESOLUTION), decimals=0),
                    Column("unit", Words("Mã", "Code"), width=80),
                ],
                sort="Value #A",
            ),
        ],
    )


def _what() -> Row:
    by_category = (
        f"sum by (category) (increase(ioc_category_deadlines_total"
        f'{{{TENANT}, level="{_RESOLUTION}", outcome="on_time"}}[$__range]))'
        f" / (sum by (category) (increase(ioc_category_deadlines_total"
        f'{{{TENANT}, level="{_RESOLUTION}"}}[$__range])) > 0)'
    )
    opened = f'ioc_incidents_opened_total{{{TENANT}, rule=~"{_RULES}"}}'
    return Row(
        Words("Phản ánh gì", "What is reported"),
        [
            ranked(
                Words("Đúng hạn theo lĩnh vực", "On time by category"),
                Words(
                    "Lĩnh vực nào hay trễ? Chỉ tính việc đã xong, trong khoảng đang xem.",
                    "Which categories are late? Of what was finished in the range shown.",
                ),
                [Query(f"sort({by_category})", "{{category}}")],
                Size(8, 10),
                "percentunit",
                colours=share("report_resolution"),
                most=1.0,
                decimals=0,
            ),
            course(
                Words("Sự cố từ phản ánh", "Incidents from reports"),
                Words(
                    "Người dân có phản ánh dồn dập (bão, sự cố môi trường) không, từ khi nào?",
                    "Do people report something unusually often (storm, environment), and since when?",
                ),
                [Query(f"sum by (severity) (increase({opened}[$__rate_interval]))", "{{severity}}", exemplar=True)],
                Size(8, 10),
                "none",
                bars=True,
                stacked=StackingMode.NORMAL,
                names=SEVERITIES,
                calcs=("sum",),
            ),
            course(
                Words("Sự kiện phản ánh mỗi giây", "Report events per second"),
                Words(
                    "Kênh phản ánh có hoạt động không, có bị trùng, muộn, loại không?",
                    "Do reports come in, and are they doubled, late or refused?",
                ),
                [Query(records("outcome", "ioc.field-reports"), "{{outcome}}")],
                Size(8, 10),
                "recps",
                names=RECORDS,
                stacked=StackingMode.NORMAL,
                calcs=("mean", "max"),
            ),
        ],
    )
