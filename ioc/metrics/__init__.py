"""What Prometheus scrapes: declared in `catalogue`, kept in `worker` and `measured`, served in `serving`."""

from ioc.metrics.serving import serve
from ioc.metrics.worker import WorkerMetrics

__all__ = ["WorkerMetrics", "serve"]
