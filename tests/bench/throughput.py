"""Throughput: all consumers read the same topic, in turns, and the medians of their rates are compared."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from msgspec import Struct

from streams.topics import CAMERA_EVENTS
from tests.bench.cluster import ROOT, consume, forget, fresh_group
from tests.bench.stopwatch import Job, Run

_WARM_UP_SHARE = 10  # the first tenth of what a consumer reads is not timed


class Contender(NamedTuple):
    """A consumer: its name in the table, its module and where that is, and how much of the topic it reads at most."""

    name: str
    module: str
    records: int | None
    tuned: bool = False
    root: Path = ROOT


FAUST = Contender("stock Faust + orjson", "peer_faust", 100_000)
CONFLUENT = Contender("confluent-kafka + orjson", "peer_confluent", 1_200_000)
TUNED = Contender("confluent, tuned + orjson", "peer_confluent", 1_200_000, tuned=True)
QUIX = Contender("Quix Streams + orjson", "peer_quix", 1_200_000)
OURS = Contender("ioc worker, everything on", "peer_ioc", None)
CONTENDERS = (FAUST, CONFLUENT, TUNED, QUIX, OURS)


class Result(Struct, frozen=True):
    """One line of the table; rates are medians of the rounds, the range is over the rounds."""

    name: str
    events_per_s: float
    slowest: float
    fastest: float
    ratio_to_stock_faust: float
    ratio_to_confluent: float
    events_per_cpu_s: float
    resident_mb: float
    rounds: int


def earlier(revision: str, root: Path) -> Contender:
    """Return the worker of another revision, which is checked out at ``root``, as a consumer."""
    return OURS._replace(name=f"ioc worker of {revision}", root=root)


def measure(
    bootstrap: str, records: int, rounds: int, tell: Callable[[str], None], further: Sequence[Contender] = ()
) -> list[Result]:
    """Let every consumer, ``further`` ones too, read the topic of camera events once per round, and compare.

    Raises
    ------
    RuntimeError
        The worker did not accept exactly what was produced.
    """
    runs: dict[Contender, list[Run]] = {contender: [] for contender in (*CONTENDERS, *further)}
    for number in range(rounds):
        for contender, run in _round(bootstrap, records, list(runs)):
            tell(f"round {number + 1} of {rounds}: {contender.name:31} {run.rate:9,.0f} events/s")
            runs[contender].append(run)
    rates = {contender: median(run.rate for run in found) for contender, found in runs.items()}
    return [
        Result(
            name=contender.name,
            events_per_s=round(rates[contender]),
            slowest=round(min(run.rate for run in found)),
            fastest=round(max(run.rate for run in found)),
            ratio_to_stock_faust=round(rates[contender] / rates[FAUST], 2),
            ratio_to_confluent=round(rates[contender] / rates[CONFLUENT], 2),
            events_per_cpu_s=round(median(run.events / run.cpu_s for run in found)),
            resident_mb=round(median(run.resident_mb for run in found)),
            rounds=rounds,
        )
        for contender, found in runs.items()
    ]


def _round(bootstrap: str, records: int, contenders: Sequence[Contender]) -> Iterator[tuple[Contender, Run]]:
    for contender in contenders:
        wanted = min(records, contender.records or records)
        ours = contender.module == OURS.module
        if ours:
            forget(bootstrap)
        job = Job(
            bootstrap, CAMERA_EVENTS, wanted, wanted // _WARM_UP_SHARE, fresh_group(contender.module), contender.tuned
        )
        run = consume(contender.module, job, contender.root)
        if ours and run.accepted != records:
            raise RuntimeError(f"{records} events produced, {run.accepted} accepted: the figures would mean nothing")
        yield contender, run
