"""Admission, between decoding and observing: which events count, at which time, and what became of the others."""

from collections.abc import Mapping
from typing import Final, NamedTuple, TypeVar

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.clocks import ClockNote, Clocks, ClockSettings
from streams.dedupe import Dedupe
from streams.heads import Heads
from streams.rejection import Reason, Rejected
from streams.sequences import Sequences
from streams.times import local_ms, parse_rfc3339
from streams.watermark import Watermark

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
_T = TypeVar("_T")

TIME_FROM_MS: Final = 946_684_800_000  # 2000-01-01
TIME_TO_MS: Final = 4_102_444_800_000  # 2100-01-01
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

    The columns have one row per event that is to be observed, in the order of records. Punctuation is among the
    accepted records, but not among the events.

    Attributes
    ----------
    kept : (n,) int64
        The place of each event among those of the `Heads`.
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
    unrecognised : int
        Values from outside their closed sets.
    notes : list of ClockNote
        Clocks that proved wrong, or right again, in the order of records.
    watermark_ms : int or None
        The watermark behind the batch.
    """

    kept: Ints
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
    unrecognised: int
    notes: list[ClockNote]
    watermark_ms: int | None

    @property
    def accepted(self) -> int:
        """Number of accepted records: events and punctuation."""
        return len(self.kept) + self.punctuations


class _Pending(NamedTuple):
    """Events that are neither refused nor put aside yet, in columns; ``kept`` is their place among the heads."""

    kept: Ints
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
            self.kept[mask],
            self.rows[mask],
            self.ingest_ms[mask],
            self.at_ms[mask],
            self.offset_min[mask],
            self.suspect[mask],
        )

    def of(self, column: list[_T]) -> list[_T]:
        """Return a column of the heads as far as it is of these events."""
        return column if len(column) == len(self.kept) else [column[at] for at in self.kept.tolist()]


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

    def admit(self, timestamps_ms: list[int], heads: Heads, now_ms: int) -> Admitted:
        """Decide on the next records.

        Parameters
        ----------
        timestamps_ms : list of n int
            Ingest times of the records, milliseconds since 1970 UTC.
        heads : Heads
            What is known of each of these records.
        now_ms : int
            Wall time of arrival, for `idle` only.

        Raises
        ------
        ValueError
            ``heads`` doesn't have one entry per record.
        """
        if heads.records != len(timestamps_ms):
            raise ValueError(f"heads must have one entry per record, {len(timestamps_ms)}, not {heads.records}")
        ingest_ms = np.fromiter(timestamps_ms, np.int64, len(timestamps_ms))
        rejected = heads.rejected.copy()
        self._watermark.observe(ingest_ms, now_ms, heads.trusted)
        skewed, pending, notes = self._clock(_timed(heads, ingest_ms, rejected), heads, rejected)
        first = self._dedupe.first(heads.hashes[pending.kept], pending.ingest_ms)
        duplicate = pending.rows[~first].tolist()
        pending = pending.where(first)
        missing = self._missing(pending, heads)
        is_late = pending.ingest_ms - pending.at_ms > self._settings.allowed_lateness_ms  # never of a suspect event
        late = pending.rows[is_late].tolist()
        pending = pending.where(~is_late)
        return Admitted(
            kept=pending.kept,
            rows=pending.rows,
            at_ms=pending.at_ms,
            local_ms=local_ms(pending.at_ms, pending.offset_min, self._settings.site_offset_min),
            ingest_ms=pending.ingest_ms,
            suspect=pending.suspect,
            late=late,
            duplicate=duplicate,
            rejected=sorted(rejected, key=_row),
            punctuations=len(heads.punctuations),
            skewed=skewed,
            missing=missing,
            unrecognised=_of_kept(heads.unrecognised, pending.kept),
            notes=notes,
            watermark_ms=self._watermark.value_ms,
        )

    def _clock(
        self, pending: _Pending, heads: Heads, rejected: list[tuple[int, Rejected]]
    ) -> tuple[int, _Pending, list[ClockNote]]:
        """Read suspect events at ingest time, and refuse what is out of limits then."""
        offset_ms = pending.ingest_ms - pending.at_ms
        suspect, notes = self._clocks.judge(pending.of(heads.sources), pending.ingest_ms, offset_ms)
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

    def _missing(self, pending: _Pending, heads: Heads) -> int:
        if heads.sequences.count(None) == len(heads.sequences):
            return 0
        return self._sequences.missing(pending.of(heads.sources), pending.of(heads.sequences))

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


def _of_kept(counts: list[tuple[int, int]], kept: Ints) -> int:
    """Return the sum of the counts whose place was kept."""
    if not counts:
        return 0
    places = set(kept.tolist())
    return sum(count for place, count in counts if place in places)


def _timed(heads: Heads, ingest_ms: Ints, rejected: list[tuple[int, Rejected]]) -> _Pending:
    """Read the times, and refuse what has none."""
    at_ms, offset_min, valid = parse_rfc3339(heads.times)
    rows = heads.rows
    _reject(rows[~valid], Reason.BAD_TIME, "time: RFC 3339 with an offset expected", rejected)
    suspect = np.zeros(len(rows), np.bool_)
    return _Pending(np.arange(len(rows)), rows, ingest_ms[rows], at_ms, offset_min, suspect).where(valid)


def _reject(rows: Ints, reason: Reason, detail: str, rejected: list[tuple[int, Rejected]]) -> None:
    if len(rows):
        verdict = Rejected(reason, detail)
        rejected.extend((row, verdict) for row in rows.tolist())
