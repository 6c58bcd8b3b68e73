"""A province of twelve cameras, seventeen days and every kind of incident, in few records; a plain driver of stages.

The driver shares nothing with `ioc.detection` or the shell, so that it can contradict them.
"""

import copy
import math
import random
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import NamedTuple, TypeVar

import orjson

from ioc.app import Assembly
from ioc.config import Config
from ioc.envelope import Chunk
from streams.punctuation import CLOSE_AFTER_MS, Edge, punctuation
from streams.records import Headers, OutputRecord, RecordBatch
from streams.shell.partitioning import partition_of
from streams.stage import Outcome, Stage
from streams.topics import (
    ANOMALIES,
    CAMERA_EVENTS,
    DEAD_LETTERS,
    FIELD_REPORTS,
    INCIDENTS,
    LATE_EVENTS,
    SERVICE_QUEUES,
    SOURCES,
    TELEMETRY,
)

ZONE = timezone(timedelta(hours=7))
START = datetime(2026, 3, 2, tzinfo=ZONE)
DAYS = 17
NOW_MS = int(datetime(2026, 6, 1, tzinfo=ZONE).timestamp() * 1000)
STRUCTURED: Headers = (("content-type", b"application/cloudevents+json; charset=UTF-8"),)

CAMERAS = {f"CAM-{number:02}": unit for number, unit in enumerate(["03127"] * 5 + ["03151"] * 4 + ["03334"] * 3)}
OFFICES = {"VP-03127": "03127", "VP-03151": "03151"}
UNITS = ("03127", "03151", "03334")
CATEGORIES = ("Rác thải", "Cây đổ", "Ngập úng", "Đèn đường", "Ổ gà")
MASTS = {"BTS-1": "03127", "BTS-2": "03334"}

_SURGING, _DROPPING, _STUCK = "CAM-00", ("CAM-05", "CAM-06", "CAM-07", "CAM-08"), "CAM-01"
_FAILING = "CAM-04"
_SILENT, _DARK, _FAST_CLOCK = "CAM-02", ("CAM-09", "CAM-10", "CAM-11"), "CAM-03"
_REVIEWED = "CAM-04"
_MINUTE = timedelta(minutes=1)
Name = TypeVar("Name")


class Row(NamedTuple):
    """One record on its way to Kafka; ``at_ms`` is its ingest time."""

    at_ms: int
    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = STRUCTURED


def event(type_name: str, name: str, source: str, when: datetime, data: Mapping[str, object]) -> bytes:
    """Return an event in structured mode."""
    envelope = {"specversion": "1.0", "id": name, "source": source, "type": type_name, "time": when.isoformat()}
    return orjson.dumps({**envelope, "data": {"tenant": "11", **data}})


def camera_count(camera: str, when: datetime, count: int, unit: str = "03127", *, name: str = "") -> bytes:
    """Return a half-hourly count."""
    data = {"unit_code": unit, "camera_id": camera, "rule": "count", "phase": "instant", "object_class": "person"}
    numbers = {"count": count, "interval_s": 1800}
    name = name or f"{camera}-{when:%d%H%M%S}"
    return event("vn.ioc.camera.analytics.v1", name, f"/vn/11/camera/{camera}", when, {**data, **numbers})


def report(number: int, when: datetime, unit: str, category: str, channel: str = "app") -> bytes:
    """Return a citizen's report."""
    name = f"PA-{number}"
    data = {"unit_code": unit, "service_request_id": name, "service_code": category, "channel": channel}
    action = {"action": "submitted", "status": "open"}
    return event("vn.ioc.fieldreport.lifecycle.v1", name, f"/vn/11/fieldreport/{unit}", when, {**data, **action})


def snapshot(office: str, when: datetime, unit: str, waiting: int, served: int, *, counters: int = 2) -> bytes:
    """Return the state of an office's only queue."""
    data = {"unit_code": unit, "office_id": office, "queue_id": f"{office}/A", "queue_line": "A"}
    state = {"service_status": "open", "counters_open": counters, "tickets_waiting": waiting}
    numbers = {"mean_service_s": 120, "ticket_served": f"A{served:03}"}
    name = f"{office}-{when:%d%H%M}"
    return event("vn.ioc.queue.snapshot.v1", name, f"/vn/11/queue/{office}", when, {**data, **state, **numbers})


