"""From Kafka records to events and back: the input defence up to the record key, a batch at a time."""

import re
from collections.abc import Iterator
from itertools import chain
from typing import cast

import msgspec
import numpy as np

from streams import binarymode
from streams.binarymode import Mode
from streams.envelope import MAX_EVENT_BYTES
from streams.events import KEY_FIELD, TYPES_OF_TOPIC, Event, Punctuation, data_keys
from streams.events.consistency import contradictions
from streams.records import Headers, RecordBatch
from streams.rejection import Reason, Rejected

STRUCTURED_HEADERS: Headers = (("content-type", b"application/cloudevents+json; charset=UTF-8"),)

Decoded = Event | Rejected
Faults = Iterator[tuple[int, Rejected]]

_decode_one = msgspec.json.Decoder(Event).decode
_encode = msgspec.json.Encoder().encode

MAX_DEPTH = 384

_LAST_ASCII = 127
_BRACE_BIT = 0x20  # tells { from [
_CLOSING_BIT = 0x04  # tells } from { and ] from [
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_RUN = 512  # records that are parsed, checked and read at a time
_TOO_DEEP = Rejected(Reason.TOO_DEEP, f"at most {MAX_DEPTH} levels of objects and arrays")
_NUMBER_BOUNDS = ("Number out of range", *(f"Expected `{kind}` {sign}" for kind in ("int", "float") for sign in "<>"))

