"""The product's worker with a planted mistake, so that the crash test can be seen to find it.

MUTANT=acks_before_sending python -m tests.integration.mutant_worker worker
"""

import os
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from ioc.__main__ import main
from streams.records import OutputRecord
from streams.shell.producer import Delivery, Outputs
from streams.shell.snapshots import SnapshotStore

_HELD_STEPS = 30


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

    SnapshotStore.write = stale  # type: ignore[method-assign,assignment]  # that is the mutation


if __name__ == "__main__":
    {"acks_before_sending": acks_before_sending, "commits_before_snapshot": commits_before_snapshot}[
        os.environ["MUTANT"]
    ]()
    main()
