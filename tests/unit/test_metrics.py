"""The metrics of a worker, read with the client's own parser; no broker needed."""

import gzip
import urllib.error
import urllib.request

import pytest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families

from ioc.config import Config, Metrics, Site
from ioc.errors import ConfigError
from ioc.metrics import WorkerMetrics, serve
from ioc.metrics.catalogue import METRICS
from ioc.metrics.serving import exposition
from ioc.units import load_places
from streams.measures import MEASURES, Labels, Measured, Waits
from streams.stage import Outcome, Tally
from streams.topics import ANOMALIES, CAMERA_EVENTS, FIELD_REPORTS, SERVICE_QUEUES

Sample = tuple[str, tuple[tuple[str, str], ...]]


OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def text(metrics: WorkerMetrics, accept: str = "") -> str:
    """Return what is served."""
    return exposition(metrics, accept)[0].decode()


def openmetrics_families(written: str) -> list[Family]:
    """Return the families of an OpenMetrics text, read strictly."""
    return list(openmetrics_parser.text_string_to_metric_families(written))  # type: ignore[no-untyped-call]  # theirs


def samples(metrics: WorkerMetrics) -> dict[Sample, float]:
    """Return every sample by name and labels."""
    families = text_string_to_metric_families(text(metrics))
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def value(metrics: WorkerMetrics, name: str, **labels: str) -> float | None:
    """Return one sample, None if it isn't there."""
    return samples(metrics).get((name, tuple(sorted(labels.items()))))


def outcome(tally: Tally, watermark_ms: int | None = None) -> Outcome:
    """Return an outcome without outputs."""
    return Outcome([], tally, watermark_ms)


def measure(metrics: WorkerMetrics, measured: Measured, topic: str = SERVICE_QUEUES, partition: int = 0) -> None:
    """Hand in what a stage measured."""
    metrics.on_outcome(topic, partition, Outcome([], Tally(), None, measured))


def test_the_whole_text_parses_and_every_family_has_a_help_text() -> None:
    """Also before anything happened."""
    families = list(text_string_to_metric_families(text(WorkerMetrics())))
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


def test_what_a_stage_counted_is_added_up() -> None:
    """A series stands at what all steps of all partitions counted; one that was counted at 0 stands there."""
    metrics = WorkerMetrics()
    measure(metrics, Measured(counted={"tickets": {("11", "served"): 2.0, ("11", "no_show"): 0.0}}))
    measure(metrics, Measured(counted={"tickets": {("11", "served"): 3.0}}), partition=1)
    assert value(metrics, "ioc_tickets_total", tenant="11", outcome="served") == 5
    assert value(metrics, "ioc_tickets_total", tenant="11", outcome="no_show") == 0


def test_observed_waits_are_buckets_that_sum_up_to_their_count() -> None:
    """Edges are the service levels: 15 and 30 minutes."""
    metrics = WorkerMetrics()
    for waits in (Waits((2, 1, 0), 2_000.0), Waits((0, 0, 1), 2_500.0)):
        measure(metrics, Measured(observed={"ticket_wait_seconds": {("11", "03127"): waits}}))
    place = {"tenant": "11", "unit": "03127"}
    buckets = [value(metrics, "ioc_ticket_wait_seconds_bucket", le=le, **place) for le in ("900.0", "1800.0", "+Inf")]
    assert buckets == [2, 3, 4]
    assert value(metrics, "ioc_ticket_wait_seconds_count", **place) == 4
    assert value(metrics, "ioc_ticket_wait_seconds_sum", **place) == 4_500


def test_standing_figures_of_partitions_are_summed_or_the_greatest_is_shown() -> None:
    """What a partition says replaces what it said before; a family it doesn't name stays."""
    metrics = WorkerMetrics()
    unit: Labels = ("11", "03127")
    for partition, silent, wait in ((0, 9.0, 60.0), (0, 1.0, 30.0), (1, 2.0, 20.0)):
        standing = {"cameras_silent": {unit: silent}, "queue_predicted_wait_seconds": {unit: wait}}
        measure(metrics, Measured(standing=standing), partition=partition)
    measure(metrics, Measured(standing={"queue_counters_open": {unit: 4.0}}))
    place = {"tenant": "11", "unit": "03127"}
    assert value(metrics, "ioc_cameras_silent", **place) == 3
    assert value(metrics, "ioc_queue_predicted_wait_seconds", **place) == 30
    assert value(metrics, "ioc_queue_counters_open", **place) == 4
    measure(metrics, Measured(standing={"cameras_silent": {}}))
    assert value(metrics, "ioc_cameras_silent", **place) == 2


def test_standing_figures_go_with_their_partition_and_counts_stay() -> None:
    """Another worker shows what stands there now; what was counted was counted here."""
    metrics = WorkerMetrics()
    metrics.on_rebalance(((SERVICE_QUEUES, 0), (SERVICE_QUEUES, 1)))
    for partition in (0, 1):
        measured = Measured(
            counted={"tickets": {("11", "served"): 1.0}}, standing={"cameras_silent": {("11", "03127"): 1.0}}
        )
        measure(metrics, measured, partition=partition)
    metrics.on_rebalance(((SERVICE_QUEUES, 1),))
    assert value(metrics, "ioc_cameras_silent", tenant="11", unit="03127") == 1
    metrics.on_rebalance(((FIELD_REPORTS, 0),))
    assert value(metrics, "ioc_cameras_silent", tenant="11", unit="03127") is None
    assert value(metrics, "ioc_tickets_total", tenant="11", outcome="served") == 2


