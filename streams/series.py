"""The series of a bank: which row a series has, and observations that wait for the watermark."""

from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Floats, Ints
from streams.anomalies import Series

Key = TypeVar("Key", bound=Hashable)

_BLOCK_ROWS = 1024
_LONG_AGO = -(2**62)  # far from overflow when a time is subtracted


class SeriesTable(Generic[Key]):
    """Rows of a bank by a quick key (what an event shows) and the full identity of each row."""

    def __init__(self) -> None:
        self.row_of: dict[Key, int] = {}
        self.series: list[Series] = []
        self.first_ms: list[int] = []
        self._told = 0

    def __len__(self) -> int:
        """Return the number of series."""
        return len(self.series)

    def add(self, key: Key, series: Series, first_ms: int) -> int:
        """Give ``key`` the next row."""
        row = len(self.series)
        self.row_of[key] = row
        self.series.append(series)
        self.first_ms.append(first_ms)
        return row

    def untold(self) -> list[tuple[Series, int]]:
        """Return the series added since the last call, each with its first event time."""
        fresh = list(zip(self.series[self._told :], self.first_ms[self._told :], strict=True))
        self._told = len(self.series)
        return fresh

    def snapshot(self, name: str) -> dict[str, bytes]:
        """Return the table as blocks of rows; all but the last never change."""
        rows = list(zip(self.row_of, self.series, self.first_ms, strict=True))
        return {
            f"{name}/{start // _BLOCK_ROWS}": msgspec.msgpack.encode(rows[start : start + _BLOCK_ROWS])
            for start in range(0, len(rows), _BLOCK_ROWS)
        }

    def restore(self, name: str, blocks: Mapping[str, bytes], key_type: type[Key]) -> None:
        """Fill a fresh table from the blocks of ``snapshot``."""
        number = 0
        while (data := blocks.get(f"{name}/{number}")) is not None:
            for key, series, first_ms in msgspec.msgpack.decode(data, type=list[tuple[key_type, Series, int]]):  # type: ignore[valid-type]  # msgspec builds the decoder from the run-time type
                self.add(key, series, first_ms)
            number += 1
        self._told = len(self.series)


class Columns(msgspec.Struct, frozen=True):
    """Observations in event-time order: rows (n,), times in ms (n,), values (k, n) in the bank's own order."""

    series: Ints
    at_ms: Ints
    local_ms: Ints
    values: Floats


class Pending:
    """Observations not yet passed by the watermark, ordered by event time when they are released.

    An observation that comes behind a watermark already released (its record was written out of ingest order) counts at
    that watermark: nothing is lost, and detectors never see time run backwards.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._parts: list[Columns] = []
        self._least = np.iinfo(np.int64).max
        self._released = _LONG_AGO

    def add(self, columns: Columns) -> None:
        """Keep a batch's observations."""
        if len(columns.series):
            self._parts.append(columns)
            self._least = min(self._least, int(columns.at_ms.min()))

    def release(self, watermark_ms: int) -> Columns | None:
        """Return everything before ``watermark_ms`` in order of time (ties in order of arrival), or None."""
        if self._least >= watermark_ms:
            return None
        whole = _join(self._parts)
        due = whole.at_ms < watermark_ms
        ready = np.flatnonzero(due)
        rest = np.flatnonzero(~due)
        self._parts = []
        self._least = np.iinfo(np.int64).max
        self.add(take(whole, rest))
        ordered = take(whole, ready[np.argsort(whole.at_ms[ready], kind="stable")])
        behind = self._released - ordered.at_ms
        self._released = max(self._released, watermark_ms)
        if behind[0] <= 0:
            return ordered
        shift = np.maximum(behind, 0)
        return Columns(ordered.series, ordered.at_ms + shift, ordered.local_ms + shift, ordered.values)

    def snapshot(self) -> bytes:
        """Return the waiting observations as bytes."""
        whole = _join(self._parts) if self._parts else _empty(self._width)
        return msgspec.msgpack.encode(
            [
                self._released,
                whole.series.tobytes(),
                whole.at_ms.tobytes(),
                whole.local_ms.tobytes(),
                whole.values.tobytes(),
            ]
        )

    def restore(self, data: bytes) -> None:
        """Replace the waiting observations by those of ``snapshot``."""
        parts = msgspec.msgpack.decode(data, type=tuple[int, bytes, bytes, bytes, bytes])
        self._released, series, at_ms, local_ms, values = parts
        self._parts = []
        self._least = np.iinfo(np.int64).max
        self.add(
            Columns(
                np.frombuffer(series, np.int64),
                np.frombuffer(at_ms, np.int64),
                np.frombuffer(local_ms, np.int64),
                np.frombuffer(values, np.float64).reshape(self._width, len(series) // 8),
            )
        )


def _empty(width: int) -> Columns:
    none = np.empty(0, np.int64)
    return Columns(none, none, none, np.empty((width, 0)))


def take(columns: Columns, index: NDArray[np.intp]) -> Columns:
    """Return the observations at ``index``."""
    return Columns(columns.series[index], columns.at_ms[index], columns.local_ms[index], columns.values[:, index])


def _join(parts: list[Columns]) -> Columns:
    if len(parts) == 1:
        return parts[0]
    return Columns(
        np.concatenate([part.series for part in parts]),
        np.concatenate([part.at_ms for part in parts]),
        np.concatenate([part.local_ms for part in parts]),
        np.concatenate([part.values for part in parts], axis=1),
    )
