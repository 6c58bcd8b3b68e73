"""The metrics of a worker, read with the client's own parser; no broker needed."""

import urllib.request

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from ioc.config import Metrics
from ioc.errors import ConfigError
from ioc.metrics import WorkerMetrics, serve
from streams.stage import Outcome, Tally
from streams.topics import ANOMALIES, CAMERA_EVENTS

Sample = tuple[str, tuple[tuple[str, str], ...]]


def samples(metrics: WorkerMetrics) -> dict[Sample, float]:
    """Return every sample by name and labels."""
    families = text_string_to_metric_families(generate_latest(metrics.registry).decode())
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def value(metrics: WorkerMetrics, name: str, **labels: str) -> float | None:
    """Return one sample, None if it isn't there."""
    return samples(metrics).get((name, tuple(sorted(labels.items()))))


def outcome(tally: Tally, watermark_ms: int | None = None) -> Outcome:
    """Return an outcome without outputs."""
    return Outcome([], tally, watermark_ms)


def test_the_whole_text_parses_and_every_family_has_a_help_text() -> None:
    """Also before anything happened."""
    families = list(text_string_to_metric_families(generate_latest(WorkerMetrics().registry).decode()))
    assert all(family.documentation for family in families)
    assert not any(sample.name.endswith("_created") for family in families for sample in family.samples)


def test_two_sets_of_metrics_live_side_by_side() -> None:
    """Nothing is registered globally."""
    first, second = WorkerMetrics(), WorkerMetrics()
    first.on_outcome(CAMERA_EVENTS, 0, outcome(Tally(records=1, accepted=1)))
    assert value(first, "ioc_events_total", topic=CAMERA_EVENTS, outcome="accepted") == 1
    assert value(second, "ioc_events_total", topic=CAMERA_EVENTS, outcome="accepted") == 0


def test_a_tally_is_added_to_the_counters_and_to_the_ledger() -> None:
    """In = accepted + duplicate + late + dead-lettered; reasons and notes have counters of their own."""
    metrics = WorkerMetrics()
    tally = Tally(
        records=9, accepted=3, duplicate=2, late=1, dead_lettered={"schema": 2, "not_json": 1}, noted={"clock_skew": 4}
    )
    metrics.on_outcome(CAMERA_EVENTS, 1, outcome(tally, 1_500))
    counted = [
        value(metrics, "ioc_events_total", topic=CAMERA_EVENTS, outcome=name)
        for name in ("accepted", "duplicate", "late", "dead_lettered")
    ]
    assert counted == [3, 2, 1, 3]
    assert value(metrics, "ioc_dead_letters_total", topic=CAMERA_EVENTS, reason="schema") == 2
    assert value(metrics, "ioc_notes_total", topic=CAMERA_EVENTS, note="clock_skew") == 4
    assert value(metrics, "ioc_watermark_timestamp_seconds", topic=CAMERA_EVENTS, partition="1") == 1.5
    assert metrics.ledger.balanced


def test_messages_between_the_stages_are_no_events() -> None:
    """The fold's records count in its batches, but not as records of the sources."""
    metrics = WorkerMetrics()
    metrics.on_outcome(ANOMALIES, 0, outcome(Tally(records=5, accepted=5)))
    assert sum(number for (name, _), number in samples(metrics).items() if name == "ioc_events_total") == 0


def test_the_gauge_of_open_incidents_follows_the_state_down_to_zero() -> None:
    """A rule without open incidents shows 0 instead of its last count; a step that doesn't know changes nothing."""
    metrics = WorkerMetrics()
    for standing in ({"queue_wait/major": 2}, None, {"area_drop/major": 1}):
        metrics.on_outcome(ANOMALIES, 0, outcome(Tally(open_incidents=standing)))
    assert value(metrics, "ioc_incidents_open", rule="queue_wait", severity="major") == 0
    assert value(metrics, "ioc_incidents_open", rule="area_drop", severity="major") == 1


def test_a_partition_that_went_to_another_worker_is_forgotten() -> None:
    """Else its last lag would stand for ever, and two workers would show it."""
    metrics = WorkerMetrics()
    metrics.on_rebalance(((CAMERA_EVENTS, 0), (CAMERA_EVENTS, 1)))
    metrics.on_lag(CAMERA_EVENTS, 0, 17, 2.5)
    metrics.on_rebalance(((CAMERA_EVENTS, 1),))
    assert value(metrics, "ioc_consumer_lag_records", topic=CAMERA_EVENTS, partition="0") is None
    assert value(metrics, "ioc_consumer_lag_records", topic=CAMERA_EVENTS, partition="1") == 0
    assert value(metrics, "ioc_assigned_partitions") == 1
    assert value(metrics, "ioc_rebalances_total") == 2


def test_batches_snapshots_lags_and_gaps_are_shown() -> None:
    """Each in its base unit: records, bytes, seconds."""
    metrics = WorkerMetrics()
    metrics.on_batch(CAMERA_EVENTS, 0, 100, 70_000, 0.02)
    metrics.on_snapshot(CAMERA_EVENTS, 0, 4_096, 3, 0.004)
    metrics.on_lag(CAMERA_EVENTS, 0, 17, 2.5)
    metrics.on_gap(CAMERA_EVENTS, 0, 10, 15, "deleted")
    assert value(metrics, "ioc_batch_size_records_sum", topic=CAMERA_EVENTS) == 100
    assert value(metrics, "ioc_batch_duration_seconds_bucket", topic=CAMERA_EVENTS, le="0.025") == 1
    assert value(metrics, "ioc_read_bytes_total", topic=CAMERA_EVENTS) == 70_000
    assert value(metrics, "ioc_snapshot_written_bytes_total") == 4_096
    assert value(metrics, "ioc_consumer_lag_records", topic=CAMERA_EVENTS, partition="0") == 17
    assert value(metrics, "ioc_event_time_lag_seconds", topic=CAMERA_EVENTS, partition="0") == 2.5
    assert value(metrics, "ioc_input_gap_records_total", topic=CAMERA_EVENTS, reason="deleted") == 5


def test_metrics_are_served_on_a_free_port_and_a_taken_one_is_an_error() -> None:
    """Port 0 takes a free one; the error names the setting."""
    metrics = WorkerMetrics()
    server, address = serve(metrics, Metrics(port=0))
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - our own address on loopback
            assert b"ioc_build_info" in answer.read()
        with pytest.raises(ConfigError, match=r"metrics\.port"):
            serve(metrics, Metrics(port=server.server_port))
    finally:
        server.shutdown()
        server.server_close()
