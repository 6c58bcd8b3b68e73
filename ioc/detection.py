"""Drives the two stages over a recording without Kafka: the example, the debugger and the reference."""

from collections.abc import Iterable, Iterator

from ioc.app import Assembly
from ioc.tallies import Ledger
from streams.find import FindStage
from streams.punctuation import CLOSE_AFTER_MS, punctuation
from streams.records import OutputRecord, RecordBatch
from streams.topics import ANOMALIES


class Detection:
    """Both stages over one stream of batches, of any number of partitions.

    Which partitions there are is known when the recording ends, so stage 2 folds then; until then only what stage 1
    tells it is kept, a few records an hour.

    Attributes
    ----------
    ledger : Ledger
        What became of the records so far.
    """

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._finds: dict[tuple[str, int], FindStage] = {}
        self._offsets: dict[tuple[str, int], int] = {}
        self._told: list[OutputRecord] = []
        self._last_ms = 0
        self.ledger = Ledger()

    def run(self, batches: Iterable[RecordBatch]) -> Iterator[OutputRecord]:
        """Yield every output record of stage 1, then of stage 2, each in order; ends with the windows closed."""
        for batch in batches:
            yield from self._process(batch)
        for (topic, partition), offset in list(self._offsets.items()):
            at_ms = self._last_ms + CLOSE_AFTER_MS
            end = punctuation(topic, partition, offset + 1, at_ms, "end", heard_ms=self._last_ms)
            yield from self._process(end, counted=False)
        yield from self._fold()

    def _process(self, batch: RecordBatch, *, counted: bool = True) -> Iterator[OutputRecord]:
        place = (batch.topic, batch.partition)
        if place not in self._finds:
            self._finds[place] = self._assembly.find(*place)
        self._offsets[place] = batch.offsets[-1]
        find = self._finds[place]
        outcome = find.process(batch, batch.timestamps_ms[-1])
        self._last_ms = max(self._last_ms, find.heard_ms or 0)
        if counted:
            self.ledger.add(batch.topic, outcome.tally)
        self._told.extend(record for record in outcome.outputs if record.topic == ANOMALIES)
        yield from outcome.outputs

    def _fold(self) -> Iterator[OutputRecord]:
        told = self._told
        if not told:
            return
        batch = RecordBatch(
            ANOMALIES,
            0,
            list(range(len(told))),
            [self._last_ms] * len(told),
            [record.key for record in told],
            [record.value for record in told],
            [record.headers for record in told],
        )
        yield from self._assembly.fold(self._finds).process(batch, self._last_ms).outputs
