"""One-stop counters and dossiers: how long people wait, whether counters suffice, whether dossiers are late."""

from grafana_foundation_sdk.models.common import StackingMode

from deploy.sources.dashboards.expressions import WAIT, ended, most, named, on_time, within
from deploy.sources.dashboards.frame import TENANT, UNIT, Page, Row, drill, tenant, unit
from deploy.sources.dashboards.panels import GOOD, WARNING, Query, Size, Step, course, numbers, ranked, share, steps
from deploy.sources.dashboards.tables import Column, listed
from deploy.sources.dashboards.words import COUNTERS, OUTCOMES, PAYMENTS, PHASES, TICKETS, Said, Words

_PLACE = f"{TENANT}, {UNIT}"
_OPEN = f"sum by (tenant, unit) (ioc_queue_counters_open{{{_PLACE}}})"
_NEEDED = f"sum by (tenant, unit) (ioc_queue_counters_needed{{{_PLACE}}})"
_BANDS = {
    "fast": Said(Words("≤ 15 phút", "≤ 15 min"), "green"),
    "slow": Said(Words("15-30 phút", "15-30 min"), "orange"),
    "late": Said(Words("> 30 phút", "> 30 min"), "red"),
}


def page() -> Page:
    """Return the dashboard."""
    return Page(
        "ioc-queues",
        "dieu-hanh",
        Words(
            "Người dân chờ bao lâu tại bộ phận một cửa, có đủ quầy không; hồ sơ có đúng hạn không, nộp và thanh "
            "toán thế nào.",
            "How long people wait at one-stop counters, whether counters suffice; whether dossiers are on time, "
            "how they are paid.",
        ),
        [tenant(), unit()],
        [_waiting(), _counters(), _dossiers()],
    )


def _waiting() -> Row:
    mean = (
        f"sum(increase(ioc_ticket_wait_seconds_sum{{{_PLACE}}}[$__range]))"
        f" / (sum(increase(ioc_ticket_wait_seconds_count{{{_PLACE}}}[$__range])) > 0)"
    )
    return Row(
        Words("Thời gian chờ", "Waiting"),
        [
            numbers(
                Words("Chờ dự báo lâu nhất", "Longest predicted wait"),
                Words(
                    "Ai đến bây giờ phải chờ lâu nhất bao nhiêu? Dự báo trước khi hàng dài ra.",
                    "How long must a newcomer wait at worst? Predicted before it happens.",
                ),
                [Query(f"max({WAIT})", "dự báo · predicted")],
                Size(6, 5),
                "s",
                colours=steps("wait"),
                decimals=1,
                line=True,
            ),
            numbers(
                Words("Được gọi trong 15 phút", "Called within 15 min"),
                Words(
                    "Mục tiêu 15 phút (từ 2025) có đạt không, trong khoảng đang xem?",
                    "Is the target of 15 minutes kept, in the range shown?",
                ),
                [Query(within(900), "tỷ lệ · share")],
                Size(6, 5),
                "percentunit",
                colours=share("wait_15"),
                decimals=1,
            ),
            numbers(
                Words("Được gọi trong 30 phút", "Called within 30 min"),
                Words(
                    "Trần 30 phút có giữ được không, trong khoảng đang xem?",
                    "Is the limit of 30 minutes kept, in the range shown?",
                ),
                [Query(within(1800), "tỷ lệ · share")],
                Size(6, 5),
                "percentunit",
                colours=share("wait_30"),
                decimals=1,
            ),
            numbers(
                Words("Chờ trung bình", "Mean wait"),
                Words(
                    "Trung bình chờ bao lâu, trong khoảng đang xem?", "How long is the mean wait, in the range shown?"
                ),
                [Query(mean, "trung bình · mean")],
                Size(6, 5),
                "s",
                colours=steps("wait"),
                decimals=1,
            ),
            course(
                Words("Chờ dự báo theo đơn vị", "Predicted wait by unit"),
                Words(
                    "Nơi nào sẽ vượt 15 rồi 30 phút, từ khi nào? Mười nơi lâu nhất; vạch là hai ngưỡng.",
                    "Where will waits pass 15 and 30 minutes, since when? The ten longest; lines are both thresholds.",
                ),
                [Query(most(WAIT), "{{name}}")],
                Size(14, 9),
                "s",
                colours=steps("wait"),
            ),
            course(
                Words("Đã chờ bao lâu", "How long people waited"),
                Words(
                    "Bao nhiêu phần người được gọi trong 15 phút, 30 phút, lâu hơn?",
                    "What share was called within 15 minutes, 30 minutes, later?",
                ),
                [
                    Query(within(900, window="1h"), "fast"),
                    Query(f"({within(1800, window='1h')}) - ({within(900, window='1h')})", "slow"),
                    Query(f"1 - ({within(1800, window='1h')})", "late"),
                ],
                Size(10, 9),
                "percentunit",
                names=_BANDS,
                stacked=StackingMode.NORMAL,
                calcs=("lastNotNull", "mean"),
            ),
        ],
    )