def reading(mast: str, when: datetime, unit: str, value: float) -> bytes:
    """Return an hourly gauge."""
    data = {"unit_code": unit, "asset_id": mast, "asset_kind": "bts", "metric": "throughput", "unit": "Mbit/s"}
    name = f"{mast}-{when:%d%H}"
    return event("vn.ioc.telemetry.observation.v1", name, f"/vn/11/telemetry/{mast}", when, {**data, "value": value})


def ticket(office: str, when: datetime, unit: str, *, came: bool) -> bytes:
    """Return the end of a ticket that was called."""
    name = f"{office}-{when:%d%H%M}-ticket"
    data = {"unit_code": unit, "office_id": office, "ticket_id": name, "counter_id": "Q1"}
    action = {"action": "served" if came else "no_show"}
    return event("vn.ioc.queue.ticket.v1", name, f"/vn/11/queue/{office}", when, {**data, **action})


def payment(office: str, when: datetime, unit: str, how: str) -> bytes:
    """Return a dossier that is submitted and paid."""
    name = f"{office}-{when:%d%H%M}-dossier"
    data = {"unit_code": unit, "office_id": office, "dossier_id": name, "action": "submitted", "payment": how}
    return event("vn.ioc.dossier.lifecycle.v1", name, f"/vn/11/dossier/{office}", when, data)


def review(camera: str, when: datetime, unit: str, verdict: str) -> bytes:
    """Return an alarm that somebody has looked at."""
    name = f"{camera}-{when:%d%H%M}-review"
    data = {"unit_code": unit, "camera_id": camera, "rule": "wrong_way", "phase": "end", "track_id": name}
    told = {**data, "reviewed": verdict}
    return event("vn.ioc.camera.analytics.v1", name, f"/vn/11/camera/{camera}", when, told)


def province(seed: int = 1) -> list[Row]:
    """Return seventeen days in order of ingest time; the incidents happen on the last two."""
    chance = random.Random(seed)
    rows = [
        *_cameras(chance),
        *_reports(chance),
        *_queues(chance),
        *_telemetry(chance),
        *_outcomes(random.Random(seed)),
    ]
    rows += [row._replace(at_ms=row.at_ms + chance.randrange(1, 30_000)) for row in chance.sample(rows, 40)]
    rows = [_delayed(row, chance) for row in rows]
    rows += poison(chance)
    return sorted(rows, key=lambda row: row.at_ms)


def poison(chance: random.Random, count: int = 40) -> list[Row]:
    """Return records that are no events, scattered over the days."""
    first_ms = _ms(START)
    bad: tuple[tuple[str, bytes | None, bytes | None], ...] = (
        (CAMERA_EVENTS, b"CAM-00", b'{"specversion":"1.0","id":"cut'),
        (CAMERA_EVENTS, b"CAM-01", b"\xff\xfe\x00"),
        (TELEMETRY, b"BTS-1", b"[[[["),
        (SERVICE_QUEUES, b"VP-03127", b'{"specversion":"1.0","id":"1","source":"/x","type":"vn.ioc.no.v1"}'),
        (FIELD_REPORTS, b"03127", None),
        (FIELD_REPORTS, None, b""),
    )
    span_ms = DAYS * 24 * 3_600_000
    return [Row(first_ms + chance.randrange(span_ms), *bad[number % len(bad)]) for number in range(count)]


def _ms(when: datetime) -> int:
    return int(when.timestamp() * 1000)


def _arrived(when: datetime, chance: random.Random) -> int:
    return _ms(when) + chance.randrange(200, 3_000)


def _delayed(row: Row, chance: random.Random) -> Row:
    """Let a few records arrive minutes, and very few hours, late."""
    luck = chance.random()
    return row._replace(at_ms=row.at_ms + (7_200_000 if luck < 0.0005 else 300_000 if luck < 0.01 else 0))


