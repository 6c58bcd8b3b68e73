"""Admission of random streams against a reading record by record, however they are cut into batches."""

import random
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.admission import Admission, AdmissionSettings, Admitted
from streams.events import Event, Punctuation, TelemetryObservation
from streams.events.control import PunctuationData
from streams.events.telemetry import AssetKind, ObservationData
from streams.heads import Heads
from streams.rejection import Reason, Rejected

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
START = 1_577_836_800_000
NOW = 1_772_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATENESS, SKEW, AHEAD, SITE = 15 * MINUTE, MINUTE, 10 * MINUTE, 420
NO_TIMES = ("2020-01-01T00:00:00", "gestern", "2020-02-30T00:00:00Z")

Note = tuple[str, str, float, int, int]
Record = tuple[int, Event | Rejected]


class Result(NamedTuple):
    """What became of a stream, in plain values; rows count from its start."""

    events: list[tuple[int, int, int, bool]]  # row, instant, local, suspect
    late: list[int]
    duplicate: list[int]
    rejected: list[tuple[int, Reason]]
    punctuations: int
    skewed: int
    missing: int
    notes: list[Note]
    watermark_ms: int | None


def event(source: str, id_: str, time: str, sequence: str | None) -> TelemetryObservation:
    """Return an observation; only its envelope matters here."""
    data = ObservationData(tenant="11", asset_id="x", asset_kind=AssetKind.SERVER, metric="load", value=1.0)
    return TelemetryObservation(specversion="1.0", id=id_, source=source, time=time, sequence=sequence, data=data)


def written(at_ms: int, offset_min: int) -> str:
    """Write an instant with an offset from UTC."""
    moment = EPOCH + timedelta(milliseconds=at_ms)
    return moment.astimezone(timezone(timedelta(minutes=offset_min))).isoformat(timespec="milliseconds")


