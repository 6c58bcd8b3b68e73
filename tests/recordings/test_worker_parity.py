"""The real recordings through real Kafka: whatever the partitions, a worker finds what `ioc detect` finds."""

from collections.abc import Iterator

import pytest

from tests.integration.incident_oracle import follow, read
from tests.integration.worker_process import Site, run_ioc
from tests.recordings.labelled import ALL, REPORTS, file, run, site_settings
from tests.recordings.test_recordings import needs_recordings

PARTITIONS = (1, 4)
PATIENCE_S = 500.0  # a minute on two idle cores, for the cameras on four partitions; they are not always idle
OUTCOMES = ("accepted", "duplicate", "late", "dead_lettered")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Start the broker that all recordings share, one after the other."""
    with Site(tmp_path_factory.mktemp("recordings"), 1) as made:
        yield made


@needs_recordings
def test_the_lines_compared_are_those_that_detect_prints() -> None:
    """On the shortest recording; the others would tell no more."""
    place = {f"IOC_{name.upper()}": value for name, value in site_settings(REPORTS).items()}
    done = run_ioc("detect", str(file(REPORTS)), environment=place)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == sorted(run(REPORTS).lines)


@needs_recordings
@pytest.mark.timeout(600)
@pytest.mark.parametrize("partitions", PARTITIONS)
@pytest.mark.parametrize("recording", ALL)
def test_a_worker_finds_what_detect_finds(recording: str, partitions: int, site: Site) -> None:
    """Replay and worker run at the same time, and their race leaves no trace: the incidents are equal byte for byte.

    Records are accounted for alike, but for a punctuation at either end of each partition.
    """
    detected = run(recording)
    site.renew(partitions)
    worker = site.start(worker_snapshot_interval_s="5", **site_settings(recording))
    site.replay(file(recording))
    site.wait_until_folded(worker, PATIENCE_S)
    counted = {name: worker.value("ioc_events_total", outcome=name) for name in OUTCOMES}
    assert worker.stop() == 0
    faults: list[str] = []
    told, _ = follow(read(site.broker.bootstrap, "ioc.incidents"), faults)
    assert faults == []
    assert sorted(told.values()) == sorted(detected.lines)
    ledger = detected.ledger
    dead = ledger.dead_lettered.total()
    expected = (ledger.accepted + 2 * partitions, ledger.duplicate, ledger.late, dead)
    assert counted == dict(zip(OUTCOMES, expected, strict=True))
