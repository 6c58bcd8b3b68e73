"""The pipeline: whether what comes in is fresh, complete and accounted for, and whether workers have room left."""

from grafana_foundation_sdk.models.common import StackingMode

from deploy.sources.dashboards import workers
from deploy.sources.dashboards.expressions import records
from deploy.sources.dashboards.frame import JOB, STREAM, Page, Row, stream
from deploy.sources.dashboards.panels import (
    CRITICAL,
    GOOD,
    Query,
    Size,
    Step,
    course,
    numbers,
    steps,
)
from deploy.sources.dashboards.words import RECORDS, Words


def page() -> Page:
    """Return the dashboard."""
    return Page(
        "ioc-pipeline",
        "ky-thuat",
        Words(
            "Dữ liệu vào có mới, đủ, được tính hết không; tiến trình xử lý có khỏe và còn dư sức không. Dành cho "
            "tổ kỹ thuật.",
            "Whether input is fresh, complete and accounted for; whether workers are well and have room. For "
            "technical staff.",
        ),
        [stream()],
        [_now(), _flow(), _refused(), workers.work(), workers.processes()],
        "now-3h",
    )


def _now() -> Row:
    dead = f'sum(increase(ioc_events_total{{{STREAM}, outcome="dead_lettered"}}[5m]))'
    return Row(
        Words("Ngay lúc này", "Right now"),
        [
            numbers(
                Words("Tiến trình sống", "Workers up"),
                Words(
                    "Có bao nhiêu tiến trình đang trả lời Prometheus? 0 là không ai xử lý dữ liệu.",
                    "How many workers answer Prometheus? 0: nobody processes anything.",
                ),
                [Query(f"sum(up{{{JOB}}})", "tiến trình · workers")],
                Size(4, 5),
                "none",
                colours=(Step(None, CRITICAL), Step(1, GOOD)),
            ),
            numbers(
                Words("Độ trễ dữ liệu", "Age of data"),
                Words(
                    "Bản ghi mới nhất đã xử lý cũ bao lâu? Trên 2 phút là chậm, trên 10 phút báo động.",
                    "How old is the newest processed record? Above 2 minutes is slow, above 10 pages.",
                ),
                [Query(f"max(ioc_event_time_lag_seconds{{{STREAM}}})", "cũ nhất · oldest")],
                Size(4, 5),
                "s",
                colours=steps("freshness"),
                decimals=0,
                line=True,
            ),
            numbers(
                Words("Bản ghi chưa xử lý", "Records behind"),
                Words(
                    "Còn bao nhiêu bản ghi trong Kafka chưa xử lý?", "How many records in Kafka are not processed yet?"
                ),
                [Query(f"sum(ioc_consumer_lag_records{{{STREAM}}})", "bản ghi · records")],
                Size(4, 5),
                "short",
                colours=steps("lag"),
                line=True,
            ),
            numbers(
                Words("Tỷ lệ bị loại, 5 phút", "Dead-lettered, 5 min"),
                Words(
                    "Bao nhiêu phần bản ghi sai, không dùng được? Trên 1 % là một nguồn đang gửi sai.",
                    "What share of records is unusable? Above 1 % a source sends wrongly.",
                ),
                [Query(f"{dead} / (sum(increase(ioc_events_total{{{STREAM}}}[5m])) > 0)", "tỷ lệ · share")],
                Size(4, 5),
                "percentunit",
                colours=steps("dead_letters"),
                decimals=2,
            ),
            numbers(
                Words("Tuổi bản chụp trạng thái", "Age of snapshots"),
                Words(
                    "Nếu tiến trình chết, phải xử lý lại bao nhiêu giây dữ liệu? Bản chụp cũ nhất.",
                    "How many seconds of input would be processed again after a crash? The oldest snapshot.",
                ),
                [Query(f"time() - min(ioc_snapshot_timestamp_seconds{{{JOB}}} > 0)", "cũ nhất · oldest")],
                Size(4, 5),
                "s",
                colours=steps("snapshot_age"),
                decimals=0,
                line=True,
            ),
            numbers(
                Words("Phiên bản", "Version"),
                Words("Phiên bản nào đang chạy, trên mấy tiến trình?", "Which versions run, on how many workers?"),
                [Query(f"count by (version) (ioc_build_info{{{JOB}}})", "{{version}}")],
                Size(4, 5),
                "none",
                names={},
            ),
        ],
    )


