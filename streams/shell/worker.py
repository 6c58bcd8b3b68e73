"""Runs a worker in the foreground: from connecting to leaving the group, with an exit code."""

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import Iterator
from typing import Any

from aiokafka.errors import KafkaError

from streams.shell.agents import WorkerApp
from streams.shell.keeper import EXIT_BUG, EXIT_KAFKA, PartitionKeeper
from streams.shell.watchdog import Watchdog, end_now

log = logging.getLogger(__name__)

EXIT_DONE = 0
EXIT_INTERRUPTED = 130
_TICK_S = 1.0
_STALL_GRACE_S = 5.0
_CHATTY = ("faust", "mode", "aiokafka", "kafka")


def run_worker(app: WorkerApp) -> int:
    """Consume until SIGTERM, SIGINT or a failure; snapshot, commit and leave the group; return the exit code.

    Parameters
    ----------
    app : WorkerApp
        What `build_app` made; used once.

    Returns
    -------
    int
        0 after SIGTERM, 130 after SIGINT, 1 for a bug or a refused output, 4 when Kafka doesn't answer or refuses
        us, 8 when the worker was stalled. When stopping hangs, the process ends by itself with the same code.
    """
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    return asyncio.run(_serve(app))


async def _serve(app: WorkerApp) -> int:
    keeper = app.keeper
    loop = asyncio.get_running_loop()

    def ask_to_stop(exit_code: int, reason: str) -> None:
        loop.call_soon_threadsafe(keeper.fail, exit_code, reason)

    watchdog = Watchdog(keeper.standings, keeper.settings.stall_after_s, ask_to_stop, _STALL_GRACE_S)
    with _signals(loop) as caught, _ticks(keeper) as ticking:
        started = await _start(app)
        if started:
            watchdog.start()
            await _work(app, caught, ticking)
        with _deadline(keeper):
            await _stop(app, started=started)
        watchdog.call_off()
        if keeper.failure is not None:
            return keeper.failure.exit_code
        return EXIT_INTERRUPTED if caught.result() == signal.SIGINT else EXIT_DONE


@contextlib.contextmanager
def _signals(loop: asyncio.AbstractEventLoop) -> Iterator[asyncio.Future[int]]:
    """Give a future of the first SIGTERM or SIGINT."""
    caught: asyncio.Future[int] = loop.create_future()

    def note(number: int) -> None:
        if not caught.done():
            caught.set_result(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, note, number)
    try:
        yield caught
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def _deadline(keeper: PartitionKeeper) -> Iterator[None]:
    """End the process when the block takes longer than stopping may; threads that outlive an error count as well."""
    exit_code = EXIT_BUG if keeper.failure is None else keeper.failure.exit_code
    settings = keeper.settings
    allowed_s = settings.stop_timeout_s + (settings.handover_timeout_s if keeper.failure is None else 0.0)
    timer = threading.Timer(allowed_s, end_now, (exit_code,))
    timer.daemon = True
    timer.start()
    yield
    timer.cancel()


async def _start(app: WorkerApp) -> bool:
    """Connect, check that the topics are there, join the group; on failure note why."""
    keeper = app.keeper
    try:
        await keeper.outputs.start()
        missing = await keeper.outputs.missing_topics(keeper.topics)
        if missing:
            keeper.fail(EXIT_KAFKA, f"missing topics: {', '.join(missing)}; create them with `ioc topics`")
            return False
        await app.start()
    except KafkaError as error:
        keeper.fail(EXIT_KAFKA, f"Kafka at {keeper.settings.bootstrap} does not answer or refuses us: {error}")
        return False
    return True


async def _work(app: WorkerApp, caught: asyncio.Future[int], ticking: asyncio.Task[None]) -> None:
    """Wait for a signal or a failure, whichever comes first."""
    keeper = app.keeper
    failed = asyncio.ensure_future(keeper.failed.wait())
    crashed = asyncio.ensure_future(app.wait_until_stopped())
    ends: tuple[asyncio.Future[Any], ...] = (caught, ticking, failed, crashed)
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    failed.cancel()
    crashed.cancel()
    if ticking.done():
        ticking.result()
    if app.crashed and keeper.failure is None:
        reason = app.crash_reason
        code = EXIT_KAFKA if isinstance(reason, KafkaError) else EXIT_BUG
        log.critical("the worker crashed", exc_info=reason)
        keeper.fail(code, f"the worker crashed: {reason!r}")


@contextlib.contextmanager
def _ticks(keeper: PartitionKeeper) -> Iterator[asyncio.Task[None]]:
    """Tick as long as the block runs, stopping included: a tick in hand has changed stages, its outputs must go out.

    Once the keeper has let its partitions go, a tick finds nothing to do.
    """
    ticking = asyncio.create_task(_tick(keeper))
    try:
        yield ticking
    finally:
        ticking.cancel()


async def _tick(keeper: PartitionKeeper) -> None:
    while True:
        await asyncio.sleep(_TICK_S)
        await keeper.tick()


async def _stop(app: WorkerApp, *, started: bool) -> None:
    """Make everything durable unless something failed, then leave the group."""
    if started:
        await app.keeper.release_all()
        await app.stop()
    await app.keeper.outputs.stop()
