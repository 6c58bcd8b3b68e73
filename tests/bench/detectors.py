"""`make bench-detectors`: the speed of every detector at 10,000 series per update against river and PySAD, in one run.

It writes `build/bench-detectors.json`. Seconds are processor time of the one thread that scores and learns: on a quiet
machine these are seconds, and on a busy one other work doesn't count.
"""

import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from statistics import median
from typing import Any, NamedTuple

import click
import numpy as np
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from detectors.registry import EVERY
from tests.bench import report
from tests.bench.cluster import ROOT
from tests.bench.detector_feeds import COUNTS, GAUGES, OF_DETECTOR, Feed
from tests.bench.detector_peers import Crowd, peers

_SERIES = 10_000
_KINDS = 500  # series that a bank is settled on; their state is then copied to all
_OURS_S = 0.3  # per round, making blocks included
_PEERS_S = 0.6
_WIDTH = 132
_REFERENCE = "river HalfSpaceTrees"


class Together(NamedTuple):
    """Detectors that one value goes through, one after the other."""

    name: str
    detectors: tuple[str, ...]
    feed: Feed


_CHEAP = ("daily", "envelope", "activity", "shift")
TOGETHER = (
    Together("worker, samples", ("seasonal", "flatline"), COUNTS),
    Together("gauge", ("level", "cusum", "envelope"), GAUGES),
    Together("backtest without kNN", _CHEAP, GAUGES),
    Together("backtest with kNN", (*_CHEAP, "nearest"), GAUGES),
)


class Result(Struct, frozen=True):
    """One line of the table; the rate is the median of the rounds."""

    name: str
    observations_per_s: float
    ratio_to_half_space_trees: float
    state_bytes_per_series: int
    series: int
    rounds: int


class Banks:
    """Detectors of 10,000 settled series that are fed the same blocks."""

    def __init__(self, names: Sequence[str], feed: Feed) -> None:
        self._blocks = feed.blocks
        self._step = feed.settled
        self._banks = [_settled(name, feed) for name in names]
        arrays = [array for bank in self._banks for array in bank.state().values()]
        self.state_bytes = sum(array.nbytes for array in arrays) // _SERIES

    def rate(self, limit_s: float) -> float:
        """Return observations per second, each through all banks, over as many updates as fit into the time."""
        updates, seconds, ends = 0, 0.0, time.monotonic() + limit_s
        while not updates or time.monotonic() < ends:
            block: Any = self._blocks(np.arange(_SERIES) % _KINDS, self._step)
            began = time.thread_time()
            for bank in self._banks:
                bank.update(block)
            seconds += time.thread_time() - began
            updates += 1
            self._step += 1
        return updates * _SERIES / seconds


def _settled(name: str, feed: Feed) -> Any:
    """Return a bank of which each series has the state of one of the kinds that were fed.

    They begin one after the other during the first third, so that what a detector does now and then it doesn't do to
    all series in the same update.
    """
    small, bank = EVERY[name](), EVERY[name]()
    small.resize(_KINDS)
    for step in range(feed.settled):
        begun = min(1 + 3 * _KINDS * step // feed.settled, _KINDS)
        small.update(feed.blocks(np.arange(begun), step))
    bank.load({array: np.concatenate([rows] * (_SERIES // _KINDS)) for array, rows in small.state().items()})
    return bank


class _Contender(NamedTuple):
    """A line of the table: what is measured, for how many series, for how long per round."""

    name: str
    measured: Banks | Crowd
    series: int
    limit_s: float


def _contenders(only: Sequence[str], of_ours_s: float, of_peers_s: float) -> Iterator[_Contender]:
    """Yield the peers and ours, each settled."""
    for peer in peers():
        yield _Contender(peer.name, Crowd(peer), peer.series, of_peers_s)
    for name in sorted(EVERY):
        if not only or name in only:
            yield _Contender(name, Banks([name], OF_DETECTOR.get(name, GAUGES)), _SERIES, of_ours_s)
    for each in TOGETHER:
        if not only or each.name in only:
            names = f"{each.name}: {' + '.join(each.detectors)}"
            yield _Contender(names, Banks(each.detectors, each.feed), _SERIES, of_ours_s)


def _results(contenders: Sequence[_Contender], rates: dict[str, list[float]]) -> list[Result]:
    reference = median(rates[_REFERENCE])
    return [
        Result(
            name=each.name,
            observations_per_s=round(median(rates[each.name])),
            ratio_to_half_space_trees=round(median(rates[each.name]) / reference, 2),
            state_bytes_per_series=each.measured.state_bytes,
            series=each.series,
            rounds=len(rates[each.name]),
        )
        for each in contenders
    ]


def _show(console: Console, results: Sequence[Result], rates: dict[str, list[float]]) -> None:
    """Print a line per detector, peer and combination."""
    table = Table(title="Speed of detectors, score and learn, per second of one processor, median of the rounds")
    for heading in ("detector", "observations/s", "range", "x HalfSpaceTrees", "bytes per series", "series"):
        table.add_column(heading, justify="left" if heading == "detector" else "right")
    for each in results:
        table.add_row(
            each.name,
            f"{each.observations_per_s:,.0f}",
            f"{min(rates[each.name]):,.0f} to {max(rates[each.name]):,.0f}",
            f"{each.ratio_to_half_space_trees:,.2f}",
            f"{each.state_bytes_per_series:,}",
            f"{each.series:,}",
        )
    console.print(table)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--rounds", default=5, show_default=True, help="Turns that everyone takes.")
@click.option("--only", multiple=True, help="Of ours, measure only this detector or combination (may be repeated).")
def main(*, rounds: int, only: tuple[str, ...]) -> None:
    r"""Measure every detector at 10,000 series per update, and river and PySAD, in turns.

    \b
    Examples:
      make bench-detectors
      make bench-detectors ARGS="--only level --only 'worker, samples'"
    """
    console = Console(width=_WIDTH)
    console.print(f"{report.machine()}, river {version('river')}, PySAD {version('pysad')}", highlight=False)
    began = time.monotonic()
    contenders = list(_contenders(only, _OURS_S, _PEERS_S))
    console.print(f"{time.monotonic() - began:5.0f} s  all settled", highlight=False)
    rates: dict[str, list[float]] = {each.name: [] for each in contenders}
    for number in range(rounds):
        for each in contenders:
            rates[each.name].append(each.measured.rate(each.limit_s))
        console.print(f"{time.monotonic() - began:5.0f} s  round {number + 1} of {rounds}", highlight=False)
    results = _results(contenders, rates)
    _show(console, results, rates)
    path = ROOT / "build" / "bench-detectors.json"
    report.write(path, results)
    console.print(f"written: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
