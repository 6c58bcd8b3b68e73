"""A worker killed in mid-stream tells what an undisturbed one tells; and workers with planted mistakes don't.

The mutants show that the test would see it: `tests.integration.mutant_worker` loses outputs or state on a kill.
"""

import random
from pathlib import Path
from typing import Any

import pytest

from ioc.recording import RecordingWriter
from tests.integration.worker_process import Site
from tests.miniature import chunk, province

SEED = 20_260_301
PARTITIONS = 2
KILLS = 3
MODULE = "tests.integration.mutant_worker"


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the miniature province to a file."""
    path = tmp_path_factory.mktemp("crash") / "province.ndjson.zst"
    with RecordingWriter(path) as writer:
        writer.write(chunk(province()))
    return path


@pytest.fixture(scope="module")
def undisturbed(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Let one worker read everything in peace."""
    return outcome(recording, tmp_path_factory.mktemp("undisturbed"), kills=0)


def outcome(recording: Path, directory: Path, kills: int, mutant: str = "") -> dict[str, Any]:
    """Replay, let workers run and be killed at seeded points, let a last one finish, and ask the oracle.

    Only the workers that are killed carry the mutation: the last one is sound, as after a repair.
    """
    chance = random.Random(SEED)
    slow = {"worker_batch_records": "50", "worker_snapshot_interval_s": "0.2"}
    with Site(directory, PARTITIONS) as site:
        site.replay(recording)
        for _ in range(kills):
            doomed = site.start(MODULE, mutant, **slow)
            doomed.wait_for_records(chance.randrange(800, 2_500))
            doomed.kill()
            assert site.unread() > 1_000, f"killed too late to prove anything: {doomed.log()}"
        last = site.start(MODULE)
        if mutant:
            site.wait_until_calm(last)
        else:
            site.wait_until_folded(last)
        if kills:
            assert "restored snapshot" in last.log()
        assert last.stop() == 0
        return site.told()


def test_a_worker_killed_in_mid_stream_tells_what_an_undisturbed_one_tells(
    recording: Path, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    """Three kill -9: the same incidents with the same revisions, dead letters and late copies, byte for byte."""
    killed = outcome(recording, tmp_path, KILLS)
    assert killed["faults"] == []
    assert undisturbed["faults"] == []
    assert len(killed["incidents"]) >= 10
    assert killed == undisturbed


@pytest.mark.parametrize("mutant", ["acks_before_sending", "commits_before_snapshot"])
def test_a_planted_mistake_shows(mutant: str, recording: Path, undisturbed: dict[str, Any], tmp_path: Path) -> None:
    """A worker that acknowledges what it hasn't sent, or commits what it hasn't stored, tells something else."""
    killed = outcome(recording, tmp_path, KILLS, mutant)
    assert killed != undisturbed
