"""What stage 2 measures of incidents: how many open, open again and stand, for those who watch the budget of alarms."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from streams.grouping import RECURRING, RULES
from streams.incidents import RANK, Case, Incident, Severity, Status
from streams.measures import NOTHING, Labels, Measured

STALE_AFTER_MS = 24 * 3_600_000
"""An alarm that stands for more than a day is stale (ISA-18.2)."""

MAX_UNIT_SERIES = 400
"""So many label sets of ``unit_incidents_open`` at most: a storm in all units is not to fill the budget of series."""


class Alarms:
    """Measures incidents as they are told; the state is that of the correlator, but for what was shown last.

    Counters of a tenant begin at 0 when it is first seen, so that its first incident is an increase.
    """

    def __init__(self) -> None:
        self._open: set[str] = set()
        self._tenants: set[str] = set()
        self._fleet = -1
        self._shown: Mapping[str, Mapping[Labels, float]] = {}

    def resume(self, cases: Mapping[str, Case]) -> None:
        """Go on with incidents that were open before: they don't open anew."""
        self._open = set(cases)

    def measured(
        self, told: Sequence[Incident], cases: Mapping[str, Case], fleet: Mapping[str, int], clock_ms: int
    ) -> Measured:
        """Return what came about with the incidents ``told``, and what stands.

        Parameters
        ----------
        told
            Revisions in the order of telling.
        cases
            Open incidents by id.
        fleet
            Sizes of the fleet by ``tenant|family|unit``.
        clock_ms
            Event time, milliseconds since 1970 UTC.
        """
        opened, reopened = self._zeros(cases.values(), fleet)
        causes: dict[Labels, str] = {}
        for incident in told:
            if incident.status is not Status.OPEN:
                self._open.discard(incident.id)
                continue
            if incident.id in self._open:
                continue
            self._open.add(incident.id)
            labels = (incident.tenant, incident.rule, incident.severity.value)
            opened[labels] = opened.get(labels, 0.0) + 1
            causes[labels] = incident.id
            if incident.revision > 1:
                reopened[labels[:2]] = reopened.get(labels[:2], 0.0) + 1
        standing = self._standing(cases.values(), clock_ms)
        if not opened and standing == self._shown:
            return NOTHING
        self._shown = standing
        counted = {"incidents_opened": opened, "incidents_reopened": reopened}
        exemplars = {"incidents_opened": causes} if causes else {}
        return Measured(counted if opened else {}, standing=standing, exemplars=exemplars)

    def _zeros(
        self, cases: Iterable[Case], fleet: Mapping[str, int]
    ) -> tuple[dict[Labels, float], dict[Labels, float]]:
        """Return the counters of tenants seen for the first time, at 0."""
        seen = {case.tenant for case in cases}
        if len(fleet) != self._fleet:
            self._fleet = len(fleet)
            seen |= {key.partition("|")[0] for key in fleet}
        news = sorted(seen - self._tenants)
        self._tenants |= seen
        opened: dict[Labels, float] = {
            (tenant, rule, severity.value): 0.0
            for tenant in news
            for rule, levels in RULES.items()
            for severity in levels
        }
        return opened, {(tenant, rule): 0.0 for tenant in news for rule in sorted(RECURRING)}

    def _standing(self, cases: Iterable[Case], clock_ms: int) -> dict[str, dict[Labels, float]]:
        of_units: Counter[tuple[str, str, str, Severity]] = Counter()
        stale: dict[Labels, float] = {(tenant,): 0.0 for tenant in sorted(self._tenants)}
        for case in cases:
            of_units[case.tenant, case.unit_code, case.rule, case.severity] += 1
            stale[case.tenant,] += clock_ms - case.start_ms > STALE_AFTER_MS
        shown = sorted(of_units, key=lambda key: (RANK[key[3]], key[:3]))[:MAX_UNIT_SERIES]
        return {
            "unit_incidents_open": {(*key[:3], key[3].value): float(of_units[key]) for key in shown},
            "incidents_stale": stale,
        }
