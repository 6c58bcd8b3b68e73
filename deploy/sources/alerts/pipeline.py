"""Alerts on the way of data: is the worker there, does it keep up, is what comes in usable, do pages get through."""

from deploy.sources.alerts.model import Alert, Case, Severity, Told
from deploy.sources.thresholds import THRESHOLDS

_PAGE = "ioc-pipeline"
_DAILY = 'topic=~"ioc.field-reports|ioc.service-queues"'
_STEADY = 'topic=~"ioc.camera-events|ioc.telemetry"'
_CAMERAS = 'topic="ioc.camera-events"'
_LEAST = 100
"""A share of fewer records than this says nothing."""


def _events(window: str = "10m") -> str:
    return f"sum by (topic) (increase(ioc_events_total[{window}]))"


def _share(part: str, limit: float) -> str:
    return f"{part} / {_events()} > {limit:g} and {_events()} > {_LEAST}"


def _counted(name: str, bad: int, of: int) -> dict[str, str]:
    """Return two counters of the cameras that go on by so much a minute."""
    return {name: f"0+{bad}x60", f'ioc_events_total{{{_CAMERAS}, outcome="accepted"}}': f"0+{of}x60"}


def _of_place(name: str, value: str) -> dict[str, str]:
    return {f'{name}{{{_CAMERAS}, partition="0"}}': value}


_DOWN = Alert(
    "IocWorkerDown",
    "critical",
    "ky-thuat",
    'up{job="ioc-worker"} == 0 or absent(up{job="ioc-worker"})',
    60,
    Told(
        "Bộ xử lý luồng $instance không trả lời",
        "Prometheus không đọc được số đo của một bộ xử lý. Phần việc của nó chuyển sang bộ khác; nếu không còn bộ nào "
        "thì không sự cố mới nào được phát hiện.",
        "Xem trạng thái dịch vụ và nhật ký của `ioc worker`; khởi động lại. Dữ liệu vẫn nằm trong Kafka, không mất.",
    ),
    Told(
        "The worker $instance doesn't answer",
        "Prometheus can't scrape a worker. Others take over its part; if there is none, no new incident is found.",
        "Look at the service's state and the log of `ioc worker`; start it. Records wait in Kafka, nothing is lost.",
    ),
    _PAGE,
    Case({'up{job="ioc-worker", instance="a"}': "1 1 0x20"}, 5),
    Case({'up{job="ioc-worker", instance="a"}': "1 1 0 1x20"}, 5),
    60,
)
_ABSENT = Alert(
    "IocStreamAbsent",
    "major",
    "ky-thuat",
    f"(sum by (topic) (increase(ioc_events_total{{{_STEADY}}}[10m])) == 0"
    f" or sum by (topic) (increase(ioc_events_total{{{_DAILY}}}[3d])) == 0) and {_events('7d')} > 0",
    300,
    Told(
        "Luồng $topic không có dữ liệu",
        "Không bản ghi nào đến trên $topic (camera, hệ thống: 10 phút; phản ánh, hàng chờ: 3 ngày); trong tuần thì có.",
        "Kiểm tra bộ thu và cổng gửi dữ liệu vào chủ đề này, rồi kết nối tới Kafka.",
    ),
    Told(
        "Nothing comes in on $topic",
        "No record came on $topic (cameras and telemetry: 10 minutes; reports and queues: 3 days); this week some did.",
        "Check the collectors and gateways that write this topic, then their way to Kafka.",
    ),
    _PAGE,
    Case({f'ioc_events_total{{{_CAMERAS}, outcome="accepted"}}': "0+50x10 500x40"}, 40),
    Case({f'ioc_events_total{{{_CAMERAS}, outcome="accepted"}}': "0+1x60"}, 40),
)