def _counters() -> Row:
    lacking = f"({_NEEDED}) - ({_OPEN})"
    return Row(
        Words("Quầy và lượt khách", "Counters and visitors"),
        [
            listed(
                Words("Đơn vị thiếu quầy", "Units short of counters"),
                Words(
                    "Nơi nào cần mở thêm quầy, bao nhiêu? Số cần mở theo Erlang C với lượng khách hiện nay.",
                    "Where are more counters needed, and how many? By Erlang C with the arrivals of now.",
                ),
                [Query(named(lacking)), Query(named(_OPEN)), Query(named(_NEEDED)), Query(named(WAIT))],
                Size(12, 9),
                [
                    Column("name", Words("Đơn vị", "Unit"), link=drill("ioc-incident", unit="unit"), width=190),
                    Column("Value #A", Words("Thiếu", "Short by"), "none", (Step(None, "text"), Step(1, WARNING))),
                    Column("Value #B", Words("Đang mở", "Open"), "none"),
                    Column("Value #C", Words("Cần mở", "Needed"), "none"),
                    Column("Value #D", Words("Chờ", "Wait"), "s", steps("wait"), decimals=1),
                    Column("unit", Words("Mã", "Code"), width=80),
                ],
                sort="Value #A",
            ),
            course(
                Words("Quầy đang mở và cần mở", "Counters open and needed"),
                Words(
                    "Số quầy có theo kịp lượng khách trong ngày không? Chọn một đơn vị để xem riêng.",
                    "Do counters follow the visitors through the day? Choose a unit to see it alone.",
                ),
                [Query(f"sum({_OPEN})", "open"), Query(f"sum({_NEEDED})", "needed")],
                Size(6, 9),
                "none",
                names=COUNTERS,
            ),
            course(
                Words("Phiếu theo kết quả", "Tickets by outcome"),
                Words(
                    "Người dân có bỏ về nhiều không? Vắng mặt tăng vọt thường do bảng gọi số hỏng.",
                    "Do many people leave? A spike of no-shows is mostly a broken display.",
                ),
                [Query(f"sum by (outcome) (increase(ioc_tickets_total{{{TENANT}}}[$__rate_interval]))", "{{outcome}}")],
                Size(6, 9),
                "none",
                names=TICKETS,
                bars=True,
                stacked=StackingMode.NORMAL,
                calcs=("sum",),
            ),
        ],
    )


def _dossiers() -> Row:
    overdue = f'sum by (tenant, unit) (ioc_deadlines_overdue{{{_PLACE}, level="dossier"}})'
    return Row(
        Words("Hồ sơ", "Dossiers"),
        [
            numbers(
                Words("Hồ sơ đúng hạn", "Dossiers on time"),
                Words(
                    "Bao nhiêu phần hồ sơ trả đúng hạn trong khoảng đang xem? Quá hạn chưa xong tính là trễ.",
                    "What share of dossiers was on time in the range shown? Overdue and unfinished counts as late.",
                ),
                [Query(on_time("dossier", units=True), "đúng hạn · on time")],
                Size(6, 9),
                "percentunit",
                colours=share("dossier"),
                decimals=1,
            ),
            course(
                Words("Hồ sơ đang mở theo phần thời hạn đã dùng", "Open dossiers by share of time used"),
                Words("Hồ sơ sắp trễ có đang dồn lại không?", "Do dossiers that will be late pile up?"),
                [Query(f'sum by (phase) (ioc_deadlines_open{{{TENANT}, level="dossier"}})', "{{phase}}")],
                Size(9, 9),
                "none",
                stacked=StackingMode.NORMAL,
                names=PHASES,
                calcs=("lastNotNull",),
            ),
            course(
                Words("Hồ sơ xong theo kết quả", "Dossiers finished, by outcome"),
                Words("Hồ sơ xong đúng hạn hay trễ?", "Are dossiers finished on time or late?"),
                [Query(ended("agency_deadlines", "dossier", "$__rate_interval"), "{{outcome}}")],
                Size(9, 9),
                "none",
                bars=True,
                stacked=StackingMode.NORMAL,
                names=OUTCOMES,
                calcs=("sum",),
            ),
            listed(
                Words("Hồ sơ quá hạn theo đơn vị", "Overdue dossiers by unit"),
                Words("Đơn vị nào đang để hồ sơ quá hạn?", "Which units let dossiers lie past their deadline?"),
                [Query(named(overdue))],
                Size(8, 9),
                [
                    Column("name", Words("Đơn vị", "Unit"), link=drill("ioc-incident", unit="unit")),
                    Column("Value", Words("Quá hạn", "Overdue"), "none", (Step(None, GOOD), Step(1, WARNING))),
                    Column("unit", Words("Mã", "Code"), width=80),
                ],
                sort="Value",
            ),
            ranked(
                Words("Hồ sơ nộp theo mức độ và kênh", "Dossiers by online level and channel"),
                Words(
                    "Bao nhiêu hồ sơ nộp trực tuyến toàn trình, trong khoảng đang xem?",
                    "How many dossiers run fully online, in the range shown?",
                ),
                [
                    Query(
                        "sort_desc(sum by (service_level, channel) "
                        f"(increase(ioc_dossiers_submitted_total{{{TENANT}}}[$__range])))",
                        "{{service_level}} / {{channel}}",
                    )
                ],
                Size(8, 9),
                "none",
                decimals=0,
            ),
            course(
                Words("Thanh toán phí", "Payments of fees"),
                Words(
                    "Cổng thanh toán có hoạt động không? Lỗi tăng ở nhiều nơi cùng lúc là lỗi cổng.",
                    "Does the payment gateway work? Failures at many places at once are the gateway's.",
                ),
                [
                    Query(
                        f"sum by (payment) (increase(ioc_dossier_payments_total{{{TENANT}}}[$__rate_interval]))",
                        "{{payment}}",
                    )
                ],
                Size(8, 9),
                "none",
                bars=True,
                stacked=StackingMode.NORMAL,
                names=PAYMENTS,
                calcs=("sum",),
            ),
        ],
    )
