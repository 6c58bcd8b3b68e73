"""The producer of whole batches: what happens when it is told to end while it ends."""

import asyncio
import contextlib
from typing import Any

import pytest

from streams.shell.bulk import BulkProducer
from streams.shell.settings import ShellSettings


class Deaf:
    """Stops like aiokafka's client: whoever is cancelled meanwhile isn't told."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()

    async def stop(self) -> None:
        """Take long."""
        self.stopping.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60.0)


def test_ctrl_c_while_it_stops_is_not_lost() -> None:
    """`asyncio.run` cancels then; a demo would have gone on as if nothing had been said."""

    async def steps() -> None:
        deaf = Deaf()

        class Producer(BulkProducer):
            async def _connect(self) -> Any:
                return deaf

        async def replay() -> str:
            async with Producer(ShellSettings()):
                pass
            return "went on"

        replaying = asyncio.create_task(replay())
        await deaf.stopping.wait()
        replaying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await replaying

    asyncio.run(steps())
