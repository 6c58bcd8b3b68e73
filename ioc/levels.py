"""Makes the banks of service levels: the working time of a site, its rules, and who lives by them."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np

from detectors.arrays import Ints
from ioc.service_levels import ServiceLevels, dossier_rules, report_rules
from streams.banks.bank import Bank
from streams.levels.bank import LevelBank
from streams.levels.clock import Clocks
from streams.levels.dossiers import DossierLife
from streams.levels.reports import ReportLife
from streams.levels.rules import Rules
from streams.levels.tickets import TicketBank
from streams.topics import FIELD_REPORTS, SERVICE_QUEUES
from streams.working_time import WorkingTime, week_of

FAMILY = "levels"
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall-clock date from which days are counted
_FIRST = (date(1990, 1, 1) - _EPOCH.date()).days
_DAYS = (date(2051, 1, 1) - date(1990, 1, 1)).days  # as far as public holidays are known
_NOON = timedelta(hours=12)
_MILLISECOND = timedelta(milliseconds=1)


class Levels:
    """The service levels of a site.

    Parameters
    ----------
    settings : ServiceLevels
        Section ``[service_levels]``.
    special : Mapping[int, int]
        By day since 1970-01-01 the day of the week that it is like, as `ioc.calendar.special_days` says.
    zone : ZoneInfo
        The site's time zone.
    """

    def __init__(self, settings: ServiceLevels, special: Mapping[int, int], zone: ZoneInfo) -> None:
        self.settings = settings
        self.work = _working_time(settings, special, zone)
        offsets = _offsets(zone.key)
        day_ms, offset_ms = self.work.day_ms, int(offsets[-1])
        self._reports = Rules(list(report_rules(settings.reports, day_ms, offset_ms)))
        self._dossiers = Rules(list(dossier_rules(settings.dossiers, day_ms, offset_ms)))

    def banks(self, topic: str) -> dict[str, Bank]:
        """Return fresh banks for one partition of a source topic, by family."""
        settings, agencies, clocks = self.settings, frozenset(self.settings.agencies), Clocks(self.work)
        if topic == FIELD_REPORTS:
            reports = ReportLife(
                clocks,
                self._reports,
                agencies,
                frozenset(settings.categories),
                expected=settings.reports.expected_datetime == "first",
            )
            return {FAMILY: LevelBank("reports", reports, clocks, agencies, settings.reports.remembered)}
        if topic == SERVICE_QUEUES:
            dossiers = DossierLife(clocks, self._dossiers, agencies)
            bank = LevelBank("dossiers", dossiers, clocks, agencies, settings.dossiers.remembered)
            return {FAMILY: bank, "tickets": TicketBank()}
        return {}


def _working_time(settings: ServiceLevels, special: Mapping[int, int], zone: ZoneInfo) -> WorkingTime:
    like = week_of(_FIRST, _DAYS)
    for day, weekday in special.items():
        if 0 <= day - _FIRST < _DAYS:
            like[day - _FIRST] = weekday
    return WorkingTime(settings.working_hours.week(), _FIRST, like, _offsets(zone.key))


@cache
def _offsets(zone: str) -> Ints:
    """Return the offset of a zone's wall clock from UTC on every day at noon: (days,) int64, milliseconds."""
    where = ZoneInfo(zone)
    noon = _EPOCH + timedelta(days=_FIRST) + _NOON
    offsets = ((noon + timedelta(days=number)).replace(tzinfo=where).utcoffset() for number in range(_DAYS))
    return np.array([(offset or timedelta()) // _MILLISECOND for offset in offsets], np.int64)
