"""A worker with a small stage of known results, run as a process: `python -m … JSON`."""

import hashlib
import json
import logging
import sys
import time
import zlib
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from streams.records import OutputRecord, RecordBatch
from streams.shell.agents import build_app
from streams.shell.observer import SilentObserver
from streams.shell.settings import ShellSettings, Source
from streams.shell.worker import run_worker
from streams.stage import Outcome, Tally

EVERY = 10
SHARDS = 4
IDLE = b"idle"


class Job(Struct, frozen=True):
    """What the process is to do; offsets of -1 mean never."""

    settings: ShellSettings
    source: str
    target: str
    seconds_per_batch: float = 0.0
    fail_at: int = -1
    hang_at: int = -1
    ballast_bytes: int = 0
    reduce_to: int = -1
    says_idle: bool = False


class CountingStage:
    """Chains a hash over all values and counts per key; every tenth of a key is an output that shows both."""

    def __init__(self, job: Job, partition: int) -> None:
        self._job = job
        self._partition = partition
        self._chain = b""
        self._counts: dict[bytes, int] = {}

    def process(self, batch: RecordBatch, now_ms: int) -> Outcome:
        """Fold the batch in."""
        del now_ms
        time.sleep(self._job.seconds_per_batch)
        outputs = []
        for offset, key, value, at in zip(batch.offsets, batch.keys, batch.values, batch.timestamps_ms, strict=True):
            if offset == self._job.fail_at:
                raise ZeroDivisionError("planted bug")
            if offset == self._job.hang_at:
                time.sleep(3600)
            self._chain = hashlib.sha256(self._chain + (value or b"")).digest()
            name = key or b""
            count = self._counts[name] = self._counts.get(name, 0) + 1
            if count % EVERY == 0:
                identity = f"{self._partition}/{name.decode()}/{count}".encode()
                told = f"{offset} {self._chain.hex()}".encode()
                outputs.append(OutputRecord(self._job.target, identity, told, (), at))
        return Outcome(outputs, Tally(records=len(batch), accepted=len(batch)), batch.timestamps_ms[-1])

    def idle(self, now_ms: int) -> Outcome:
        """Count, and say so if told to."""
        if not self._job.says_idle:
            return Outcome([], Tally(), now_ms)
        count = self._counts[IDLE] = self._counts.get(IDLE, 0) + 1
        identity = f"{self._partition}/{IDLE.decode()}/{count}".encode()
        return Outcome([OutputRecord(self._job.target, identity, b"", (), now_ms)], Tally(), now_ms)

    def snapshot(self) -> dict[str, bytes]:
        """Return the chain, the counts in shards, and ballast that never changes."""
        shards: list[dict[str, int]] = [{} for _ in range(SHARDS)]
        for key, count in sorted(self._counts.items()):
            shards[zlib.crc32(key) % SHARDS][key.decode()] = count
        blocks = {f"counts-{number}": json.dumps(shard).encode() for number, shard in enumerate(shards)}
        ballast = hashlib.shake_256(b"ballast").digest(self._job.ballast_bytes)
        return {**blocks, "chain": self._chain, "ballast": ballast}

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Take over what `snapshot` returned."""
        self._chain = blocks["chain"]
        self._counts = {
            key.encode(): count
            for name, block in blocks.items()
            if name.startswith("counts-")
            for key, count in json.loads(block).items()
        }


class Talker(SilentObserver):
    """Tells on standard output what the tests wait for, one JSON array a line."""

    def _tell(self, *fact: object) -> None:
        sys.stdout.write(json.dumps(fact) + "\n")
        sys.stdout.flush()

    def on_batch(self, topic: str, partition: int, records: int, size_bytes: int, seconds: float) -> None:
        """Tell the size."""
        del topic, seconds
        self._tell("batch", partition, records, size_bytes)

    def on_snapshot(self, topic: str, partition: int, size_bytes: int, blocks: int, seconds: float) -> None:
        """Tell what was written."""
        del topic, seconds
        self._tell("snapshot", partition, size_bytes, blocks)

    def on_gap(self, topic: str, partition: int, first: int, end: int, reason: str) -> None:
        """Tell where."""
        del topic
        self._tell("gap", partition, first, end, reason)

    def on_lag(self, topic: str, partition: int, offset_lag: int, event_lag_s: float) -> None:
        """Tell both."""
        del topic
        self._tell("lag", partition, offset_lag, round(event_lag_s, 3))

    def on_rebalance(self, assigned: tuple[tuple[str, int], ...]) -> None:
        """Tell the partitions."""
        self._tell("assigned", [partition for _, partition in assigned])


def main() -> int:
    """Run the job given as JSON."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    job = msgspec.json.decode(sys.argv[1], type=Job)

    def shorter(record: OutputRecord) -> OutputRecord | None:
        return msgspec.structs.replace(record, value=record.value[: job.reduce_to]) if job.reduce_to >= 0 else None

    sources = [Source(job.source, "count")]
    app = build_app(job.settings, sources, lambda _, partition: CountingStage(job, partition), Talker(), shorter)
    return run_worker(app)


if __name__ == "__main__":
    sys.exit(main())
