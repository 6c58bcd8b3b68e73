"""Adds up what became of records, and says it in one line: the accounting at the end of every command."""

from collections import Counter

from streams.stage import Tally


class Ledger:
    """Sums of tallies; `balanced` must hold at all times."""

    def __init__(self) -> None:
        self.records = 0
        self.accepted = 0
        self.duplicate = 0
        self.late = 0
        self.dead_lettered: Counter[str] = Counter()
        self.noted: Counter[str] = Counter()
        self.anomalies: Counter[str] = Counter()
        self.by_topic: Counter[str] = Counter()

    def add(self, topic: str, tally: Tally) -> None:
        """Add one call's tally."""
        self.records += tally.records
        self.accepted += tally.accepted
        self.duplicate += tally.duplicate
        self.late += tally.late
        self.dead_lettered.update(tally.dead_lettered)
        self.noted.update(tally.noted)
        self.anomalies.update(tally.anomalies)
        self.by_topic[topic] += tally.records

    @property
    def balanced(self) -> bool:
        """Whether every record is accounted for."""
        return self.records == self.accepted + self.duplicate + self.late + self.dead_lettered.total()

    def line(self) -> str:
        """Return the accounting as one line.

        Examples
        --------
        >>> ledger = Ledger()
        >>> ledger.add("t", Tally(records=3, accepted=1, duplicate=1, dead_lettered={"not_json": 1}))
        >>> ledger.line()
        '3 records = 1 accepted + 1 duplicate + 0 late + 1 dead-lettered (not_json 1)'
        """
        reasons = ", ".join(f"{reason} {count}" for reason, count in self.dead_lettered.most_common())
        dead = self.dead_lettered.total()
        return (
            f"{self.records} records = {self.accepted} accepted + {self.duplicate} duplicate + {self.late} late"
            f" + {dead} dead-lettered" + (f" ({reasons})" if reasons else "")
        )
