"""Folds anomalies into cases: when an incident opens, widens to an area, absorbs others, is told again and clears."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from streams.anomalies import Anomaly, Series
from streams.calendar import NO_CALENDAR, Calendar, Planned
from streams.grouping import (
    CROWD,
    PLANNED,
    PROVINCE,
    RECURRING,
    SINGLE_RULE,
    TELLS_TOO,
    WIDE_RULE,
    belongs,
    binomial_tail,
    explained_by,
    fleet_key,
    scope,
    severity,
    tells_less,
    wide_scope,
)
from streams.incidents import RANK, Case, Severity, Status, case_id, member_key

_MINUTE_MS = 60_000


class Rules(Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of correlation.

    ``gather_ms``: how long a single sensor's deviation waits for company before it becomes an incident of its own; one
    that isn't improbable enough to stand alone waits as long as it lasts.
    ``by_chance``: the share of sensors that may deviate at once without a common cause; ``wide_below``: the binomial
    tail below which a common cause is assumed, and ``wide_at_least`` so many sensors.
    ``quiet_ms``: how long all must be calm until the incident clears; ``revive_ms``: how long after that the same
    sensor's re-occurrence opens it again instead of a new one. A changing incident is told again after
    ``retell_ms`` at the earliest, and after a tenth of its age: what lasts for weeks is no news every quarter hour.
    """

    gather_ms: int = 5 * _MINUTE_MS
    by_chance: float = 0.02
    wide_below: float = 1e-5
    wide_at_least: int = 3
    quiet_ms: int = 30 * _MINUTE_MS
    revive_ms: int = 7 * 24 * 60 * _MINUTE_MS
    retell_ms: int = 15 * _MINUTE_MS
    major_wait_s: float = 1800.0


class Memory(Struct):
    """The correlator's whole state (mutable).

    Open cases by id, deviating sensors by member key, those that wait for company until a time, episodes that outlast
    the incident that told them (until they expire), cleared cases that may open again, sizes of the fleet.
    """

    cases: dict[str, Case] = {}
    deviating: dict[str, Anomaly] = {}
    gathering: dict[str, tuple[int, Anomaly]] = {}
    told: dict[str, int] = {}
    cleared: dict[str, Case] = {}
    fleet: dict[str, int] = {}


