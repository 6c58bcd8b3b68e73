"""The workers of the pipeline: how long batches and snapshots take, and what the processes use."""

from deploy.sources.dashboards.frame import JOB, STREAM, Row
from deploy.sources.dashboards.panels import CRITICAL, GOOD, WARNING, Query, Size, Step, course, steps, warmth
from deploy.sources.dashboards.shared import alerts
from deploy.sources.dashboards.words import Words

_BUDGET = 10_000.0


def work() -> Row:
    """Return how batches and snapshots go."""
    batch = f"ioc_batch_duration_seconds_bucket{{{STREAM}}}"
    snapshot = f"ioc_snapshot_duration_seconds_bucket{{{JOB}}}"
    return Row(
        Words("Xử lý và trạng thái", "Work and state"),
        [
            warmth(
                Words("Thời gian xử lý một lô", "Time to fold a batch"),
                Words("Lô chậm có phổ biến không?", "Are slow batches common?"),
                f"sum by (le) (increase({batch}[$__rate_interval]))",
                Size(8, 8),
                "s",
            ),
            course(
                Words("Lô chậm nhất (p95)", "Slowest batches (p95)"),
                Words("Luồng nào tốn sức?", "Which stream takes the most work?"),
                [
                    Query(
                        f"histogram_quantile(0.95, sum by (le, topic) (rate({batch}[$__rate_interval])))",
                        "{{topic}}",
                    )
                ],
                Size(8, 8),
                "s",
            ),
            course(
                Words("Cỡ lô trung bình", "Mean batch size"),
                Words(
                    "Lô lớn là đang nhận bù; lô 1 là nhàn rỗi.", "Is it catching up (large batches), or idle (ones)?"
                ),
                [
                    Query(
                        f"sum by (topic) (rate(ioc_batch_size_records_sum{{{STREAM}}}[$__rate_interval]))"
                        f" / (sum by (topic) (rate(ioc_batch_size_records_count{{{STREAM}}}[$__rate_interval])) > 0)",
                        "{{topic}}",
                    )
                ],
                Size(8, 8),
                "short",
            ),
            course(
                Words("Byte đọc vào và chụp trạng thái", "Bytes read and snapshots written"),
                Words("Đĩa và mạng của Kafka chịu bao nhiêu?", "How much do Kafka's disks and network bear?"),
                [
                    Query(f"sum(rate(ioc_read_bytes_total{{{JOB}}}[$__rate_interval]))", "đọc · read"),
                    Query(
                        f"sum(rate(ioc_snapshot_written_bytes_total{{{JOB}}}[$__rate_interval]))", "chụp · snapshots"
                    ),
                ],
                Size(8, 8),
                "Bps",
                calcs=("mean", "max"),
            ),
            course(
                Words("Thời gian chụp trạng thái (p95)", "Time of a snapshot (p95)"),
                Words("Kafka có xác nhận bản chụp nhanh không?", "Does Kafka confirm snapshots quickly?"),
                [Query(f"histogram_quantile(0.95, sum by (le) (rate({snapshot}[$__rate_interval])))", "p95")],
                Size(8, 8),
                "s",
            ),
            course(
                Words("Phân vùng và chia lại", "Partitions and rebalances"),
                Words(
                    "Tiến trình có vào ra liên tục không? Mỗi lần chia lại làm chậm vài giây.",
                    "Do workers come and go? Each rebalance costs seconds.",
                ),
                [
                    Query(f"sum(ioc_assigned_partitions{{{JOB}}})", "phân vùng · partitions"),
                    Query(f"sum(increase(ioc_rebalances_total{{{JOB}}}[$__rate_interval]))", "chia lại · rebalances"),
                ],
                Size(8, 8),
                "none",
            ),
        ],
    )


def processes() -> Row:
    """Return what the processes use, and what pages about them."""
    return Row(
        Words("Tiến trình", "Processes"),
        [
            course(
                Words("Bộ xử lý", "Processor time"),
                Words("Còn dư sức không? 1 là hết một lõi.", "Is there room left? 1 is a whole core."),
                [Query(f"rate(process_cpu_seconds_total{{{JOB}}}[$__rate_interval])", "{{instance}}")],
                Size(6, 8),
                "none",
                colours=(Step(None, GOOD), Step(0.7, WARNING), Step(0.95, CRITICAL)),
                calcs=("mean", "max"),
            ),
            course(
                Words("Bộ nhớ", "Memory"),
                Words("Bộ nhớ có tăng mãi không?", "Does memory grow without end?"),
                [Query(f"process_resident_memory_bytes{{{JOB}}}", "{{instance}}")],
                Size(6, 8),
                "bytes",
            ),
            course(
                Words("Thời gian lấy số đo", "Time of a scrape"),
                Words(
                    "Lấy số đo có làm chậm xử lý không? Quá nửa giây là tiến trình quá bận.",
                    "Do scrapes hold up work? Above half a second the worker is too busy.",
                ),
                [Query(f"scrape_duration_seconds{{{JOB}}}", "{{instance}}")],
                Size(6, 8),
                "s",
                colours=steps("scrape"),
            ),
            course(
                Words("Số chuỗi số đo", "Series"),
                Words(
                    "Còn trong ngân sách 10.000 chuỗi mỗi tiến trình không?", "Is it within 10,000 series per worker?"
                ),
                [Query(f"scrape_samples_scraped{{{JOB}}}", "{{instance}}")],
                Size(6, 8),
                "short",
                colours=(Step(None, GOOD), Step(0.8 * _BUDGET, WARNING), Step(_BUDGET, CRITICAL)),
            ),
            course(
                Words("Bản ghi mất trước khi đọc", "Records lost before they were read"),
                Words(
                    "Kafka có xóa dữ liệu trước khi kịp xử lý không? Phải luôn là 0.",
                    "Did Kafka delete input before it was read? Must stay 0.",
                ),
                [
                    Query(
                        f"sum(increase(ioc_input_gap_records_total{{{JOB}}}[$__rate_interval])) or vector(0)",
                        "mất · lost",
                    )
                ],
                Size(12, 8),
                "short",
                calcs=("sum",),
            ),
            alerts(Size(12, 8), "ky-thuat"),
        ],
    )
