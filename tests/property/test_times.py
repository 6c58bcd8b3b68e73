"""The times of a batch against `datetime`, text by text."""

import re
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import example, given
from hypothesis import strategies as st

from streams.times import parse_rfc3339

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# hours and minutes are bounded here: datetime of some versions takes hour 24, and +00:61 for +01:01
GRAMMAR = re.compile(r"\d{4}-\d\d-\d\d[Tt]([01]\d|2[0-3]):[0-5]\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:[0-5]\d)", re.ASCII)

offsets = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(timezones=offsets | st.just(UTC))


@st.composite
def written(draw: st.DrawFn) -> str:
    """Write a moment in one of the allowed ways."""
    text = draw(moments).isoformat(timespec=draw(st.sampled_from(["auto", "seconds", "milliseconds", "microseconds"])))
    if "." in text and draw(st.booleans()):
        text = text[:26] + draw(st.text("0123456789", max_size=6)) + text[26:]
    if text.endswith("+00:00") and draw(st.booleans()):
        text = text[:-6] + draw(st.sampled_from("Zz"))
    return text.replace("T", draw(st.sampled_from("Tt")))


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Write a moment, then change, drop or insert a character."""
    text = draw(written())
    place = draw(st.integers(0, len(text) - 1))
    return text[:place] + draw(st.text("0123456789:-+.TZ é٣", max_size=2)) + text[place + draw(st.integers(0, 1)) :]


def expected(text: str) -> tuple[int, int] | None:
    """Return milliseconds and offset as `datetime` reads them; None where it is no time of RFC 3339."""
    if GRAMMAR.fullmatch(text) is None:
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    offset = moment.utcoffset()
    assert offset is not None
    return (moment - EPOCH) // timedelta(milliseconds=1), offset // timedelta(minutes=1)


@given(st.lists(written() | damaged(), max_size=12))
@example(["2024-02-29T00:00:00Z", "2023-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "1900-02-29T00:00:00Z"])
@example(["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999999-23:59", "0000-01-01T00:00:00Z"])
@example(["2024-04-31T00:00:00Z", "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z", "2024-01-00T00:00:00Z"])
@example(["2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z", "2024-01-01T00:00:00+24:00", "2024-01-01T00:00:00+23:60"])
@example(["2024-01-01T00:00:00.000001+00:61", "2024-01-01T00:00:00-23:61"])
@example(["2024-01-01T00:00:00.1234+07:00", "2024-01-01T00:00:00.123456789Z", "2024-01-01T00:00:00é"])
def test_every_text_is_read_as_datetime_reads_it(texts: list[str]) -> None:
    """Instant, offset and validity agree for each text, whatever stands beside it (seconds of 60 apart)."""
    texts = [text for text in texts if text[17:19] != "60"]
    times = parse_rfc3339(texts)
    got = [
        (at, offset) if valid else None
        for at, offset, valid in zip(times.at_ms.tolist(), times.offset_min.tolist(), times.valid.tolist(), strict=True)
    ]
    assert got == [expected(text) for text in texts]


@given(st.lists(st.text(max_size=40), max_size=8))
def test_any_text_is_read_without_an_exception(texts: list[str]) -> None:
    """What is no time is invalid, and its numbers are zero."""
    times = parse_rfc3339(texts)
    assert not times.at_ms[~times.valid].any()
    assert not times.offset_min[~times.valid].any()


@given(st.lists(written(), min_size=1, max_size=8), st.integers(0, 7))
def test_a_text_is_read_alike_alone_and_in_company(texts: list[str], which: int) -> None:
    """Grouping by length and form changes nothing."""
    row = which % len(texts)
    alone, together = parse_rfc3339([texts[row]]), parse_rfc3339(texts)
    assert [column[0] for column in alone] == [column[row] for column in together]
