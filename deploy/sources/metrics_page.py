"""Makes docs/metrics.md from the catalogue of metrics."""

from pathlib import Path

from ioc.metrics.catalogue import METRICS, Group, Metric

_PATH = Path("../docs/metrics.md")

_OPENING = """# Metrics · Số đo

What a worker serves on `/metrics`, in the classic text format or OpenMetrics (which has exemplars: the id of an
incident behind each increment of `ioc_incidents_opened_total`). Labels are closed sets, never a camera, a ticket or a
person. Made from `ioc/metrics/catalogue.py` and `streams/measures.py` by `make deploy-files`; rules and dashboards are
held to the same names.

Counters start at 0 where their labels are known beforehand, so that `rate()` and `absent()` work from the first
scrape. Families by unit show the units that were heard of. Gauges of service are worked out per partition; a worker
shows the sum, or the greatest, of the partitions that it has. A worker of a province with 450 units, 64 agencies and 30
categories serves at most 10,000 series (`tests/unit/test_metrics_budget.py`).
"""

_TITLES: dict[Group, str] = {
    "service": "Service to citizens, sensors, telemetry and KPIs · Phục vụ, cảm biến, hệ thống và chỉ tiêu",
    "incidents": "Incidents · Sự cố",
    "site": "The site · Địa phương",
    "pipeline": "The pipeline · Đường ống dữ liệu",
    "process": "The process · Tiến trình",
}


def files() -> dict[Path, str]:
    """Return the page."""
    parts = [_OPENING]
    for group, title in _TITLES.items():
        rows = [_row(metric) for metric in METRICS.values() if metric.group == group]
        parts.append(
            "\n".join([f"## {title}", "| name | type | labels | meaning · ý nghĩa |", "|---|---|---|---|", *rows, ""])
        )
    return {_PATH: "\n".join(parts)}


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    unit = f", {metric.unit}" if metric.unit else ""
    bounds = f", buckets {', '.join(f'{bound:g}' for bound in metric.bounds)}" if metric.bounds else ""
    return f"| `{metric.name}` | {metric.kind}{unit}{bounds} | {labels} | {metric.en}<br>{metric.vi} |"
