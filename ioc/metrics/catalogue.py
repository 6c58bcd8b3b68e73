"""Every metric that a worker serves, declared once: docs/metrics.md is made of it, rules and dashboards keep to it."""

from types import MappingProxyType
from typing import Literal, NamedTuple

from streams.measures import MEASURES, Measure

Kind = Literal["counter", "gauge", "histogram"]
Group = Literal["service", "incidents", "site", "pipeline", "process"]

PREFIX = "ioc_"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_RECORDS = (1.0, 10.0, 100.0, 1000.0, 2000.0, 4000.0, 8000.0, 16000.0)
_UNITS = ("seconds", "bytes", "records")
_PLACE = ("topic", "partition")
_INCIDENT_FAMILIES = ("incidents_", "unit_incidents_")


class Metric(NamedTuple):
    """A family as it is served: counters end in ``_total``, histograms add ``_bucket``, ``_sum`` and ``_count``.

    ``bounds`` are the upper edges of a histogram's buckets.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    en: str
    vi: str
    group: Group = "pipeline"
    bounds: tuple[float, ...] = ()

    @property
    def unit(self) -> str:
        """The unit at the end of the name; "" for a plain number.

        Examples
        --------
        >>> METRICS["ioc_watermark_timestamp_seconds"].unit, METRICS["ioc_read_bytes_total"].unit
        ('seconds', 'bytes')
        """
        ending = self.name.removesuffix("_total").rpartition("_")[2]
        return ending if ending in _UNITS else ""

    @property
    def samples(self) -> tuple[str, ...]:
        """The names of its samples, which queries use."""
        if self.kind != "histogram":
            return (self.name,)
        return tuple(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))


def of_measure(measure: Measure) -> Metric:
    """Return how a family that stages measure is served.

    Examples
    --------
    >>> of_measure(MEASURES["tickets"]).name
    'ioc_tickets_total'
    """
    name = f"{PREFIX}{measure.name}" + ("_total" if measure.kind == "counter" else "")
    group: Group = "incidents" if measure.name.startswith(_INCIDENT_FAMILIES) else "service"
    return Metric(name, measure.kind, measure.labels, measure.en, measure.vi, group, measure.bounds)


_OWN = (
    Metric(
        "ioc_incidents_open",
        "gauge",
        ("rule", "severity"),
        "Open incidents.",
        "Số sự cố đang mở.",
        "incidents",
    ),
    Metric(
        "ioc_incident_revisions_total",
        "counter",
        ("rule", "severity", "status"),
        "Incidents told, by status: each revision counts.",
        "Số lần phát hành (bản sửa đổi) của sự cố, theo trạng thái.",
        "incidents",
    ),
    Metric(
        "ioc_anomalies_total",
        "counter",
        ("kind", "detector"),
        "Anomalies told.",
        "Số bất thường đã phát hiện.",
        "incidents",
    ),
    Metric(
        "ioc_unit_info",
        "gauge",
        ("tenant", "unit", "name", "lat", "lon"),
        "1 for every administrative unit seen: its name, and a point inside it (WGS84 degrees).",
        "1 cho mỗi đơn vị hành chính đã gặp: tên và tọa độ một điểm bên trong.",
        "site",
    ),
    Metric(
        "ioc_operators",
        "gauge",
        (),
        "Staff on duty who take incidents; the budget of alarms is per head.",
        "Số trực ban xử lý sự cố; ngân sách cảnh báo tính theo đầu người.",
        "site",
    ),
    Metric(
        "ioc_service_level_objective",
        "gauge",
        ("level",),
        "Share that is to be on time, or of waits that is to end within 15 or 30 minutes.",
        "Tỷ lệ mục tiêu phải đúng hạn, hoặc tỷ lệ lượt chờ không quá 15 hay 30 phút.",
        "site",
    ),
    Metric(
        "ioc_build_info",
        "gauge",
        ("version", "python"),
        "1; the labels tell the version, and that of Python.",
        "1; nhãn cho biết phiên bản và phiên bản Python.",
    ),
    Metric(
        "ioc_events_total",
        "counter",
        ("topic", "outcome"),
        "Records of the source topics by what became of them.",
        "Số bản ghi của các luồng nguồn theo kết cục.",
    ),
    Metric(
        "ioc_dead_letters_total", "counter", ("topic", "reason"), "Dead letters by reason.", "Số thư chết theo lý do."
    ),
    Metric(
        "ioc_notes_total",
        "counter",
        ("topic", "note"),
        "Accepted with a remark, by remark.",
        "Số bản ghi được nhận kèm ghi chú.",
    ),
    Metric("ioc_consumer_lag_records", "gauge", _PLACE, "Records not yet folded.", "Số bản ghi chưa xử lý."),
    Metric(
        "ioc_event_time_lag_seconds",
        "gauge",
        _PLACE,
        "Age of the newest folded record; 0 when caught up.",
        "Tuổi của bản ghi mới nhất đã xử lý; 0 khi đã theo kịp.",
    ),
    Metric(
        "ioc_watermark_timestamp_seconds",
        "gauge",
        _PLACE,
        "Event time up to which the input is complete.",
        "Thời điểm sự kiện mà tới đó dữ liệu vào đã đầy đủ.",
    ),
    Metric(
        "ioc_batch_duration_seconds",
        "histogram",
        ("topic",),
        "Time to fold one batch.",
        "Thời gian xử lý một lô.",
        bounds=_SECONDS,
    ),
    Metric(
        "ioc_batch_size_records",
        "histogram",
        ("topic",),
        "Records in a batch.",
        "Số bản ghi trong một lô.",
        bounds=_RECORDS,
    ),
    Metric("ioc_read_bytes_total", "counter", ("topic",), "Bytes of values read.", "Số byte đã đọc."),
    Metric(
        "ioc_snapshot_duration_seconds",
        "histogram",
        (),
        "Time until a snapshot is confirmed.",
        "Thời gian đến khi ảnh chụp trạng thái được xác nhận.",
        bounds=_SECONDS,
    ),
    Metric("ioc_snapshot_written_bytes_total", "counter", (), "Bytes of changed blocks.", "Số byte các khối đã đổi."),
    Metric(
        "ioc_snapshot_timestamp_seconds",
        "gauge",
        _PLACE,
        "When the last snapshot was confirmed.",
        "Thời điểm xác nhận ảnh chụp trạng thái gần nhất.",
    ),
    Metric(
        "ioc_input_gap_records_total",
        "counter",
        ("topic", "reason"),
        "Records lost before they were read.",
        "Số bản ghi mất trước khi được đọc.",
    ),
    Metric("ioc_rebalances_total", "counter", (), "Assignments received.", "Số lần được phân công lại."),
    Metric(
        "ioc_assigned_partitions",
        "gauge",
        (),
        "Input partitions of this worker.",
        "Số phân vùng đầu vào của tiến trình này.",
    ),
)

_FOREIGN = (
    Metric("process_cpu_seconds_total", "counter", (), "Processor time.", "Thời gian CPU.", "process"),
    Metric("process_max_fds", "gauge", (), "Limit of open files.", "Giới hạn số tệp mở.", "process"),
    Metric("process_open_fds", "gauge", (), "Open files and connections.", "Số tệp và kết nối đang mở.", "process"),
    Metric("process_resident_memory_bytes", "gauge", (), "Memory in use.", "Bộ nhớ đang dùng.", "process"),
    Metric("process_start_time_seconds", "gauge", (), "When the worker started.", "Thời điểm khởi động.", "process"),
    Metric("process_virtual_memory_bytes", "gauge", (), "Memory reserved.", "Bộ nhớ dành sẵn.", "process"),
    Metric(
        "python_gc_collections_total",
        "counter",
        ("generation",),
        "Garbage collections.",
        "Số lần thu gom rác.",
        "process",
    ),
    Metric(
        "python_gc_objects_collected_total",
        "counter",
        ("generation",),
        "Objects freed by the garbage collector.",
        "Số đối tượng được thu gom.",
        "process",
    ),
    Metric(
        "python_gc_objects_uncollectable_total",
        "counter",
        ("generation",),
        "Objects that can't be freed.",
        "Số đối tượng không thu gom được.",
        "process",
    ),
)
"""What `prometheus_client` itself measures of the process (on Linux)."""

METRICS: MappingProxyType[str, Metric] = MappingProxyType(
    {metric.name: metric for metric in (*map(of_measure, MEASURES.values()), *_OWN, *_FOREIGN)}
)
"""Every family by the name that it is served under."""

SAMPLES: MappingProxyType[str, Metric] = MappingProxyType(
    {name: metric for metric in METRICS.values() for name in metric.samples}
)
"""Every family by the names of its samples: what a query may ask for."""
