"""The metrics of a worker on a registry of their own, fed by the worker's shell."""

import platform
import time

from msgspec import structs
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from ioc import __version__
from ioc.config import Config
from ioc.metrics.catalogue import METRICS
from ioc.metrics.measured import MeasuredFamilies
from ioc.tallies import Ledger
from streams.measures import MEASURES, NOTHING, Measured
from streams.places import Places
from streams.rejection import Reason
from streams.stage import Outcome
from streams.topics import ANOMALIES, SOURCES

_OUTCOMES = ("accepted", "duplicate", "late", "dead_lettered")
_BY_UNIT = frozenset(measure.name for measure in MEASURES.values() if measure.labels[:2] == ("tenant", "unit"))


def _counter(registry: CollectorRegistry, name: str) -> Counter:
    metric = METRICS[name]
    return Counter(name, metric.en, metric.labels, registry=registry)


def _gauge(registry: CollectorRegistry, name: str) -> Gauge:
    metric = METRICS[name]
    return Gauge(name, metric.en, metric.labels, registry=registry)


def _histogram(registry: CollectorRegistry, name: str) -> Histogram:
    metric = METRICS[name]
    return Histogram(name, metric.en, metric.labels, buckets=metric.bounds, registry=registry)


class WorkerMetrics:
    """All metrics of a worker; an observer of the shell (`streams.shell.observer.Observer`).

    Counters exist at 0 from the start where their labels are a closed set, so that `rate()` and `absent()` work.
    """

    def __init__(self, config: Config | None = None, places: Places | None = None) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus_client types the rest
        self.registry = registry = CollectorRegistry()
        self.measured = MeasuredFamilies()
        self.ledger = Ledger()
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        self._events = _counter(registry, "ioc_events_total")
        self._dead = _counter(registry, "ioc_dead_letters_total")
        self._noted = _counter(registry, "ioc_notes_total")
        self._anomalies = _counter(registry, "ioc_anomalies_total")
        self._incidents = _counter(registry, "ioc_incident_revisions_total")
        self._open = _gauge(registry, "ioc_incidents_open")
        self._lag = _gauge(registry, "ioc_consumer_lag_records")
        self._event_lag = _gauge(registry, "ioc_event_time_lag_seconds")
        self._watermark = _gauge(registry, "ioc_watermark_timestamp_seconds")
        self._batch = _histogram(registry, "ioc_batch_duration_seconds")
        self._size = _histogram(registry, "ioc_batch_size_records")
        self._read = _counter(registry, "ioc_read_bytes_total")
        self._snapshot = _histogram(registry, "ioc_snapshot_duration_seconds")
        self._written = _counter(registry, "ioc_snapshot_written_bytes_total")
        self._snapshot_at = _gauge(registry, "ioc_snapshot_timestamp_seconds")
        self._gap = _counter(registry, "ioc_input_gap_records_total")
        self._rebalances = _counter(registry, "ioc_rebalances_total")
        self._assigned = _gauge(registry, "ioc_assigned_partitions")
        self._registry_of_units = places or Places()
        self._units: set[tuple[str, str]] = set()
        self._opened: set[tuple[str, str]] = set()
        self._places: set[tuple[str, int]] = set()
        self._describe(config or Config())
        for topic in SOURCES:
            for outcome in _OUTCOMES:
                self._events.labels(topic, outcome)
            for reason in Reason:
                self._dead.labels(topic, reason.value)

    def _describe(self, config: Config) -> None:
        """Show what the configuration and the build say; it doesn't change."""
        _gauge(self.registry, "ioc_build_info").labels(__version__, platform.python_version()).set(1)
        _gauge(self.registry, "ioc_operators").set(config.site.operators)
        objective = _gauge(self.registry, "ioc_service_level_objective")
        for level, share in structs.asdict(config.service_levels.objectives).items():
            objective.labels(level).set(share)

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
        if outcome.measured is not NOTHING:
            self.measured.take((topic, partition), outcome.measured, time.time())
            self._name_units(outcome.measured)

    def _name_units(self, measured: Measured) -> None:
        """Tell name and place of units that are seen for the first time."""
        for figures in (*measured.counted.items(), *measured.observed.items(), *measured.standing.items()):
            if figures[0] not in _BY_UNIT:
                continue
            for labels in figures[1]:
                if labels[:2] not in self._units:
                    self._name_unit(labels[0], labels[1])

    def _name_unit(self, tenant: str, code: str) -> None:
        self._units.add((tenant, code))
        if not code:
            return
        now_ms = int(time.time() * 1000)
        unit = self._registry_of_units.at(code, now_ms)
        name = self._registry_of_units.label(code, now_ms)
        place = (
            ("", "") if unit is None else tuple("" if part is None else f"{part:g}" for part in (unit.lat, unit.lon))
        )
        self.measured.name((tenant, code, name, *place))

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
        self.measured.keep(frozenset(assigned))
        if not any(topic == ANOMALIES for topic, _ in assigned):
            self._show_open({})
        for topic, partition in assigned:
            self._lag.labels(topic, str(partition))
            self._event_lag.labels(topic, str(partition))
            self._watermark.labels(topic, str(partition))
            self._snapshot_at.labels(topic, str(partition))