@st.composite
def streams(draw: st.DrawFn) -> list[Record]:
    """Draw an hour or more of a partition: clocks that are right, wrong, mended, flushing; repeats; refuse."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    wrong = rng.choice([-366 * DAY, 2881 * DAY, -5 * MINUTE, 3 * HOUR])
    noise = rng.choice([0.0, 1.0])

    def sometimes(share: float, *values: int) -> int:
        return rng.choice(values) if rng.random() < share * noise else 0

    ingest, numbers, records = START, [0] * 5, list[Record]()
    for row in range(rng.choice([1, 20, 200, 600])):
        ingest += rng.choice([0, SECOND, 30 * SECOND, MINUTE]) + sometimes(0.005, 30 * HOUR)
        stamp = ingest + sometimes(0.02, -HOUR, 400 * DAY, -(ingest + 1))
        which = rng.randrange(5)
        flush = max(0, 2 * HOUR - 3 * (ingest - START))
        offset = (0, wrong, wrong if row < 250 else 0, flush, rng.randrange(HOUR))[which]
        offset += rng.randrange(-2 * SECOND, 20 * SECOND) + sometimes(0.02, 40 * 366 * DAY, -90 * 366 * DAY, DAY)
        numbers[which] += 1 + rng.choice([0] * 9 + [3])
        text = written(ingest - offset, rng.choice([0, 60, 420]))
        if sometimes(0.02, 1):
            text = rng.choice(NO_TIMES)
        new = event(f"/s/{which}", f"e{numbers[which]}", text, str(numbers[which]) if which % 2 else None)
        kind = rng.random() / noise if noise else 1.0
        if kind < 0.02:
            records.append((stamp, Rejected(Reason.NOT_JSON, "no JSON")))
        elif kind < 0.03:
            mark = Punctuation(specversion="1.0", id="p", source="/replay", time=text, data=PunctuationData())
            records.append((stamp, mark))
        elif kind < 0.15 and records:
            records.append((stamp, rng.choice(records)[1]))
        else:
            records.append((stamp, new))
    return records


def admitted(admission: Admission, records: list[Record]) -> tuple[Admitted, int]:
    """Admit records, collected in two runs; returns the result and the number of records."""
    heads = Heads()
    half = len(records) // 2
    for run in (records[:half], records[half:]):
        heads.add([item for _, item in run])
    return admission.admit([stamp for stamp, _ in records], heads, NOW), len(records)


def in_batches(records: list[Record], cuts: list[int]) -> tuple[Result, dict[str, bytes]]:
    """Admit a stream cut into batches, with a new process at each cut; check the accounting of each batch."""
    result = Result([], [], [], [], 0, 0, 0, [], None)
    blocks = Admission(AdmissionSettings()).snapshot()
    for start, stop in pairwise(cuts):
        if start == stop:
            continue
        admission = Admission(AdmissionSettings())
        admission.restore(blocks)
        got, size = admitted(admission, records[start:stop])
        blocks = admission.snapshot()
        assert size == got.accepted + len(got.duplicate) + len(got.late) + len(got.rejected)
        events = [row for row in range(size) if not isinstance(records[start + row][1], Rejected | Punctuation)]
        assert [events[place] for place in got.kept.tolist()] == got.rows.tolist()
        assert got.ingest_ms.tolist() == [records[start + row][0] for row in got.rows.tolist()]
        columns = (got.rows.tolist(), got.at_ms.tolist(), got.local_ms.tolist(), got.suspect.tolist())
        result.events.extend((start + row, *rest) for row, *rest in zip(*columns, strict=True))
        result.late.extend(start + row for row in got.late)
        result.duplicate.extend(start + row for row in got.duplicate)
        result.rejected.extend((start + row, rejected.reason) for row, rejected in got.rejected)
        notes: list[Note] = [(note.source, note.state, note.offset_s, note.since_ms, note.at_ms) for note in got.notes]
        result = result._replace(
            punctuations=result.punctuations + got.punctuations,
            skewed=result.skewed + got.skewed,
            missing=result.missing + got.missing,
            notes=result.notes + notes,
            watermark_ms=got.watermark_ms,
        )
    return result, blocks


class NaiveClock:
    """The history of one source's clock, kept whole."""

    def __init__(self) -> None:
        self.run: list[tuple[int, int]] = []
        self.normal: list[int] = []
        self.wrong_by: int | None = None

    def judge(self, ingest: int, offset: int) -> tuple[bool, tuple[str, float, int, int] | None]:
        """Return whether the event is suspect, and the note it gives rise to."""
        if -SKEW <= offset <= LATENESS:
            self.run = []
            self.normal.append(ingest)
            if self.wrong_by is None or len(self.normal) < 20 or ingest - self.normal[0] < 10 * MINUTE:
                self.normal = [] if self.wrong_by is None else self.normal
                return False, None
            since, self.wrong_by, self.normal = self.normal[0], None, []
            return False, ("right", offset / 1000, since, ingest)
        self.normal = []
        if self.wrong_by is not None and abs(offset - self.wrong_by) <= 2 * MINUTE:
            self.wrong_by += (offset - self.wrong_by) // 16
            self.run = []
            return True, None
        offsets = [offset, *(known for _, known in self.run)]
        if max(offsets) - min(offsets) > 2 * MINUTE:
            self.run = []
        self.run.append((ingest, offset))
        since, first = self.run[0]
        if len(self.run) < 20 or ingest - since < 10 * MINUTE or first - offset > (ingest - since) / 20:
            return False, None
        self.run, self.wrong_by = [], offset
        return True, ("wrong", offset / 1000, since, ingest)


