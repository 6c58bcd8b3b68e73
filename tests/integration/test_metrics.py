"""`/metrics` of a running worker, read with the client's own parser."""

import re
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ioc.metrics.catalogue import METRICS
from ioc.recording import RecordingWriter
from streams.rejection import Reason
from tests.integration.worker_process import INPUTS, Site, Worker
from tests.miniature import DAYS, chunk, province

PARTITIONS = 1


class Scraped:
    """A worker that has read a recording, and what it then said."""

    def __init__(self, site: Site, worker: Worker) -> None:
        self.worker = worker
        self.before = worker.scrape()
        with RecordingWriter(site.directory / "r.ndjson") as writer:
            writer.write(chunk(province()))
        site.replay(site.directory / "r.ndjson")
        site.wait_until_read(worker)
        self.text = worker.scrape()
        self.told = site.told()


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    """Start a broker and a worker, and replay the miniature province."""
    with Site(tmp_path_factory.mktemp("metrics"), PARTITIONS) as site:
        worker = site.start()
        worker.wait(lambda: worker.value("ioc_assigned_partitions") == len(INPUTS), "assignment")
        yield Scraped(site, worker)
        assert worker.stop() == 0


def test_every_metric_is_documented_and_well_named(scraped: Scraped) -> None:
    """Ours begin with ioc_, have a help text, and a unit or nothing behind their name."""
    families = list(text_string_to_metric_families(scraped.text))
    ours = [family for family in families if family.name.startswith("ioc_")]
    assert len(ours) >= 15
    assert all(family.documentation for family in families)
    assert all(re.fullmatch(r"ioc_[a-z]+(_[a-z]+)*", family.name) for family in ours)
    assert {family.name.partition("_")[0] for family in families} == {"ioc", "process", "python"}


def test_counters_of_closed_sets_exist_before_the_first_record(scraped: Scraped) -> None:
    """So that `rate()` and `absent()` work from the first scrape."""
    samples = [sample for family in text_string_to_metric_families(scraped.before) for sample in family.samples]
    reasons = {sample.labels["reason"] for sample in samples if sample.name == "ioc_dead_letters_total"}
    outcomes = {sample.labels["outcome"] for sample in samples if sample.name == "ioc_events_total"}
    assert reasons == {reason.value for reason in Reason}
    assert outcomes == {"accepted", "duplicate", "late", "dead_lettered"}


def test_every_record_is_accounted_for(scraped: Scraped) -> None:
    """In = accepted + duplicate + late + dead-lettered per topic, with two punctuations in each partition."""
    for topic, count in scraped.told["sources"].items():
        assert scraped.worker.value("ioc_events_total", topic=topic) == count + 2 * PARTITIONS
    value = scraped.worker.value
    assert value("ioc_dead_letters_total") == value("ioc_events_total", outcome="dead_lettered")
    assert value("ioc_dead_letters_total") == len(scraped.told["dead"])
    assert value("ioc_events_total", outcome="late") == len(scraped.told["late"])


def test_incidents_are_counted_by_revision_and_open_ones_shown(scraped: Scraped) -> None:
    """What the topic holds is what was counted; the gauge shows the states in the last records."""
    revisions = sum(len(known) for known in scraped.told["revisions"].values())
    assert scraped.worker.value("ioc_incident_revisions_total") == revisions
    standing = sum('"status":"open"' in text for text in scraped.told["incidents"].values())
    assert standing > 0
    assert scraped.worker.value("ioc_incidents_open") == standing
    assert scraped.worker.value("ioc_anomalies_total") > 0


def test_a_worker_that_has_read_everything_shows_no_lag_and_a_late_watermark(scraped: Scraped) -> None:
    """Event time is behind the closing punctuation in every input."""
    first_s = 1_772_384_400  # midnight of 2 March 2026 in Viet Nam
    assert scraped.worker.lag() == 0
    assert scraped.worker.value("ioc_event_time_lag_seconds") == 0
    for topic in INPUTS:
        assert scraped.worker.value("ioc_watermark_timestamp_seconds", topic=topic) > first_s + DAYS * 24 * 3600
        assert scraped.worker.value("ioc_snapshot_timestamp_seconds", topic=topic) > first_s
    assert scraped.worker.value("ioc_batch_size_records_sum") >= sum(scraped.told["sources"].values())


def test_no_label_carries_anything_of_a_person(scraped: Scraped) -> None:
    """Labels are those of the catalogue: topics, units and other closed sets; cameras and sources are none."""
    names = {
        name for family in text_string_to_metric_families(scraped.text) for s in family.samples for name in s.labels
    }
    known = {label for metric in METRICS.values() for label in metric.labels}
    assert names <= known | {"le", "implementation", "major", "minor", "patchlevel", "version"}
    assert not known & {"camera_id", "asset_id", "ticket_id", "source", "incident_id", "reporter_hash"}
    assert "CAM-" not in scraped.text
