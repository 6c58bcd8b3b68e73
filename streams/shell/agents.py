"""The Faust app: one agent per source topic that hands batches to the keeper, and nothing else."""

import asyncio
import logging
from collections.abc import AsyncIterable, Callable, Iterable
from typing import Any

import faust
from faust.app import App
from faust.app.base import BootStrategy
from faust.types import AppT

from streams.shell.codecs import check_codecs
from streams.shell.columns import Fetched
from streams.shell.keeper import PartitionKeeper
from streams.shell.observer import Observer, SilentObserver
from streams.shell.producer import Reduce
from streams.shell.settings import ShellSettings, Source
from streams.shell.transport import BatchTransport
from streams.stage import Stage

# Faust waits that long for the restored offsets, and stops working without a word when it is over.
_RESTORE_TIMEOUT_S = 3600.0

MakeStage = Callable[[Source, int], Stage]


class _Untouched(faust.Schema[None, Fetched]):
    """Hands the value of a message to the agent as it is."""

    def loads_key(self, app: AppT, message: Any, **options: Any) -> None:
        del app, message, options

    def loads_value(self, app: AppT, message: Any, **options: Any) -> Any:
        del app, options
        return message.value


class _Boot(BootStrategy):
    """Starts no web server, and not Faust's producer: outputs have their own, which awaits every delivery."""

    enable_kafka_producer = False
    enable_web = False


class WorkerApp(App):
    """A Faust app whose consumer reads batches and whose partitions a `PartitionKeeper` looks after."""

    BootStrategy = _Boot
    logger = logging.getLogger("faust.worker")  # mode would log its chatter under our module

    def __init__(self, settings: ShellSettings, keeper: PartitionKeeper, sources: Iterable[Source]) -> None:
        self.shell_settings = settings
        self.keeper = keeper
        self.source_topics = frozenset(source.topic for source in sources)
        super().__init__(
            settings.group,
            broker=[f"kafka://{address}" for address in settings.bootstrap.split(",")],
            autodiscover=False,
            web_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
            processing_guarantee="at_least_once",
            consumer_auto_offset_reset="earliest",
            broker_session_timeout=settings.session_timeout_s,
            broker_commit_interval=5.0,
            broker_request_timeout=_RESTORE_TIMEOUT_S,
            stream_buffer_maxsize=1,
            stream_wait_empty=False,
            stream_recovery_delay=0.0,
        )

    def finalize(self) -> None:
        """Fix the configuration.

        Raises
        ------
        RuntimeError
            Something asked for ``exactly_once``, which shows duplicates after a kill: at-least-once and
            deterministic ids don't.
        """
        if self.in_transaction:
            raise RuntimeError("processing_guarantee is exactly_once; only at_least_once is supported, unset it")
        super().finalize()

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Make none: a worker keeps nothing on disk."""


def build_app(
    settings: ShellSettings,
    sources: Iterable[Source],
    make_stage: MakeStage,
    observer: Observer | None = None,
    reduce: Reduce | None = None,
) -> WorkerApp:
    """Wire a worker; connects to nothing yet.

    Parameters
    ----------
    settings : ShellSettings
        Where and within which limits.
    sources : iterable of Source
        The input topics, each with the name of its stage.
    make_stage : callable
        Makes the fresh stage of ``(source, partition)``; its state is restored by the shell.
    observer : Observer, optional
        Told what happens.
    reduce : callable, optional
        Shortens a refused output of ``settings.reducible_topics``, or returns None.

    Raises
    ------
    RuntimeError
        A codec library is missing.
    """
    check_codecs()
    chosen = tuple(sources)
    keeper = PartitionKeeper(settings, chosen, make_stage, observer or SilentObserver(), reduce)
    app = WorkerApp(settings, keeper, chosen)
    keeper.attach(app)
    for source in chosen:
        topic = app.topic(source.topic, schema=_Untouched(), acks=False)
        app.agent(topic, name=f"fold-{source.topic}", concurrency=1)(_agent(keeper))
    return app


def _agent(keeper: PartitionKeeper) -> Callable[[AsyncIterable[Fetched]], Any]:
    async def fold(stream: AsyncIterable[Fetched]) -> None:
        async for fetched in stream:
            if not await keeper.take(fetched):
                await asyncio.Event().wait()  # the process ends; returning would let Faust start the agent again

    return fold
