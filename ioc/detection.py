"""Drives the two stages over a recording without Kafka: the example, the debugger and the reference."""

from collections.abc import Iterable, Iterator

from ioc.app import Assembly
from ioc.tallies import Ledger
from streams.find import FindStage
from streams.punctuation import CLOSE_AFTER_MS, punctuation
from streams.records import OutputRecord, RecordBatch
from streams.stage import Outcome
from streams.topics import ANOMALIES, SOURCES


class Detection:
    """Both stages over one stream of batches; each topic is one partition unless the batches say otherwise.

    Attributes
    ----------
    ledger : Ledger
        What became of the records so far.
    """

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._finds: dict[tuple[str, int], FindStage] = {}
        self._offsets: dict[tuple[str, int], int] = {}
        self._fold = assembly.fold((topic, 0) for topic in SOURCES)
        self._anomalies = 0
        self._last_ms = 0
        self.ledger = Ledger()

    def run(self, batches: Iterable[RecordBatch]) -> Iterator[OutputRecord]:
        """Yield every output record of both stages in order; ends with the windows closed."""
        for topic in SOURCES:
            self._finds[topic, 0] = self._assembly.find(topic, 0)
            yield from self._found(topic, self._finds[topic, 0].idle(0))
        for batch in batches:
            self._last_ms = max(self._last_ms, *batch.timestamps_ms)
            yield from self._process(batch)
        for topic, partition in list(self._offsets):
            offset = self._offsets[topic, partition] + 1
            yield from self._process(
                punctuation(topic, partition, offset, self._last_ms + CLOSE_AFTER_MS, "end", heard_ms=self._last_ms),
                counted=False,
            )

    def _process(self, batch: RecordBatch, *, counted: bool = True) -> Iterator[OutputRecord]:
        place = (batch.topic, batch.partition)
        self._offsets[place] = batch.offsets[-1]
        outcome = self._finds[place].process(batch, self._last_ms)
        if counted:
            self.ledger.add(batch.topic, outcome.tally)
        yield from self._found(batch.topic, outcome)

    def _found(self, topic: str, outcome: Outcome) -> Iterator[OutputRecord]:
        del topic
        yield from outcome.outputs
        messages = [record for record in outcome.outputs if record.topic == ANOMALIES]
        if not messages:
            return
        first = self._anomalies
        self._anomalies += len(messages)
        folded = self._fold.process(
            RecordBatch(
                ANOMALIES,
                0,
                list(range(first, self._anomalies)),
                [self._last_ms] * len(messages),
                [record.key for record in messages],
                [record.value for record in messages],
                [record.headers for record in messages],
            ),
            self._last_ms,
        )
        yield from folded.outputs
