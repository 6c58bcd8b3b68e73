"""Moves events in time: adds one offset to the date-times of their text, so that an old recording is as of now."""

import re
from datetime import datetime, timedelta
from functools import lru_cache

from streams.records import Headers

_ENVELOPE = ("time", "recordedtime", "expirytime")
_DATA = (
    "start_time",
    "end_time",
    "reset_time",
    "requested_datetime",
    "updated_datetime",
    "expected_datetime",
    "extension_until",
    "issued_at",
    "called_at",
    "served_at",
    "received_at",
    "due_at",
)
_NAMES = frozenset(name.encode() for name in (*_ENVELOPE, *_DATA))
# From the quote that ends a name to the end of the date-time behind it. In a JSON text this is never part of a string:
# there, quotes are escaped. Looking for the date and then back at the name is several times as fast as the reverse.
_DATED = re.compile(rb'"(\s*:\s*)"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d[^"\\]{0,20})"')
_HEADERS = frozenset(f"ce_{name}" for name in _ENVELOPE)


class Shift:
    """One offset in milliseconds, for all of a recording.

    Examples
    --------
    >>> Shift(86_400_000).value(b'{"id":"a","time":"2026-03-02T07:00:00+07:00","data":{"count":3}}')
    b'{"id":"a","time":"2026-03-03T07:00:00+07:00","data":{"count":3}}'
    """

    def __init__(self, offset_ms: int) -> None:
        self.offset_ms = offset_ms

    def value(self, value: bytes | None) -> bytes | None:
        """Return an event with its date-times moved; all else, bytes that are no event included, stays as it is."""
        if value is None or self.offset_ms == 0:
            return value
        return _DATED.sub(self._replaced, value)

    def headers(self, headers: Headers) -> Headers:
        """Return headers with those that carry the times of an event in binary mode moved."""
        if self.offset_ms == 0 or not any(name in _HEADERS for name, _ in headers):
            return headers
        return tuple((name, _moved(value, self.offset_ms) if name in _HEADERS else value) for name, value in headers)

    def _replaced(self, match: re.Match[bytes]) -> bytes:
        text, end = match.string, match.start()
        start = text.rfind(b'"', 0, end) + 1
        if text[start:end] not in _NAMES or text[start - 2 : start - 1] == b"\\":
            return match[0]
        return b'"%s"%s"' % (match[1], _moved(match[2], self.offset_ms))


@lru_cache(maxsize=65536)
def _moved(text: bytes, offset_ms: int) -> bytes:
    """Return a date-time moved, with the UTC offset and at least the precision that it had; what is none stays."""
    try:
        then = datetime.fromisoformat(text.decode())
        moved = then + timedelta(milliseconds=offset_ms)
    except (ValueError, OverflowError, UnicodeDecodeError):
        return text
    precise = moved.microsecond != 0
    told = moved.isoformat(timespec="milliseconds" if precise else "seconds")
    return (told.removesuffix("+00:00") + "Z" if text[-1:] in b"zZ" else told).encode()
