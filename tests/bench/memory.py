"""Memory: what a worker keeps resident after ever more events of all kinds."""

from msgspec import Struct

from streams.topics import CAMERA_EVENTS
from tests.bench.cluster import consume, forget, fresh_group
from tests.bench.stopwatch import Job


class Memory(Struct, frozen=True):
    """Resident megabytes (10⁶ bytes) after so many events, and the rate over all of them."""

    name: str
    events: int
    events_per_s: float
    resident_mb: tuple[tuple[int, float], ...]


def measure(bootstrap: str, records: int) -> Memory:
    """Let a fresh worker read all source topics, which hold ``records`` records.

    Raises
    ------
    RuntimeError
        The worker did not accept every one of them.
    """
    forget(bootstrap)
    run = consume("peer_ioc", Job(bootstrap, CAMERA_EVENTS, records, records // 10, fresh_group("memory")))
    if run.accepted != records:
        raise RuntimeError(f"{records} events produced, {run.accepted} accepted: the figures would mean nothing")
    return Memory(
        "ioc worker, all topics", records, round(run.rate), (*run.resident_by_events, (records, run.resident_mb))
    )
