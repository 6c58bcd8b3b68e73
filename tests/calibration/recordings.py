"""Families of quiet stretches of the real recordings; declared from labels and calendars, never from scores."""

from tests.calibration.family import Family

FAMILIES: tuple[Family, ...] = ()
