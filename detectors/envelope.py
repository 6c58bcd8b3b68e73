"""Records: values beyond everything that a series has ever shown, judged by how far its earlier records reached."""

from typing import NamedTuple

import numpy as np

from detectors.arrays import Block, Floats, Ints
from detectors.bank import Column, Gauges, Verdict

_FIRST = 16.0  # values from which on records are learned: before, the range itself is hardly known
_PRIOR_RECORDS, _PRIOR_REACH = 0.25, 0.05  # next to nothing: the predictive tail is then right whatever the scale is
_LOGISTIC = 1.7  # makes a logistic as wide as a standard normal
_MOST_REACH = 2.0  # 3.2 ranges: an incident teaches no more
# Mean scaled reach of light tails at most: normal values have 1/2, exponential ones 1; in the middle on the logarithm.
_LIGHT = 0.7
_LEAST = 1e-10
_EXACT = 1e-9  # differences smaller than this part of the numbers are rounding


class EnvelopeParameters(NamedTuple):
    """Parameters of `Envelope`.

    Attributes
    ----------
    quiet_observations : int
        Length of history before which nothing is said.
    given_record : bool
        Judge how far a record reaches among records, not among all values: for those who count records themselves.
    """

    quiet_observations: int = 150
    given_record: bool = False

    def validated(self) -> "EnvelopeParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        if not self.quiet_observations > 1:
            raise ValueError(f"envelope.quiet_observations must be at least 2, is {self.quiet_observations}")
        return self


class Envelope(Gauges):
    """New all-time highs and lows; expected is the old record, or the value itself within the range.

    After n exchangeable values the next is a record with probability 1 / (n + 1), on each side. How far it then reaches
    is read as ``ln(1 + excess / half the range)``, which is about exponential: where tails fall like a power law, with
    a mean that stays the same from record to record; where they fall like a normal's or an exponential's, with one that
    falls as 1 / ln(n) (Rényi 1962, "Théorie des éléments saillants d'une suite d'observations"). The mean is learned
    from the side's own records after the first 16 values. As k of them with the sum V leave it uncertain, the tail is
    predictive: ``(1 + reach / V)`` to the minus k. Both are worked out, the second of reaches times ln(n); the first
    counts for the probability that the mean of these is larger than light tails have it, 0.7. So p is 1 within the
    range, and at most 1 / (n + 1) beyond it.

    Examples
    --------
    >>> bank = Envelope()
    >>> bank.resize(1)
    >>> at = np.arange(400) * 60_000
    >>> value = np.random.default_rng(1).normal(size=400)
    >>> value[-1] = 9.0
    >>> scores = bank.update(Block(np.zeros(400, np.int64), at, at, value))
    >>> bool(scores.p_high[-1] < 1e-4), float(scores.expected[-1].round(1))
    (True, 3.1)
    """

    name = "envelope"
    version = 3

    def __init__(self, parameters: EnvelopeParameters | None = None) -> None:
        self.parameters = (parameters or EnvelopeParameters()).validated()
        side = Column((2,), series_last=True)
        extremes = {"highest": Column(fill=-np.inf), "lowest": Column(fill=np.inf)}
        super().__init__({"seen": Column(), **extremes, "records": side, "reaches": side, "scaled": side})

    def _step(self, block: Block) -> Verdict:
        place, table, value = block.place, self._table, block.value
        numbers, tops, bottoms = (table.floats(name) for name in ("seen", "highest", "lowest"))
        seen = numbers[place]
        usual = np.minimum(np.maximum(value, bottoms[place]), tops[place])
        tails = np.ones((2, len(value)))
        records = (usual != value).nonzero()[0]  # few: all else leaves everything as it is
        if len(records):
            rows, record = block.series[records], value[records]
            highest, lowest = tops[rows], bottoms[rows]
            side = (record < lowest).astype(np.intp)
            before = seen[records]
            beyond = self._beyond((side, rows), record, before, highest, lowest)
            tails[side, records] = np.where(before >= self.parameters.quiet_observations, beyond, 1.0)
            tops[rows], bottoms[rows] = np.maximum(highest, record), np.minimum(lowest, record)
        if seen.min() < self.parameters.quiet_observations:
            usual[seen < self.parameters.quiet_observations] = np.nan
        seen += 1.0  # last: what was gathered may be a view
        numbers[place] = seen
        return Verdict(tails[0], tails[1], usual)

    def _beyond(
        self, place: tuple[Ints, Ints], record: Floats, seen: Floats, highest: Floats, lowest: Floats
    ) -> Floats:
        """Return the tails of records, (m,), on the sides and rows ``place``; then learn how far they reach."""
        settled = seen >= _FIRST
        highest, lowest = np.where(settled, highest, record), np.where(settled, lowest, record)
        size = np.maximum(np.abs(highest), np.abs(lowest))
        # a series that never changed has no range: any change reaches far beyond it
        half = 0.5 * np.maximum(highest - lowest, np.maximum(_EXACT * size, 1e-300))
        with np.errstate(over="ignore"):
            excess = np.minimum(np.maximum(record - highest, lowest - record) / half, 1e300)
        scale = np.log(np.maximum(seen, _FIRST))
        reach = np.log1p(excess)
        tail = self._reaching(place, reach, scale)
        table, taught = self._table, np.minimum(reach, _MOST_REACH)
        table.floats("records")[place] += settled
        table.floats("reaches")[place] += taught
        table.floats("scaled")[place] += taught * scale
        tail = tail if self.parameters.given_record else tail / (seen + 1.0)
        return np.maximum(tail, _LEAST)

    def _reaching(self, place: tuple[Ints, Ints], reach: Floats, scale: Floats) -> Floats:
        """Return how probable it is that a record reaches so far, (m,), by the records before it."""
        table = self._table
        number = table.floats("records")[place] + _PRIOR_RECORDS
        reaches, scaled = table.floats("reaches")[place] + _PRIOR_REACH, table.floats("scaled")[place] + _PRIOR_REACH
        heavy = np.exp(-number * np.log1p(reach / reaches))
        light = np.exp(-number * np.log1p(reach * scale / scaled))
        # that a mean known to 1/sqrt(number) on the logarithm is above `_LIGHT`: a logistic in place of a normal
        share = 1.0 / (1.0 + np.exp(_LOGISTIC * np.sqrt(number) * np.log(_LIGHT * number / scaled)))
        tail: Floats = light + share * (heavy - light)
        return tail
