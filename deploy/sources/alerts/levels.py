"""Service levels: multi-window, multi-burn-rate alerts, with thresholds that each objective can reach.

An error budget of 30 days is 1 - objective. Who spends a share of it within a window burns at a factor
share x 30 days / window (Google SRE workbook, chapter 5); the alert asks for errors above factor x (1 - objective).
The textbook's 14.4 asks for 144 % errors at an objective of 90 % and could never fire, so that the share of errors
asked for is never more than a ceiling. The objectives are those that the worker serves: configuration decides.
"""

from typing import NamedTuple

from deploy.sources.alerts.model import Alert, Case, Recording, Severity, Team, Told

PERIOD_H = 30 * 24
LEAST_ENDED = 20
"""In the long window; of fewer, a share is chance."""

_CALLED = "ioc_ticket_wait_seconds"
_ENDED = "ioc_agency_deadlines_total"


class Burn(NamedTuple):
    """Errors above ``spent`` of the budget within a long window, and still going on in the short one."""

    severity: Severity
    long: str
    short: str
    hours: float
    spent: float
    ceiling: float

    @property
    def factor(self) -> float:
        """How many times faster than evenly the budget is spent."""
        return self.spent * PERIOD_H / self.hours

    def errors(self, objective: float) -> float:
        """Return the share of errors above which it fires.

        Examples
        --------
        >>> [round(BURNS[0].errors(objective), 2) for objective in (0.8, 0.95, 0.99)]
        [0.8, 0.72, 0.14]
        """
        return min(self.factor * (1 - objective), self.ceiling)


BURNS = (
    Burn("major", "1h", "5m", 1, 0.02, 0.8),
    Burn("minor", "6h", "30m", 6, 0.05, 0.6),
    Burn("warning", "3d", "6h", 72, 0.1, 0.5),
)
_WINDOWS = ("5m", "30m", "1h", "6h", "3d")


def recordings() -> tuple[Recording, ...]:
    """Return what ended and what failed per level and window, all levels alike."""
    rules = []
    for window in _WINDOWS:
        ended, failed = _ended(window), _failed(window)
        rules.append(Recording(f"tenant_level:service_ended:increase{window}", ended))
        rules.append(Recording(f"tenant_level:service_failed:increase{window}", failed))
        rules.append(
            Recording(
                f"tenant_level:service_failed:ratio{window}",
                f"tenant_level:service_failed:increase{window} / (tenant_level:service_ended:increase{window} > 0)",
            )
        )
    return tuple(rules)


def _waits(expr: str) -> str:
    parts = [
        f'label_replace({expr.format(edge=edge)}, "level", "{level}", "", "")'
        for level, edge in (("wait_15", "900.0"), ("wait_30", "1800.0"))
    ]
    return " or ".join(parts)


def _ended(window: str) -> str:
    waits = _waits(f"sum by (tenant) (increase({_CALLED}_count[{window}]))")
    return f"sum by (tenant, level) (increase({_ENDED}[{window}])) or {waits}"


def _failed(window: str) -> str:
    counted = f"sum by (tenant) (increase({_CALLED}_count[{window}]))"
    waits = _waits(counted + f' - sum by (tenant) (increase({_CALLED}_bucket{{{{le="{{edge}}"}}}}[{window}]))')
    return f'sum by (tenant, level) (increase({_ENDED}{{outcome!="on_time"}}[{window}])) or {waits}'


def _burning(levels: str, burn: Burn) -> str:
    budget = f'{burn.factor:g} * (1 - max by (level) (ioc_service_level_objective{{level=~"{levels}"}}))'
    asked = f"on (level) group_left () clamp_max({budget}, {burn.ceiling:g})"
    ratio, ended = "tenant_level:service_failed:ratio", "tenant_level:service_ended:increase"
    return (
        f'{ratio}{burn.long}{{level=~"{levels}"}} > {asked} and {ratio}{burn.short}{{level=~"{levels}"}} > {asked}'
        f' and {ended}{burn.long}{{level=~"{levels}"}} >= {LEAST_ENDED}'
    )


class _Of(NamedTuple):
    name: str
    levels: str
    team: Team
    vi: Told
    en: Told
    dashboard: str
    level: str
    objective: float


def _case(of: _Of, late: float, per_minute: float, minutes: int) -> Case:
    """Return counters of which a share ``late`` fails."""
    objective = {f'ioc_service_level_objective{{level="{of.level}"}}': f"{of.objective:g}x{minutes}"}

    def counter(series: str, share: float) -> dict[str, str]:
        return {series: f"0+{per_minute * share:g}x{minutes}"}

    if of.level.startswith("wait"):
        place = 'tenant="11", unit="03127"'
        edges = {"900.0": 1 - late, "1800.0": 1 - late / 2, "+Inf": 1.0}
        series = {f'{_CALLED}_bucket{{{place}, le="{edge}"}}': share for edge, share in edges.items()}
        series[f"{_CALLED}_count{{{place}}}"] = 1.0
    else:
        place = f'tenant="11", agency="A", level="{of.level}"'
        series = {f'{_ENDED}{{{place}, outcome="on_time"}}': 1 - late, f'{_ENDED}{{{place}, outcome="late"}}': late}
    counters: dict[str, str] = {}
    for name, share in series.items():
        counters |= counter(name, share)
    return Case({**objective, **counters}, minutes - 1)


def _alert(of: _Of, burn: Burn) -> Alert:
    asked, minutes = burn.errors(of.objective), max(30, round(burn.hours * 60 / 12))
    above, below = asked + (1 - asked) * 0.4, asked * 0.8
    return Alert(
        of.name,
        burn.severity,
        of.team,
        _burning(of.levels, burn),
        120,
        of.vi,
        of.en,
        of.dashboard,
        _case(of, above, 6.0, minutes),
        _case(of, below, 6.0, minutes) if burn.severity != "major" else _case(of, above, 0.2, minutes),
    )


_ACTION_VI = "Xem cơ quan, đơn vị nào trễ nhiều nhất; tăng người, hoặc xem lại hạn."
_ACTION_EN = "See which agency or unit is late most; add staff, or look at the deadline again."
_MEANING_VI = "Tỷ lệ trễ của $level đang ăn hết hạn mức sai sót 30 ngày nhanh hơn cho phép."
_MEANING_EN = "The share of $level that fails spends the error budget of 30 days faster than allowed."

_KINDS = (
    _Of(
        "IocWaitLevelBurn",
        "wait_15|wait_30",
        "mot-cua",
        Told("Thời gian chờ không đạt mục tiêu ($level)", _MEANING_VI, _ACTION_VI),
        Told("Waits miss their objective ($level)", _MEANING_EN, _ACTION_EN),
        "ioc-queues",
        "wait_15",
        0.8,
    ),
    _Of(
        "IocReportLevelBurn",
        "report_receipt|report_resolution",
        "phan-anh",
        Told("Phản ánh xử lý trễ so với mục tiêu ($level)", _MEANING_VI, _ACTION_VI),
        Told("Field reports miss their objective ($level)", _MEANING_EN, _ACTION_EN),
        "ioc-levels",
        "report_resolution",
        0.9,
    ),
    _Of(
        "IocDossierLevelBurn",
        "dossier",
        "mot-cua",
        Told("Hồ sơ trễ hạn so với mục tiêu ($level)", _MEANING_VI, _ACTION_VI),
        Told("Dossiers miss their objective ($level)", _MEANING_EN, _ACTION_EN),
        "ioc-levels",
        "dossier",
        0.95,
    ),
)

LEVELS = tuple(_alert(kind, burn) for kind in _KINDS for burn in BURNS)
