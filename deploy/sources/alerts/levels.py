"""Service levels: multi-window, multi-burn-rate alerts, with thresholds that each objective can reach.

An error budget of 30 days is 1 - objective. Who spends a share of it within a window burns at a factor
share x 30 days / window (Google SRE workbook, chapter 5); the alert asks for errors above factor x (1 - objective).
The textbook's 14.4 asks for 144 % errors at an objective of 90 % and could never fire, so that the share of errors
asked for is never more than a ceiling. The objectives are those that the worker serves: configuration decides.
"""

from typing import NamedTuple

from deploy.sources.alerts.model import Alert, Case, Recorded, Recording, Severity, Team, Told

PERIOD_H = 30 * 24
LEAST_ENDED = 20
"""In the long window; of fewer, a share is chance."""

_CALLED = "ioc_ticket_wait_seconds"
_EDGES = {"wait_15": "900.0", "wait_30": "1800.0"}


class _Scope(NamedTuple):
    """Where a level is kept: the province, by what agencies finish, or a unit, by what is told of units."""

    name: str
    by: str
    family: str
    waits: tuple[str, ...]


_PROVINCE = _Scope("tenant_level", "tenant", "ioc_agency_deadlines_total", ("wait_15", "wait_30"))
_UNIT = _Scope("tenant_unit_level", "tenant, unit", "ioc_deadlines_total", ("wait_15",))


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
_QUICK, _SLOW = ("5m", "30m", "1h"), ("6h", "3d")
_OF_UNITS = BURNS[2]
"""Within less time too little ends in one commune."""


def recordings() -> dict[str, Recorded]:
    """Return what ended and what failed per level and window, all levels alike; long windows not at every evaluation.

    Three days of every unit are millions of samples.
    """
    return {
        "ioc-recordings": Recorded(tuple(rule for window in _QUICK for rule in _recorded(_PROVINCE, window))),
        "ioc-recordings-slow": Recorded(
            tuple(rule for scope in (_PROVINCE, _UNIT) for window in _SLOW for rule in _recorded(scope, window)), 120
        ),
    }


def _recorded(scope: _Scope, window: str) -> tuple[Recording, ...]:
    ended, failed = (f"{scope.name}:service_{what}:increase{window}" for what in ("ended", "failed"))
    return (
        Recording(ended, _ended(scope, window)),
        Recording(failed, _failed(scope, window)),
        Recording(f"{scope.name}:service_failed:ratio{window}", f"{failed} / ({ended} > 0)"),
    )


def _ended(scope: _Scope, window: str) -> str:
    called = f"sum by ({scope.by}) (increase({_CALLED}_count[{window}]))"
    waits = (_labelled(called, level) for level in scope.waits)
    return " or ".join([f"sum by ({scope.by}, level) (increase({scope.family}[{window}]))", *waits])


def _failed(scope: _Scope, window: str) -> str:
    called = f"sum by ({scope.by}) (increase({_CALLED}_count[{window}]))"
    waits = (
        _labelled(
            f'{called} - sum by ({scope.by}) (increase({_CALLED}_bucket{{le="{_EDGES[level]}"}}[{window}]))', level
        )
        for level in scope.waits
    )
    return " or ".join(
        [f'sum by ({scope.by}, level) (increase({scope.family}{{outcome!="on_time"}}[{window}]))', *waits]
    )


def _labelled(expr: str, level: str) -> str:
    return f'label_replace({expr}, "level", "{level}", "", "")'


def _burning(scope: _Scope, levels: str, burn: Burn) -> str:
    budget = f'{burn.factor:g} * (1 - max by (level) (ioc_service_level_objective{{level=~"{levels}"}}))'
    asked = f"on (level) group_left () clamp_max({budget}, {burn.ceiling:g})"
    ratio, ended = f"{scope.name}:service_failed:ratio", f"{scope.name}:service_ended:increase"
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
    scope: _Scope = _PROVINCE


def _case(of: _Of, late: float, per_minute: float, minutes: int = 60) -> Case:
    """Return an hour's counters, of which a share ``late`` fails: windows that begin before are as full."""
    objective = {f'ioc_service_level_objective{{level="{of.level}"}}': f"{of.objective:g}x{minutes}"}

    def counter(series: str, share: float) -> dict[str, str]:
        return {series: f"0+{per_minute * share:g}x{minutes}"}

    if of.level.startswith("wait"):
        place = 'tenant="11", unit="03127"'
        edges = {"900.0": 1 - late, "1800.0": 1 - late / 2, "+Inf": 1.0}
        series = {f'{_CALLED}_bucket{{{place}, le="{edge}"}}': share for edge, share in edges.items()}
        series[f"{_CALLED}_count{{{place}}}"] = 1.0
    else:
        where = 'agency="A"' if of.scope is _PROVINCE else 'unit="03127"'
        place = f'tenant="11", {where}, level="{of.level}"'
        shares = {"on_time": 1 - late, "late": late}
        series = {f'{of.scope.family}{{{place}, outcome="{outcome}"}}': part for outcome, part in shares.items()}
    counters: dict[str, str] = {}
    for name, share in series.items():
        counters |= counter(name, share)
    return Case({**objective, **counters}, minutes - 1)


