"""Event times: RFC 3339 texts of a whole batch become milliseconds since 1970 UTC and offsets from UTC."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

_DATE_TIME: Final = 19  # characters of YYYY-MM-DDTHH:MM:SS
_DIGITS: Final = (0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18)
_MARKS: Final = ((4, "-"), (7, "-"), (13, ":"), (16, ":"))
_FRACTION_DIGITS: Final = 9
_ZULU_LENGTHS: Final = frozenset({20, *range(22, 22 + _FRACTION_DIGITS)})
_OFFSET_LENGTHS: Final = frozenset({25, *range(27, 27 + _FRACTION_DIGITS)})
_MONTH_DAYS: Final = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LOWER: Final = 0x20  # the bit that makes an ASCII letter lower-case
_DAY_MIN: Final = 24 * 60
_MIN_MS: Final = 60_000
_LEAP_SECOND: Final = 60
_FEBRUARY: Final = 2
_RARE: Final = re.compile(r"[0-9:-]{10}[Tt][0-9:]{8}(?:\.([0-9]+))?(?:[Zz]|[+-][0-9:]{5})")


class ParsedTimes(NamedTuple):
    """Times of n texts, in their order.

    Attributes
    ----------
    at_ms : (n,) int64
        Milliseconds since 1970 UTC, fractions of a millisecond cut off; 0 where invalid.
    offset_min : (n,) int16
        Offset of the writer's wall clock from UTC in minutes, -1439..1439; 0 for ``Z`` and where invalid.
    valid : (n,) bool
        Whether the text is an RFC 3339 time with an offset.
    """

    at_ms: Ints
    offset_min: NDArray[np.int16]
    valid: NDArray[np.bool_]


def parse_rfc3339(texts: Sequence[str]) -> ParsedTimes:
    """Parse the times of a batch; strict, and without work per text for up to nine digits of a second's fraction.

    Years 0001 to 9999, ``T`` and ``Z`` in either case, offsets from -23:59 to +23:59. A time without offset, with
    a space for ``T``, or on a day that doesn't exist is invalid. A leap second (``:60`` at 23:59 UTC) is read as
    the last millisecond before it ends, so that it stays in its minute; elsewhere ``:60`` is invalid.

    Parameters
    ----------
    texts : sequence of n str
        The texts as they came.

    Returns
    -------
    ParsedTimes
        Columns of n rows.

    Examples
    --------
    >>> times = parse_rfc3339(["2025-07-01T07:30:00+07:00", "2025-07-01T00:30:00.25Z", "2025-07-01T00:30:00"])
    >>> times.at_ms.tolist(), times.offset_min.tolist(), times.valid.tolist()
    ([1751329800000, 1751329800250, 0], [420, 0, 0], [True, True, False])
    """
    lengths = set(map(len, texts))
    if len(lengths) == 1:
        return _of_one_length(texts, lengths.pop())
    size = len(texts)
    at_ms, offset_min, valid = _nothing(size)
    length_of = np.fromiter(map(len, texts), np.int64, size)
    for length in lengths:
        rows = np.flatnonzero(length_of == length)
        part = _of_one_length([texts[row] for row in rows.tolist()], length)
        at_ms[rows], offset_min[rows], valid[rows] = part
    return ParsedTimes(at_ms, offset_min, valid)


def local_ms(at_ms: Ints, offset_min: NDArray[np.int16], site_offset_min: int) -> Ints:
    """Return the wall clock of each instant: the writer's own, or the site's where the writer gave UTC.

    Parameters
    ----------
    at_ms : (n,) int64
        Milliseconds since 1970 UTC.
    offset_min : (n,) int16
        The writer's offset in minutes; 0 says that it wrote UTC, which is nobody's wall clock here.
    site_offset_min : int
        Offset of the site's time zone in minutes (Viet Nam: 420, without daylight saving).

    Examples
    --------
    >>> local_ms(np.array([0, 0]), np.array([60, 0], np.int16), 420).tolist()
    [3600000, 25200000]
    """
    offset = offset_min.astype(np.int64)
    offset[offset == 0] = site_offset_min
    return at_ms + offset * _MIN_MS


def _nothing(size: int) -> ParsedTimes:
    return ParsedTimes(np.zeros(size, np.int64), np.zeros(size, np.int16), np.zeros(size, np.bool_))


def _of_one_length(texts: Sequence[str], length: int) -> ParsedTimes:
    zulu_possible, offset_possible = length in _ZULU_LENGTHS, length in _OFFSET_LENGTHS
    joined = "".join(texts)
    if not (zulu_possible or offset_possible) or not joined.isascii():
        return _rare(texts)
    # one contiguous row per character position: every step below is then a pass over n bytes
    columns = np.ascontiguousarray(np.frombuffer(joined.encode(), np.uint8).reshape(len(texts), length).T)
    zulu = columns[-1] | _LOWER == ord("z")
    if not zulu.any():
        return _parse(columns, zulu=False) if offset_possible else _rare(texts)
    if zulu.all():
        return _parse(columns, zulu=True) if zulu_possible else _rare(texts)
    if not (zulu_possible and offset_possible):
        return _rare(texts)
    times = _nothing(len(texts))
    for mask, kind in ((zulu, True), (~zulu, False)):
        part = _parse(np.ascontiguousarray(columns[:, mask]), zulu=kind)
        times.at_ms[mask], times.offset_min[mask], times.valid[mask] = part
    return times


def _parse(columns: Bytes, *, zulu: bool) -> ParsedTimes:
    """Parse n texts of one length and one form, given as (length, n) characters."""
    end = len(columns) - (1 if zulu else 6)
    digits = columns[[*_DIGITS, *range(_DATE_TIME + 1, end)]] - ord("0")  # uint8: what is below "0" wraps above 9
    valid = digits.max(axis=0) <= 9  # noqa: PLR2004 - the greatest digit
    for row, mark in _MARKS:
        valid &= columns[row] == ord(mark)
    valid &= columns[10] | _LOWER == ord("t")
    if end > _DATE_TIME:
        valid &= columns[_DATE_TIME] == ord(".")
    offset = np.zeros(columns.shape[1], np.int16) if zulu else _offset(columns[end:], valid)
    year = _pair(digits, 0).astype(np.int32) * 100 + _pair(digits, 2)
    minutes = _days(year, _pair(digits, 4), _pair(digits, 6), valid) * _DAY_MIN
    hour, minute, second = _pair(digits, 8), _pair(digits, 10), _pair(digits, 12)
    valid &= (hour < 24) & (minute < 60) & (second <= _LEAP_SECOND)  # noqa: PLR2004 - hours of a day, minutes
    minutes += hour.astype(np.int64) * 60 + minute - offset
    within = _milliseconds(second, digits[len(_DIGITS) :])
    leap = second == _LEAP_SECOND
    if leap.any():
        valid &= ~leap | (minutes % _DAY_MIN == _DAY_MIN - 1)
        within[leap] = _MIN_MS - 1
    at_ms = minutes * _MIN_MS + within
    if not valid.all():
        at_ms[~valid] = 0
        offset[~valid] = 0
    return ParsedTimes(at_ms, offset, valid)


def _pair(digits: Bytes, row: int) -> Bytes:
    value: Bytes = digits[row] * np.uint8(10) + digits[row + 1]
    return value


def _offset(columns: Bytes, valid: NDArray[np.bool_]) -> NDArray[np.int16]:
    """Read ±HH:MM from (6, n) characters, and clear ``valid`` where it is none."""
    digits = columns[[1, 2, 4, 5]] - ord("0")
    hours, minutes = _pair(digits, 0), _pair(digits, 2)
    negative = columns[0] == ord("-")
    valid &= (negative | (columns[0] == ord("+"))) & (columns[3] == ord(":"))
    valid &= (digits.max(axis=0) <= 9) & (hours < 24) & (minutes < 60)  # noqa: PLR2004 - digits, hours, minutes
    offset = hours.astype(np.int16) * np.int16(60) + minutes
    return np.where(negative, -offset, offset)


def _days(year: NDArray[np.int32], month: Bytes, day: Bytes, valid: NDArray[np.bool_]) -> Ints:
    """Count days since 1970 in the Gregorian calendar, and clear ``valid`` where there is no such day."""
    known = np.minimum(month, 12)  # any month serves where it is invalid anyway
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    length = np.array(_MONTH_DAYS, np.uint8)[known] + (leap & (month == _FEBRUARY))
    valid &= (year > 0) & (month > 0) & (month == known) & (day > 0) & (day <= length)
    past = year - 1
    starts = np.concatenate(([0], np.cumsum((0, *_MONTH_DAYS[1:12])))).astype(np.int32)
    of_year = starts[known] + (leap & (month > _FEBRUARY)) + day
    days: Ints = (past * 365 + past // 4 - past // 100 + past // 400 + of_year - 719_163).astype(np.int64)
    return days


def _milliseconds(second: Bytes, fraction: Bytes) -> Ints:
    """Return milliseconds within the minute; digits after the third are cut off."""
    total = second.astype(np.int64) * 1000
    for row, weight in zip(fraction, (100, 10, 1), strict=False):
        total += row.astype(np.int64) * weight
    return total


def _rare(texts: Sequence[str]) -> ParsedTimes:
    """Parse rare forms (more than nine digits of fraction, or a neighbour that isn't ASCII), cut to milliseconds."""
    times = _nothing(len(texts))
    rows, cut = [], []
    for row, text in enumerate(texts):
        match = _RARE.fullmatch(text)
        if match is not None:
            rows.append(row)
            cut.append(text if match[1] is None else text[: match.start(1)] + match[1][:3] + text[match.end(1) :])
    if rows:
        times.at_ms[rows], times.offset_min[rows], times.valid[rows] = parse_rfc3339(cut)
    return times
