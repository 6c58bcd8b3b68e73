"""Assembles the processor from the configuration: the stages of every topic, for Kafka and for `ioc detect` alike."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ioc.assets import Assets, Kind, load_assets
from ioc.calendar import load_calendar, special_days
from ioc.config import Admission, Config
from ioc.errors import ConfigError
from ioc.kpi_targets import targets_of
from ioc.levels import Levels
from ioc.units import load_places
from streams import areas
from streams.admission import AdmissionSettings
from streams.banks import reports
from streams.banks.bank import Bank
from streams.banks.panel import Watch
from streams.banks.watching import banks_of
from streams.explain import Names
from streams.find import FindSettings, FindStage
from streams.fold import FoldSettings, FoldStage
from streams.levels.figures import FigureBank
from streams.levels.telemetry import TelemetryLevels
from streams.topics import TELEMETRY

_REFERENCE = datetime(2026, 1, 1)  # noqa: DTZ001 - a wall-clock date to read a zone's standard offset at


class Assembly:
    """Makes stages; the same for a worker, `ioc detect`, tests and benchmarks.

    Raises
    ------
    ConfigError
        The time zone or the country is unknown, or the calendar can't be read.
    InputError
        The file of units or that of assets can't be read.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        assets = Assets() if config.site.assets_file is None else load_assets(config.site.assets_file)
        self.names = Names(load_places(config.site.units_file), partial(_asset_name, assets))
        self.offset_min = _offset_min(config.site.timezone)
        site, zone = config.site, ZoneInfo(config.site.timezone)
        self.calendar = load_calendar(config.calendar, site.country, site.subdivision, zone)
        special = special_days(config.calendar, site.country, site.subdivision)
        self.levels = Levels(config.service_levels, special, zone)

    def find(self, topic: str, partition: int) -> FindStage:
        """Return a fresh stage 1 for one partition of a source topic."""
        settings = FindSettings(_admission(self.config.admission, self.offset_min))
        config = self.config
        banks = banks_of(topic, partition, config.watching, self.calendar, config.service_levels.waits)
        return FindStage(topic, partition, settings, banks | self.levels.banks(topic) | self._figures(topic))

    def _figures(self, topic: str) -> dict[str, Bank]:
        """Return fresh banks that measure telemetry and indicators, where they come."""
        if topic != TELEMETRY:
            return {}
        shown = {kind: frozenset(metrics) for kind, metrics in self.config.telemetry.shown.items()}
        figures = FigureBank(targets_of(self.config.kpi), self.offset_min)
        return {"shown": TelemetryLevels(shown), "kpi": figures}

    def fold(self, sources: Iterable[tuple[str, int]]) -> FoldStage:
        """Return a fresh stage 2 that waits for these input partitions."""
        return FoldStage(
            FoldSettings(
                sources=frozenset(sources),
                rules=self.config.rules,
                surges=self._watch(reports.FAMILY),
                areas=self._watch(areas.FAMILY),
                names=self.names,
                offset_min=self.offset_min,
                calendar=self.calendar,
            )
        )

    def _watch(self, family: str) -> Watch | None:
        """Return the detector of a family that watches the whole province, None if it is off."""
        panels = self.config.watching.panels(family)
        return panels[0].watches[0] if panels else None


def _offset_min(timezone: str) -> int:
    try:
        offset = _REFERENCE.replace(tzinfo=ZoneInfo(timezone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(f"site.timezone: {timezone!r} is no IANA time zone; use one like Asia/Ho_Chi_Minh") from None
    return int((offset or timedelta()).total_seconds() // 60)


_KIND_OF_FAMILY: dict[str, Kind] = {
    "camera": "camera",
    "queue": "office",
    "dossier": "office",
    "telemetry": "telemetry",
}


def _asset_name(assets: Assets, family: str, entity: str, at_ms: int) -> str | None:
    """Return the name that the site's registry gives to a sensor or office, None where it has none."""
    kind = _KIND_OF_FAMILY.get(family.partition(".")[0])
    asset = None if kind is None else assets.at(kind, entity, at_ms)
    return None if asset is None else asset.name


def _admission(limits: Admission, offset_min: int) -> AdmissionSettings:
    return AdmissionSettings(
        allowed_lateness_ms=round(limits.allowed_lateness_s * 1000),
        skew_ms=round(limits.skew_s * 1000),
        max_ahead_ms=round(limits.max_ahead_s * 1000),
        site_offset_min=offset_min,
        dedupe_capacity=limits.dedupe_capacity,
        dedupe_horizon_ms=round(limits.dedupe_horizon_s * 1000),
    )
