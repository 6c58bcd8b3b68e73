"""Suspicious stretches: they teach next to nothing while they last, and what they are worth once they are over.

If a stretch taught fully while it lasts, a lasting drop would teach that it is usual while it is being judged. If it
never did, quiet tails would be learned without the far part that real streets have: rain, concerts, closed roads. So
what it doesn't teach is held back until it is over, and taught then, as one peak at most however long it lasted
(declustering: Davison and Smith 1990, doi:10.1111/j.2517-6161.1990.tb01796.x); unless it was an incident.
"""

import numpy as np
from numpy.typing import NDArray

from detectors import calibrate
from detectors.arrays import Floats, Ints
from detectors.bank import Column, Table

_ODD_H = 0.75  # a stretch that is younger teaches like any other
_CALM_H = 24.0  # so long after a suspicious observation its stretch is over: nights interrupt what lasts
_INCIDENT = float(np.log(1e-6))  # a stretch that went below it is none of a quiet series


class Stretches:
    """What stretches of a bank's series teach its tails; the state is `columns` of the bank's table.

    Parameters
    ----------
    table : Table
        Holds the arrays of `columns` and of `calibrate.columns`.
    tails : calibrate.Tails
        What is taught.
    """

    def __init__(self, table: Table, tails: calibrate.Tails) -> None:
        self._table = table
        self._tails = tails

    def trust(self, place: Ints | slice, gap_h: Floats) -> Floats:
        """Return what observations may teach now, (m,): all, or little once it has been suspicious for an hour or so.

        Where there are many an hour, quiet series are suspicious for several in a row, as these share a run. If all but
        the first taught little, the tail would be learned without its far part. Stretches that are over teach first;
        `calibrate.Tails.judge` of the same series is to follow: it says what is suspicious next.

        Parameters
        ----------
        place : slice or (m,) int64
            Series, none twice.
        gap_h : (m,) float64
            Time since the observation before, hours.
        """
        odd_h, trust = self._table.floats("odd_h"), self._tails.trust(place)
        lasted = np.where(trust < 1.0, odd_h[place] + gap_h, 0.0)
        odd_h[place] = lasted
        held = np.flatnonzero(self._table.floats("held_log")[place] < 0.0)
        if len(held):
            rows, calm_h = _rows(place, held), self._table.floats("calm_h")
            calm_h[rows] = np.where(trust[held] < 1.0, 0.0, calm_h[rows] + gap_h[held])
            self._teach(rows[calm_h[rows] >= _CALM_H])
        return np.where(lasted < _ODD_H, 1.0, trust)

    def hold(
        self, place: Ints | slice, score: Floats, peaks: NDArray[np.intp], share: Floats, held: tuple[Floats, Floats]
    ) -> None:
        """Hold back what observations that were just judged don't teach now, and note how odd they are.

        Parameters
        ----------
        place : slice or (m,) int64
            Series, none twice.
        score : (2, m) float64
            Standard scores of both sides.
        peaks, share : (k,) intp and float64
            Where the flattened scores are peaks, and the independent peaks that each is worth.
        held : (m,) and (2, m) float64
            Hours that each observation doesn't teach, 0 where it teaches all; logs of both tails.
        """
        hours, log = held
        table = self._table
        low = np.flatnonzero(self._tails.trust(place) < 1.0)
        if len(low):
            rows, least = _rows(place, low), table.floats("held_log")
            least[rows] = np.minimum(least[rows], log[:, low].min(axis=0))
        odd = np.flatnonzero(hours)
        if len(odd):
            rows, top = _rows(place, odd), table.floats("held_top")
            table.floats("held_h")[rows] += hours[odd]
            top[:, rows] = np.maximum(top[:, rows], score[:, odd])
            side, at = np.divmod(peaks, score.shape[1])
            mine = np.flatnonzero(hours[at])
            table.floats("held_peaks")[side[mine], _rows(place, at[mine])] += share[mine]

    def _teach(self, rows: Ints) -> None:
        """Let the stretches of some series teach, which are over, and forget them."""
        hours, least, top, held = (self._table.floats(f"held_{name}") for name in ("h", "log", "top", "peaks"))
        quiet = rows[least[rows] >= _INCIDENT]
        score = top[:, quiet]
        peaks = calibrate.above(score)
        share = np.minimum(held[:, quiet].reshape(-1)[peaks], 1.0)
        self._tails.judge(quiet, score, peaks, hours[quiet], share)
        hours[rows] = 0.0
        self._table.floats("calm_h")[rows] = 0.0
        least[rows] = 0.0
        top[:, rows] = 0.0
        held[:, rows] = 0.0


def columns() -> dict[str, Column]:
    """Return the state of one series, for a `Table`."""
    return {
        "odd_h": Column(),  # for how long it has been suspicious, hours
        "calm_h": Column(),  # for how long it hasn't been suspicious since a stretch
        "held_log": Column(),  # of the stretch: its least log tail, 0 where there is none
        "held_h": Column(),  # what it hasn't taught: hours
        "held_top": Column((2,), series_last=True),  # and by side the highest score, independent peaks
        "held_peaks": Column((2,), series_last=True),
    }


def _rows(place: Ints | slice, at: NDArray[np.intp]) -> Ints:
    """Return the series of some of a round's observations."""
    return at + place.start if isinstance(place, slice) else place[at]
