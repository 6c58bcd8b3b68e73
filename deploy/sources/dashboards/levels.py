"""Service levels and indicators: what is reached of what was promised, who misses it, how fast the rest is used."""

from deploy.sources.dashboards.expressions import on_time, within
from deploy.sources.dashboards.frame import TENANT, Page, Row, tenant
from deploy.sources.dashboards.panels import CRITICAL, GOOD, WARNING, Query, Size, Step, course, ranked, share
from deploy.sources.dashboards.shared import NAMES, targets
from deploy.sources.dashboards.shared import reached as compared
from deploy.sources.dashboards.tables import Column, listed
from deploy.sources.dashboards.words import LEVELS, OUTCOMES, Words

_DEADLINES = ("report_receipt", "report_resolution", "dossier")
_SHORT = {
    "report_receipt": Words("Tiếp nhận", "Receipt"),
    "report_resolution": Words("Xử lý", "Resolved"),
    "dossier": Words("Hồ sơ", "Dossiers"),
}
_WAITS = {"wait_15": 900, "wait_30": 1800}


def reached(level: str, window: str = "$__range") -> str:
    """Return the share that a service level reached in ``window``."""
    return within(_WAITS[level], TENANT, window) if level in _WAITS else on_time(level, window=window)


def _objective(level: str) -> str:
    return f'scalar(max(ioc_service_level_objective{{level="{level}"}}))'


def _spent(level: str, window: str) -> str:
    """Return how many times as fast as promised the room for late cases is used up."""
    return f"(1 - ({reached(level, window)})) / (1 - {_objective(level)})"


def page() -> Page:
    """Return the dashboard."""
    return Page(
        "ioc-levels",
        "dieu-hanh",
        Words(
            "Cam kết nào giữ được, cơ quan nào làm lỡ, phần cho phép trễ còn bao nhiêu; chỉ tiêu của tỉnh so với "
            "mục tiêu.",
            "Which promises are kept, who misses them, how fast the room for late cases is used; indicators "
            "against targets.",
        ),
        [tenant()],
        [_promises(), _outcomes(), _indicators()],
        "now-24h",
    )


def _promises() -> Row:
    labelled = [f'label_replace({reached(level)}, "level", "{level}", "", "")' for level in (*_DEADLINES, *_WAITS)]
    objective = "max by (level) (ioc_service_level_objective)"
    found = " or ".join(labelled)
    used = f"(1 - ({found})) / on (level) (1 - {objective})"
    return Row(
        Words("Cam kết", "Promises"),
        [
            listed(
                Words("Đạt được so với cam kết", "Reached against promised"),
                Words(
                    "Cam kết nào không giữ được trong khoảng đang xem? «Đã dùng» trên 100 %: số việc trễ đã vượt "
                    "phần cho phép.",
                    "Which promises were broken in the range shown? Used above 100 %: more was late than the "
                    "promise allows.",
                ),
                [Query(found), Query(objective), Query(used)],
                Size(12, 9),
                [
                    Column("level", Words("Cam kết", "Promise"), names=LEVELS, width=260),
                    Column("Value #A", Words("Đạt được", "Reached"), "percentunit", decimals=1),
                    Column("Value #B", Words("Cam kết", "Promised"), "percentunit", decimals=0),
                    Column(
                        "Value #C",
                        Words("Đã dùng", "Used"),
                        "percentunit",
                        (Step(None, GOOD), Step(0.75, WARNING), Step(1.0, CRITICAL)),
                        decimals=0,
                    ),
                ],
                sort="Value #C",
            ),
            course(
                Words("Tốc độ dùng phần được trễ, 1 giờ", "Burn rate, 1 h"),
                Words(
                    "Cam kết nào đang vỡ nhanh? Trên 1 là trễ nhiều hơn cam kết cho phép; cảnh báo dùng cùng tỷ số "
                    "này.",
                    "Which promise is breaking fast? Above 1 more is late than promised; alerts use the same ratio.",
                ),
                [Query(_spent(level, "1h"), level) for level in (*_DEADLINES, *_WAITS)],
                Size(12, 9),
                "none",
                colours=(Step(None, GOOD), Step(1, WARNING), Step(3, CRITICAL)),
                names=LEVELS,
            ),
        ],
    )


