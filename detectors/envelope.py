"""Records: values beyond everything that a series has ever shown, measured by the range it has shown."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Block, Floats
from detectors.bank import Bank, Column, Verdict
from detectors.spot import known

_LEAST_P = 1e-10
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


class Envelope(Bank):
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

    def _known(self, value: Floats) -> NDArray[np.bool_]:
        return known(value)

    def _step(self, block: Block) -> Verdict:
        rows, table, value = block.series, self._table, block.value
        seen, highest, lowest = (table.floats(name)[rows] for name in ("seen", "highest", "lowest"))
        table.floats("seen")[rows] = seen + 1.0
        table.floats("highest")[rows] = np.maximum(highest, value)
        table.floats("lowest")[rows] = np.minimum(lowest, value)
        new = seen == 0.0
        highest, lowest = np.where(new, value, highest), np.where(new, value, lowest)
        ready = seen >= self.parameters.quiet_observations
        size = np.maximum(np.abs(highest), np.abs(lowest))
        # a series that never changed has no range: any change is a record by all of it
        unit = self.parameters.range_per_decade * np.maximum(highest - lowest, np.maximum(_EXACT * size, 1e-300))
        p_high, p_low = (np.where(ready, _falling(beyond, unit), 1.0) for beyond in (value - highest, lowest - value))
        return Verdict(p_high, p_low, np.where(ready, np.minimum(np.maximum(value, lowest), highest), np.nan))


def _falling(beyond: Floats, unit: Floats) -> Floats:
    """Return 10 to the minus number of units, at least 1e-10; 1 within the range."""
    with np.errstate(over="ignore"):
        decades = np.minimum(np.maximum(beyond, 0.0) / unit, -np.log10(_LEAST_P))
    falling: Floats = np.maximum(10.0**-decades, _LEAST_P)
    return falling
