"""Stage 2: orders what stage 1 found by event time over all input partitions and folds it into incidents."""

from collections import Counter, OrderedDict
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from streams.alarms import Alarms
from streams.anomalies import Anomaly, Counts, Joined, Message, Watermark, from_value
from streams.areas import AreaSurges
from streams.banks.panel import Watch
from streams.calendar import NO_CALENDAR, Calendar
from streams.correlate import Correlator, Memory, Rules
from streams.explain import Names, explain, unit_name
from streams.incidents import Case, Incident, publish, to_record
from streams.records import OutputRecord, RecordBatch
from streams.rollup import Rollup
from streams.stage import Outcome, Tally

Source = tuple[str, int]
Item = Anomaly | Joined | Counts

_REMEMBERED = 200_000


class FoldSettings(Struct, frozen=True):
    """What stage 2 is told: input partitions to wait for, correlation rules, names, minutes from UTC to write in.

    ``surges`` watches the counts that are rolled up to the province, ``areas`` those of neighbouring units; None leaves
    them alone.
    """

    sources: frozenset[Source]
    rules: Rules
    surges: Watch | None
    areas: Watch | None
    names: Names
    offset_min: int
    calendar: Calendar = NO_CALENDAR


class _State(Struct):
    """Stage 2's state besides the correlator and the roll-up (mutable)."""

    clock_ms: int | None = None
    heard: dict[str, int | None] = {}
    waiting: dict[str, Item] = {}


class FoldStage:
    """The fold of the anomalies topic; a `streams.stage.Stage`."""

    def __init__(self, settings: FoldSettings) -> None:
        self._settings = settings
        self._correlator = Correlator(settings.rules, settings.calendar)
        self._counting: dict[str, Rollup | AreaSurges] = {}
        if settings.surges is not None:
            self._counting["rollup"] = Rollup(settings.surges)
        if settings.areas is not None:
            self._counting["areas"] = AreaSurges(settings.areas, settings.names.places, settings.calendar)
        self._alarms = Alarms()
        self._state = _State()
        self._seen: OrderedDict[str, None] = OrderedDict()

    def process(self, batch: RecordBatch, now_ms: int) -> Outcome:
        """Take in a batch of the anomalies topic and fold all that the watermarks allow."""
        del now_ms
        repeated = 0
        for value in batch.values:
            if value is None:
                continue
            repeated += not self._take(from_value(value))
        told = self._advance(batch.timestamps_ms[-1])
        return self._outcome(len(batch), repeated, told)

    def idle(self, now_ms: int) -> Outcome:
        """Do nothing: event time goes on with the watermarks that stage 1 sends."""
        del now_ms
        return self._outcome(0, 0, [])

    def _take(self, message: Message) -> bool:
        """Keep a message for its time; False if it was taken before."""
        if isinstance(message, Watermark):
            self._hear(message)
            return True
        if message.id in self._seen:
            return False
        self._seen[message.id] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        self._state.waiting[message.id] = message
        return True

    def _hear(self, watermark: Watermark) -> None:
        source = f"{watermark.topic}/{watermark.partition}"
        known = self._state.heard.get(source)
        if known is None or (watermark.at_ms is not None and watermark.at_ms > known):
            self._state.heard[source] = watermark.at_ms

    def _complete_ms(self) -> int | None:
        """Return the least watermark of the sources, None while one is not heard of or all are empty."""
        heard = self._state.heard
        names = [f"{topic}/{partition}" for topic, partition in self._settings.sources]
        if any(name not in heard for name in names):
            return None
        marks = [mark for name in names if (mark := heard[name]) is not None]
        return min(marks, default=None)

    def _advance(self, timestamp_ms: int) -> list[tuple[Incident, OutputRecord]]:
        complete = self._complete_ms()
        state = self._state
        if complete is None or (state.clock_ms is not None and complete <= state.clock_ms):
            return []
        due = [item for item in state.waiting.values() if item.at_ms < complete]
        for item in due:
            del state.waiting[item.id]
        items: list[Anomaly | Joined] = [item for item in due if not isinstance(item, Counts)]
        counted = [item for item in due if isinstance(item, Counts)]
        counted.sort(key=lambda item: (item.at_ms, item.id))
        for each in self._counting.values():
            for counts in counted:
                each.add(counts)
            items.extend(each.close(complete))
        items.sort(key=_order)
        told: list[tuple[Incident, OutputRecord]] = []
        for item in items:
            self._settle(item.at_ms, timestamp_ms, told)
            if isinstance(item, Joined):
                self._correlator.joined(item.series)
            else:
                self._tell(self._correlator.touch(item), item.at_ms, timestamp_ms, told)
        self._settle(complete, timestamp_ms, told)
        state.clock_ms = complete
        return told

    def _settle(self, until_ms: int, timestamp_ms: int, told: list[tuple[Incident, OutputRecord]]) -> None:
        while (due := self._correlator.due()) is not None and due <= until_ms:
            self._tell(self._correlator.settle(due), due, timestamp_ms, told)

    def _tell(
        self, cases: list[Case], at_ms: int, timestamp_ms: int, told: list[tuple[Incident, OutputRecord]]
    ) -> None:
        settings = self._settings
        for case in cases:
            name, text = unit_name(case, settings.names), explain(case, settings.names)
            incident = publish(case, at_ms, name, text, settings.offset_min)
            told.append((incident, to_record(incident, timestamp_ms)))

    def _outcome(self, records: int, repeated: int, told: list[tuple[Incident, OutputRecord]]) -> Outcome:
        cases, clock_ms = self._correlator.memory.cases, self._state.clock_ms
        counted = Counter(f"{incident.rule}/{incident.severity.value}/{incident.status.value}" for incident, _ in told)
        standing = Counter(f"{case.rule}/{case.severity.value}" for case in cases.values())
        tally = Tally(
            records=records,
            accepted=records - repeated,
            duplicate=repeated,
            incidents=dict(sorted(counted.items())),
            open_incidents=dict(sorted(standing.items())),
        )
        fleet = self._correlator.memory.fleet
        measured = self._alarms.measured([incident for incident, _ in told], cases, fleet, clock_ms or 0)
        return Outcome([record for _, record in told], tally, clock_ms, measured)

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks: clock and waiting items, correlator, ids seen, roll-up."""
        return {
            "state": msgspec.msgpack.encode(self._state),
            "correlator": msgspec.msgpack.encode(self._correlator.memory),
            "seen": msgspec.msgpack.encode(list(self._seen)),
            **{name: block for each in self._counting.values() for name, block in each.snapshot().items()},
        }

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh stage by that of ``snapshot``."""
        self._state = msgspec.msgpack.decode(blocks["state"], type=_State)
        self._correlator.memory = msgspec.msgpack.decode(blocks["correlator"], type=Memory)
        self._alarms.resume(self._correlator.memory.cases)
        self._seen = OrderedDict.fromkeys(msgspec.msgpack.decode(blocks["seen"], type=list[str]))
        for name, each in self._counting.items():
            if any(block.startswith(f"{name}/") for block in blocks):  # else it was off until now
                each.restore(blocks)


def _order(item: Anomaly | Joined) -> tuple[int, bool, str]:
    """Return the order of the fold: event time; what closes before what opens, or a new episode would be lost."""
    return (item.at_ms, isinstance(item, Anomaly) and item.open, item.id)