def _alert(of: _Of, burn: Burn) -> Alert:
    asked = burn.errors(of.objective)
    above, below = asked + (1 - asked) * 0.4, asked * 0.8
    return Alert(
        of.name,
        burn.severity,
        of.team,
        _burning(of.scope, of.levels, burn),
        120,
        of.vi,
        of.en,
        of.dashboard,
        _case(of, above, 6.0),
        _case(of, below, 6.0) if burn.severity != "major" else _case(of, above, 0.2),
    )


_ACTION_VI = "Xem cơ quan, đơn vị nào trễ nhiều nhất; tăng người, hoặc xem lại hạn."
_ACTION_EN = "See which agency or unit is late most; add staff, or look at the deadline again."
_ACTION_UNIT_VI = "Trao đổi với lãnh đạo đơn vị: thiếu người, thiếu quầy hay quy trình; xem cùng kỳ ở đơn vị khác."
_ACTION_UNIT_EN = "Talk to the head of the unit: staff, counters or procedure; compare with other units."
_MEANING_VI = "$share trễ ($level): đang ăn hết hạn mức sai sót 30 ngày nhanh hơn cho phép."
_MEANING_EN = "$share fail ($level): that spends the error budget of 30 days faster than allowed."

_KINDS = (
    _Of(
        "IocWaitLevelBurn",
        "wait_15|wait_30",
        "mot-cua",
        Told("Thời gian chờ không đạt mục tiêu: $level", _MEANING_VI, _ACTION_VI),
        Told("Waits miss their objective: $level", _MEANING_EN, _ACTION_EN),
        "ioc-queues",
        "wait_15",
        0.8,
    ),
    _Of(
        "IocReportLevelBurn",
        "report_receipt|report_resolution",
        "phan-anh",
        Told("Phản ánh trễ so với mục tiêu: $level", _MEANING_VI, _ACTION_VI),
        Told("Field reports miss their objective: $level", _MEANING_EN, _ACTION_EN),
        "ioc-levels",
        "report_resolution",
        0.9,
    ),
    _Of(
        "IocDossierLevelBurn",
        "dossier",
        "mot-cua",
        Told("Hồ sơ trễ hạn so với mục tiêu", _MEANING_VI, _ACTION_VI),
        Told("Dossiers miss their objective", _MEANING_EN, _ACTION_EN),
        "ioc-levels",
        "dossier",
        0.95,
    ),
)

_OF_EACH_UNIT = (
    _Of(
        "IocUnitWaitLevelBurn",
        "wait_15",
        "mot-cua",
        Told("Thời gian chờ ba ngày qua không đạt mục tiêu: $unit", _MEANING_VI, _ACTION_UNIT_VI),
        Told("Waits of the last three days miss their objective: $unit", _MEANING_EN, _ACTION_UNIT_EN),
        "ioc-queues",
        "wait_15",
        0.8,
        _UNIT,
    ),
    _Of(
        "IocUnitReportLevelBurn",
        "report_resolution",
        "phan-anh",
        Told("Phản ánh ba ngày qua trễ so với mục tiêu: $unit", _MEANING_VI, _ACTION_UNIT_VI),
        Told("Field reports of the last three days miss their objective: $unit", _MEANING_EN, _ACTION_UNIT_EN),
        "ioc-reports",
        "report_resolution",
        0.9,
        _UNIT,
    ),
    _Of(
        "IocUnitDossierLevelBurn",
        "dossier",
        "mot-cua",
        Told("Hồ sơ ba ngày qua trễ hạn so với mục tiêu: $unit", _MEANING_VI, _ACTION_UNIT_VI),
        Told("Dossiers of the last three days miss their objective: $unit", _MEANING_EN, _ACTION_UNIT_EN),
        "ioc-queues",
        "dossier",
        0.95,
        _UNIT,
    ),
)

LEVELS = (
    *(_alert(kind, burn) for kind in _KINDS for burn in BURNS),
    *(_alert(kind, _OF_UNITS) for kind in _OF_EACH_UNIT),
)
