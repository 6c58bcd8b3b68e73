"""The assembly: what configuration becomes, and what it refuses."""

from pathlib import Path

import pytest

from ioc.app import Assembly
from ioc.config import Config, Site
from ioc.errors import ConfigError, InputError
from streams.topics import SOURCES


@pytest.mark.parametrize(("zone", "minutes"), [("Asia/Ho_Chi_Minh", 420), ("UTC", 0), ("America/St_Johns", -210)])
def test_the_sites_zone_becomes_its_standard_offset(zone: str, minutes: int) -> None:
    """Minutes from UTC, also where it isn't whole hours."""
    assert Assembly(Config(site=Site(timezone=zone))).offset_min == minutes


@pytest.mark.parametrize("zone", ["Asia/Dien_Bien", "", "../etc/passwd"])
def test_an_unknown_zone_is_an_error_that_names_the_setting(zone: str) -> None:
    """With an example of a right one."""
    with pytest.raises(ConfigError, match=r"site\.timezone.*Asia/Ho_Chi_Minh"):
        Assembly(Config(site=Site(timezone=zone)))


def test_a_missing_file_of_units_is_an_error_that_names_it(tmp_path: Path) -> None:
    """At the start, not at the first incident."""
    missing = tmp_path / "units.csv"
    with pytest.raises(InputError, match=r"units\.csv"):
        Assembly(Config(site=Site(units_file=str(missing))))


@pytest.mark.parametrize("topic", SOURCES)
def test_every_source_topic_has_a_stage_whose_fresh_state_can_be_restored(topic: str) -> None:
    """A worker that is killed before its first record starts from there."""
    assembly = Assembly(Config())
    blocks = assembly.find(topic, 0).snapshot()
    heir = assembly.find(topic, 0)
    heir.restore(blocks)
    assert heir.snapshot() == blocks


def test_a_topic_that_is_no_source_has_no_stage() -> None:
    """A misspelt topic must not be folded into nothing."""
    with pytest.raises(ValueError, match="nowhere"):
        Assembly(Config()).find("nowhere", 0)
