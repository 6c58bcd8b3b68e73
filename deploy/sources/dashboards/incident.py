"""What stands behind incidents of a unit: which rules, since when, who told, and what else goes on there."""

from grafana_foundation_sdk.models.common import StackingMode

from deploy.sources.dashboards.expressions import SILENT_CAMERAS, WAIT, named
from deploy.sources.dashboards.frame import JOB, TENANT, UNIT, Page, Row, chosen, drill, tenant, unit
from deploy.sources.dashboards.panels import CRITICAL, WARNING, Query, Size, Step, course, ranked, steps, timeline
from deploy.sources.dashboards.tables import Column, listed
from deploy.sources.dashboards.words import COUNTERS, LEVELS, SEVERITIES, STATUSES, Words

_RULE = 'rule=~"$rule"'
_STANDING = f"ioc_unit_incidents_open{{{TENANT}, {UNIT}, {_RULE}}}"


def page() -> Page:
    """Return the dashboard."""
    return Page(
        "ioc-incident",
        "dieu-hanh",
        Words(
            "Sự cố của một đơn vị: loại nào, từ khi nào, vì sao hệ thống báo, và cùng lúc đó camera, hàng chờ, hồ "
            "sơ ra sao. "
            "Câu giải thích và bằng chứng của từng sự cố: `ioc incidents`, theo mã ở các chấm mẫu.",
            "Incidents of a unit: which, since when, why they are told, and how cameras, queues and dossiers are "
            "meanwhile. "
            "`ioc incidents` tells each one's explanation and evidence, by the id that exemplars show.",
        ),
        [
            tenant(),
            unit(),
            chosen("rule", Words("Loại sự cố", "Rule"), f"label_values(ioc_incidents_opened_total{{{TENANT}}}, rule)"),
        ],
        [_incidents(), _why(), _quality(), _meanwhile()],
        "now-6h",
    )


def _incidents() -> Row:
    return Row(
        Words("Sự cố", "Incidents"),
        [
            listed(
                Words("Đang mở", "Open"),
                Words(
                    "Sự cố nào đang mở ở đâu, nặng đến đâu? Bấm vào đơn vị để chỉ xem đơn vị đó.",
                    "Which incidents are open where, and how severe? A unit's name narrows the page to it.",
                ),
                [Query(named(f"sum by (tenant, unit, rule, severity) ({_STANDING})"))],
                Size(12, 10),
                [
                    Column("name", Words("Đơn vị", "Unit"), link=drill("ioc-incident", unit="unit"), width=190),
                    Column("rule", Words("Loại", "Rule"), width=150),
                    Column("severity", Words("Mức độ", "Severity"), names=SEVERITIES),
                    Column("Value", Words("Số sự cố", "Incidents"), "none"),
                    Column("unit", Words("Mã", "Code"), width=80),
                ],
                sort="Value",
            ),
            timeline(
                Words("Mở từ khi nào", "Open since when"),
                Words(
                    "Loại sự cố nào mở trong khoảng nào? Mỗi dải một loại; màu đậm dần theo số sự cố.",
                    "Which kinds stood open when? One band per rule; coloured by how many.",
                ),
                [Query(f"sum by (rule) ({_STANDING})", "{{rule}}")],
                Size(12, 10),
                colours=(Step(None, "transparent"), Step(1, WARNING), Step(3, CRITICAL)),
            ),
        ],
    )


