"""Which detector watches what, with which false-alarm rate: the part of the configuration that banks are made of."""

from typing import Any

import msgspec
from msgspec import Struct

from streams.anomalies import Kind
from streams.banks.bank import Bank
from streams.banks.families import FAMILIES, Family, Local
from streams.banks.making import make
from streams.banks.panel import Choice, Panel, Reading, Side, Watch
from streams.calendar import NO_CALENDAR, Calendar
from streams.judge import Policy
from streams.levels.waits import WaitTargets
from streams.topics import SOURCES

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS
_COUNTS = ("*requests*", "*messages*", "*documents*", "*sessions*", "*calls*", "*_count")
"""Metrics that count within an interval, though they are sent as gauges."""
_WEATHER = (
    "*temperature*",
    "*humidity*",
    "*pressure*",
    "*water_level*",
    "*wind*",
    "*pm2_5*",
    "*pm10*",
    "*_dbm",
    "*rssi*",
)
"""Metrics that may be negative or have no rhythm that a count has: what surprises is their course, not their size."""


class Use(Struct, frozen=True, forbid_unknown_fields=True):
    """A detector on a group of series.

    ``tells``: what its high and its low side tell, for example ``{high = "surge", low = "drop"}``; a side that isn't
    named is ignored. ``policy``: the name of one of ``watching.policies``. ``parameters``: those of the detector that
    are not to be its defaults. ``window_ms``: it reads the sums of counts over windows so long of the wall clock, as
    soon as they are over, instead of each count by itself (0). ``enabled = false`` takes it off.
    """

    tells: dict[Side, Kind] = {}
    policy: str = ""
    parameters: dict[str, Any] = {}
    window_ms: int = 0
    enabled: bool = True

    def __post_init__(self) -> None:
        """Check the window."""
        if self.window_ms and (self.window_ms < _MINUTE_MS or _DAY_MS % self.window_ms):
            raise ValueError(f"window_ms must be 0, or from {_MINUTE_MS} on and divide a day, is {self.window_ms}")


class Group(Struct, frozen=True, forbid_unknown_fields=True):
    """A group of series and the detectors that watch it, by their names in docs/detectors.md.

    ``family`` is one of `streams.banks.families`. A family of sampled values may be cut into groups by ``metrics``,
    patterns of the metric (of cameras: the class of objects), and by ``reading``, whether telemetry says that its
    values are gauges or counters. A series belongs to the group that describes it most closely: most characters
    outside wildcards, then the reading. A group without detectors mutes its series.
    """

    family: str
    detectors: dict[str, Use] = {}
    metrics: tuple[str, ...] = ("*",)
    reading: Reading = "any"

    def __post_init__(self) -> None:
        """Check that the family is known, and that detectors, parameters and kinds fit it."""
        family = FAMILIES.get(self.family)
        if family is None:
            raise ValueError(f"family {self.family!r} is unknown; there are {', '.join(FAMILIES)}")
        if not self.metrics:
            raise ValueError('metrics is empty, so nothing would be taken; ["*"] takes every metric')
        if family.whole and self.choice != Choice():
            raise ValueError(f"family {self.family} has no metrics to tell apart; leave out metrics and reading")
        for name, use in self.detectors.items():
            _check(self.family, family, name, use)

    @property
    def judged(self) -> bool:
        """Whether its detectors need policies."""
        return FAMILIES[self.family].judged

    @property
    def choice(self) -> Choice:
        """Return which series it takes."""
        return Choice(self.metrics, self.reading)


def _check(name: str, family: Family, detector: str, use: Use) -> None:
    if detector not in family.detectors:
        raise ValueError(f"detector {detector!r} doesn't fit {name}; these do: {', '.join(sorted(family.detectors))}")
    make(detector, family.detectors[detector], use.parameters)
    for side, kind in use.tells.items():
        if kind not in family.kinds:
            known = ", ".join(sorted(each.value for each in family.kinds))
            raise ValueError(f"{detector}.tells.{side}: {kind.value!r} can't be told of {name}; these can: {known}")
    if family.whole and use.window_ms:
        raise ValueError(f"family {name} has windows of its own; leave out {detector}.window_ms")
    if use.enabled and not use.tells:
        raise ValueError(f"{detector}.tells names no side, so it would work for nothing; or set enabled = false")


def _policies() -> dict[str, Policy]:
    level = Policy(open_below=1e-6, hold_below=1e-3, quiet_ms=3 * _HOUR_MS, refresh_ms=6 * _HOUR_MS)
    minutes = {"quiet_ms": 15 * _MINUTE_MS, "refresh_ms": 30 * _MINUTE_MS}
    return {
        "level": level,
        "street": msgspec.structs.replace(level, alone_below=1e-9, alone_after=12),
        "lasting": Policy(open_below=1e-6, hold_below=1e-4, quiet_ms=24 * _HOUR_MS, refresh_ms=24 * _HOUR_MS),
        "street_lasting": Policy(
            open_below=1e-6, hold_below=1e-4, quiet_ms=24 * _HOUR_MS, refresh_ms=24 * _HOUR_MS, alone_below=0.0
        ),
        "stuck": msgspec.structs.replace(level, open_below=1e-9),
        "surges": Policy(open_below=1e-6, hold_below=1e-5, quiet_ms=12 * _HOUR_MS, refresh_ms=6 * _HOUR_MS),
        "clusters": Policy(open_below=1e-5, hold_below=1e-2, quiet_ms=6 * _HOUR_MS, refresh_ms=6 * _HOUR_MS),
        "areas": Policy(open_below=1e-6, hold_below=1e-3, quiet_ms=6 * _HOUR_MS, refresh_ms=6 * _HOUR_MS),
        "shares": msgspec.structs.replace(level, open_below=1e-4, hold_below=1e-2),
        "reviews": Policy(open_below=1e-4, hold_below=1e-2, quiet_ms=24 * _HOUR_MS, refresh_ms=24 * _HOUR_MS),
        "wait": Policy(open_below=1e-2, hold_below=0.2, alone_below=1e-6, alone_after=2, **minutes),
        "stalled": Policy(open_below=1e-4, hold_below=1e-2, **{**minutes, "quiet_ms": 10 * _MINUTE_MS}),
    }


