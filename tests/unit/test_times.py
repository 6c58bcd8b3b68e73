"""Event times: forms, limits and the local wall clock."""

import numpy as np
import pytest

from streams.times import local_ms, parse_rfc3339

MIDNIGHT = 1_483_228_800_000  # 2017-01-01T00:00:00Z, behind the last leap second so far


@pytest.mark.parametrize(
    ("text", "at_ms", "offset_min"),
    [
        ("2017-01-01T00:00:00Z", MIDNIGHT, 0),
        ("2017-01-01t00:00:00z", MIDNIGHT, 0),
        ("2017-01-01T07:00:00+07:00", MIDNIGHT, 420),
        ("2016-12-31T18:30:00-05:30", MIDNIGHT, -330),
        ("2017-01-01T00:00:00.1Z", MIDNIGHT + 100, 0),
        ("2017-01-01T00:00:00.123456789+00:00", MIDNIGHT + 123, 0),
        ("2017-01-01T00:00:00.9999Z", MIDNIGHT + 999, 0),
        ("2017-01-01T00:00:00.12345678901234567890Z", MIDNIGHT + 123, 0),
        ("1969-12-31T23:59:59.5Z", -500, 0),
        ("1970-01-01T00:00:00-00:00", 0, 0),
    ],
)
def test_a_time_is_read(text: str, at_ms: int, offset_min: int) -> None:
    """Expectations are counted by hand from the epoch."""
    times = parse_rfc3339([text])
    assert (times.at_ms.tolist(), times.offset_min.tolist(), times.valid.tolist()) == ([at_ms], [offset_min], [True])


@pytest.mark.parametrize(
    "text",
    [
        "2017-01-01T00:00:00",
        "2017-01-01 00:00:00Z",
        "2017-01-01T00:00Z",
        "2017-01-01T00:00:00.Z",
        "2017-01-01T00:00:00,5Z",
        "2017-01-01T00:00:00+0700",
        "2017-01-01T00:00:00+24:00",
        "2017-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2017-1-01T00:00:00ZZ",
        "٢٠١٧-01-01T00:00:00Z",
        "",
    ],
)
def test_what_is_no_rfc_3339_time_with_an_offset_is_invalid(text: str) -> None:
    """Local times, other separators, days that don't exist, digits that aren't ASCII."""
    assert not parse_rfc3339([text]).valid.any()


def test_a_leap_second_stays_in_its_minute() -> None:
    """`:60` is read as the last millisecond of the minute at 23:59 UTC, and is invalid elsewhere."""
    times = parse_rfc3339(["2016-12-31T23:59:60Z", "2017-01-01T06:59:60.5+07:00", "2017-01-01T06:59:60Z"])
    assert times.at_ms.tolist() == [MIDNIGHT - 1, MIDNIGHT - 1, 0]
    assert times.valid.tolist() == [True, True, False]


def test_a_batch_of_long_fractions_is_read_in_one_go() -> None:
    """A hostile form costs a regular expression per text, not a pass of NumPy per text."""
    texts = [f"2017-01-01T00:00:00.{row:012d}Z" for row in range(5000)]
    times = parse_rfc3339(texts)
    assert times.valid.all()
    assert times.at_ms.tolist() == [MIDNIGHT + row // 10**9 for row in range(5000)]


def test_utc_says_nothing_about_the_wall_clock_so_the_site_tells() -> None:
    """An offset of zero is replaced by the site's, any other stands."""
    local = local_ms(np.array([0, 0, 0]), np.array([0, 60, -90], np.int16), 420)
    assert local.tolist() == [420 * 60_000, 3_600_000, -5_400_000]