def _within(when: datetime, day: int, hour: float, hours: float) -> bool:
    begin = START + timedelta(days=day, hours=hour)
    return begin <= when < begin + timedelta(hours=hours)


def _cameras(chance: random.Random) -> Iterator[Row]:
    for number, (camera, unit) in enumerate(CAMERAS.items()):
        for step in range(DAYS * 48):
            when = START + step * 30 * _MINUTE + timedelta(seconds=number)
            silent = camera == _SILENT and _within(when, DAYS - 2, 0, 36)
            if silent or (camera in _DARK and _within(when, DAYS - 1, 8, 12)):
                continue
            count = _people(camera, when, chance)
            told = when + timedelta(hours=3) if camera == _FAST_CLOCK else when
            value = camera_count(camera, told, count, unit)
            yield Row(_arrived(when, chance), CAMERA_EVENTS, camera.encode(), value)


def _people(camera: str, when: datetime, chance: random.Random) -> int:
    if camera == _STUCK and _within(when, DAYS - 2, 9, 39):
        return 17
    by_day = max(0.0, math.sin((when.hour - 6) / 17 * math.pi))
    factor = 6.0 if camera == _SURGING and _within(when, DAYS - 1, 12, 6) else 1.0
    if (camera in _DROPPING and _within(when, DAYS - 2, 8, 10)) or (
        camera == _FAILING and _within(when, DAYS - 1, 10, 13)
    ):
        factor = 0.05
    return max(0, round(chance.gauss(5 + 120 * by_day, 2 + 6 * by_day) * factor))


def _reports(chance: random.Random) -> Iterator[Row]:
    moments: list[tuple[datetime, str, str, str]] = []
    for day in range(DAYS):
        for _ in range(15):
            when = START + timedelta(days=day, seconds=chance.randrange(7 * 3600, 21 * 3600))
            moments.append((when, chance.choice(UNITS), chance.choice(CATEGORIES), "app"))
    storm = START + timedelta(days=DAYS - 2, hours=14)
    for _ in range(90):
        when = storm + timedelta(seconds=chance.randrange(4 * 3600))
        moments.append((when, chance.choice(UNITS), chance.choice(CATEGORIES[1:3]), "hotline"))
    bulk = START + timedelta(days=DAYS - 1, hours=15)
    moments += [(bulk + timedelta(seconds=10 * n), UNITS[0], CATEGORIES[4], "staff") for n in range(80)]
    for number, (when, unit, category, channel) in enumerate(moments):
        yield Row(_arrived(when, chance), FIELD_REPORTS, unit.encode(), report(number, when, unit, category, channel))


def _queues(chance: random.Random) -> Iterator[Row]:
    for office, unit in OFFICES.items():
        for day in range(DAYS):
            served = 0
            for step in range(60):
                when = START + timedelta(days=day, hours=7) + step * 10 * _MINUTE
                stalled = unit == UNITS[1] and _within(when, DAYS - 1, 9, 3)
                rush = unit == UNITS[0] and _within(when, DAYS - 2, 9, 4)
                served += 0 if stalled else chance.randrange(5, 10)
                waiting = step - 6 if stalled else chance.randrange(40, 70) if rush else chance.randrange(4)
                value = snapshot(office, when, unit, waiting, served, counters=0 if stalled else 2)
                yield Row(_arrived(when, chance), SERVICE_QUEUES, office.encode(), value)


def _telemetry(chance: random.Random) -> Iterator[Row]:
    for mast, unit in MASTS.items():
        for hour in range(DAYS * 24):
            when = START + timedelta(hours=hour)
            value = reading(mast, when, unit, round(chance.gauss(100, 9), 2))
            yield Row(_arrived(when, chance), TELEMETRY, mast.encode(), value)


