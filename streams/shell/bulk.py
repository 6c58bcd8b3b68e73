"""Produces recordings: whole batches per partition, some 15 times as fast as record by record."""

import asyncio
import logging
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError

from streams.records import RecordBatch
from streams.shell.settings import ShellSettings

log = logging.getLogger(__name__)

_BATCH_BYTES = 512 * 1024
_REQUEST_BYTES = 1024 * 1024

_Place = tuple[str, int]


class BulkProducer:
    """An idempotent producer for many records at once; use it as an async context manager.

    Records keep their key, value, headers and timestamp and go to the partition that they name. A batch that the
    broker refuses for good is counted and left out; the others go on.

    Attributes
    ----------
    delivered : int
        Records acknowledged so far.
    refused : int
        Records refused.
    first_refusal : str
        What the broker said first, empty if nothing was refused.
    """

    def __init__(self, settings: ShellSettings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._open: dict[_Place, tuple[Any, int]] = {}
        self._sent: list[tuple[asyncio.Future[Any], int]] = []
        self.delivered = 0
        self.refused = 0
        self.first_refusal = ""

    async def __aenter__(self) -> Self:
        """Connect.

        Raises
        ------
        ConnectionError
            No broker answers, or it refuses us.
        """
        self._producer = await self._connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect; call `flush` before if the records matter."""
        await self._live().stop()
        task = asyncio.current_task()
        if kind is None and task is not None and task.cancelling():
            raise asyncio.CancelledError  # Ctrl-C came while we stopped: aiokafka's client swallows it there

    async def partitions(self) -> dict[str, int]:
        """Return the number of partitions of every topic that exists."""
        metadata = await self._live().client.fetch_all_metadata()
        return {topic: len(metadata.partitions_for_topic(topic) or ()) for topic in metadata.topics()}

    async def send(self, batch: RecordBatch) -> None:
        """Hand over a batch; waits while the broker is behind. `flush` tells when it is delivered."""
        place = batch.topic, batch.partition
        builder, count = self._open.pop(place, (None, 0))
        columns = zip(batch.timestamps_ms, batch.keys, batch.values, batch.headers, strict=True)
        for timestamp_ms, key, value, headers in columns:
            told = list(headers)
            if builder is None or builder.append(timestamp=timestamp_ms, key=key, value=value, headers=told) is None:
                await self._dispatch(place, builder, count)
                builder, count = self._live().create_batch(), 0
                builder.append(timestamp=timestamp_ms, key=key, value=value, headers=told)
            count += 1
        self._open[place] = builder, count

    async def flush(self) -> None:
        """Send what is collected and wait until all is acknowledged or refused."""
        collected, self._open = self._open, {}
        for place, (builder, count) in collected.items():
            await self._dispatch(place, builder, count)
        await self._settle(self._sent)
        self._sent = []

    async def _dispatch(self, place: _Place, builder: Any, count: int) -> None:
        if builder is None:
            return
        while True:
            try:
                future = await self._live().send_batch(builder, place[0], partition=place[1])
            except KafkaTimeoutError:
                log.warning("no broker takes records for %s, partition %d; waiting on", *place)
            else:
                break
        self._sent.append((future, count))
        done = [entry for entry in self._sent if entry[0].done()]
        if done:
            self._sent = [entry for entry in self._sent if not entry[0].done()]
            await self._settle(done)

    async def _settle(self, sent: list[tuple[asyncio.Future[Any], int]]) -> None:
        refused = self.refused
        for future, count in sent:
            try:
                await future
            except KafkaError as error:
                self.refused += count
                self.first_refusal = self.first_refusal or repr(error)
            else:
                self.delivered += count
        if self.refused > refused:
            # aiokafka leaves a hole in the sequence behind a refused batch: go on with a new producer id
            await self._live().stop()
            self._producer = await self._connect()

    async def _connect(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.bootstrap,
            client_id="ioc-replay",
            enable_idempotence=True,
            acks="all",
            compression_type=self._settings.compression,
            max_batch_size=_BATCH_BYTES,
            max_request_size=_REQUEST_BYTES,
            **self._settings.security.client_options(),
        )
        try:
            await producer.start()
        except KafkaError as error:
            await producer.stop()
            raise ConnectionError(str(error)) from error
        return producer

    def _live(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise RuntimeError("BulkProducer is an async context manager: enter it first")
        return self._producer
