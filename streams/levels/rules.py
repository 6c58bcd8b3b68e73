"""Which time is allowed: rules by category and agency of a report, or by procedure of a dossier, each from a day on."""

from collections.abc import Sequence
from typing import Literal, get_args

from msgspec import Struct

from streams.levels.clock import Allowance

RECEIPT: Literal["report_receipt"] = "report_receipt"
RESOLUTION: Literal["report_resolution"] = "report_resolution"
DOSSIER: Literal["dossier"] = "dossier"

Level = Literal["report_receipt", "report_resolution", "dossier"]
LEVELS: tuple[Level, ...] = get_args(Level)

OTHER = "other"
"""The label of whatever is in no closed set."""


class Rule(Struct, frozen=True):
    """What holds of matters that begin at ``since_ms`` or later; an empty name stands for all.

    ``subject`` is a category (service code or service group) of reports, or a procedure of dossiers.
    """

    level: Level
    allowance: Allowance
    subject: str = ""
    agency: str = ""
    since_ms: int = -(2**62)


class Rules:
    """Finds the rule that says most of a matter: its own subject before that of its group, then its agency.

    Among rules that say as much, the one that came into force last holds.

    Examples
    --------
    >>> day, week = Allowance(86_400_000, False), Allowance(7 * 86_400_000, False)
    >>> rules = Rules([Rule("dossier", week), Rule("dossier", day, subject="1.000", since_ms=1000)])
    >>> [rules.find("dossier", ("1.000",), "", at_ms) == day for at_ms in (999, 1000)]
    [False, True]
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        self.subjects = frozenset(rule.subject for rule in rules if rule.subject)
        self.agencies = frozenset(rule.agency for rule in rules if rule.agency)
        self._fitting: dict[tuple[Level, tuple[str, ...], str], list[Rule]] = {}

    def find(self, level: Level, subjects: tuple[str, ...], agency: str, start_ms: int) -> Allowance | None:
        """Return what is allowed to a matter that began then; ``subjects`` are its names, the closest first.

        None: no rule is in force for it.
        """
        key = (level, subjects, agency)
        fitting = self._fitting.get(key)
        if fitting is None:
            fitting = self._fitting[key] = self._best_first(*key)
        return next((rule.allowance for rule in fitting if rule.since_ms <= start_ms), None)

    def _best_first(self, level: Level, subjects: tuple[str, ...], agency: str) -> list[Rule]:
        closeness = {name: len(subjects) - place for place, name in reversed(list(enumerate(subjects)))} | {"": 0}
        fitting = [
            rule
            for rule in self._rules
            if rule.level == level and rule.subject in closeness and rule.agency in {"", agency}
        ]
        return sorted(fitting, key=lambda rule: (-closeness[rule.subject], not rule.agency, -rule.since_ms))