def _series() -> dict[str, Group]:
    odd = Use({"high": Kind.SURGE, "low": Kind.DROP}, "level")
    lasting = Use({"high": Kind.RISE, "low": Kind.FALL}, "lasting")
    hourly = msgspec.structs.replace(lasting, window_ms=_HOUR_MS)
    stuck = Use({"low": Kind.STUCK}, "stuck")
    counts = {"seasonal": odd, "count_cusum": hourly, "flatline": stuck}
    streets = {
        "seasonal": msgspec.structs.replace(odd, policy="street"),
        "count_cusum": msgspec.structs.replace(hourly, policy="street_lasting"),
        "flatline": stuck,
    }
    silence = {"silence": Use({"high": Kind.SILENT})}
    queues = {
        "predicted_wait": Use({"high": Kind.LONG_WAIT}, "wait"),
        "stalled_counter": Use({"high": Kind.STALLED}, "stalled"),
    }
    return {
        "camera_counts": Group("camera.count", streets),
        "camera_signals": Group("camera.signal", silence),
        "camera_reviews": Group("camera.reviews", {"pagehinkley": Use({"high": Kind.FALSE_ALARMS}, "reviews")}),
        "reports": Group("report.count", {"rare": Use({"high": Kind.REPORT_SURGE}, "surges")}),
        "report_places": Group("report.place", {"hotspot": Use({"high": Kind.REPORT_CLUSTER}, "clusters")}),
        "report_areas": Group("report.area", {"area_scan": Use({"high": Kind.REPORT_AREA}, "areas")}),
        "queues": Group("queue.state", queues),
        "office_signals": Group("queue.signal", silence),
        "visitors": Group("queue.visitors", {"proportion": Use({"high": Kind.NO_SHOWS}, "shares")}),
        "payments": Group("dossier.payments", {"proportion": Use({"high": Kind.PAYMENT_FAILURES}, "shares")}),
        "telemetry_counters": Group("telemetry.value", counts, reading="counter"),
        "telemetry_counts": Group("telemetry.value", counts, metrics=_COUNTS),
        "telemetry_gauges": Group(
            "telemetry.value", {"level": odd, "seasonal": odd, "cusum": lasting, "flatline": stuck}, reading="gauge"
        ),
        "telemetry_weather": Group(
            "telemetry.value", {"level": odd, "nearest": odd, "cusum": lasting, "flatline": stuck}, metrics=_WEATHER
        ),
        "telemetry_signals": Group("telemetry.signal", silence),
    }


class Watching(Struct, frozen=True, forbid_unknown_fields=True):
    """Policies and groups of series, each by a name; those of the defaults can be changed or added to.

    ``open_below`` of a policy is a false-alarm rate per observation.
    """

    policies: dict[str, Policy] = msgspec.field(default_factory=_policies)
    series: dict[str, Group] = msgspec.field(default_factory=_series)

    def __post_init__(self) -> None:
        """Check that policies exist and that no two groups want the same series."""
        taken: dict[tuple[str, Choice], str] = {}
        for name, group in self.series.items():
            for detector, use in group.detectors.items():
                if (group.judged or use.policy) and use.policy not in self.policies:
                    raise ValueError(
                        f"series.{name}.detectors.{detector}.policy: {use.policy!r} is none of watching.policies; "
                        f"these are {', '.join(self.policies)}"
                    )
            other = taken.setdefault((group.family, group.choice), name)
            if other != name:
                raise ValueError(
                    f"series.{other} and series.{name} both want the same series of {group.family}; "
                    "name other metrics, or put all detectors into one"
                )

    def panels(self, family: str) -> list[Panel]:
        """Return fresh detectors for the groups of a family; without those of a whole family that are all off."""
        known = FAMILIES[family]
        panels = [
            Panel(
                name, group.choice, [self._watch(known, *pair) for pair in group.detectors.items() if pair[1].enabled]
            )
            for name, group in self.series.items()
            if group.family == family
        ]
        return [panel for panel in panels if panel.watches] if known.whole else panels

    def _watch(self, family: Family, name: str, use: Use) -> Watch:
        detector = make(name, family.detectors[name], use.parameters)
        return Watch(detector, use.tells, self.policies.get(use.policy), use.window_ms)


def banks_of(
    topic: str,
    partition: int,
    watching: Watching,
    calendar: Calendar = NO_CALENDAR,
    waits: WaitTargets = WaitTargets(),  # noqa: B008 - frozen
) -> dict[str, Bank]:
    """Return fresh banks for one partition of a source topic, by family.

    Raises
    ------
    ValueError
        The topic is no source topic.
    """
    if topic not in SOURCES:
        raise ValueError(f"topic {topic!r} is no source topic; these are {', '.join(SOURCES)}")
    mine = [(name, family, watching.panels(name)) for name, family in FAMILIES.items() if family.topic == topic]
    return {
        name: family.bank(panels, f"{topic}/{partition}", Local(calendar, waits))
        for name, family, panels in mine
        if panels and family.bank is not None
    }
