"""What Prometheus scrapes: one struct of metrics on its own registry, fed by the worker's shell."""

import time
from wsgiref.simple_server import WSGIServer

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    start_http_server,
)
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from ioc import __version__
from ioc.config import Metrics as MetricsConfig
from ioc.errors import ConfigError
from ioc.tallies import Ledger
from streams.rejection import Reason
from streams.stage import Outcome
from streams.topics import SOURCES

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_RECORDS = (1.0, 10.0, 100.0, 1000.0, 2000.0, 4000.0, 8000.0, 16000.0)
_OUTCOMES = ("accepted", "duplicate", "late", "dead_lettered")


class WorkerMetrics:
    """All metrics of a worker; an observer of the shell (`streams.shell.observer.Observer`).

    Counters exist at 0 from the start where their labels are a closed set, so that `rate()` and `absent()` work.
    """

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus_client types the rest
        self.registry = CollectorRegistry()
        registry = self.registry
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        self._build = Gauge("ioc_build_info", "1; the labels tell the version.", ["version"], registry=registry)
        self._build.labels(__version__).set(1)
        self._events = Counter(
            "ioc_events",
            "Records of the source topics by what became of them.",
            ["topic", "outcome"],
            registry=registry,
        )
        self._dead = Counter("ioc_dead_letters", "Dead letters by reason.", ["topic", "reason"], registry=registry)
        self._noted = Counter("ioc_notes", "Accepted with a remark, by remark.", ["topic", "note"], registry=registry)
        self._anomalies = Counter("ioc_anomalies", "Anomalies told.", ["kind", "detector"], registry=registry)
        self._incidents = Counter(
            "ioc_incident_revisions", "Incidents told, by status.", ["rule", "severity", "status"], registry=registry
        )
        self._open = Gauge("ioc_incidents_open", "Open incidents.", ["rule", "severity"], registry=registry)
        place = ["topic", "partition"]
        self._lag = Gauge("ioc_consumer_lag_records", "Records not yet folded.", place, registry=registry)
        self._event_lag = Gauge(
            "ioc_event_time_lag_seconds", "Age of the newest folded record; 0 when caught up.", place, registry=registry
        )
        self._watermark = Gauge(
            "ioc_watermark_timestamp_seconds", "Event time up to which the input is complete.", place, registry=registry
        )
        self._batch = Histogram(
            "ioc_batch_duration_seconds", "Time to fold one batch.", ["topic"], buckets=_SECONDS, registry=registry
        )
        self._size = Histogram(
            "ioc_batch_size_records", "Records in a batch.", ["topic"], buckets=_RECORDS, registry=registry
        )
        self._read = Counter("ioc_read_bytes", "Bytes of values read.", ["topic"], registry=registry)
        self._snapshot = Histogram(
            "ioc_snapshot_duration_seconds", "Time until a snapshot is confirmed.", buckets=_SECONDS, registry=registry
        )
        self._written = Counter("ioc_snapshot_written_bytes", "Bytes of changed blocks.", registry=registry)
        self._snapshot_at = Gauge(
            "ioc_snapshot_timestamp_seconds", "When the last snapshot was confirmed.", place, registry=registry
        )
        self._gap = Counter(
            "ioc_input_gap_records", "Records lost before they were read.", ["topic", "reason"], registry=registry
        )
        self._rebalances = Counter("ioc_rebalances", "Assignments received.", registry=registry)
        self._assigned = Gauge("ioc_assigned_partitions", "Input partitions of this worker.", registry=registry)
        self.ledger = Ledger()
        self._opened: set[tuple[str, str]] = set()
        self._places: set[tuple[str, int]] = set()
        for topic in SOURCES:
            for outcome in _OUTCOMES:
                self._events.labels(topic, outcome)
            for reason in Reason:
                self._dead.labels(topic, reason.value)

    def on_outcome(self, topic: str, partition: int, outcome: Outcome) -> None:
        """Count what one step did."""
        tally = outcome.tally
        if topic in SOURCES:
            self.ledger.add(topic, tally)
            counts = (tally.accepted, tally.duplicate, tally.late, sum(tally.dead_lettered.values()))
            for name, count in zip(_OUTCOMES, counts, strict=True):
                self._events.labels(topic, name).inc(count)
        for reason, count in tally.dead_lettered.items():
            self._dead.labels(topic, reason).inc(count)
        for note, count in tally.noted.items():
            self._noted.labels(topic, note).inc(count)
        for key, count in tally.anomalies.items():
            self._anomalies.labels(*key.split("/")).inc(count)
        for key, count in tally.incidents.items():
            self._incidents.labels(*key.split("/")).inc(count)
        if tally.open_incidents is not None:
            self._show_open({tuple(key.split("/")): count for key, count in tally.open_incidents.items()})
        if outcome.watermark_ms is not None:
            self._watermark.labels(topic, str(partition)).set(outcome.watermark_ms / 1000)

    def _show_open(self, standing: dict[tuple[str, ...], int]) -> None:
        for rule, severity in standing:
            self._opened.add((rule, severity))
        for labels in self._opened:
            self._open.labels(*labels).set(standing.get(labels, 0))

    def on_batch(self, topic: str, partition: int, records: int, size_bytes: int, seconds: float) -> None:
        """Observe one batch."""
        del partition
        self._batch.labels(topic).observe(seconds)
        self._size.labels(topic).observe(records)
        self._read.labels(topic).inc(size_bytes)

    def on_lag(self, topic: str, partition: int, offset_lag: int, event_lag_s: float) -> None:
        """Set both lags of a partition."""
        self._lag.labels(topic, str(partition)).set(offset_lag)
        self._event_lag.labels(topic, str(partition)).set(event_lag_s)

    def on_snapshot(self, topic: str, partition: int, size_bytes: int, blocks: int, seconds: float) -> None:
        """Observe one confirmed snapshot."""
        del blocks
        self._snapshot.observe(seconds)
        self._written.inc(size_bytes)
        self._snapshot_at.labels(topic, str(partition)).set(time.time())

    def on_gap(self, topic: str, partition: int, first: int, end: int, reason: str) -> None:
        """Count records that can't be had any more."""
        del partition
        self._gap.labels(topic, reason).inc(end - first)

    def on_rebalance(self, assigned: tuple[tuple[str, int], ...]) -> None:
        """Forget the gauges of partitions that went to another worker."""
        self._rebalances.inc()
        self._assigned.set(len(assigned))
        for topic, partition in self._places - set(assigned):
            for gauge in (self._lag, self._event_lag, self._watermark, self._snapshot_at):
                gauge.remove(topic, str(partition))
        self._places = set(assigned)
        for topic, partition in assigned:
            self._lag.labels(topic, str(partition))
            self._event_lag.labels(topic, str(partition))
            self._watermark.labels(topic, str(partition))
            self._snapshot_at.labels(topic, str(partition))


def serve(metrics: WorkerMetrics, config: MetricsConfig) -> tuple[WSGIServer, str]:
    """Serve `/metrics` in a thread and return the server (shut it down at the end) and its address.

    Raises
    ------
    ConfigError
        The port is taken or the host is none of this machine's.
    """
    try:
        server, _ = start_http_server(config.port, config.host, metrics.registry)
    except OSError as error:
        where = f"{config.host}:{config.port}"
        raise ConfigError(
            f"metrics can't be served on {where}: {error.strerror}; set metrics.port (0 takes a free one)"
        ) from None
    host, port = server.server_address[:2]
    return server, f"http://{host!s}:{port}/metrics"
