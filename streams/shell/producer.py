"""Producing with proof: idempotent, acks=all, and whoever sends learns of every delivery before going on."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    UnknownTopicOrPartitionError,
    for_code,
)
from msgspec import Struct

from streams.records import Headers, OutputRecord
from streams.shell.partitioning import partition_of
from streams.shell.settings import ShellSettings

log = logging.getLogger(__name__)

Reduce = Callable[[OutputRecord], OutputRecord | None]

_BATCH_BYTES = 256 * 1024
_TOO_LARGE = (MessageSizeTooLargeError, for_code(10), for_code(18))


class OutputRejected(Exception):  # noqa: N818 - reads as what happened
    """The broker refused an output, so nothing behind it may be acknowledged."""


class Message(Struct, frozen=True):
    """One record for one known partition; ``value`` None deletes the key in a compacted topic."""

    topic: str
    partition: int
    key: bytes
    value: bytes | None
    headers: Headers
    timestamp_ms: int


class Delivery:
    """Messages on their way; awaiting `confirmed` is the proof that all of them are in Kafka."""

    def __init__(self, outputs: "Outputs", sent: Sequence[tuple[Sequence[Message], asyncio.Future[Any]]]) -> None:
        self._outputs = outputs
        self._sent = sent

    async def confirmed(self) -> None:
        """Wait for every acknowledgement.

        Raises
        ------
        OutputRejected
            A message was refused and can't be reduced.
        """
        for messages, future in self._sent:
            try:
                await future
            except KafkaError as error:
                await self._outputs.settle(messages, error)
        self._sent = ()


class Outputs:
    """The only producer of a worker: outputs and snapshots go through it, in order per partition."""

    def __init__(self, settings: ShellSettings, reduce: Reduce | None = None) -> None:
        self._settings = settings
        self._reduce = reduce
        self._producer: AIOKafkaProducer | None = None
        self._renewal = asyncio.Lock()

    async def start(self) -> None:
        """Connect.

        Raises
        ------
        KafkaError
            No broker answers, or it refuses us.
        """
        self._producer = await self._connect()

    async def stop(self) -> None:
        """Disconnect; what is still on its way is delivered or fails."""
        if self._producer is not None:
            await self._producer.stop()

    async def _connect(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.bootstrap,
            client_id=f"{self._settings.group}-outputs",
            enable_idempotence=True,
            acks="all",
            compression_type=self._settings.compression,
            max_batch_size=_BATCH_BYTES,
            linger_ms=0,
            **self._settings.security.client_options(),
        )
        await producer.start()
        return producer

    async def missing_topics(self, wanted: Iterable[str]) -> list[str]:
        """Return those of ``wanted`` that don't exist, sorted."""
        existing = (await self._live().client.fetch_all_metadata()).topics()
        return sorted(set(wanted) - set(existing))

    async def partitions(self, topic: str) -> int:
        """Return the number of partitions of ``topic``.

        Raises
        ------
        OutputRejected
            There is no such topic.
        """
        try:
            return len(await self._live().partitions_for(topic))
        except UnknownTopicOrPartitionError as error:
            raise OutputRejected(f"topic {topic} does not exist; create it with `ioc topics`") from error

    async def send(self, records: Iterable[OutputRecord]) -> Delivery:
        """Hand records to the producer; the partition follows from the key as in the Java client."""
        messages = []
        counts: dict[str, int] = {}
        for record in records:
            if record.topic not in counts:
                counts[record.topic] = await self.partitions(record.topic)
            partition = partition_of(record.key, counts[record.topic])
            messages.append(
                Message(record.topic, partition, record.key, record.value, record.headers, record.timestamp_ms)
            )
        return await self.send_messages(messages)

    async def send_messages(self, messages: Iterable[Message]) -> Delivery:
        """Hand messages to the producer in producer batches, in order per partition."""
        by_partition: dict[tuple[str, int], list[Message]] = {}
        for message in messages:
            by_partition.setdefault((message.topic, message.partition), []).append(message)
        sent: list[tuple[Sequence[Message], asyncio.Future[Any]]] = []
        for group in by_partition.values():
            while group:
                del group[: await self._send_batch(group, sent)]
        return Delivery(self, sent)

    async def _send_batch(self, group: list[Message], sent: list[tuple[Sequence[Message], asyncio.Future[Any]]]) -> int:
        """Send as many leading messages as fit one producer batch, return how many."""
        async with self._renewal:
            producer = self._live()
            batch = producer.create_batch()
            taken = 0
            for message in group:
                if (
                    batch.append(
                        timestamp=message.timestamp_ms,
                        key=message.key,
                        value=message.value,
                        headers=list(message.headers),
                    )
                    is None
                ):
                    break
                taken += 1
            batch.close()
            sent.append((group[:taken], await self._enqueue(batch, group[0])))
        return taken

    async def _enqueue(self, batch: Any, first: Message) -> asyncio.Future[Any]:
        """Wait for a free slot as long as it takes: a broker that is away for good is the watchdog's business."""
        while True:
            try:
                future: asyncio.Future[Any] = await self._live().send_batch(
                    batch, first.topic, partition=first.partition
                )
            except KafkaTimeoutError:
                log.warning("no broker takes outputs for %s, partition %d; waiting on", first.topic, first.partition)
            else:
                return future

    async def settle(self, messages: Sequence[Message], error: KafkaError) -> None:
        """Deal with messages that were not taken: again if that may help, one by one and reduced if too large.

        Raises
        ------
        OutputRejected
            The broker refuses them for good, and nothing may be reduced.
        """
        while error.retriable:
            log.warning("outputs for %s were not taken (%r); sending them again", messages[0].topic, error)
            await self._renew()
            again = await self._refused(messages)
            if again is None:
                return
            error = again
        if not isinstance(error, _TOO_LARGE):
            raise self._refusal(messages[0], error) from error
        await self._renew()
        for message in messages:
            refused = await self._refused([message])
            if refused is not None:
                await self._send_shorter(message, refused)

    async def _send_shorter(self, message: Message, error: KafkaError) -> None:
        await self._renew()
        shorter = None
        if self._reduce is not None and message.topic in self._settings.reducible_topics and message.value is not None:
            record = OutputRecord(message.topic, message.key, message.value, message.headers, message.timestamp_ms)
            shorter = self._reduce(record)
        if shorter is None:
            raise self._refusal(message, error)
        again = Message(
            message.topic, message.partition, shorter.key, shorter.value, shorter.headers, shorter.timestamp_ms
        )
        refused = await self._refused([again])
        if refused is not None:
            raise self._refusal(again, refused)
        log.warning("output for %s was refused as too large, sent reduced", message.topic)

    async def _refused(self, messages: Sequence[Message]) -> KafkaError | None:
        """Send messages of one partition and wait; return the first refusal."""
        sent: list[tuple[Sequence[Message], asyncio.Future[Any]]] = []
        group = list(messages)
        while group:
            del group[: await self._send_batch(group, sent)]
        refusals = await asyncio.gather(*(future for _, future in sent), return_exceptions=True)
        for refusal in refusals:
            if isinstance(refusal, KafkaError):
                return refusal
            if isinstance(refusal, BaseException):
                raise refusal
        return None

    def _refusal(self, message: Message, error: KafkaError) -> OutputRejected:
        size = len(message.value) if message.value is not None else 0
        return OutputRejected(
            f"topic {message.topic}, partition {message.partition}: {size} bytes were refused ({error!r}); "
            "raise the topic's max.message.bytes or mend its ACL, then start again: nothing is lost"
        )

    async def _renew(self) -> None:
        """Take a new producer id: aiokafka leaves a hole in the sequence behind a batch that was refused for good."""
        async with self._renewal:
            await self._live().stop()
            self._producer = await self._connect()

    def _live(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise RuntimeError("Outputs.start was not awaited")
        return self._producer
