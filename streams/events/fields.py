"""Field types shared by the data of all events: choices that outlive new values, places, bounded numbers."""

from enum import StrEnum
from typing import Annotated, Self

from msgspec import Meta, Struct

_UNRECOGNISED = "unrecognised"
UNRECOGNISED = ("other", _UNRECOGNISED)
"""What every `Choice` assigns to its member UNRECOGNISED."""

Digits2 = Annotated[str, Meta(min_length=2, max_length=2, extra_json_schema={"pattern": "^[0-9]{2}$"})]
Digits5 = Annotated[str, Meta(min_length=5, max_length=5, extra_json_schema={"pattern": "^[0-9]{5}$"})]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Share = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(ge=0, le=1e9)]
Interval = Annotated[float, Meta(gt=0, le=1e9)]
Amount = Annotated[float, Meta(ge=0, le=1e15)]
Signed = Annotated[float, Meta(ge=-1e18, le=1e18)]


class Choice(StrEnum):
    """A closed set of values that reads a value from the future as `other` instead of refusing the event.

    Every subclass ends with ``UNRECOGNISED = UNRECOGNISED``: equal to and written as `other`, yet told apart by
    identity, so that a batch can be searched for it afterwards without any counter in the decoder.

    Examples
    --------
    >>> class Colour(Choice):
    ...     RED = "red"
    ...     OTHER = "other"
    ...     UNRECOGNISED = UNRECOGNISED
    >>> Colour("mauve") is Colour.UNRECOGNISED, Colour("mauve") == Colour.OTHER, str(Colour("mauve"))
    (True, True, 'other')
    """

    def __new__(cls, text: str, value: str | None = None) -> Self:
        """Make a member that reads as ``text`` and is found by ``value``."""
        member = str.__new__(cls, text)
        member._value_ = text if value is None else value
        return member

    @classmethod
    def _missing_(cls, value: object) -> "Choice":
        del value
        return cls[_UNRECOGNISED.upper()]

    __hash__ = str.__hash__  # Enum's own runs Python code; equal members must hash alike


class Quality(Choice):
    """How far the producer trusts what it reports."""

    OK = "ok"
    SUSPECT = "suspect"
    SYNTHETIC = "synthetic"
    UNRECOGNISED = UNRECOGNISED


class Location(Struct, frozen=True, gc=False, omit_defaults=True):
    """A place in WGS84 degrees with its accuracy in metres."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    accuracy_m: Annotated[float, Meta(ge=0, le=1e8)] | None = None

    @property
    def plausible(self) -> bool:
        """Whether the place lies in the box around Viet Nam (lat 8..24, lon 102..110).

        Examples
        --------
        >>> Location(21.39, 103.02).plausible, Location(103.02, 21.39 - 180).plausible
        (True, False)
        """
        return 8 <= self.lat <= 24 and 102 <= self.lon <= 110  # noqa: PLR2004 - the box is stated above


class Data(Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """What the data of every event has: province, commune or ward at event time, place, quality."""

    tenant: Digits2
    unit_code: Digits5
    location: Location | None = None
    quality: Quality | None = None