class Correlator:
    """The fold of anomalies, in event-time order: `touch` takes one in, `settle` runs the timers that are due."""

    def __init__(self, rules: Rules, calendar: Calendar = NO_CALENDAR) -> None:
        self._rules = rules
        self._calendar = calendar
        self.memory = Memory()

    def joined(self, series: Series) -> None:
        """Count a new sensor: the basis of "how many of how many"."""
        for unit in (series.unit_code, PROVINCE):
            key = fleet_key(series, unit)
            self.memory.fleet[key] = self.memory.fleet.get(key, 0) + 1

    def touch(self, anomaly: Anomaly) -> list[Case]:
        """Take in one anomaly and return the cases that are to be told at once."""
        memory, key = self.memory, member_key(anomaly)
        planned = self._calendar.expecting(anomaly)
        if anomaly.kind in CROWD and planned is None:
            if anomaly.open:
                memory.deviating[key] = anomaly
            else:
                memory.deviating.pop(key, None)
        host = next((case for case in memory.cases.values() if key in case.members), None)
        if host is not None:
            return self._join(host, anomaly)
        return self._place(key, anomaly) if planned is None else self._plan(planned, anomaly)

    def _plan(self, planned: Planned, anomaly: Anomaly) -> list[Case]:
        """Fold what a planned event makes to be expected into the one incident of that event."""
        tenant = anomaly.series.tenant
        for case in self.memory.cases.values():
            if (case.rule, case.scope, case.tenant) == (PLANNED, planned.name, tenant):
                return self._join(case, anomaly)
        unit = planned.units[0] if len(planned.units) == 1 else ""
        return [self._new(PLANNED, planned.name, unit, [anomaly], anomaly.at_ms)] if anomaly.open else []

    def _place(self, key: str, anomaly: Anomaly) -> list[Case]:
        """Find a place for an anomaly that no open incident knows: wait for company, join, or open."""
        memory = self.memory
        if key in memory.gathering:
            memory.gathering[key] = (memory.gathering[key][0], anomaly)
            return []
        outlasting = memory.told.pop(key, 0) > anomaly.at_ms
        if not anomaly.open:
            return []
        host = next((case for case in memory.cases.values() if belongs(case, anomaly)), None)
        if host is not None:
            return self._join(host, anomaly)
        if outlasting:
            memory.told[key] = anomaly.expires_ms
            return []
        if anomaly.kind not in CROWD:
            return self._open(anomaly, anomaly.at_ms) if anomaly.alone else []
        if anomaly.alone:
            memory.gathering[key] = (anomaly.at_ms + self._rules.gather_ms, anomaly)
        return self._widen(anomaly)

    def due(self) -> int | None:
        """Return the event time of the next timer, None if none is set."""
        times = [due for due, _ in self.memory.gathering.values()]
        times.extend(self._case_due(case) for case in self.memory.cases.values())
        return min(times, default=None)

    def settle(self, now_ms: int) -> list[Case]:
        """Run the timers due at event time ``now_ms`` and return the cases to be told."""
        told: list[Case] = []
        alone = [(key, anomaly) for key, (due, anomaly) in self.memory.gathering.items() if due <= now_ms]
        for key, anomaly in sorted(alone, key=lambda pair: tells_less(pair[1].kind)):
            del self.memory.gathering[key]
            host = next((case for case in self.memory.cases.values() if belongs(case, anomaly)), None)
            told.extend(self._open(anomaly, now_ms) if host is None else self._join(host, anomaly))
        told.extend(case for case in list(self.memory.cases.values()) if self._settle(case, now_ms))
        return told

    def _case_due(self, case: Case) -> int:
        times = [member.expires_ms for member in case.members.values() if member.open]
        if case.calm_ms is not None:
            times.append(case.calm_ms + self._rules.quiet_ms)
        if case.changed:
            times.append(self._retell_due(case))
        return min(times)

    def _retell_due(self, case: Case) -> int:
        return case.told_ms + max(self._rules.retell_ms, (case.told_ms - case.start_ms) // 10)

    def _settle(self, case: Case, now_ms: int) -> bool:
        """Run one case's timers; True if it is to be told."""
        for member in [m for m in case.members.values() if m.open and m.expires_ms <= now_ms]:
            self.memory.deviating.pop(member_key(member), None)
            case.add(msgspec.structs.replace(member, open=False), now_ms)
        if case.calm_ms is not None and case.calm_ms + self._rules.quiet_ms <= now_ms:
            case.status = Status.CLEARED
            del self.memory.cases[case.id]
            if case.rule in RECURRING:
                self.memory.cleared[case.id] = case
            self.memory.told.update({key: m.expires_ms for key, m in case.members.items() if m.open})
            return True
        return case.changed and self._retell_due(case) <= now_ms

    def _join(self, case: Case, anomaly: Anomaly) -> list[Case]:
        before = case.severity
        case.add(anomaly, anomaly.at_ms)
        if not anomaly.unit_code or (case.scope == PROVINCE and anomaly.unit_code != case.unit_code):
            case.unit_code = ""  # what surges province-wide, or fails in several units, is no longer one unit's
        case.severity = min(before, self._severity(case), key=RANK.__getitem__)
        return [case] if case.severity is not before else []

    def _open(self, anomaly: Anomaly, now_ms: int) -> list[Case]:
        case = self._revive(anomaly, now_ms) or self._new(
            SINGLE_RULE[anomaly.kind], scope(anomaly), anomaly.unit_code, [anomaly], now_ms
        )
        rules = explained_by(case.rule)
        explained = [
            other
            for other in self.memory.cases.values()
            if other.rule in rules and any(belongs(case, member) for member in other.members.values())
        ]
        return [case, *self._absorb(case, explained, now_ms)]

    def _revive(self, anomaly: Anomaly, now_ms: int) -> Case | None:
        """Open the last incident of the same sensor again, if it cleared not too long ago: what flickers is one."""
        since_ms = now_ms - self._rules.revive_ms
        memory = self.memory
        memory.cleared = {name: case for name, case in memory.cleared.items() if (case.calm_ms or 0) > since_ms}
        for case in memory.cleared.values():
            if (case.rule, case.scope, case.tenant) == (
                SINGLE_RULE[anomaly.kind],
                scope(anomaly),
                anomaly.series.tenant,
            ):
                del memory.cleared[case.id]
                memory.cases[case.id] = case
                case.status = Status.OPEN
                case.add(anomaly, now_ms)
                return case
        return None

    def _widen(self, anomaly: Anomaly) -> list[Case]:
        """Open an incident of a whole unit, or of the province, when more sensors deviate than chance allows."""
        series = anomaly.series
        alike = [
            other
            for other in self.memory.deviating.values()
            if (other.kind, other.series.tenant, other.series.family) == (anomaly.kind, series.tenant, series.family)
            and other.expires_ms > anomaly.at_ms
            and not self._told_otherwise(other)
        ]
        for unit in (PROVINCE, series.unit_code):
            company = [other for other in alike if unit in (PROVINCE, other.series.unit_code)]
            sensors = len({other.series for other in company})
            fleet = max(sensors, self.memory.fleet.get(fleet_key(series, unit), 0))
            by_chance = binomial_tail(sensors, fleet, self._rules.by_chance)
            if sensors >= self._rules.wide_at_least and by_chance < self._rules.wide_below:
                return self._open_wide(anomaly, unit, company)
        return []

    def _told_otherwise(self, anomaly: Anomaly) -> bool:
        """Whether another incident told or explains a sensor's deviation: a dead one is no company."""
        rules, key = TELLS_TOO.get(anomaly.kind, ()), member_key(anomaly)
        return self.memory.told.get(key, 0) > anomaly.at_ms or any(
            case.rule in rules and key in case.members for case in self.memory.cases.values()
        )

    def _open_wide(self, anomaly: Anomaly, unit: str, company: list[Anomaly]) -> list[Case]:
        keys = {member_key(member) for member in company}
        for key in keys & self.memory.gathering.keys():
            del self.memory.gathering[key]
        rules = (SINGLE_RULE[anomaly.kind], WIDE_RULE[anomaly.kind])
        children = [c for c in self.memory.cases.values() if c.rule in rules and not keys.isdisjoint(c.members)]
        unit_code = "" if unit == PROVINCE else unit
        case = self._new(WIDE_RULE[anomaly.kind], wide_scope(anomaly.series, unit), unit_code, company, anomaly.at_ms)
        return [case, *self._absorb(case, children, anomaly.at_ms)]

    def _new(self, rule: str, about: str, unit_code: str, members: Iterable[Anomaly], now_ms: int) -> Case:
        by_key = {member_key(member): member for member in members}
        first = next(iter(by_key.values()))
        start_ms = min(member.start_ms for member in by_key.values())
        case = Case(
            id=case_id(first.series.tenant, rule, about, start_ms),
            rule=rule,
            tenant=first.series.tenant,
            unit_code=unit_code,
            scope=about,
            start_ms=start_ms,
            members=by_key,
            severity=Severity.WARNING,
            calm_ms=None if any(member.open for member in by_key.values()) else now_ms,
        )
        case.severity = self._severity(case)
        self.memory.cases[case.id] = case
        return case

    def _absorb(self, parent: Case, children: list[Case], now_ms: int) -> list[Case]:
        for child in children:
            child.status, child.parent = Status.SUPPRESSED, parent.id
            del self.memory.cases[child.id]
            for key, member in child.members.items():
                if key not in parent.members:
                    parent.add(member, now_ms)
        return children

    def _severity(self, case: Case) -> Severity:
        return severity(case.rule, case.members.values(), self._rules.major_wait_s)