def test_open_incidents_go_with_the_partition_of_anomalies() -> None:
    """The worker that has it now shows them."""
    metrics = WorkerMetrics()
    metrics.on_rebalance(((ANOMALIES, 0), (CAMERA_EVENTS, 0)))
    metrics.on_outcome(ANOMALIES, 0, outcome(Tally(open_incidents={"queue_wait/major": 2})))
    metrics.on_rebalance(((CAMERA_EVENTS, 0),))
    assert value(metrics, "ioc_incidents_open", rule="queue_wait", severity="major") == 0


def test_openmetrics_names_the_incident_behind_an_increment() -> None:
    """The classic format has no exemplars; both say the same otherwise, and OpenMetrics ends once."""
    metrics = WorkerMetrics()
    labels: Labels = ("11", "area_outage", "major")
    counted: dict[str, dict[Labels, float]] = {"incidents_opened": {labels: 1.0, ("11", "area_drop", "major"): 0.0}}
    measure(metrics, Measured(counted, exemplars={"incidents_opened": {labels: "4f2a"}}), ANOMALIES)
    found = {
        sample.labels["rule"]: sample.exemplar
        for family in openmetrics_families(text(metrics, OPENMETRICS))
        for sample in family.samples
        if sample.name == "ioc_incidents_opened_total"
    }
    assert found["area_outage"] is not None
    assert found["area_outage"].labels == {"incident_id": "4f2a"}
    assert found["area_outage"].value == 1
    assert found["area_drop"] is None
    assert text(metrics, OPENMETRICS).count("# EOF") == 1
    assert "4f2a" not in text(metrics)
    assert "# EOF" not in text(metrics)


def test_a_label_value_with_quotes_and_line_breaks_comes_back_as_it_was() -> None:
    """What a site configures (agencies, categories) may hold anything."""
    metrics, agency = WorkerMetrics(), 'Sở "X"\\\n\\n'
    measure(metrics, Measured(standing={"agency_deadlines_overdue": {("11", agency, "dossier"): 1.0}}))
    assert value(metrics, "ioc_agency_deadlines_overdue", tenant="11", agency=agency, level="dossier") == 1
    assert list(openmetrics_families(text(metrics, OPENMETRICS)))


def test_a_unit_that_is_seen_gets_a_name_and_a_place() -> None:
    """Maps and tables join them; what concerns the whole province has none."""
    metrics = WorkerMetrics(places=load_places())
    opened: dict[Labels, float] = {("11", unit, "queue_wait", "major"): 1.0 for unit in ("03127", "")}
    measure(metrics, Measured(standing={"unit_incidents_open": opened, "incidents_stale": {("11",): 0.0}}))
    found = [dict(labels) for name, labels in samples(metrics) if name == "ioc_unit_info"]
    assert [(each["tenant"], each["unit"], each["name"]) for each in found] == [("11", "03127", "Phường Điện Biên Phủ")]
    assert 21 < float(found[0]["lat"]) < 22
    assert 102 < float(found[0]["lon"]) < 104


def test_what_the_configuration_promises_is_shown() -> None:
    """Rules read operators and objectives from here instead of repeating them."""
    metrics = WorkerMetrics(Config(site=Site(operators=5)))
    assert value(metrics, "ioc_operators") == 5
    assert value(metrics, "ioc_service_level_objective", level="dossier") == 0.95
    assert value(metrics, "ioc_service_level_objective", level="wait_15") == 0.8


def test_all_that_is_served_is_in_the_catalogue_as_it_is_served() -> None:
    """Name, type, labels and help; and every family of the stages is served once it is measured."""
    metrics = WorkerMetrics(places=load_places())
    for measure_ in MEASURES.values():
        labels = tuple("11" if name == "tenant" else "03127" for name in measure_.labels)
        waits = Waits((0,) * (len(measure_.bounds) + 1), 0.0)
        measured = {
            "counter": Measured(counted={measure_.name: {labels: 1.0}}),
            "gauge": Measured(standing={measure_.name: {labels: 1.0}}),
            "histogram": Measured(observed={measure_.name: {labels: waits}}),
        }[measure_.kind]
        measure(metrics, measured)
    served = {}
    for family in text_string_to_metric_families(text(metrics)):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        served[name] = family
        metric = METRICS.get(name)
        if family.name == "python_info":
            continue
        assert metric is not None, name
        assert family.type == metric.kind
        assert metric.group == "process" or family.documentation == metric.en
        assert all(set(sample.labels) <= {*metric.labels, "le"} for sample in family.samples)
    assert set(METRICS) <= set(served)


def test_help_texts_need_no_escaping_and_are_in_both_languages() -> None:
    """One sentence each; quotes and backslashes are written differently by the two formats."""
    for metric in METRICS.values():
        for told in (metric.en, metric.vi):
            assert told.endswith("."), metric.name
            assert not set(told) & set('"\\\n'), metric.name
        assert metric.en != metric.vi


def test_a_scrape_may_ask_for_compressed_text_and_may_only_get() -> None:
    """As Prometheus does."""
    server, address = serve(WorkerMetrics(), Metrics(port=0))
    try:
        headers = {"Accept": OPENMETRICS, "Accept-Encoding": "gzip"}
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=10) as answer:  # noqa: S310 - loopback
            assert answer.headers["Content-Encoding"] == "gzip"
            assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
            assert gzip.decompress(answer.read()).endswith(b"# EOF\n")
        with pytest.raises(urllib.error.HTTPError, match="405"):
            urllib.request.urlopen(address, data=b"", timeout=10)  # noqa: S310 - loopback
    finally:
        server.shutdown()
        server.server_close()