def _outcomes(chance: random.Random) -> Iterator[Row]:
    """Yield visitors who come or don't, payments that work or fail, alarms that are right or false."""
    for day in range(DAYS):
        for step in range(48):
            when = START + timedelta(days=day, hours=8, minutes=10 * step)
            for office, unit in OFFICES.items():
                queue = (SERVICE_QUEUES, office.encode())
                absent = 0.9 if unit == UNITS[1] and day == DAYS - 1 else 0.05
                value = ticket(office, when, unit, came=chance.random() >= absent)
                yield Row(_arrived(when, chance), *queue, value)
                failing = 0.9 if day == DAYS - 2 else 0.05
                value = payment(office, when, unit, "failed" if chance.random() < failing else "online")
                yield Row(_arrived(when, chance), *queue, value)
            if step % 2 == 0:
                false = chance.random() < (0.9 if day >= DAYS - 2 else 0.1)
                value = review(_REVIEWED, when, CAMERAS[_REVIEWED], "false_positive" if false else "true_positive")
                yield Row(_arrived(when, chance), CAMERA_EVENTS, _REVIEWED.encode(), value)


def chunk(rows: Sequence[Row]) -> Chunk:
    """Return rows as a recording's records, in partition 0 of their topics."""
    offsets: dict[str, int] = {}
    numbers = []
    for row in rows:
        numbers.append(offsets.get(row.topic, 0))
        offsets[row.topic] = numbers[-1] + 1
    return Chunk(
        topics=[row.topic for row in rows],
        partitions=[0] * len(rows),
        offsets=numbers,
        timestamps_ms=[row.at_ms for row in rows],
        keys=[row.key for row in rows],
        values=[row.value for row in rows],
        headers=[row.headers for row in rows],
    )


class Result:
    """What a run told, by id; the same id with other contents is an error."""

    def __init__(self) -> None:
        self.anomalies: dict[str, bytes] = {}
        self.revisions: dict[tuple[str, int], bytes] = {}
        self.dead_letters: list[bytes] = []
        self.late = 0
        self.records = self.accepted = self.duplicate = self.late_counted = 0
        self.reasons: dict[str, int] = {}

    @property
    def incidents(self) -> dict[str, bytes]:
        """The last revision of every incident."""
        return {name: self.revisions[name, number] for name, number in sorted(self.revisions)}

    @property
    def rules(self) -> set[str]:
        """The rules of all incidents."""
        return {orjson.loads(line)["rule"] for line in self.incidents.values()}

    def note(self, outcome: Outcome) -> None:
        """Take the outcome of a stage 1."""
        tally = outcome.tally
        self.records += tally.records
        self.accepted += tally.accepted
        self.duplicate += tally.duplicate
        self.late_counted += tally.late
        for reason, count in tally.dead_lettered.items():
            self.reasons[reason] = self.reasons.get(reason, 0) + count

    def keep(self, record: OutputRecord) -> None:
        """Keep an output record."""
        if record.topic == DEAD_LETTERS:
            self.dead_letters.append(record.value)
        elif record.topic == LATE_EVENTS:
            self.late += 1
        elif record.topic == INCIDENTS:
            incident = orjson.loads(record.value)
            _put(self.revisions, (incident["id"], incident["revision"]), record.value)
        elif (message := orjson.loads(record.value))["type"] == "vn.ioc.anomaly.v1":
            _put(self.anomalies, message["id"], record.value)


def _put(kept: dict[Name, bytes], name: Name, value: bytes) -> None:
    if kept.setdefault(name, value) != value:
        raise AssertionError(f"{name} was told twice, differently:\n{kept[name]!r}\n{value!r}")