_BAD_INPUT = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""All that bytes can make the decoder raise; anything else is a bug and goes through."""


def decode(batch: RecordBatch) -> list[Decoded]:
    """Return the event in every record of a batch, or why it has none, in the records' order.

    What is checked, in this order: there is a value of at most 64 KiB, nested at most 384 levels; it is JSON of a known
    event type and every field that the type knows has its type and bounds; all of it is UTF-8; the type belongs on the
    topic; codes are digits; fields don't contradict each other; the record key is what the data say. The time window is
    not checked here, nor is `time` parsed.

    Parameters
    ----------
    batch
        Records of one partition, in structured or binary mode, also mixed.

    Returns
    -------
    list
        One `Event` or `Rejected` per record. Nothing in the records can make this raise.

    Examples
    --------
    >>> batch = RecordBatch("ioc.telemetry", 0, [7], [0], [b"bts-1"], [b"{}"], [STRUCTURED_HEADERS])
    >>> decode(batch)
    [Rejected(reason=<Reason.SCHEMA: 'schema'>, detail='Object missing required field `type`')]
    """
    return list(chain.from_iterable(runs(batch)))


def runs(batch: RecordBatch) -> Iterator[list[Decoded]]:
    """Yield what `decode` returns in runs of at most 512 records.

    A run stays in the processor's cache: what is read from its events before the next one is decoded, and events that
    are freed before it, cost half as much as in a whole batch of eight thousand.
    """
    for start in range(0, len(batch), _RUN):
        run = slice(start, start + _RUN)
        yield _decode_run(batch.topic, batch.headers[run], batch.keys[run], batch.values[run])


def decode_structured(value: bytes) -> Event:
    """Return the event in a value in structured mode, checked for its schema only.

    Raises
    ------
    msgspec.DecodeError
        It is no JSON or not of the schema.
    """
    event: Event = _decode_one(value)
    return event


def encode(event: Event) -> bytes:
    """Return the event in structured mode; its headers are `STRUCTURED_HEADERS`, its key `events.record_key`."""
    return _encode(event)


def encode_binary(event: Event) -> tuple[Headers, bytes]:
    """Return the event in binary mode: `ce_…` headers and the data alone as value."""
    return binarymode.encode(event)


def _decode_run(topic: str, headers: list[Headers], keys: list[bytes | None], raw: list[bytes | None]) -> list[Decoded]:
    values, refused = _within_size(raw)
    modes = {header: binarymode.mode(header) for header in set(headers)}
    if all(mode is Mode.STRUCTURED for mode in modes.values()):
        found = _parse(values, refused)
    else:
        found = _parse_mixed(headers, values, refused, modes)
    joined = b"\n".join(values)  # no UTF-8 sequence can span a newline: the whole is good exactly if every part is
    _refuse_deep(found, values, joined)
    _refuse_bad_text(found, values, joined)
    _check(topic, found, keys)
    return found


def _within_size(values: list[bytes | None]) -> tuple[list[bytes], dict[int, Rejected]]:
    """Replace what must not be parsed by nothing, and say why."""
    try:
        if max(map(len, values)) <= MAX_EVENT_BYTES:  # type: ignore[arg-type]  # None raises, which is handled
            return values, {}  # type: ignore[return-value]  # and here there is none
    except TypeError:
        pass
    refused = {}
    for row, value in enumerate(values):
        if value is None:
            refused[row] = Rejected(Reason.TOMBSTONE, "a value is required, got null")
        elif len(value) > MAX_EVENT_BYTES:
            refused[row] = Rejected(Reason.TOO_LARGE, f"at most {MAX_EVENT_BYTES} bytes, got {len(value)}")
    return [b"" if value is None or row in refused else value for row, value in enumerate(values)], refused


def _parse(values: list[bytes], refused: dict[int, Rejected]) -> list[Decoded]:
    found: list[Decoded] = []
    rest = map(_decode_one, values)
    while True:
        try:
            found.extend(rest)
        except _BAD_INPUT as error:  # what came before is in the list, and the iterator stands behind the bad value
            row = len(found)
            found.append(refused.get(row) or _reason(error, values[row]))
        else:
            return found


def _parse_mixed(
    headers: list[Headers], values: list[bytes], refused: dict[int, Rejected], modes: dict[Headers, Mode | Rejected]
) -> list[Decoded]:
    found: list[Decoded] = []
    for row, (header, value) in enumerate(zip(headers, values, strict=True)):
        mode = modes[header]
        try:
            if row in refused:
                found.append(refused[row])
            elif isinstance(mode, Rejected):
                found.append(mode)
            elif mode is Mode.STRUCTURED:
                found.append(_decode_one(value))
            else:
                found.append(binarymode.decode(header, value))
        except _BAD_INPUT as error:
            found.append(_reason(error, value))
    return found


def _reason(error: Exception, value: bytes) -> Rejected:
    """Classify what the decoder raised. Its messages hold paths and expectations, but two kinds quote the value."""
    if not value:
        return Rejected(Reason.TOMBSTONE, "a value is required, got 0 bytes")
    if isinstance(error, RecursionError):
        return _TOO_DEEP
    if isinstance(error, UnicodeDecodeError):
        return Rejected(Reason.BAD_UTF8, "text must be UTF-8")
    if not isinstance(error, msgspec.ValidationError):
        return Rejected(Reason.NOT_JSON, str(error))
    return schema_rejection(error)


def schema_rejection(error: msgspec.ValidationError) -> Rejected:
    """Return what a failed validation of an event means; what the event said is not repeated."""
    text = str(error)
    expectation, _, path = text.rpartition(" - at ")
    if path == "`$.data.plate`":
        return Rejected(Reason.RAW_PLATE, "a plate must be sent as plate_hash, never as it is")
    if expectation.startswith("Invalid value"):
        return Rejected(Reason.UNKNOWN_TYPE, "`$.type` must be a known event type")
    if expectation.startswith("Invalid enum value"):
        return Rejected(Reason.SCHEMA, f"Expected one of a closed set - at {path}")
    if expectation.startswith(_NUMBER_BOUNDS):
        return Rejected(Reason.NUMBER_OUT_OF_RANGE, text)
    if path == "`$.time`" or expectation.startswith("Invalid RFC3339"):
        return Rejected(Reason.BAD_TIME, text)
    return Rejected(Reason.SCHEMA, text)


def _refuse_deep(found: list[Decoded], values: list[bytes], joined: bytes) -> None:
    """Refuse what nests deeper than any event does: how deep the parser itself goes depends on who calls it."""
    longest = max(map(len, values))
    if longest < 2 * MAX_DEPTH:  # what is opened is closed: the bulk of the traffic is too short to be too deep
        return
    openers = (np.frombuffer(joined, np.uint8) | _BRACE_BIT) == ord("{")
    words = np.flatnonzero(openers[: len(openers) // 8 * 8].view(np.uint64) != 0)  # by eight bytes: there are fewer
    least = MAX_DEPTH // 8 - 1  # a record with more openers has them in at least so many whole words
    if len(words) <= least or 8 * int((words[least:] - words[:-least]).min()) > longest:
        return
    for row, value in enumerate(values):
        if len(value) > MAX_DEPTH and found[row] is not _TOO_DEEP and _depth(value) > MAX_DEPTH:
            found[row] = _TOO_DEEP


def _depth(value: bytes) -> int:
    """Return how deep objects and arrays nest, 0 when there are not enough of them to matter."""
    if np.count_nonzero((np.frombuffer(value, np.uint8) | _BRACE_BIT) == ord("{")) <= MAX_DEPTH:
        return 0
    brackets = _STRING.sub(b"", value).translate(None, _NO_BRACKETS)
    closing = (np.frombuffer(brackets, np.uint8) & _CLOSING_BIT) > 0
    return int(np.cumsum(1 - 2 * closing.view(np.int8), dtype=np.int32).max(initial=0))


def _refuse_bad_text(found: list[Decoded], values: list[bytes], joined: bytes) -> None:
    """Refuse what is not UTF-8 throughout: the parser looks at the fields that it knows only."""
    if joined.isascii() or _is_utf8(_beyond_ascii(joined)):
        return
    for row, value in enumerate(values):
        if type(found[row]) is not Rejected and not _is_utf8(value):
            found[row] = Rejected(Reason.BAD_UTF8, "text must be UTF-8, also in fields that are ignored")


def _beyond_ascii(data: bytes) -> bytes:
    r"""Return the runs of bytes over 127, a newline after each: decoding these few takes a third of decoding all.

    Examples
    --------
    >>> _beyond_ascii("phường Mường Lay".encode()).decode()
    'ườ\nườ\n'
    """
    whole = np.frombuffer(data, np.uint8)
    places = np.flatnonzero(whole > _LAST_ASCII)
    spaced = np.full((len(places), 2), ord("\n"), np.uint8)
    spaced[:, 0] = whole[places]
    kept = np.ones((len(places), 2), np.bool_)
    kept[:-1, 1] = np.diff(places) > 1
    return spaced[kept].tobytes()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _check(topic: str, found: list[Decoded], keys: list[bytes | None]) -> None:
    """Refuse events on the wrong topic, with odd codes, with contradictions, or under a foreign key."""
    allowed = TYPES_OF_TOPIC.get(topic, ())
    if set(map(type, found)).issubset(allowed):
        rows: range | list[int] = range(len(found))
        events: list[Event] = found  # type: ignore[assignment]  # no Rejected among the types
    else:
        rows = [row for row, kind in enumerate(map(type, found)) if kind in allowed]
        events = [found[row] for row in rows]  # type: ignore[misc]  # the same
        keys = [keys[row] for row in rows]
        _refuse_strays(topic, found)
    if not events:
        return
    for row, rejected in (*_bad_codes(events), *_contradictions(topic, events), *_bad_keys(topic, events, keys)):
        if type(found[rows[row]]) is not Rejected:
            found[rows[row]] = rejected


def _refuse_strays(topic: str, found: list[Decoded]) -> None:
    allowed = TYPES_OF_TOPIC.get(topic, ())
    source = topic in TYPES_OF_TOPIC
    for row, kind in enumerate(map(type, found)):
        if kind not in allowed and kind is not Rejected and not (kind is Punctuation and source):
            found[row] = Rejected(Reason.WRONG_TOPIC, "`$.type` must be one that this topic carries")


def _bad_codes(events: list[Event]) -> Faults:
    """Find codes with anything but digits; their lengths are known to be right."""
    codes: set[str | None] = {event.data.unit_code for event in events}  # type: ignore[union-attr]  # no Punctuation
    codes |= {event.data.tenant for event in events}  # type: ignore[union-attr]  # the same
    codes.discard(None)
    joined = "".join(cast("set[str]", codes))
    if joined.isascii() and joined.isdecimal():
        return
    for row, event in enumerate(events):
        for name, digits in (("tenant", 2), ("unit_code", 5)):
            code = getattr(event.data, name) or "0"
            if not (code.isascii() and code.isdecimal()):
                yield row, Rejected(Reason.SCHEMA, f"`$.data.{name}` must be {digits} digits")


def _contradictions(topic: str, events: list[Event]) -> Faults:
    for row, detail in contradictions(topic, events):
        yield row, Rejected(Reason.INCONSISTENT, detail)


def _bad_keys(topic: str, events: list[Event], keys: list[bytes | None]) -> Faults:
    """Find records whose key is not what their data say; all keys are compared at once first."""
    wanted = data_keys(topic, events)
    try:
        joined = b"\n".join(keys)  # type: ignore[arg-type]  # None raises, which is handled
        if joined == "\n".join(wanted).encode() and joined.count(b"\n") == len(keys) - 1:
            return
    except TypeError:
        pass
    for row, (key, want) in enumerate(zip(keys, wanted, strict=True)):
        if key != want.encode():
            yield row, Rejected(Reason.KEY_MISMATCH, f"the record key must be `$.data.{KEY_FIELD[topic]}`")
