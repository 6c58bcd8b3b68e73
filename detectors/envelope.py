"""Records: values beyond everything that a series has ever shown, measured by the range it has shown."""

from typing import NamedTuple

import numpy as np

from detectors.arrays import Block, Floats
from detectors.bank import Column, Gauges, Verdict

_MOST_DECADES = 10.0
_EXACT = 1e-9  # differences smaller than this part of the numbers are rounding


class EnvelopeParameters(NamedTuple):
    """Parameters of `Envelope`.

    Attributes
    ----------
    quiet_observations : int
        Length of history before which nothing is said.
    range_per_decade : float
        How far, in parts of the range so far, a record reaches beyond it for each decade of improbability.
    """

    quiet_observations: int = 150
    range_per_decade: float = 0.1

    def validated(self) -> "EnvelopeParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        if not self.quiet_observations > 1:
            raise ValueError(f"envelope.quiet_observations must be at least 2, is {self.quiet_observations}")
        if not self.range_per_decade > 0.0:
            raise ValueError(f"envelope.range_per_decade must be above 0, is {self.range_per_decade}")
        return self


class Envelope(Gauges):
    """New all-time highs and lows; expected is the old record, or the value itself within the range.

    A series of n independent values sets a record with probability 1 / n; how far that reaches beyond the range is
    taken to fall by a decade per tenth of the range, which suits bounded and normal series alike within a decade.

    Examples
    --------
    >>> bank = Envelope()
    >>> bank.resize(1)
    >>> at = np.arange(400) * 60_000
    >>> value = np.sin(np.arange(400.0) * 1.7)
    >>> value[-1] = 2.0
    >>> scores = bank.update(Block(np.zeros(400, np.int64), at, at, value))
    >>> bool(scores.p_high[-1] < 1e-4), float(scores.p_high[:-1].min().round(2))
    (True, 1.0)
    """

    name = "envelope"
    version = 1

    def __init__(self, parameters: EnvelopeParameters | None = None) -> None:
        self.parameters = (parameters or EnvelopeParameters()).validated()
        super().__init__({"seen": Column(), "highest": Column(fill=-np.inf), "lowest": Column(fill=np.inf)})

    def _step(self, block: Block) -> Verdict:
        place, table, value = block.place, self._table, block.value
        numbers, tops, bottoms = (table.floats(name) for name in ("seen", "highest", "lowest"))
        seen = numbers[place]
        ready = seen >= self.parameters.quiet_observations
        numbers[place] = seen + 1.0
        usual = np.minimum(np.maximum(value, bottoms[place]), tops[place])
        tails = np.ones((2, len(value)))
        records = np.flatnonzero(usual != value)  # few: all else leaves everything as it is
        if len(records):
            rows, record = block.series[records], value[records]
            highest, lowest = tops[rows], bottoms[rows]
            tails[:, records] = np.where(ready[records], self._beyond(record, highest, lowest), 1.0)
            tops[rows], bottoms[rows] = np.maximum(highest, record), np.minimum(lowest, record)
        if not ready.all():
            usual[~ready] = np.nan
        return Verdict(tails[0], tails[1], usual)

    def _beyond(self, value: Floats, highest: Floats, lowest: Floats) -> Floats:
        """Return the tails of values above and below the range so far, (2, m): at least 1e-10, 1 within the range."""
        new = highest < lowest
        highest, lowest = np.where(new, value, highest), np.where(new, value, lowest)
        size = np.maximum(np.abs(highest), np.abs(lowest))
        # a series that never changed has no range: any change is a record by all of it
        unit = self.parameters.range_per_decade * np.maximum(highest - lowest, np.maximum(_EXACT * size, 1e-300))
        with np.errstate(over="ignore"):
            decades = np.minimum(np.maximum(np.stack([value - highest, lowest - value]), 0.0) / unit, _MOST_DECADES)
        falling: Floats = 10.0**-decades
        return falling
