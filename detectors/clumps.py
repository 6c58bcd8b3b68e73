"""How many reports come along with one in its pane (one caller, one batch), beyond what chance brings together."""

import numpy as np

from detectors.arrays import Floats, Ints
from detectors.bank import Column, Table

_PRIOR = 5.0  # reports
_LEAST = 0.01
_UNSURE = 1.0  # standard errors of what is known, that a tail makes up for
_MEMORY_DAYS = 365.0  # a few reports a month don't tell within two whether they come alone
_FADE = float(np.exp(-1.0 / _MEMORY_DAYS))


class Clumps:
    """The arithmetic of clumps on the table of a bank.

    Parameters
    ----------
    table : Table
        Has `columns`.
    usual : float
        Reports that come along with one, before a series has shown it.
    """

    def __init__(self, table: Table, usual: float) -> None:
        self._table = table
        self._usual = usual

    @staticmethod
    def columns() -> dict[str, Column]:
        """Return the state of one series: pairs beyond chance and reports, fading, and the present day's pairs."""
        return {"clump": Column((2,)), "pairs": Column()}

    def expected(self, rows: Ints) -> Floats:
        """Return how many reports come along with one, (m,), and how much more they might, where some were seen to.

        Its error is that of pairs in panes whose reports come in geometric clumps.
        """
        clump = self._table.floats("clump")[rows]
        number = clump[:, 1] + _PRIOR
        usual = np.maximum((clump[:, 0] + _PRIOR * self._usual) / number, _LEAST)
        seen = np.maximum(clump[:, 0], 0.0) / number
        unsure: Floats = usual + _UNSURE * np.sqrt(seen * (2.0 + seen * (6.0 + 3.0 * seen)) / number)
        return unsure

    def meet(self, rows: Ints, before: Floats, after: Floats) -> None:
        """Count the pairs of a pane that has ``after`` reports (m,) and had ``before``."""
        self._table.floats("pairs")[rows] += after * (after - 1.0) - before * (before - 1.0)

    def close(self, rows: Ints, total: Floats, chance: Floats) -> None:
        """Learn how many of a day's ``total`` reports shared a pane beyond ``chance`` (m,): a storm is no batch."""
        clump, pairs = self._table.floats("clump"), self._table.floats("pairs")
        beyond = pairs[rows] - total * (total - 1.0) * chance
        clump[rows, 0] = _FADE * clump[rows, 0] + np.minimum(beyond, total * (3.0 * self.expected(rows) + 1.0))
        clump[rows, 1] = _FADE * clump[rows, 1] + total
        pairs[rows] = 0.0