def _flow() -> Row:
    return Row(
        Words("Dòng dữ liệu", "Flow"),
        [
            course(
                Words("Bản ghi mỗi giây theo luồng", "Records per second by stream"),
                Words("Luồng nào im hoặc tăng vọt?", "Which stream is silent, or surges?"),
                [Query(records("topic", "$stream"), "{{topic}}")],
                Size(8, 8),
                "recps",
                stacked=StackingMode.NORMAL,
                calcs=("mean", "max"),
            ),
            course(
                Words("Bản ghi mỗi giây theo kết quả", "Records per second by outcome"),
                Words(
                    "Có tính đủ không? Vào = nhận + trùng + muộn + bị loại.",
                    "Is all accounted for? In = accepted + duplicate + late + dead-lettered.",
                ),
                [Query(records("outcome", "$stream"), "{{outcome}}")],
                Size(8, 8),
                "recps",
                names=RECORDS,
                stacked=StackingMode.NORMAL,
                calcs=("mean", "max"),
            ),
            course(
                Words("Bản ghi chưa xử lý theo luồng", "Records behind by stream"),
                Words(
                    "Xử lý có đuổi kịp không? Tăng đều là thiếu sức; nhảy bậc rồi giảm là nhận bù.",
                    "Does processing keep up? A steady rise is lack of room; a step that falls is a catch-up.",
                ),
                [Query(f"sum by (topic) (ioc_consumer_lag_records{{{STREAM}}})", "{{topic}}")],
                Size(8, 8),
                "short",
                colours=steps("lag"),
            ),
            course(
                Words("Độ trễ dữ liệu theo luồng", "Age of data by stream"),
                Words("Luồng nào làm cả tỉnh chậm?", "Which stream holds up the rest?"),
                [Query(f"max by (topic) (ioc_event_time_lag_seconds{{{STREAM}}})", "{{topic}}")],
                Size(12, 8),
                "s",
                colours=steps("freshness"),
            ),
            course(
                Words("Mốc thời gian sự kiện", "Event time reached"),
                Words(
                    "Kết quả đã tính đến giờ nào? Đường đứng yên là một phân vùng không nhận gì.",
                    "Up to which time are results complete? A flat line: a partition that gets nothing.",
                ),
                [
                    Query(
                        f"min by (topic) (ioc_watermark_timestamp_seconds{{{JOB}}} > 0) * 1000",
                        "{{topic}}",
                    )
                ],
                Size(12, 8),
                "dateTimeAsIso",
                calcs=("lastNotNull",),
                least=None,
            ),
        ],
    )


def _refused() -> Row:
    return Row(
        Words("Bị loại, đến muộn, ghi chú", "Refused, late, remarked"),
        [
            course(
                Words("Bản ghi bị loại theo lý do", "Dead letters by reason"),
                Words(
                    "Bản ghi sai ở chỗ nào? Tra nguyên văn trong ioc.dead-letters.",
                    "What is wrong with records? The originals stand on ioc.dead-letters.",
                ),
                [
                    Query(
                        f"sum by (reason) (increase(ioc_dead_letters_total{{{STREAM}}}[$__rate_interval])) > 0",
                        "{{reason}}",
                    )
                ],
                Size(8, 8),
                "none",
                bars=True,
                stacked=StackingMode.NORMAL,
                calcs=("sum",),
            ),
            course(
                Words("Tỷ lệ đến muộn", "Share that is late"),
                Words(
                    "Bao nhiêu phần sự kiện đến sau hạn chờ, không còn được xét?",
                    "What share of events comes too late to be judged?",
                ),
                [
                    Query(
                        f'sum by (topic) (rate(ioc_events_total{{{STREAM}, outcome="late"}}[$__rate_interval]))'
                        f" / (sum by (topic) (rate(ioc_events_total{{{STREAM}}}[$__rate_interval])) > 0)",
                        "{{topic}}",
                    )
                ],
                Size(8, 8),
                "percentunit",
                colours=steps("late"),
                calcs=("mean", "max"),
            ),
            course(
                Words("Ghi chú khi nhận", "Remarks on accepted events"),
                Words(
                    "Nguồn nào cần sửa đồng hồ hoặc cấu hình? Sự kiện vẫn được nhận.",
                    "Which sources want their clock or setup mended? Their events are kept.",
                ),
                [
                    Query(
                        f"sum by (note) (increase(ioc_notes_total{{{STREAM}}}[$__rate_interval])) > 0",
                        "{{note}}",
                    )
                ],
                Size(8, 8),
                "none",
                bars=True,
                stacked=StackingMode.NORMAL,
                calcs=("sum",),
            ),
        ],
    )
