"""The watermark of one input partition: the event time below which nothing more is expected."""

from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Ints = NDArray[np.int64]

PLAUSIBLE_FROM_MS: Final = 631_152_000_000  # 1990-01-01: Kafka's -1 ("no timestamp") and clocks at zero are below
PLAUSIBLE_TO_MS: Final = 4_102_444_800_000  # 2100-01-01
JUMP_MS: Final = 24 * 3600 * 1000
AGREEING_RECORDS: Final = 16
AGREEING_SPAN_MS: Final = 60_000


class _Records(Struct):
    """What the records alone say. ``head_ms`` is the greatest believed ingest time; the rest awaits belief."""

    head_ms: int | None = None
    doubted: int = 0
    least_ms: int = 0
    greatest_ms: int = 0


class _Wall(Struct):
    """What wall time adds: when the last record arrived, and how far idling has moved the head."""

    arrived_ms: int | None = None
    idle_head_ms: int | None = None


class Watermark:
    """Greatest believed ingest time less the allowed lateness; never goes back.

    A record is believed when its ingest time is between 1990 and 2100 and at most 24 h beyond the greatest so far.
    A longer jump (a weekend without records, or one wrong timestamp) is believed when 16 records in a row have made
    it and span a minute, and only as far as the least of them; one record from before the jump refutes it. The first
    record is believed when the next is within 24 h of it. Punctuation is believed at once. So the head depends on
    the records alone, and neither on wall time nor on how they are cut into batches.

    Parameters
    ----------
    lateness_ms : int
        Allowed lateness, milliseconds >= 0.

    Raises
    ------
    ValueError
        ``lateness_ms`` is negative.

    Examples
    --------
    >>> watermark = Watermark(lateness_ms=60_000)
    >>> watermark.observe(np.array([1_577_836_800_000, 1_577_836_801_000]), now_ms=1_600_000_000_000)
    >>> watermark.value_ms
    1577836741000
    """

    def __init__(self, lateness_ms: int) -> None:
        if lateness_ms < 0:
            raise ValueError(f"lateness_ms must be at least 0, not {lateness_ms}; 0 allows no lateness")
        self._lateness_ms = lateness_ms
        self._records = _Records()
        self._wall = _Wall()

    @property
    def value_ms(self) -> int | None:
        """The watermark, milliseconds since 1970 UTC; None as long as nothing is believed."""
        heads = [head for head in (self._records.head_ms, self._wall.idle_head_ms) if head is not None]
        return max(heads) - self._lateness_ms if heads else None

    def observe(self, ingest_ms: Ints, now_ms: int, trusted: NDArray[np.bool_] | None = None) -> None:
        """Take the ingest times of the next records in.

        Parameters
        ----------
        ingest_ms : (n,) int64, n >= 1
            Kafka timestamps in the order of offsets, milliseconds since 1970 UTC.
        now_ms : int
            Wall time of their arrival; matters to `advance_idle` only.
        trusted : (n,) bool, optional
            Which records are punctuation.
        """
        self._wall.arrived_ms = now_ms
        head = self._records.head_ms
        if head is not None and self._records.doubted == 0 and (trusted is None or not trusted.any()):
            before = np.maximum.accumulate(np.concatenate(([head], ingest_ms)))
            jumps = ingest_ms > before[:-1] + JUMP_MS
            if not jumps.any() and before[-1] < PLAUSIBLE_TO_MS:
                self._records.head_ms = int(before[-1])
                return
        trust = [False] * len(ingest_ms) if trusted is None else trusted.tolist()
        for ingest, is_trusted in zip(ingest_ms.tolist(), trust, strict=True):
            if PLAUSIBLE_FROM_MS <= ingest < PLAUSIBLE_TO_MS:
                self._observe_one(ingest, is_trusted)

    def _observe_one(self, ingest: int, is_trusted: bool) -> None:
        state = self._records
        if state.head_ms is None and not is_trusted:
            if state.doubted and abs(ingest - state.least_ms) <= JUMP_MS:
                self._believe(max(ingest, state.least_ms))
            else:
                state.doubted, state.least_ms, state.greatest_ms = 1, ingest, ingest
            return
        if is_trusted or state.head_ms is None or ingest <= state.head_ms + JUMP_MS:
            self._believe(ingest)
            return
        state.least_ms = min(ingest, state.least_ms) if state.doubted else ingest
        state.greatest_ms = max(ingest, state.greatest_ms) if state.doubted else ingest
        state.doubted += 1
        if state.doubted >= AGREEING_RECORDS and state.greatest_ms - state.least_ms >= AGREEING_SPAN_MS:
            self._believe(state.least_ms)
            if ingest <= state.least_ms + JUMP_MS:
                self._believe(ingest)

    def _believe(self, ingest: int) -> None:
        state = self._records
        state.head_ms = ingest if state.head_ms is None else max(ingest, state.head_ms)
        state.doubted = 0

    def advance_idle(self, now_ms: int) -> int | None:
        """Let the watermark of a partition that is read to its end go on with wall time.

        It moves by the time since the last record arrived, so a paused replay of an old recording stays in the
        past. Records that wait for belief are believed here (a sparse partition may not see 16 of them for hours),
        unless they lie in the future.

        Parameters
        ----------
        now_ms : int
            Wall time, milliseconds since 1970 UTC; may step back, the watermark then stays.

        Returns
        -------
        int or None
            `value_ms`.
        """
        head, doubtful = self._records.head_ms, self._records.least_ms
        if self._records.doubted and doubtful <= now_ms + JUMP_MS:
            head = doubtful if head is None else max(head, doubtful)
        if head is None:
            return self.value_ms
        if self._wall.arrived_ms is None:
            self._wall.arrived_ms = now_ms
        moved = head + max(0, now_ms - self._wall.arrived_ms)
        idle = self._wall.idle_head_ms
        self._wall.idle_head_ms = moved if idle is None else max(idle, moved)
        return self.value_ms

    def snapshot(self) -> dict[str, bytes]:
        """Return two blocks: ``records`` follows from the records alone, ``wall`` depends on when they arrived."""
        return {"records": msgspec.msgpack.encode(self._records), "wall": msgspec.msgpack.encode(self._wall)}

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Take over the state of `snapshot`."""
        self._records = msgspec.msgpack.decode(blocks["records"], type=_Records)
        self._wall = msgspec.msgpack.decode(blocks["wall"], type=_Wall)
