"""Stage 1: from the records of one input partition to anomalies, window counts and the partition's watermark."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from streams.admission import Admission, AdmissionSettings, Admitted
from streams.anomalies import Anomaly, Kind, Message, Series, Watermark, digest, to_record
from streams.banks.bank import Bank, Horizon, Item, Measuring
from streams.clocks import ClockNote
from streams.codec import runs
from streams.heads import Heads
from streams.measures import Measured, together
from streams.records import OutputRecord, RecordBatch
from streams.rejection import dead_letter
from streams.stage import Outcome, Tally
from streams.topics import LATE_EVENTS

_CLOCK_EXPIRES_MS = 30 * 24 * 3_600_000
_TENANT_PART = 2  # of a source /vn/<tenant>/…


class FindSettings(Struct, frozen=True):
    """What stage 1 is told besides its banks."""

    admission: AdmissionSettings


class _Hearing(Struct):
    """What stage 1 heard of its sources (mutable).

    ``heard_ms`` is until when (milliseconds since 1970 UTC), ``ended`` whether the recording they come from is over,
    ``wrong_clocks`` the offset in seconds of each source whose clock is wrong now.
    """

    heard_ms: int = -(2**62)
    ended: bool = False
    wrong_clocks: dict[str, float] = {}


class FindStage:
    """The fold of one partition of a source topic; a `streams.stage.Stage`."""

    def __init__(self, topic: str, partition: int, settings: FindSettings, banks: Mapping[str, Bank]) -> None:
        self._topic = topic
        self._partition = partition
        self._origin = f"/ioc/find/{topic}/{partition}"
        self._admission = Admission(settings.admission)
        self._bank_of = dict(banks)
        self._banks = list(banks.values())
        self._measuring = [bank for bank in self._banks if isinstance(bank, Measuring)]
        self._lateness_ms = settings.admission.allowed_lateness_ms
        self._hearing = _Hearing()
        self._told_ms: int | None = None
        self._told_empty = False

    @property
    def heard_ms(self) -> int | None:
        """Ingest time of the newest accepted event, milliseconds since 1970 UTC; None before the first."""
        heard_ms = self._hearing.heard_ms
        return None if heard_ms < 0 else heard_ms + self._lateness_ms

    def process(self, batch: RecordBatch, now_ms: int) -> Outcome:
        """Decode and read, admit, observe; score what the watermark has passed."""
        heads = Heads()
        for run in runs(batch):
            events = heads.add(run)
            for bank in self._banks:
                bank.read(events)
        admitted = self._admission.admit(batch.timestamps_ms, heads, now_ms)
        outputs = [dead_letter(batch, row, rejected) for row, rejected in admitted.rejected]
        outputs.extend(_late_copy(batch, row) for row in admitted.late)
        for bank in self._banks:
            bank.observe(admitted.kept, admitted.at_ms, admitted.local_ms)
        items: list[Item] = [self._clock_anomaly(note) for note in admitted.notes]
        self._listen(admitted, heads.end_ms)
        items.extend(self._close(admitted.watermark_ms))
        outputs.extend(self._records(items, admitted.watermark_ms, now_ms))
        return Outcome(outputs, _tally(len(batch), admitted, items), admitted.watermark_ms, self._measured())

    def idle(self, now_ms: int) -> Outcome:
        """Let event time go on with the wall clock; an empty partition says so, once."""
        watermark_ms = self._admission.idle(now_ms)
        if watermark_ms is not None and not self._hearing.ended:
            self._hearing.heard_ms = watermark_ms
        items = self._close(watermark_ms)
        outputs = self._records(items, watermark_ms, now_ms)
        return Outcome(outputs, Tally(anomalies=_by_kind(items)), watermark_ms, self._measured())

    def _measured(self) -> Measured:
        return together(bank.measured() for bank in self._measuring)

    def _close(self, watermark_ms: int | None) -> list[Item]:
        if watermark_ms is None:
            return []
        horizon = Horizon(watermark_ms, min(watermark_ms, self._hearing.heard_ms))
        return [item for bank in self._banks for item in bank.close(horizon)]

    def _listen(self, admitted: Admitted, end_ms: int | None) -> None:
        """Note until when sources were heard, and whether the recording they come from has ended."""
        hearing = self._hearing
        if len(admitted.kept):
            latest_ms = int(admitted.ingest_ms.max()) - self._lateness_ms
            hearing.heard_ms = max(hearing.heard_ms, latest_ms)
            hearing.ended = False
        if end_ms is not None:
            hearing.heard_ms = max(hearing.heard_ms, end_ms - self._lateness_ms)
            hearing.ended = True

    def _records(self, items: Sequence[Item], watermark_ms: int | None, now_ms: int) -> list[OutputRecord]:
        messages: list[Message] = list(items)
        if watermark_ms is None:
            news = not self._told_empty
            self._told_empty = True
        else:
            news = self._told_ms is None or watermark_ms > self._told_ms
            self._told_ms = watermark_ms
        if news:
            name = digest("watermark", self._topic, self._partition, str(watermark_ms))
            messages.append(Watermark(id=name, at_ms=watermark_ms, topic=self._topic, partition=self._partition))
        return [to_record(message, self._origin, now_ms) for message in messages]

    def _clock_anomaly(self, note: ClockNote) -> Anomaly:
        wrong = self._hearing.wrong_clocks
        if note.state == "wrong":
            wrong[note.source] = note.offset_s
        offset_s = wrong[note.source] if note.state == "wrong" else wrong.pop(note.source, note.offset_s)
        parts = note.source.split("/")
        tenant = parts[_TENANT_PART] if len(parts) > _TENANT_PART else ""
        series = Series(tenant, "", "source.clock", note.source)
        return Anomaly(
            id=digest("clock", note.source, note.since_ms, note.state),
            at_ms=note.at_ms,
            detector="clock",
            version=1,
            kind=Kind.WRONG_CLOCK,
            series=series,
            start_ms=note.since_ms,
            end_ms=note.at_ms,
            expires_ms=note.at_ms + _CLOCK_EXPIRES_MS,
            open=note.state == "wrong",
            p=1.0,
            observed=offset_s,
            expected=0.0,
        )

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks: admission and banks."""
        blocks = {f"admission/{name}": data for name, data in self._admission.snapshot().items()}
        blocks["hearing"] = msgspec.msgpack.encode(self._hearing)
        for family, bank in self._bank_of.items():
            blocks |= {f"{family}/{name}": data for name, data in bank.snapshot().items()}
        return blocks

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh stage by that of ``snapshot``; a family not watched until now starts cold."""
        self._admission.restore(_under("admission/", blocks))
        self._hearing = msgspec.msgpack.decode(blocks["hearing"], type=_Hearing)
        for family, bank in self._bank_of.items():
            if saved := _under(f"{family}/", blocks):
                bank.restore(saved)


def _under(prefix: str, blocks: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name.removeprefix(prefix): data for name, data in blocks.items() if name.startswith(prefix)}


def _late_copy(batch: RecordBatch, row: int) -> OutputRecord:
    """Return a late record as it came, with its origin as a header."""
    origin = f"{batch.topic}/{batch.partition}/{batch.offsets[row]}".encode()
    headers = (*batch.headers[row], ("ioc-origin", origin))
    return OutputRecord(
        LATE_EVENTS, batch.keys[row] or b"", batch.values[row] or b"", headers, batch.timestamps_ms[row]
    )


def _tally(records: int, admitted: Admitted, items: Sequence[Item]) -> Tally:
    noted = Counter({"clock_skew": admitted.skewed, "suspect_clock": int(admitted.suspect.sum())})
    noted["sequence_gap"] = admitted.missing
    noted["unrecognised_value"] = admitted.unrecognised
    return Tally(
        records=records,
        accepted=admitted.accepted,
        duplicate=len(admitted.duplicate),
        late=len(admitted.late),
        dead_lettered=dict(Counter(rejected.reason.value for _, rejected in admitted.rejected)),
        noted={name: count for name, count in noted.items() if count},
        anomalies=_by_kind(items),
    )


def _by_kind(items: Sequence[Item]) -> dict[str, int]:
    return dict(Counter(f"{item.kind.value}/{item.detector}" for item in items if isinstance(item, Anomaly)))