def _late(severity: Severity, limit: float) -> Alert:
    return Alert(
        "IocEventTimeLag",
        severity,
        "ky-thuat",
        f"max by (topic) (ioc_event_time_lag_seconds) > {limit:g}",
        300,
        Told(
            "Xử lý $topic bị trễ",
            f"Bản ghi mới nhất đã xử lý của $topic cũ $duration (hơn {limit:g} giây): sự cố được báo muộn.",
            "Xem độ trễ và tải; thêm tiến trình `ioc worker` (tối đa bằng số phân vùng).",
        ),
        Told(
            "$topic is processed late",
            f"The newest record processed of $topic is $duration old (more than {limit:g} s): incidents are told late.",
            "Look at lag and load; start more workers, up to the number of partitions.",
        ),
        _PAGE,
        Case(_of_place("ioc_event_time_lag_seconds", f"{limit + 1:g}x20"), 10),
        Case(_of_place("ioc_event_time_lag_seconds", f"{limit:g}x20"), 10),
    )


def _behind(severity: Severity, limit: float) -> Alert:
    return Alert(
        "IocConsumerLag",
        severity,
        "ky-thuat",
        f"sum by (topic) (ioc_consumer_lag_records) > {limit:g}",
        600,
        Told(
            "$topic còn nhiều bản ghi chờ xử lý",
            f"$value bản ghi của $topic chưa được xử lý (ngưỡng {limit:,.0f}).",
            "Sau sự cố mạng, dữ liệu dồn sẽ tự hết; nếu vẫn tăng, thêm tiến trình `ioc worker`.",
        ),
        Told(
            "Many records of $topic wait",
            f"$value records of $topic are not processed yet (limit {limit:,.0f}).",
            "After an outage a flush goes by itself; if it still grows, start more workers.",
        ),
        _PAGE,
        Case(_of_place("ioc_consumer_lag_records", f"{limit + 1:.0f}x30"), 20),
        Case(_of_place("ioc_consumer_lag_records", f"{limit + 1:.0f}x5 0x30"), 20),
    )


def _dead(severity: Severity, limit: float) -> Alert:
    dead = f'ioc_dead_letters_total{{{_CAMERAS}, reason="schema"}}'
    return Alert(
        "IocDeadLetters",
        severity,
        "ky-thuat",
        _share("sum by (topic) (increase(ioc_dead_letters_total[10m]))", limit),
        300,
        Told(
            "Nhiều bản ghi hỏng trên $topic",
            f"$share bản ghi của $topic bị loại vào ioc.dead-letters (ngưỡng {limit:.0%}).",
            "Đọc ioc.dead-letters (`ioc record ioc.dead-letters`): lý do và nguồn; báo đơn vị gửi dữ liệu.",
        ),
        Told(
            "Many records of $topic are refused",
            f"$share of the records of $topic went to ioc.dead-letters (limit {limit:.0%}).",
            "Read ioc.dead-letters (`ioc record ioc.dead-letters`): reason and origin; tell whoever sends them.",
        ),
        _PAGE,
        Case(_counted(dead, round(limit * 2000), 1000), 30),
        Case(_counted(dead, 5, 5), 15),
    )


def _old(severity: Severity, limit: float) -> Alert:
    busy = {f'ioc_events_total{{{_CAMERAS}, outcome="accepted"}}': "0+100x60"}
    return Alert(
        "IocSnapshotAge",
        severity,
        "ky-thuat",
        f"max by (topic) (time() - (ioc_snapshot_timestamp_seconds > 0)) > {limit:g} and {_events('5m')} > 0",
        120,
        Told(
            "Ảnh chụp trạng thái của $topic đã cũ",
            f"Ảnh chụp gần nhất của $topic cách đây $duration (ngưỡng {limit:g} s): khởi động lại phải đọc lại nhiều.",
            "Kiểm tra Kafka (ghi vào ioc.snapshots) và nhật ký của bộ xử lý.",
        ),
        Told(
            "Snapshots of $topic are old",
            f"The last snapshot of $topic is $duration old (limit {limit:g} s): a restart would read much again.",
            "Check Kafka (writes to ioc.snapshots) and the worker's log.",
        ),
        _PAGE,
        Case({**busy, **_of_place("ioc_snapshot_timestamp_seconds", "60x60")}, 30),
        Case({**busy, **_of_place("ioc_snapshot_timestamp_seconds", "60+60x60")}, 30),
    )


