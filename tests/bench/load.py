"""What is read: a simulated day of a large province, repeated on following days, in the topics of a real Kafka."""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import Struct, structs

from ioc.simulate import Simulation, SimulationSettings
from ioc.units import load_places
from streams.records import RecordBatch
from streams.shell.bulk import BulkProducer
from streams.shell.settings import ShellSettings

PARTITIONS = 4
_FIRST = date(2026, 3, 2)
_DAY_MS = 24 * 3600 * 1000
_OFFICES = 12  # of the simulator at scale 1


class Province(Struct, frozen=True):
    """How many cameras and one-stop offices send; an office has one queue."""

    cameras: int
    offices: int


def simulate(province: Province) -> list[RecordBatch]:
    """Return a quiet day of the province, without faults: every record of it will be accepted."""
    scale = province.offices / _OFFICES
    settings = SimulationSettings(
        start=_FIRST, days=1, cameras=round(province.cameras / scale), scale=scale, scenarios=(), faults=False
    )
    return list(Simulation(settings, load_places(None)).batches(partitions=PARTITIONS))


def later(day: Iterable[RecordBatch], days: int) -> Iterator[RecordBatch]:
    """Yield the same day once more, ``days`` days later: times and ids move, so nothing is a duplicate."""
    swaps = _swaps(days)
    for batch in day:
        values = [_swap(value or b"", swaps) for value in batch.values]
        timestamps_ms = [timestamp_ms + days * _DAY_MS for timestamp_ms in batch.timestamps_ms]
        yield structs.replace(batch, values=values, timestamps_ms=timestamps_ms)


def _swaps(days: int) -> list[tuple[bytes, bytes]]:
    """Return what stands for a day in times and ids, and what it becomes; the later day first, or it moved twice."""
    number = _FIRST.toordinal() - date(1970, 1, 1).toordinal()
    swaps = [(f"-{number - 1}-t".encode(), f"-{number - 1 + days}-t".encode())]  # midnight here is 17:00 UTC
    for ordinal in (_FIRST.toordinal() + 1, _FIRST.toordinal()):
        old, new = date.fromordinal(ordinal), date.fromordinal(ordinal + days)
        swaps += [(f"{old:{form}}".encode(), f"{new:{form}}".encode()) for form in ("%y-%m-%d", "%y%m%d")]
    return swaps


def _swap(value: bytes, swaps: list[tuple[bytes, bytes]]) -> bytes:
    for old, new in swaps:
        value = value.replace(old, new)
    return value


def produce(bootstrap: str, batches: Iterable[RecordBatch]) -> int:
    """Write the batches to their topics and return how many records the broker took.

    Raises
    ------
    RuntimeError
        The broker refused some.
    """
    return asyncio.run(_produce(bootstrap, batches))


async def _produce(bootstrap: str, batches: Iterable[RecordBatch]) -> int:
    async with BulkProducer(ShellSettings(bootstrap=bootstrap)) as producer:
        for batch in batches:
            await producer.send(batch)
        await producer.flush()
    if producer.refused:
        raise RuntimeError(f"{producer.refused} records were refused: {producer.first_refusal}")
    return producer.delivered
