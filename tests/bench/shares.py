"""How soon shares are told on generated data, at the default policies: false reviews one by one, and hits among few.

python -m tests.bench.shares
"""

import sys
from typing import NamedTuple

import numpy as np

from detectors.arrays import Block, Floats
from detectors.pagehinkley import PageHinkley
from detectors.proportion import Proportion, ShareBlock
from streams.banks.watching import Watching

_SERIES, _HISTORY, _AFTER = 800, 3000, 500
_YOUNG = 200
_HOUR_MS = 3_600_000


class Drift(NamedTuple):
    """False episodes per 100,000 reviews, and of a share that grew: how many series are told, median of reviews."""

    false: float
    told: float
    reviews: float


def drift(share: float, times: float) -> Drift:
    """Measure reviews of which ``share`` are false, then so many times as many."""
    policy = Watching().policies["reviews"]
    luck, bank = np.random.default_rng(1), PageHinkley()
    bank.resize(_SERIES)
    open_now, episodes = np.zeros(_SERIES, np.bool_), 0
    first = np.full(_SERIES, np.inf)
    for step in range(_HISTORY + _AFTER):
        later = step >= _HISTORY
        value = (luck.random(_SERIES) < share * (times if later else 1.0)).astype(np.float64)
        at_ms = np.full(_SERIES, step * _HOUR_MS)
        p = bank.update(Block(np.arange(_SERIES), at_ms, at_ms, value)).p_high
        if later:
            first = np.where((p < policy.open_below) & np.isinf(first), step - _HISTORY + 1.0, first)
        else:
            new = (p < policy.open_below) & ~open_now
            episodes += int(new.sum())
            open_now = (p < policy.hold_below) & (open_now | new)
    reviews = _SERIES * (_HISTORY - _YOUNG)
    return Drift(episodes / reviews * 1e5, float(np.isfinite(first).mean()), float(np.median(first)))


def spike(share: float, history: int, trials: int, hits: int) -> float:
    """Return the median tail of ``hits`` among ``trials`` after so many observations of as many trials."""
    luck, bank, series = np.random.default_rng(1), Proportion(), 50
    bank.resize(series)
    tails: Floats = np.ones(series)
    for step in range(history + 1):
        at_ms = np.full(series, step * _HOUR_MS)
        drawn = luck.binomial(trials, share, series).astype(np.float64)
        counted = np.full(series, float(hits)) if step == history else drawn
        tails = bank.update(ShareBlock(np.arange(series), at_ms, at_ms, counted, np.full(series, float(trials)))).p_high
    return float(np.median(tails))


def main() -> int:
    """Print both tables."""
    say = sys.stdout.write
    say("reviews: false share, times, false episodes per 100,000 reviews, told, after reviews (median)\n")
    for share, times in ((0.02, 3.0), (0.08, 2.0), (0.08, 3.0), (0.3, 2.0)):
        found = drift(share, times)
        say(f"{share:.0%}  x{times:g}  {found.false:.2f}  {found.told:.0%}  {found.reviews:g}\n")
    say("half of the trials are hits where 4 % are usual: observations before, trials, tail\n")
    for history in (40, 200):
        for trials in (10, 20, 40):
            say(f"{history}  {trials}  {spike(0.04, history, trials, trials // 2):.1e}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
