"""Admission, between decoding and observing: which events count, at which time, and what became of the others."""

from collections.abc import Mapping
from typing import Final, NamedTuple, cast

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.clocks import ClockNote, Clocks, ClockSettings
from streams.dedupe import Dedupe, event_hashes
from streams.events import Event, Punctuation
from streams.records import RecordBatch
from streams.rejection import Reason, Rejected
from streams.sequences import Sequences
from streams.times import local_ms, parse_rfc3339
from streams.watermark import Watermark

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

TIME_FROM_MS: Final = 946_684_800_000  # 2000-01-01
TIME_TO_MS: Final = 4_102_444_800_000  # 2100-01-01
_SET_ASIDE: Final = frozenset({Rejected, Punctuation})
_PARTS: Final = ("clocks", "dedupe", "sequences", "watermark")


class AdmissionSettings(Struct, frozen=True):
    """Limits of one input partition. Durations in milliseconds, offsets in minutes.

    ``site_offset_min`` is the site's offset from UTC (Viet Nam: 420). Events more than ``skew_ms`` ahead of their
    ingest time are counted as skewed, those more than ``max_ahead_ms`` ahead are refused.
    """

    allowed_lateness_ms: int = 900_000
    skew_ms: int = 60_000
    max_ahead_ms: int = 600_000
    site_offset_min: int = 420
    dedupe_capacity: int = 1 << 21
    dedupe_horizon_ms: int = 3600 * 1000


class Admitted(Struct, frozen=True):
    """What became of a batch: ``records == accepted + duplicate + late + rejected``, exactly.

    The columns have one row per event of ``events``, in the order of records. Punctuation is among the accepted
    records, but not among the events.

    Attributes
    ----------
    events : list of n Event
        What is to be observed; not to be changed, it may be the decoded list itself.
    rows : (n,) int64
        Where each event stands in the batch.
    at_ms, local_ms, ingest_ms : (n,) int64
        Event time, the same on the source's wall clock, and ingest time. Of a suspect event the ingest time is the
        event time.
    suspect : (n,) bool
        The source's clock is steadily wrong: quality is `suspect`.
    late, duplicate : list of int
        Rows of the batch, ascending.
    rejected : list of (int, Rejected)
        Rows of the batch, ascending, and why: by the codec or here.
    punctuations : int
        Accepted records that carry no event.
    skewed : int
        Records with a valid time more than ``skew_ms`` after their ingest, whatever became of them.
    missing : int
        Numbers that sources skipped in their ``sequence``.
    notes : list of ClockNote
        Clocks that proved wrong, or right again, in the order of records.
    watermark_ms : int or None
        The watermark behind the batch.
    """

    events: list[Event]
    rows: Ints
    at_ms: Ints
    local_ms: Ints
    ingest_ms: Ints
    suspect: Mask
    late: list[int]
    duplicate: list[int]
    rejected: list[tuple[int, Rejected]]
    punctuations: int
    skewed: int
    missing: int
    notes: list[ClockNote]
    watermark_ms: int | None

    @property
    def accepted(self) -> int:
        """Number of accepted records: events and punctuation."""
        return len(self.events) + self.punctuations


class _Pending(NamedTuple):
    """Events that are neither refused nor put aside yet, in columns."""

    events: list[Event]
    rows: Ints
    ingest_ms: Ints
    at_ms: Ints
    offset_min: NDArray[np.int16]
    suspect: Mask

    def where(self, mask: Mask) -> "_Pending":
        """Return the rows where ``mask`` is set; itself if it is everywhere."""
        if mask.all():
            return self
        return _Pending(
            [self.events[row] for row in np.flatnonzero(mask).tolist()],
            self.rows[mask],
            self.ingest_ms[mask],
            self.at_ms[mask],
            self.offset_min[mask],
            self.suspect[mask],
        )


