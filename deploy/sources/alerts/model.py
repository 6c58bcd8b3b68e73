"""An alert as a value: what it asks, whom it tells what, and the two tests that it must pass."""

from typing import Literal, NamedTuple

Severity = Literal["critical", "major", "minor", "warning", "none"]
Team = Literal["van-hanh", "ky-thuat", "mot-cua", "phan-anh"]


class Told(NamedTuple):
    """What is said in one language: a line, a sentence of what it means, and what to do.

    ``$unit`` and other labels, ``$duration``, ``$share`` and ``$value`` are filled in (`deploy.sources.alerts.text`).
    """

    summary: str
    meaning: str
    action: str


class Case(NamedTuple):
    """Series that are fed at one value a minute (promtool's notation), and when the alert is looked at (minutes)."""

    series: dict[str, str]
    at_min: int


class Alert(NamedTuple):
    """One alert; ``hold_s`` against blips (``for``), ``keep_s`` against flaps (``keep_firing_for``).

    ``fires`` makes it fire once, ``silent`` comes near and doesn't. Only what must never be silent has no such case: it
    is to fire without any data too.
    """

    name: str
    severity: Severity
    team: Team
    expr: str
    hold_s: int
    vi: Told
    en: Told
    dashboard: str
    fires: Case
    silent: Case | None
    keep_s: int = 300


class Recording(NamedTuple):
    """A recording rule, named ``level:metric:operation``."""

    record: str
    expr: str


class Recorded(NamedTuple):
    """A group of recording rules; ``every_s`` None: at every evaluation."""

    rules: tuple[Recording, ...]
    every_s: int | None = None