def _outcomes() -> Row:
    panels = []
    for level in _DEADLINES:
        said = LEVELS[level].words
        where = f'{{{TENANT}, level="{level}"}}'
        ended = f"sum by (outcome) (increase(ioc_agency_deadlines_total{where}[$__range]))"
        standing = f'label_replace(sum(ioc_agency_deadlines_overdue{where}), "outcome", "overdue", "", "")'
        panels.append(
            ranked(
                Words(f"Kết quả: {said.vi}", f"Outcome: {said.en}"),
                Words(
                    "Bao nhiêu việc đúng hạn, trễ sau gia hạn, trễ, và đang quá hạn, trong khoảng đang xem? Tách "
                    "riêng để không che.",
                    "How many were on time, late after an extension, late, and stand overdue, in the range shown? "
                    "Kept apart.",
                ),
                [Query(f"{ended} or {standing}", "{{outcome}}")],
                Size(8, 6),
                "none",
                names=OUTCOMES,
                decimals=0,
            )
        )
    panels.append(
        course(
            Words("Đúng hạn theo thời gian, 6 giờ", "On time over time, 6 h"),
            Words(
                "Tình hình tốt lên hay xấu đi trong khoảng đang xem?",
                "Does it get better or worse over the range shown?",
            ),
            [Query(reached(level, "6h"), level) for level in (*_DEADLINES, *_WAITS)],
            Size(9, 9),
            "percentunit",
            names=LEVELS,
            calcs=("lastNotNull", "min"),
        )
    )
    panels.append(
        ranked(
            Words("Không rõ thời hạn", "Without a known deadline"),
            Words(
                "Bao nhiêu việc xong mà không tính được hạn? Nhiều là nguồn thiếu dữ liệu, các tỷ lệ chưa đủ tin.",
                "How many ended without a known deadline? Many: sources leave data out, and shares say less.",
            ),
            [Query(f"sum by (level) (increase(ioc_deadlines_unknown_total{{{TENANT}}}[$__range]))", "{{level}}")],
            Size(5, 9),
            "none",
            names=LEVELS,
            decimals=0,
        )
    )
    panels.append(
        listed(
            Words("Cơ quan theo cam kết", "Agencies by promise"),
            Words(
                "Cơ quan nào giữ cam kết, cơ quan nào không, trong khoảng đang xem?",
                "Which agencies keep their promises, in the range shown?",
            ),
            [Query(on_time(level, "agency")) for level in _DEADLINES],
            Size(10, 9),
            [
                Column("agency", Words("Cơ quan", "Agency"), width=190),
                *(
                    Column(f"Value #{ref}", _SHORT[level], "percentunit", share(level), decimals=0)
                    for ref, level in zip("ABC", _DEADLINES, strict=True)
                ),
            ],
            sort="Value #B",
        )
    )
    return Row(Words("Kết quả", "Outcomes"), panels)


def _indicators() -> Row:
    return Row(
        Words("Chỉ tiêu", "Indicators"),
        [
            targets(Size(12, 11)),
            course(
                Words("Giá trị so với mục tiêu", "Value against target"),
                Words(
                    "Chỉ tiêu tiến gần mục tiêu hay xa dần? 100 % là đạt, vẽ đến 200 %; số nhập đi theo bậc.",
                    "Do indicators near their targets? 100 % is reached, 200 % the most drawn; imports are steps.",
                ),
                [Query(f"clamp_max({compared('6h')}, 2)", "{{kpi}}")],
                Size(12, 11),
                "percentunit",
                colours=(Step(None, CRITICAL), Step(1.0, GOOD)),
                names=NAMES,
                calcs=("lastNotNull",),
            ),
        ],
    )