class Admission:
    """The admission of one input partition and its state.

    Decisions in this order: refused by the codec; time that can't be read; the source's clock; time out of limits;
    duplicate; late. Duplicates come before lateness, so that the repeat of an accepted event is a duplicate however
    late it comes; a late event is remembered too, and its repeat is a duplicate. What is refused isn't remembered,
    so that it can be put back once mended. Every verdict depends on the records up to this one alone, not on how
    they are cut into batches.

    Parameters
    ----------
    settings : AdmissionSettings
        Limits.

    Raises
    ------
    ValueError
        A limit is out of range, or ids are remembered for less than the allowed lateness.
    """

    def __init__(self, settings: AdmissionSettings) -> None:
        if settings.dedupe_horizon_ms < settings.allowed_lateness_ms:
            raise ValueError(
                f"dedupe_horizon_ms must be at least allowed_lateness_ms, {settings.allowed_lateness_ms}, not "
                f"{settings.dedupe_horizon_ms}: a repeat would be taken for a new event"
            )
        if settings.max_ahead_ms < settings.skew_ms:
            raise ValueError(f"max_ahead_ms must be at least skew_ms, {settings.skew_ms}, not {settings.max_ahead_ms}")
        if not -24 * 60 < settings.site_offset_min < 24 * 60:
            raise ValueError(f"site_offset_min must lie in -1439..1439, not {settings.site_offset_min}; +07:00 is 420")
        self._settings = settings
        self._watermark = Watermark(settings.allowed_lateness_ms)
        self._clocks = Clocks(ClockSettings(behind_ms=settings.allowed_lateness_ms, ahead_ms=settings.skew_ms))
        self._dedupe = Dedupe(settings.dedupe_capacity, settings.dedupe_horizon_ms)
        self._sequences = Sequences()

    @property
    def watermark_ms(self) -> int | None:
        """The watermark, milliseconds since 1970 UTC; None as long as nothing is known."""
        return self._watermark.value_ms

    def idle(self, now_ms: int) -> int | None:
        """Let the watermark of a partition that is read to its end go on with wall time, and return it."""
        return self._watermark.advance_idle(now_ms)

    def admit(self, batch: RecordBatch, decoded: list[Event | Rejected], now_ms: int) -> Admitted:
        """Decide on the next records.

        Parameters
        ----------
        batch : RecordBatch
            The records, n of them.
        decoded : list of n Event or Rejected
            What the codec made of each.
        now_ms : int
            Wall time of arrival, for `idle` only.

        Raises
        ------
        ValueError
            ``decoded`` hasn't one entry per record.
        """
        if len(decoded) != len(batch):
            raise ValueError(f"decoded must have one entry per record, {len(batch)}, not {len(decoded)}")
        ingest_ms = np.fromiter(batch.timestamps_ms, np.int64, len(batch))
        events, rows, rejected, trusted = _sort_out(decoded)
        self._watermark.observe(ingest_ms, now_ms, trusted)
        pending = _timed(events, rows, ingest_ms if rows is None else ingest_ms[rows], rejected)
        skewed, pending, notes = self._clock(pending, rejected)
        first = self._first(pending)
        duplicate = pending.rows[~first].tolist()
        pending = pending.where(first)
        missing = self._missing(pending)
        is_late = pending.ingest_ms - pending.at_ms > self._settings.allowed_lateness_ms  # never of a suspect event
        late = pending.rows[is_late].tolist()
        pending = pending.where(~is_late)
        return Admitted(
            events=pending.events,
            rows=pending.rows,
            at_ms=pending.at_ms,
            local_ms=local_ms(pending.at_ms, pending.offset_min, self._settings.site_offset_min),
            ingest_ms=pending.ingest_ms,
            suspect=pending.suspect,
            late=late,
            duplicate=duplicate,
            rejected=sorted(rejected, key=_row),
            punctuations=0 if trusted is None else int(np.count_nonzero(trusted)),
            skewed=skewed,
            missing=missing,
            notes=notes,
            watermark_ms=self._watermark.value_ms,
        )

    def _clock(self, pending: _Pending, rejected: list[tuple[int, Rejected]]) -> tuple[int, _Pending, list[ClockNote]]:
        """Read suspect events at ingest time, and refuse what is out of limits then."""
        offset_ms = pending.ingest_ms - pending.at_ms
        sources = [event.source for event in pending.events]
        suspect, notes = self._clocks.judge(sources, pending.ingest_ms, offset_ms)
        skewed = int(np.count_nonzero(offset_ms < -self._settings.skew_ms))
        at_ms = np.where(suspect, pending.ingest_ms, pending.at_ms) if suspect.any() else pending.at_ms
        before = at_ms < TIME_FROM_MS
        after = at_ms >= TIME_TO_MS
        ahead = ~suspect & (offset_ms < -self._settings.max_ahead_ms)
        pending = pending._replace(at_ms=at_ms, suspect=suspect)
        _reject(pending.rows[before], Reason.TIME_BEFORE_LIMIT, "time: before the year 2000", rejected)
        _reject(pending.rows[after], Reason.TIME_AFTER_LIMIT, "time: after the year 2099", rejected)
        detail = f"time: more than {self._settings.max_ahead_ms // 1000} s after the record's timestamp"
        _reject(pending.rows[ahead & ~after & ~before], Reason.TIME_AFTER_LIMIT, detail, rejected)
        return skewed, pending.where(~(before | after | ahead)), notes

    def _first(self, pending: _Pending) -> Mask:
        sources = [event.source for event in pending.events]
        hashes = event_hashes(sources, [event.id for event in pending.events])
        return self._dedupe.first(hashes, pending.ingest_ms)

    def _missing(self, pending: _Pending) -> int:
        numbers = [event.sequence for event in pending.events]
        if numbers.count(None) == len(numbers):
            return 0
        return self._sequences.missing([event.source for event in pending.events], numbers)

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as blocks ``part/name``; all but ``watermark/wall`` follow from the records alone."""
        parts = {
            "clocks": self._clocks.snapshot(),
            "dedupe": self._dedupe.snapshot(),
            "sequences": self._sequences.snapshot(),
            "watermark": self._watermark.snapshot(),
        }
        return {f"{prefix}/{name}": block for prefix, part in parts.items() for name, block in part.items()}

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Take over the state of `snapshot`; blocks of other names are left alone.

        Raises
        ------
        ValueError
            A block is missing, or was written with other settings.
        """
        parts: dict[str, dict[str, bytes]] = {prefix: {} for prefix in _PARTS}
        for name, block in blocks.items():
            prefix, _, rest = name.partition("/")
            if prefix in parts:
                parts[prefix][rest] = block
        try:
            self._clocks.restore(parts["clocks"])
            self._dedupe.restore(parts["dedupe"])
            self._sequences.restore(parts["sequences"])
            self._watermark.restore(parts["watermark"])
        except KeyError as error:
            raise ValueError(f"snapshot: block {error} of the admission is missing; start without it") from None


