"""Reads topics without a group, for recordings: any codec, from any offset, committing nothing."""

from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.records import RecordBatch
from streams.shell.settings import ShellSettings

Place = tuple[str, int]


class TopicReader:
    """Reads all partitions of some topics; use it as an async context manager."""

    def __init__(self, settings: ShellSettings) -> None:
        self._settings = settings
        self._consumer: Any = None

    async def __aenter__(self) -> Self:
        """Connect.

        Raises
        ------
        ConnectionError
            No broker answers, or it refuses us.
        """
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.bootstrap,
            client_id="ioc-record",
            group_id=None,
            enable_auto_commit=False,
            fetch_max_bytes=self._settings.fetch_bytes,
            max_partition_fetch_bytes=self._settings.fetch_partition_bytes,
            **self._settings.security.client_options(),
        )
        try:
            await self._consumer.start()
        except KafkaError as error:
            await self._consumer.stop()
            raise ConnectionError(str(error)) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        await self._consumer.stop()

    async def assign(self, topics: list[str]) -> list[Place]:
        """Take all partitions of ``topics`` and return them.

        Raises
        ------
        LookupError
            A topic doesn't exist; the arguments are the names of those missing.
        """
        # `consumer.topics()` asks for the same metadata, but keeps the partitions to itself
        metadata = await self._consumer._client.fetch_all_metadata()  # noqa: SLF001 - no public way, see above
        if missing := sorted(set(topics) - metadata.topics()):
            raise LookupError(*missing)
        self._consumer.assign(
            [TopicPartition(name, number) for name in topics for number in metadata.partitions_for_topic(name)]
        )
        return sorted((place.topic, place.partition) for place in self._consumer.assignment())

    async def ends(self) -> dict[Place, int]:
        """Return the offset behind the last record of each partition, as of now."""
        found = await self._consumer.end_offsets(self._consumer.assignment())
        return {(place.topic, place.partition): offset for place, offset in found.items()}

    async def seek_to_start(self) -> None:
        """Go on at the oldest records that are still there."""
        found = await self._consumer.beginning_offsets(self._consumer.assignment())
        for place, offset in found.items():
            self._consumer.seek(place, offset)

    async def seek_to_end(self) -> None:
        """Go on at what comes from now on."""
        for place, offset in (await self._consumer.end_offsets(self._consumer.assignment())).items():
            self._consumer.seek(place, offset)

    async def seek_to_time(self, at_ms: int) -> None:
        """Go on at the first record whose Kafka timestamp is at or after ``at_ms``, at the end where there is none."""
        await self.seek_to_end()
        found = await self._consumer.offsets_for_times(dict.fromkeys(self._consumer.assignment(), at_ms))
        for place, first in found.items():
            if first is not None:
                self._consumer.seek(place, first.offset)

    async def position(self, place: Place) -> int:
        """Return the offset of the next record to be read."""
        return int(await self._consumer.position(TopicPartition(*place)))

    async def poll(self, max_records: int, timeout_s: float) -> list[RecordBatch]:
        """Return what has come, up to ``max_records`` in all; waits at most ``timeout_s``."""
        found = await self._consumer.getmany(timeout_ms=int(timeout_s * 1000), max_records=max_records)
        return [
            RecordBatch(
                topic=place.topic,
                partition=place.partition,
                offsets=[record.offset for record in records],
                timestamps_ms=[record.timestamp for record in records],
                keys=[record.key for record in records],
                values=[record.value for record in records],
                headers=[tuple((name, value or b"") for name, value in record.headers) for record in records],
            )
            for place, records in found.items()
            if records
        ]
