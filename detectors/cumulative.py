"""What CUSUM and Page-Hinkley share: two-sided cumulative sums of a gauge's standard residuals, with learned tails."""

from typing import NamedTuple

import numpy as np

from detectors import excursions, standardise
from detectors.arrays import Block
from detectors.bank import Column, Gauges, Verdict


class Sums(NamedTuple):
    """How sums are formed.

    Attributes
    ----------
    shift_sd : float
        The shift that they are tuned for, in standard deviations: half of it is the reference value.
    quiet_observations : float
        Length of history before which nothing is said.
    memory : standardise.Memory
        Of level and noise.
    quiet : excursions.Prior
        Of the tails.
    """

    shift_sd: float
    quiet_observations: float
    memory: standardise.Memory
    quiet: excursions.Prior


class CumulativeBank(Gauges):
    """Base of the detectors that add up log likelihood ratios of a shift of a gauge, up and down.

    Residuals are standardised by the series' own slow level and noise, clipped, and their normal log likelihood ratio
    for a shift of ``shift_sd`` is divided by the long-run variance, so that theory's exponential tail holds for
    autocorrelated series too. A sum never falls below 0, and saturates where its learned tail is about 1e-8, so that
    the return after a change is not delayed by its length. A gap longer than twelve usual intervals and three days
    begins the sums anew.
    """

    def __init__(self, sums: Sums) -> None:
        self._sums = sums
        super().__init__(
            {**standardise.columns(), "evidence": Column((2,), series_last=True), "tail": sums.quiet.column()}
        )

    def _step(self, block: Block) -> Verdict:
        place, table, shift = block.place, self._table, self._sums.shift_sd
        standard = standardise.standardise(block, table, self._sums.memory)
        per_sd = shift / standard.long_run
        gain = np.stack([standard.score, -standard.score])
        gain -= 0.5 * shift
        gain *= per_sd
        tails = table.at("tail", place)
        nats = np.where(standard.gap | (standard.seen < standardise.YOUNG), 0.0, table.at("evidence", place))
        nats = excursions.saturated(np.maximum(nats + gain, 0.0), tails)
        table.floats("evidence")[:, place] = nats
        ready = standard.seen >= self._sums.quiet_observations
        # Excursions last as long as a change takes to bring a nat, on average.
        weight = np.minimum(0.5 * shift * per_sd, 1.0)
        p = excursions.judge(nats, ready, weight, tails)
        table.floats("tail")[..., place] = tails
        standardise.learn_long_run(table, place, standard.score, standard.seen, p)
        return Verdict(p[0], p[1], np.where(ready, standard.level, np.nan))