def _row(entry: tuple[int, Rejected]) -> int:
    return entry[0]


def _sort_out(
    decoded: list[Event | Rejected],
) -> tuple[list[Event], Ints | None, list[tuple[int, Rejected]], Mask | None]:
    """Part events from rejects and punctuation: events, their rows (None: all), rejects, mask of punctuation."""
    if _SET_ASIDE.isdisjoint(map(type, decoded)):
        return cast("list[Event]", decoded), None, [], None
    events: list[Event] = [item for item in decoded if not isinstance(item, (Rejected, Punctuation))]
    rejected = [(row, item) for row, item in enumerate(decoded) if isinstance(item, Rejected)]
    trusted = np.fromiter((isinstance(item, Punctuation) for item in decoded), np.bool_, len(decoded))
    is_event = ~trusted
    is_event[[row for row, _ in rejected]] = False
    return events, np.flatnonzero(is_event).astype(np.int64), rejected, trusted if trusted.any() else None


def _timed(events: list[Event], rows: Ints | None, ingest_ms: Ints, rejected: list[tuple[int, Rejected]]) -> _Pending:
    """Read the times, and refuse what has none."""
    at_ms, offset_min, valid = parse_rfc3339([event.time for event in events])
    rows = np.arange(len(events)) if rows is None else rows
    _reject(rows[~valid], Reason.BAD_TIME, "time: RFC 3339 with an offset expected", rejected)
    suspect = np.zeros(len(events), np.bool_)
    return _Pending(events, rows, ingest_ms, at_ms, offset_min, suspect).where(valid)


def _reject(rows: Ints, reason: Reason, detail: str, rejected: list[tuple[int, Rejected]]) -> None:
    if len(rows):
        verdict = Rejected(reason, detail)
        rejected.extend((row, verdict) for row in rows.tolist())
