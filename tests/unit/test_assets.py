"""Assets: a site's cameras, offices and telemetry sources, checked row by row."""

from pathlib import Path

import pytest

from ioc.assets import Assets, load_assets
from ioc.errors import InputError

HEADER = "asset_id,kind,name,tenant,unit_code,lat,lon,valid_from,valid_to"
ROW = "CAM-1,camera,Ngã tư Bến xe,11,03127,21.4,103.05,,"


def loaded(path: Path, text: str) -> Assets:
    """Write and load."""
    path.write_text(text, encoding="utf-8")
    return load_assets(path)


TOML = """
[[assets]]
asset_id = "CAM-1"
kind = "camera"
name = "Ngã tư Bến xe"
tenant = "11"
unit_code = "03127"
lat = 21.4
lon = 103.05
"""
JSON = """
[{"asset_id": "CAM-1", "kind": "camera", "name": "Ngã tư Bến xe", "tenant": "11", "unit_code": "03127",
  "lat": 21.4, "lon": 103.05}]
"""


@pytest.mark.parametrize(("name", "text"), [("a.csv", f"{HEADER}\n{ROW}\n"), ("a.toml", TOML), ("a.json", JSON)])
def test_every_format_gives_the_same_assets(tmp_path: Path, name: str, text: str) -> None:
    """CSV, TOML and JSON differ only in spelling."""
    asset = loaded(tmp_path / name, text).at("camera", "CAM-1", 0)
    assert asset is not None
    assert (asset.name, asset.unit_code, asset.lat, asset.lon) == ("Ngã tư Bến xe", "03127", 21.4, 103.05)


def test_an_asset_that_moved_is_where_it_was_at_the_time(tmp_path: Path) -> None:
    """Two rows of one id follow each other."""
    rows = "CAM-1,camera,A,11,03127,,,,2026-01-01\nCAM-1,camera,B,11,03334,,,2026-01-01,\n"
    assets = loaded(tmp_path / "a.csv", f"{HEADER}\n{rows}")
    midnight = 1_767_200_400_000  # 2026-01-01T00:00+07:00
    found = [assets.at("camera", "CAM-1", at_ms) for at_ms in (midnight - 1, midnight)]
    assert [asset.name for asset in found if asset is not None] == ["A", "B"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (",camera,A,11,03127,,,,", "asset_id: must not be empty"),
        ("C,drone,A,11,03127,,,,", "kind: must be one of camera, office, telemetry"),
        ("C,camera,A,11,3127,,,,", "unit_code: must be 5 digits"),
        ("C,camera,A,1,03127,,,,", "tenant: must be 2 digits"),
        ("C,camera,A,11,03127,95,0,,", "lat: must be degrees"),
        ("C,camera,A,11,03127,,,soon,", "valid_from: must be a date"),
        (f"{ROW}\n{ROW}", "valid at the same time"),
        ("C,camera", "needs 9 fields"),
    ],
)
def test_a_wrong_row_is_refused_with_its_line(tmp_path: Path, row: str, message: str) -> None:
    """The message names the line, the column and the way out."""
    line = 2 + row.count("\n")
    with pytest.raises(InputError, match=f"line {line}.*{message}"):
        loaded(tmp_path / "a.csv", f"{HEADER}\n{row}\n")


def test_an_unknown_column_is_refused(tmp_path: Path) -> None:
    """A misspelt column must not be ignored."""
    with pytest.raises(InputError, match="unknown column owner"):
        loaded(tmp_path / "a.csv", f"{HEADER},owner\n{ROW},me\n")


@pytest.mark.parametrize("text", ["{", '{"cameras":[]}', "[1]"])
def test_json_of_another_shape_is_refused(tmp_path: Path, text: str) -> None:
    """Neither broken nor other JSON passes for an empty registry."""
    with pytest.raises(InputError, match="assets file"):
        loaded(tmp_path / "a.json", text)


def test_another_ending_is_refused(tmp_path: Path) -> None:
    """The format isn't guessed."""
    with pytest.raises(InputError, match="must end with"):
        loaded(tmp_path / "a.xlsx", "")
