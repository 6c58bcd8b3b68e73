"""What the shell tells about its work; `ioc.metrics` listens, the shell doesn't care who does."""

from typing import Protocol

from streams.stage import Outcome


class Observer(Protocol):
    """Receives facts as they happen, on the event loop's thread; must return at once and not raise."""

    def on_outcome(self, topic: str, partition: int, outcome: Outcome) -> None:
        """Hear that one step of a stage is done; its outputs are handed to the producer."""
        ...

    def on_batch(self, topic: str, partition: int, records: int, size_bytes: int, seconds: float) -> None:
        """Hear that one batch went through `Stage.process` in that many seconds."""
        ...

    def on_lag(self, topic: str, partition: int, offset_lag: int, event_lag_s: float) -> None:
        """Hear, once a second, how many records are not folded yet and how old the newest that is (0: caught up)."""
        ...

    def on_snapshot(self, topic: str, partition: int, size_bytes: int, blocks: int, seconds: float) -> None:
        """Hear of a confirmed snapshot; bytes and blocks are those written, the unchanged ones cost nothing."""
        ...

    def on_gap(self, topic: str, partition: int, first: int, end: int, reason: str) -> None:
        """Hear that offsets first ≤ o < end are never folded: ``deleted``, ``oversized`` or ``undecodable``."""
        ...

    def on_rebalance(self, assigned: tuple[tuple[str, int], ...]) -> None:
        """Hear that the group gave this worker these (topic, partition), all of them restored."""
        ...


class SilentObserver:
    """Listens to nothing; the base for those who care about a few facts only."""

    def on_outcome(self, topic: str, partition: int, outcome: Outcome) -> None:
        """Ignore it."""

    def on_batch(self, topic: str, partition: int, records: int, size_bytes: int, seconds: float) -> None:
        """Ignore it."""

    def on_lag(self, topic: str, partition: int, offset_lag: int, event_lag_s: float) -> None:
        """Ignore it."""

    def on_snapshot(self, topic: str, partition: int, size_bytes: int, blocks: int, seconds: float) -> None:
        """Ignore it."""

    def on_gap(self, topic: str, partition: int, first: int, end: int, reason: str) -> None:
        """Ignore it."""

    def on_rebalance(self, assigned: tuple[tuple[str, int], ...]) -> None:
        """Ignore it."""
