"""Sensors: how many are watched and silent, told when it changes."""

import pytest

from streams.anomalies import Series
from streams.levels.sensors import Sensors
from streams.measures import NOTHING

CAMERAS = [Series("11", unit, "camera.signal", f"CAM-{n}") for n, unit in enumerate(("03127", "03127", "03151"))]


def test_silent_cameras_are_counted_by_unit_and_in_all() -> None:
    """A unit without silent ones shows that it has none."""
    sensors = Sensors("camera")
    sensors.follow(CAMERAS, {1: 100}, 0)
    assert sensors.measured().standing == {
        "sensors": {("11", "camera", "watched"): 3.0, ("11", "camera", "silent"): 1.0},
        "cameras_silent": {("11", "03127"): 1.0, ("11", "03151"): 0.0},
    }


def test_a_sensor_that_is_silent_for_very_long_is_neither_watched_nor_silent() -> None:
    """It is taken as retired."""
    sensors = Sensors("office")
    sensors.follow(CAMERAS, {1: 100, 2: 300}, 200)
    assert sensors.measured().standing == {
        "sensors": {("11", "office", "watched"): 2.0, ("11", "office", "silent"): 1.0}
    }


def test_what_has_not_changed_is_not_told_again() -> None:
    """Until one falls silent or is back."""
    sensors = Sensors("telemetry")
    for _ in range(2):
        sensors.follow(CAMERAS, {}, 0)
        told = sensors.measured()
    assert told is NOTHING
    sensors.follow(CAMERAS, {0: 5}, 0)
    assert sensors.measured().standing["sensors"]["11", "telemetry", "silent"] == 1.0


@pytest.mark.parametrize("family", ["camera", "office", "telemetry"])
def test_a_fresh_heir_tells_all_again(family: str) -> None:
    """After a restart the page starts empty."""
    sensors = Sensors(family)
    sensors.follow(CAMERAS, {}, 0)
    assert sensors.measured().standing["sensors"]["11", family, "watched"] == 3.0
