"""The product's worker with a planted mistake, so that the crash test can be seen to find it.

MUTANT=acks_before_sending python -m tests.integration.mutant_worker worker
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import structs

from ioc import worker
from ioc.__main__ import main
from ioc.config import Kafka, Worker
from streams.records import OutputRecord
from streams.shell.producer import Delivery, Outputs
from streams.shell.settings import ShellSettings
from streams.shell.snapshots import SnapshotStore

_HELD_STEPS = 30
_SESSION_S = 3.0  # the broker must allow it: group.min.session.timeout.ms


def shorten_session() -> None:
    """Let the group give a killed worker's partitions away after 3 s instead of 20."""
    settings: Callable[..., ShellSettings] = vars(worker)["shell_settings"]

    def shortened(kafka: Kafka, limits: Worker | None = None) -> ShellSettings:
        return structs.replace(settings(kafka, limits), session_timeout_s=_SESSION_S)

    vars(worker)["shell_settings"] = shortened


def acks_before_sending() -> None:
    """Count outputs as delivered while they still wait in memory for some steps."""
    send = Outputs.send
    held: deque[list[OutputRecord]] = deque()

    async def keep(self: Outputs, records: Iterable[OutputRecord]) -> Delivery:
        held.append(list(records))
        return await send(self, held.popleft() if len(held) > _HELD_STEPS else [])

    Outputs.send = keep  # type: ignore[method-assign]  # that is the mutation


def commits_before_snapshot() -> None:
    """Commit offsets that the stored state doesn't include: every snapshot carries the state of the one before."""
    write = SnapshotStore.write
    before: dict[int, Mapping[str, bytes]] = {}

    async def stale(self: SnapshotStore, ledger: Any, blocks: Mapping[str, bytes], **rest: Any) -> Any:
        older = before.get(id(ledger), blocks)
        before[id(ledger)] = dict(blocks)
        return await write(self, ledger, older, **rest)

    SnapshotStore.write = stale  # type: ignore[method-assign]  # that is the mutation


MUTATIONS = {"acks_before_sending": acks_before_sending, "commits_before_snapshot": commits_before_snapshot}

if __name__ == "__main__":
    shorten_session()
    if os.environ["MUTANT"]:
        MUTATIONS[os.environ["MUTANT"]]()
    main()
