"""The right to write for a partition, as the consumer group sees it."""

import asyncio
import time
from typing import Protocol


class LeaseLost(Exception):  # noqa: N818 - reads as what happened
    """The group gave our partitions to somebody else, so nothing more may be written on their behalf."""


class Membership(Protocol):
    """What tells whether the group still counts on us."""

    heartbeat_at: float

    def member_generation(self) -> int:
        """Return the generation that the group knows us by."""
        ...


class Lease:
    """The right to write for a partition: it ends when the session timeout passes without a heartbeat.

    A process that was stopped (SIGSTOP, a frozen machine) wakes with an old heartbeat. It waits for the next one:
    either the group still knows its generation, so nobody else had the partition, or the lease is lost.
    """

    def __init__(self, membership: Membership, generation: int, session_timeout_s: float) -> None:
        self._membership = membership
        self.generation = generation
        self._session_timeout_s = session_timeout_s

    async def hold(self) -> None:
        """Return at once while the lease holds, else wait for the group's verdict.

        Raises
        ------
        LeaseLost
            The group has put us out.
        """
        while True:
            if self._membership.member_generation() != self.generation:
                raise LeaseLost("the group has put this worker out (was it stopped longer than the session timeout?)")
            if time.monotonic() - self._membership.heartbeat_at < self._session_timeout_s:
                return
            await asyncio.sleep(0.05)
