"""What a stage measures for those who watch service: counts, waits and standing figures, each of a declared family.

A stage hands them out with its outcome (`streams.stage.Outcome.measured`); ``ioc`` shows them to Prometheus.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeVar

from msgspec import Struct

Value = TypeVar("Value")
Labels = tuple[str, ...]
"""The values of a family's labels, in their order; an empty one says that there is none."""


class Measure(NamedTuple):
    """A family: its name without prefix and suffix, what it is, its labels, what it tells in English and Vietnamese.

    ``bounds`` are the upper edges of a histogram's buckets, in the unit at the end of its name. ``combine`` says how
    the standing figures of several partitions make one.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: Labels
    en: str
    vi: str
    bounds: tuple[float, ...] = ()
    combine: Literal["sum", "max"] = "sum"


class Waits(NamedTuple):
    """Observations of a histogram: how many fell into each bucket (the last has no upper edge), and their sum."""

    buckets: tuple[int, ...]
    total: float


class Measured(Struct, frozen=True):
    """What came about in one call, and what stands after it; every mapping is by the name of the family.

    ``counted`` are increments since the last call, ``observed`` those of histograms. ``standing`` holds all figures of
    the families that it names for this partition, in place of what it held before: a family that it doesn't name is as
    it was. ``exemplars`` name one cause of an increment, such as the id of an incident.
    """

    counted: Mapping[str, Mapping[Labels, float]] = {}
    observed: Mapping[str, Mapping[Labels, Waits]] = {}
    standing: Mapping[str, Mapping[Labels, float]] = {}
    exemplars: Mapping[str, Mapping[Labels, str]] = {}


NOTHING = Measured()


def together(parts: Iterable[Measured]) -> Measured:
    """Return what several watchers of one stage measured; no two may measure the same family.

    Examples
    --------
    >>> together([Measured(counted={"tickets": {("11", "served"): 2.0}}), NOTHING]).counted
    {'tickets': {('11', 'served'): 2.0}}
    """
    told = [part for part in parts if part is not NOTHING]
    if len(told) <= 1:
        return told[0] if told else NOTHING
    return Measured(
        counted=dict(_items(part.counted for part in told)),
        observed=dict(_items(part.observed for part in told)),
        standing=dict(_items(part.standing for part in told)),
        exemplars=dict(_items(part.exemplars for part in told)),
    )


def _items(maps: Iterable[Mapping[str, Mapping[Labels, Value]]]) -> Iterator[tuple[str, Mapping[Labels, Value]]]:
    for each in maps:
        yield from each.items()


_FAMILIES = (
    Measure(
        "incidents_opened",
        "counter",
        ("tenant", "rule", "severity"),
        "Incidents that opened; what the alarm budget is held against.",
        "Số sự cố mới mở; dùng để so với ngân sách cảnh báo.",
    ),
    Measure(
        "incidents_reopened",
        "counter",
        ("tenant", "rule"),
        "Incidents that opened again within a week of clearing: sensors that flicker, alarms that chatter.",
        "Số sự cố mở lại trong vòng một tuần sau khi đã hết: cảm biến chập chờn.",
    ),
    Measure(
        "incidents_stale",
        "gauge",
        ("tenant",),
        "Incidents open for more than a day.",
        "Số sự cố mở quá một ngày.",
    ),
    Measure(
        "unit_incidents_open",
        "gauge",
        ("tenant", "unit", "rule", "severity"),
        "Open incidents of a unit; only units that have one, the most severe first up to a limit.",
        "Số sự cố đang mở của một đơn vị.",
    ),
    Measure(
        "deadlines",
        "counter",
        ("tenant", "unit", "level", "outcome"),
        "Reports resolved and dossiers finished, by whether they were on time; late with an extension counts as late.",
        "Số phản ánh đã xử lý và hồ sơ đã xong, theo đúng hạn hay trễ hạn.",
    ),
    Measure(
        "agency_deadlines",
        "counter",
        ("tenant", "agency", "level", "outcome"),
        "Receipts, resolutions and dossiers that came to an end at an agency: on_time, late_extended or late.",
        "Số việc đã xong của một cơ quan: đúng hạn, trễ sau gia hạn, trễ hạn.",
    ),
    Measure(
        "category_deadlines",
        "counter",
        ("tenant", "category", "level", "outcome"),
        "Receipts and resolutions of reports of a category: on_time, late_extended or late.",
        "Số phản ánh theo lĩnh vực: đúng hạn, trễ sau gia hạn, trễ hạn.",
    ),
    Measure(
        "deadlines_unknown",
        "counter",
        ("tenant", "level"),
        "Receipts, resolutions and dossiers that came to an end without a known beginning or deadline.",
        "Số việc đã xong mà không rõ thời điểm bắt đầu hoặc thời hạn.",
    ),
    Measure(
        "deadlines_open",
        "gauge",
        ("tenant", "level", "phase"),
        "Open reports and dossiers by the share of time used: under_50, from_50, from_75, from_90, overdue.",
        "Số việc đang mở theo phần thời hạn đã dùng.",
    ),
    Measure(
        "deadlines_overdue",
        "gauge",
        ("tenant", "unit", "level"),
        "Open reports and dossiers of a unit past their deadline.",
        "Số việc đang mở đã quá hạn của một đơn vị.",
    ),
    Measure(
        "agency_deadlines_overdue",
        "gauge",
        ("tenant", "agency", "level"),
        "Open receipts, resolutions and dossiers of an agency past their deadline.",
        "Số việc đang mở đã quá hạn của một cơ quan.",
    ),
    Measure(
        "dossiers_submitted",
        "counter",
        ("tenant", "service_level", "channel"),
        "Dossiers submitted, by how much of the procedure runs online and by channel.",
        "Số hồ sơ đã nộp, theo mức độ trực tuyến và kênh nộp.",
    ),
    Measure(
        "dossier_payments",
        "counter",
        ("tenant", "payment"),
        "Payments of fees: online, cash, failed.",
        "Số lượt thanh toán phí: trực tuyến, tiền mặt, lỗi.",
    ),
    Measure(
        "report_ratings",
        "counter",
        ("tenant", "rating"),
        "Ratings that citizens gave to the handling of their reports, 1 to 5.",
        "Số lượt người dân đánh giá kết quả xử lý, từ 1 đến 5.",
    ),
    Measure(
        "tickets",
        "counter",
        ("tenant", "outcome"),
        "Tickets of one-stop counters that came to an end: served, no_show, cancelled.",
        "Số phiếu tại bộ phận một cửa: đã phục vụ, vắng mặt, hủy.",
    ),
    Measure(
        "ticket_wait_seconds",
        "histogram",
        ("tenant", "unit"),
        "Time from ticket to call at the one-stop counters of a unit.",
        "Thời gian chờ từ lúc lấy số đến lúc được gọi.",
        bounds=(900.0, 1800.0),
    ),
    Measure(
        "queue_predicted_wait_seconds",
        "gauge",
        ("tenant", "unit"),
        "The mean wait that those who come now to the queues of the unit must expect.",
        "Thời gian chờ trung bình dự báo của người đến lúc này tại đơn vị.",
        combine="max",
    ),
    Measure(
        "queue_counters_open",
        "gauge",
        ("tenant", "unit"),
        "Open counters of the one-stop offices of a unit.",
        "Số quầy đang mở tại bộ phận một cửa của đơn vị.",
    ),
    Measure(
        "queue_counters_needed",
        "gauge",
        ("tenant", "unit"),
        "Counters that would keep the mean wait under its target with the arrivals of now (Erlang C).",
        "Số quầy cần mở để giữ thời gian chờ trung bình trong mục tiêu (Erlang C).",
    ),
    Measure(
        "sensors",
        "gauge",
        ("tenant", "family", "state"),
        "Sources that are watched for silence, by family: watched (all of them) and silent.",
        "Số nguồn được theo dõi tín hiệu và số nguồn đang mất tín hiệu.",
    ),
    Measure(
        "cameras_silent",
        "gauge",
        ("tenant", "unit"),
        "Cameras of a unit that are silent.",
        "Số camera mất tín hiệu của một đơn vị.",
    ),
    Measure(
        "telemetry_value",
        "gauge",
        ("tenant", "asset_kind", "metric", "statistic"),
        "Latest observations over the assets of a kind: min, mean, max; only metrics that the configuration names.",
        "Số đo mới nhất của các hệ thống: nhỏ nhất, trung bình, lớn nhất.",
    ),
    Measure(
        "kpi_value",
        "gauge",
        ("tenant", "kpi"),
        "Imported figure of a performance indicator; the unit is that of the indicator.",
        "Giá trị nhập của chỉ tiêu.",
        combine="max",
    ),
    Measure(
        "kpi_as_of_timestamp_seconds",
        "gauge",
        ("tenant", "kpi"),
        "The day for which an imported figure of an indicator holds.",
        "Ngày của số liệu chỉ tiêu.",
        combine="max",
    ),
    Measure(
        "kpi_target",
        "gauge",
        ("tenant", "kpi"),
        "Target of an indicator that is in force now.",
        "Mục tiêu đang có hiệu lực của chỉ tiêu.",
        combine="max",
    ),
)

MEASURES: MappingProxyType[str, Measure] = MappingProxyType({measure.name: measure for measure in _FAMILIES})
"""Every family by its name."""