def _skewed(severity: Severity, limit: float) -> Alert:
    note = f'ioc_notes_total{{{_CAMERAS}, note="clock_skew"}}'
    return Alert(
        "IocClockSkew",
        severity,
        "ky-thuat",
        _share('sum by (topic) (increase(ioc_notes_total{note=~"clock_skew|suspect_clock"}[10m]))', limit),
        600,
        Told(
            "Đồng hồ của nguồn trên $topic sai",
            f"$share bản ghi của $topic mang giờ sai (ngưỡng {limit:.0%}).",
            "Sự cố source_clock (`ioc incidents`) cho biết nguồn; đồng bộ NTP cho nguồn hoặc cổng.",
        ),
        Told(
            "Clocks of sources on $topic are wrong",
            f"$share of the records of $topic carry a wrong time (limit {limit:.0%}).",
            "Incidents of the rule source_clock (`ioc incidents`) name the sources; mend NTP there or at the gateway.",
        ),
        _PAGE,
        Case(_counted(note, round(limit * 2000), 1000), 40),
        Case(_counted(note, round(limit * 500), 1000), 40),
    )


_GAP = Alert(
    "IocInputGap",
    "major",
    "ky-thuat",
    "sum by (topic) (increase(ioc_input_gap_records_total[10m])) > 0",
    0,
    Told(
        "Mất bản ghi trên $topic",
        "$value bản ghi của $topic bị xóa hoặc không đọc được trước khi xử lý.",
        "Tăng thời gian lưu của chủ đề; tìm xem vì sao bộ xử lý dừng lâu đến vậy.",
    ),
    Told(
        "Records of $topic were lost",
        "$value records of $topic were deleted, or can't be read, before they were processed.",
        "Raise the topic's retention; find out why the worker stood so long.",
    ),
    _PAGE,
    Case({f'ioc_input_gap_records_total{{{_CAMERAS}, reason="deleted"}}': "0x5 7x30"}, 8),
    Case({f'ioc_input_gap_records_total{{{_CAMERAS}, reason="deleted"}}': "7x40"}, 30),
)
_SLOW = Alert(
    "IocScrapeSlow",
    "warning",
    "ky-thuat",
    f'max by (instance) (scrape_duration_seconds{{job="ioc-worker"}}) > {THRESHOLDS["scrape"].warning:g}',
    600,
    Told(
        "Bộ xử lý $instance trả lời chậm",
        "Đọc số đo mất hơn nửa giây: tiến trình đang quá tải.",
        "Xem tải CPU và số chuỗi thời gian của tiến trình.",
    ),
    Told(
        "The worker $instance answers slowly",
        "A scrape takes more than half a second: the process is overloaded.",
        "Look at the load of its processor and at its number of series.",
    ),
    _PAGE,
    Case({'scrape_duration_seconds{job="ioc-worker", instance="a"}': "0.8x30"}, 20),
    Case({'scrape_duration_seconds{job="ioc-worker", instance="a"}': "0.02x30"}, 20),
)
_WATCHDOG = Alert(
    "IocWatchdog",
    "none",
    "ky-thuat",
    "vector(1)",
    0,
    Told(
        "Đường báo động hoạt động",
        "Luôn phát. Nếu bên nhận không thấy nó nữa, đường từ Prometheus tới trực ban đã đứt.",
        "Bên nhận phải báo khi nó ngừng: kiểm tra Prometheus, Alertmanager và mạng.",
    ),
    Told(
        "The way of pages works",
        "Always fires. Whoever receives it must raise the alarm when it stops: the way to operators is broken.",
        "When it is missed: check Prometheus, Alertmanager and the network between.",
    ),
    _PAGE,
    Case({'up{job="ioc-worker", instance="a"}': "1x10"}, 5),
    None,
    0,
)

_PAIRS = {"freshness": _late, "lag": _behind, "dead_letters": _dead, "snapshot_age": _old, "clock_skew": _skewed}


def _pair(name: str) -> tuple[Alert, Alert]:
    make, threshold = _PAIRS[name], THRESHOLDS[name]
    worst: Severity = "critical" if name == "freshness" else "major"
    return make("warning", threshold.warning), make(worst, threshold.critical)


PIPELINE = (_DOWN, _ABSENT, *(alert for name in _PAIRS for alert in _pair(name)), _GAP, _SLOW, _WATCHDOG)