def _why() -> Row:
    opened = f"increase(ioc_incidents_opened_total{{{TENANT}, {_RULE}}}[$__rate_interval])"
    return Row(
        Words("Vì sao báo", "Why they are told"),
        [
            course(
                Words("Sự cố mới mở", "Incidents opened"),
                Words(
                    "Sự cố mở lúc nào? Chấm mẫu mang mã sự cố để tra bằng `ioc incidents MÃ`.",
                    "When did incidents open? Exemplars carry the id for `ioc incidents ID`.",
                ),
                [Query(f"sum by (severity) ({opened})", "{{severity}}", exemplar=True)],
                Size(8, 9),
                "none",
                bars=True,
                stacked=StackingMode.NORMAL,
                names=SEVERITIES,
                calcs=("sum",),
            ),
            ranked(
                Words("Bộ phát hiện", "Detectors"),
                Words(
                    "Bộ phát hiện nào thấy bất thường, loại gì, trong khoảng đang xem? Cả tỉnh, trước khi gộp.",
                    "Which detectors saw what, in the range shown? Of all units, before folding.",
                ),
                [
                    Query(
                        f"topk(12, sum by (detector, kind) (increase(ioc_anomalies_total{{{JOB}}}[$__range])) > 0)",
                        "{{detector}} / {{kind}}",
                    )
                ],
                Size(8, 9),
                "none",
                decimals=0,
            ),
            course(
                Words("Diễn biến", "Turns"),
                Words(
                    "Sự cố có tự hết không? «Được gộp» là đã có sự cố lớn hơn giải thích.",
                    "Do incidents clear by themselves? Absorbed: a wider incident explains them.",
                ),
                [
                    Query(
                        f"sum by (status) (increase(ioc_incident_revisions_total{{{JOB}, {_RULE}}}[$__rate_interval]))",
                        "{{status}}",
                    )
                ],
                Size(8, 9),
                "none",
                bars=True,
                stacked=StackingMode.NORMAL,
                names=STATUSES,
                calcs=("sum",),
            ),
        ],
    )


def _quality() -> Row:
    reopened = f"increase(ioc_incidents_reopened_total{{{TENANT}, {_RULE}}}[$__rate_interval])"
    return Row(
        Words("Chất lượng cảnh báo", "Quality of alarms"),
        [
            course(
                Words("Sự cố mở lại", "Incidents opened again"),
                Words(
                    "Cảm biến nào chập chờn? Sự cố hết rồi lại mở trong vòng một tuần, theo loại.",
                    "Which sensors flicker? Incidents that cleared and opened again within a week, by rule.",
                ),
                [Query(f"sum by (rule) ({reopened})", "{{rule}}")],
                Size(12, 7),
                "none",
                bars=True,
                stacked=StackingMode.NORMAL,
                calcs=("sum",),
            ),
            course(
                Words("Sự cố mở quá một ngày", "Incidents open for more than a day"),
                Words(
                    "Có sự cố nào bị bỏ quên không? Theo ISA-18.2, dưới 5 là tốt.",
                    "Are incidents left standing? ISA-18.2 wants fewer than 5.",
                ),
                [Query(f"sum by (tenant) (ioc_incidents_stale{{{TENANT}}})", "{{tenant}}")],
                Size(12, 7),
                "none",
                colours=steps("stale_incidents"),
            ),
        ],
    )


def _meanwhile() -> Row:
    here = f"{TENANT}, {UNIT}"
    return Row(
        Words("Cùng lúc đó tại đơn vị", "Meanwhile in the unit"),
        [
            course(
                Words("Camera mất tín hiệu", "Silent cameras"),
                Words(
                    "Có mất tín hiệu cùng lúc không? Có thì nghĩ đến điện, mạng trước.",
                    "Were cameras silent at the time? Then think of power and network first.",
                ),
                [Query(f"sum({SILENT_CAMERAS})", "camera")],
                Size(6, 8),
                "none",
            ),
            course(
                Words("Chờ dự báo", "Predicted wait"),
                Words("Hàng chờ tại đơn vị ra sao?", "How are the queues of the unit?"),
                [Query(f"max({WAIT})", "dự báo · predicted")],
                Size(6, 8),
                "s",
                colours=steps("wait"),
            ),
            course(
                Words("Quầy", "Counters"),
                Words("Có đóng quầy giữa giờ không?", "Were counters closed during hours?"),
                [
                    Query(f"sum(ioc_queue_counters_open{{{here}}})", "open"),
                    Query(f"sum(ioc_queue_counters_needed{{{here}}})", "needed"),
                ],
                Size(6, 8),
                "none",
                names=COUNTERS,
            ),
            course(
                Words("Việc quá hạn", "Overdue work"),
                Words("Phản ánh, hồ sơ của đơn vị có đang quá hạn không?", "Are its reports and dossiers overdue?"),
                [Query(f"sum by (level) (ioc_deadlines_overdue{{{here}}})", "{{level}}")],
                Size(6, 8),
                "none",
                names=LEVELS,
            ),
        ],
    )
