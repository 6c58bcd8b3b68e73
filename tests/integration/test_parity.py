"""One recording, three ways: `ioc detect`, and `ioc replay` with a worker, on one partition and on four."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from ioc.recording import RecordingWriter
from tests.integration.worker_process import Site, Worker, run_ioc
from tests.miniature import chunk, province

_ACCOUNT = re.compile(r"(\d+) records = (\d+) accepted \+ (\d+) duplicate \+ (\d+) late \+ (\d+) dead-lettered")
OUTCOMES = ("accepted", "duplicate", "late", "dead_lettered")


class Detected(Struct, frozen=True):
    """The recording, and what `ioc detect` says of it: incidents in its order, and the accounting."""

    recording: Path
    lines: list[str]
    records: int
    outcomes: tuple[int, ...]


@pytest.fixture(scope="module")
def detected(tmp_path_factory: pytest.TempPathFactory) -> Detected:
    """Write the miniature province to a file and run `ioc detect` on it."""
    path = tmp_path_factory.mktemp("parity") / "province.ndjson.zst"
    with RecordingWriter(path) as writer:
        writer.write(chunk(province()))
    done = run_ioc("detect", str(path))
    assert done.returncode == 0, done.stderr
    account = _ACCOUNT.search(done.stderr)
    assert account is not None
    records, *outcomes = map(int, account.groups())
    return Detected(path, done.stdout.splitlines(), records, tuple(outcomes))


def check(site: Site, worker: Worker, detected: Detected, partitions: int) -> dict[str, Any]:
    """Compare what the topics and the metrics say with what `ioc detect` said."""
    site.wait_until_read(worker)
    told = site.told()
    assert told["faults"] == []
    assert sorted(told["incidents"].values()) == sorted(detected.lines)
    assert sum(told["sources"].values()) == detected.records
    assert len(told["late"]) == detected.outcomes[2]
    assert len(told["dead"]) == detected.outcomes[3]
    counted = {name: worker.value("ioc_events_total", outcome=name) for name in OUTCOMES}
    punctuation = 2 * partitions * len(told["sources"])
    assert counted == dict(zip(OUTCOMES, detected.outcomes, strict=True)) | {
        "accepted": detected.outcomes[0] + punctuation
    }
    return told


def test_detect_accounts_for_every_record_and_orders_incidents_by_start(detected: Detected) -> None:
    """In = accepted + duplicate + late + dead-lettered; and the recording is rich enough to compare by."""
    assert detected.records == sum(detected.outcomes)
    assert all(detected.outcomes)
    starts = [json.loads(line)["start"] for line in detected.lines]
    assert starts == sorted(starts)
    assert len({json.loads(line)["rule"] for line in detected.lines}) >= 10


@pytest.mark.parametrize("partitions", [1, 4])
def test_a_worker_that_comes_after_the_replay_finds_what_detect_finds(
    partitions: int, detected: Detected, tmp_path: Path
) -> None:
    """Byte for byte, whatever the number of partitions; topics, metrics and detect account for the same records."""
    with Site(tmp_path, partitions) as site:
        site.replay(detected.recording)
        worker = site.start()
        check(site, worker, detected, partitions)
        assert worker.stop() == 0


def test_a_worker_that_waits_for_the_replay_finds_what_detect_finds(detected: Detected, tmp_path: Path) -> None:
    """It has told of empty and idle partitions before the first record came."""
    with Site(tmp_path, 4) as site:
        first = site.start()
        first.wait(lambda: first.value("ioc_assigned_partitions") > 0, "assignment")
        first.wait(lambda: site.unread() == 0, "rest")
        site.replay(detected.recording)
        told = check(site, first, detected, 4)
        statuses = Counter(json.loads(text)["status"] for text in told["incidents"].values())
        assert statuses["cleared"] > 0
        assert first.stop() == 0