class Plant:
    """Both stages over any number of partitions, fed by hand; every step may be preceded by a crash and a restart."""

    def __init__(self, partitions: int = 1, assembly: Assembly | None = None) -> None:
        self._assembly = assembly or Assembly(Config())
        self._places = [(topic, partition) for topic in SOURCES for partition in range(partitions)]
        self._partitions = partitions
        self._stages: dict[tuple[str, int], Stage] = {place: self._assembly.find(*place) for place in self._places}
        self._fold: Stage = self._assembly.fold(self._places)
        self._offsets = dict.fromkeys(self._places, 0)
        self._folded = 0
        self.result = Result()

    def run(self, rows: Sequence[Row], cuts: Iterable[int] = (), *, restarts: Collection[int] = ()) -> Result:
        """Feed all rows between two punctuations; `feed` tells of ``cuts`` and ``restarts``."""
        self.begin(rows[0].at_ms)
        self.feed(rows, cuts, restarts=restarts)
        return self.end(rows[-1].at_ms)

    def begin(self, first_ms: int) -> None:
        """Write the opening punctuation."""
        self._punctuate("start", first_ms)

    def feed(self, rows: Sequence[Row], cuts: Iterable[int] = (), *, restarts: Collection[int] = ()) -> None:
        """Hand rows over in pieces.

        ``cuts`` are sizes of the pieces, the rest follows in one; before the pieces named by ``restarts`` every stage
        is made anew from its snapshot.
        """
        for number, piece in enumerate(_pieces(rows, cuts)):
            if number in restarts:
                self.restart()
            for place, taken in self._dealt(piece).items():
                self._step(self._batch(place, taken))

    def end(self, last_ms: int) -> Result:
        """Write the closing punctuation and return all that was told since this plant was made."""
        self._punctuate("end", last_ms + CLOSE_AFTER_MS)
        return self.result

    def fork(self) -> "Plant":
        """Return another plant in the same state, with the result so far copied."""
        other = Plant(self._partitions, self._assembly)
        for place, stage in self._stages.items():
            other._stages[place].restore(_on_the_wire(stage.snapshot()))
        other._fold.restore(_on_the_wire(self._fold.snapshot()))
        other._offsets = dict(self._offsets)
        other._folded = self._folded
        other.result = copy.deepcopy(self.result)
        return other

    def restart(self) -> None:
        """Make every stage anew from its snapshot."""
        for place, stage in self._stages.items():
            self._stages[place] = self._assembly.find(*place)
            self._stages[place].restore(_on_the_wire(stage.snapshot()))
        blocks = _on_the_wire(self._fold.snapshot())
        self._fold = self._assembly.fold(self._places)
        self._fold.restore(blocks)

    def _dealt(self, rows: Sequence[Row]) -> dict[tuple[str, int], list[Row]]:
        dealt: dict[tuple[str, int], list[Row]] = {}
        for row in rows:
            partition = 0 if row.key is None else partition_of(row.key, self._partitions)
            dealt.setdefault((row.topic, partition), []).append(row)
        return dealt

    def _batch(self, place: tuple[str, int], rows: Sequence[Row]) -> RecordBatch:
        first = self._offsets[place]
        self._offsets[place] += len(rows)
        return RecordBatch(
            topic=place[0],
            partition=place[1],
            offsets=list(range(first, first + len(rows))),
            timestamps_ms=[row.at_ms for row in rows],
            keys=[row.key for row in rows],
            values=[row.value for row in rows],
            headers=[row.headers for row in rows],
        )

    def _punctuate(self, edge: Edge, at_ms: int) -> None:
        for topic, partition in self._places:
            offset = self._offsets[topic, partition]
            self._offsets[topic, partition] += 1
            self._step(punctuation(topic, partition, offset, at_ms, edge), counted=False)

    def _step(self, batch: RecordBatch, *, counted: bool = True) -> None:
        outcome = self._stages[batch.topic, batch.partition].process(batch, NOW_MS)
        if counted:
            self.result.note(outcome)
        told = [record for record in outcome.outputs if record.topic == ANOMALIES]
        for record in outcome.outputs:
            self.result.keep(record)
        if told:
            for record in self._fold.process(self._handed_on(told), NOW_MS).outputs:
                self.result.keep(record)

    def _handed_on(self, told: Sequence[OutputRecord]) -> RecordBatch:
        first = self._folded
        self._folded += len(told)
        return RecordBatch(
            ANOMALIES,
            0,
            list(range(first, self._folded)),
            [NOW_MS] * len(told),
            [record.key for record in told],
            [record.value for record in told],
            [record.headers for record in told],
        )


def _on_the_wire(blocks: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return copies, as Kafka would give them back."""
    return {name: bytes(bytearray(block)) for name, block in blocks.items()}


def _pieces(rows: Sequence[Row], cuts: Iterable[int]) -> Iterator[Sequence[Row]]:
    start = 0
    for size in cuts:
        if start >= len(rows):
            return
        yield rows[start : start + size]
        start += size
    if start < len(rows):
        yield rows[start:]
