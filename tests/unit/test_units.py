"""Units: codes mean what they meant at the time of the event."""

from datetime import datetime
from pathlib import Path

import pytest

from ioc.errors import InputError
from ioc.units import load_places
from streams.places import Places, Unit

HEADER = "scheme,code,name,kind,parent,valid_from,valid_to,successors,lat,lon"


def instant(text: str) -> int:
    """Return milliseconds since 1970 UTC."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


NOW = instant("2026-03-02T00:00:00+07:00")


def test_the_bundled_registry_has_all_provinces_and_two_provinces_communes() -> None:
    """34 provinces; Điện Biên has 45 units of which 3 are wards, Lào Cai 99."""
    places = load_places()
    assert len(places.within("", NOW)) == 34
    communes = places.within("11", NOW)
    assert (len(communes), sum(unit.kind == "phường" for unit in communes)) == (45, 3)
    assert len(places.within("15", NOW)) == 99


def test_a_code_has_its_name_from_the_first_of_july_2025_on() -> None:
    """The merger took effect at midnight in Vietnam."""
    places = load_places()
    assert places.label("03127", instant("2025-07-01T00:00:00+07:00")) == "Phường Điện Biên Phủ"


def test_an_old_code_is_never_shown_under_its_new_name() -> None:
    """All 45 of Điện Biên reuse an old code for a larger area."""
    places = load_places()
    before = instant("2025-06-30T23:59:59+07:00")
    for unit in places.within("11", NOW):
        assert places.at(unit.code, before) is None
        assert unit.name not in places.label(unit.code, before)
        assert "cũ" in places.label(unit.code, before)


def test_a_code_never_heard_of_is_labelled_by_its_digits() -> None:
    """An explanation must not fail on an unknown unit."""
    assert load_places().label("99999", NOW) == "đơn vị mã 99999 (chưa rõ tên)"


def test_a_row_ends_before_its_last_day_begins() -> None:
    """``valid_to`` is the first instant that no longer counts."""
    places = Places([Unit("gso", "00001", "A", "xã", "11", 0, 10), Unit("gso", "00001", "B", "xã", "11", 10)])
    assert [places.label("00001", at_ms) for at_ms in (9, 10)] == ["Xã A", "Xã B"]


def test_two_rows_of_one_code_must_not_overlap() -> None:
    """Otherwise a code would mean two things."""
    with pytest.raises(ValueError, match="both valid"):
        Places([Unit("gso", "00001", "A", "xã", "11", 0), Unit("gso", "00001", "B", "xã", "11", 10)])


def test_the_nearest_unit_of_a_point_is_found_within_a_distance() -> None:
    """Old codes that were split have only coordinates."""
    places = load_places()
    found = places.nearest(21.4156, 103.0578, NOW)
    assert found is not None
    assert found.code == "03127"
    assert places.nearest(10.0, 106.0, NOW) is None


def test_no_unit_is_nearest_before_it_was_valid() -> None:
    """The nearest of units that didn't exist is none."""
    assert load_places().nearest(21.4156, 103.0578, instant("2024-01-01T00:00:00+07:00")) is None


def test_a_sites_file_adds_old_units_and_replaces_bundled_rows(tmp_path: Path) -> None:
    """The same code and first day replaces, another first day adds."""
    rows = [
        HEADER,
        "gso,03127,Him Lam,phường,11,2004-01-01,2025-07-01,03127 03334,21.4,103.0",
        "gso,03334,Mường Thanh Mới,phường,11,2025-07-01,,,,",
    ]
    path = tmp_path / "units.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    places = load_places(path)
    old = places.at("03127", instant("2020-01-01T00:00:00+07:00"))
    assert old is not None
    assert (old.full_name, old.successors) == ("Phường Him Lam", ("03127", "03334"))
    assert places.label("03334", NOW) == "Phường Mường Thanh Mới"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("gso,3127,A,xã,11,2025-07-01,,,,", "code"),
        ("gso,03127,A,làng,11,2025-07-01,,,,", "kind"),
        ("gso,03127,,xã,11,2025-07-01,,,,", "name"),
        ("gso,03127,A,xã,11,1/7/2025,,,,", "valid_from"),
        ("gso,03127,A,xã,11,2025-07-01,,,91,0", "lat"),
        ("gso,03127,A,xã,11,2025-07-01,,,x,0", "lat"),
        ("gso,03127,A", "10 fields"),
    ],
)
def test_a_wrong_row_is_refused_with_its_line(tmp_path: Path, row: str, message: str) -> None:
    """The message names line, column and what is allowed."""
    path = tmp_path / "units.csv"
    path.write_text(f"{HEADER}\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match=f"line 2: .*{message}"):
        load_places(path)


def test_an_unknown_column_is_refused(tmp_path: Path) -> None:
    """A misspelt column must not be ignored."""
    path = tmp_path / "units.csv"
    path.write_text(HEADER.replace("lon", "long") + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="columns must be"):
        load_places(path)