class NaiveHead:
    """The greatest believed ingest time."""

    def __init__(self) -> None:
        self.head: int | None = None
        self.doubted: list[int] = []

    def observe(self, ingest: int, *, trusted: bool) -> None:
        """Take one record in."""
        if not 631_152_000_000 <= ingest < 4_102_444_800_000:
            return
        if trusted or (self.head is not None and ingest <= self.head + DAY):
            self.head, self.doubted = max(ingest, self.head or 0), []
        elif self.head is None:
            near = [at for at in self.doubted if abs(ingest - at) <= DAY]
            self.head = max(ingest, *near) if near else None
            self.doubted = [] if near else [ingest]
        else:
            self.doubted.append(ingest)
            least = min(self.doubted)
            if len(self.doubted) >= 16 and max(self.doubted) - least >= MINUTE:
                self.head, self.doubted = (ingest if ingest <= least + DAY else least), []


def out_of_limits(read: int, ingest: int, *, suspect: bool) -> Reason | None:
    """Return why a time is out of limits."""
    year = (EPOCH + timedelta(milliseconds=read)).year
    if year < 2000:
        return Reason.TIME_BEFORE_LIMIT
    return Reason.TIME_AFTER_LIMIT if year >= 2100 or (not suspect and read > ingest + AHEAD) else None


def skipped(greatest: dict[str, int], item: Event) -> int:
    """Return how many numbers of its source's sequence lie between an event and the last."""
    if item.sequence is None:
        return 0
    number = int(item.sequence)
    last = greatest.get(item.source, number)
    greatest[item.source] = max(number, last)
    return max(0, number - last - 1)


def naive(records: list[Record]) -> Result:
    """Decide record by record."""
    result = Result([], [], [], [], 0, 0, 0, [], None)
    clocks: dict[str, NaiveClock] = {}
    seen: set[tuple[str, str]] = set()
    greatest: dict[str, int] = {}
    head = NaiveHead()
    punctuations = skewed = missing = 0
    for row, (ingest, item) in enumerate(records):
        head.observe(ingest, trusted=isinstance(item, Punctuation))
        if isinstance(item, Rejected):
            result.rejected.append((row, item.reason))
            continue
        if isinstance(item, Punctuation):
            punctuations += 1
            continue
        if item.time in NO_TIMES:
            result.rejected.append((row, Reason.BAD_TIME))
            continue
        moment = datetime.fromisoformat(item.time)
        at = (moment - EPOCH) // timedelta(milliseconds=1)
        skewed += ingest - at < -SKEW
        suspect, note = clocks.setdefault(item.source, NaiveClock()).judge(ingest, ingest - at)
        if note is not None:
            result.notes.append((item.source, *note))
        read = ingest if suspect else at
        if reason := out_of_limits(read, ingest, suspect=suspect):
            result.rejected.append((row, reason))
            continue
        if (item.source, item.id) in seen:
            result.duplicate.append(row)
            continue
        seen.add((item.source, item.id))
        missing += skipped(greatest, item)
        if not suspect and ingest - at > LATENESS:
            result.late.append(row)
            continue
        written_offset = (moment.utcoffset() or timedelta(0)) // timedelta(milliseconds=1)
        result.events.append((row, read, read + (written_offset or SITE * MINUTE), suspect))
    watermark = None if head.head is None else head.head - LATENESS
    return result._replace(punctuations=punctuations, skewed=skewed, missing=missing, watermark_ms=watermark)


@settings(deadline=None, max_examples=80)
@given(streams(), st.lists(st.integers(0, 600), max_size=5))
def test_a_stream_is_admitted_as_record_by_record_however_it_is_cut(records: list[Record], cuts: list[int]) -> None:
    """Same verdicts, times, counts, notes, watermark and state, with a restart at every cut."""
    size = len(records)
    whole, state = in_batches(records, [0, size])
    part, state_of_parts = in_batches(records, [0, *sorted(min(cut, size) for cut in cuts), size])
    assert whole == naive(records)
    assert part == whole
    assert state_of_parts == state


@settings(deadline=None, max_examples=15)
@given(streams())
def test_records_one_by_one_are_admitted_as_in_one_batch(records: list[Record]) -> None:
    """The smallest batches there are."""
    size = len(records)
    assert in_batches(records, list(range(size + 1))) == in_batches(records, [0, size])
