"""Assembles the processor from the configuration: the stages of every topic, for Kafka and for `ioc detect` alike."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ioc.config import Config
from ioc.errors import ConfigError
from ioc.units import load_places
from streams.admission import AdmissionSettings
from streams.banks.watching import Watching, banks_of
from streams.correlate import Rules
from streams.find import FindSettings, FindStage
from streams.fold import FoldSettings, FoldStage
from streams.places import Places

_REFERENCE = datetime(2026, 1, 1)  # noqa: DTZ001 - a wall-clock date to read a zone's standard offset at


class Assembly:
    """Makes stages; the same for a worker, `ioc detect`, tests and benchmarks.

    Raises
    ------
    ConfigError
        The time zone is unknown.
    InputError
        The file of units can't be read.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.places: Places = load_places(config.site.units_file)
        self.watching = Watching()
        self.rules = Rules()
        self.offset_min = _offset_min(config.site.timezone)

    def find(self, topic: str, partition: int) -> FindStage:
        """Return a fresh stage 1 for one partition of a source topic."""
        settings = FindSettings(AdmissionSettings(site_offset_min=self.offset_min))
        return FindStage(topic, partition, settings, banks_of(topic, partition, self.watching))

    def fold(self, sources: Iterable[tuple[str, int]]) -> FoldStage:
        """Return a fresh stage 2 that waits for these input partitions."""
        return FoldStage(
            FoldSettings(
                sources=frozenset(sources),
                rules=self.rules,
                surges=self.watching.surges,
                places=self.places,
                offset_min=self.offset_min,
            )
        )


def _offset_min(timezone: str) -> int:
    try:
        offset = _REFERENCE.replace(tzinfo=ZoneInfo(timezone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(f"site.timezone: {timezone!r} is no IANA time zone; use one like Asia/Ho_Chi_Minh") from None
    return int((offset or timedelta()).total_seconds() // 60)
