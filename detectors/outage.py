"""Area outages: more sensors of a unit silent at once than chance allows, each with its own usual share of silence."""

from typing import NamedTuple

import numpy as np

from detectors import peaks
from detectors.arrays import Floats, Ints, Scores
from detectors.bank import HOUR_MS, NEVER, Column, Held, Table
from detectors.blocks import LEAST, Flags, RosterBlock, check_block, in_rounds
from detectors.poissonbinomial import FRAILTIES, tails_together

__all__ = ["Outage", "OutageParameters", "RosterBlock"]

_SUSPICIOUS = 1e-4  # an outage is learned as so little of an hour:
_SUSPICIOUS_WEIGHT = 0.1
_BETWEEN = (np.array(FRAILTIES[1:]) + np.array(FRAILTIES[:-1])) / 2.0
_START = 2.0  # minus the logarithm of the tail in theory from which on it is learned
_PRIOR = (30.0, float(np.exp(-_START)), 10.0, 0.993)  # spells, share, peaks, mean excess: theory is right
_TURN = 0.618  # golden: steps of it fill the interval evenly
_ENOUGH = 2  # one sensor is no area


class OutageParameters(NamedTuple):
    """Parameters of `Outage`.

    Attributes
    ----------
    places : int
        Width of a unit's roster; a unit with more sensors is cut into several rows (by kind, by neighbourhood).
    quiet_h : float
        Age of a unit before which nothing is said, hours.
    memory_h, frailty_memory_h : float
        Memory of each sensor's share of silence, and of the unit's frailty, hours (e-fold).
    usual_share, share_h : float
        Share of silence before anything is known, and how many hours that is worth.
    usual_frailty, frailty_sd : float
        Variance of the hazard that the sensors of a unit have in common before anything is known, and its uncertainty.
    spell_h : float
        How long a silence usually lasts: sweeps within it are one observation of how many are silent together.
    longest_gap_h : float
        Sweeps further apart say nothing about the time between them.
    clip_sd : float
        A sweep teaches the frailty at most this many standard deviations, and one sensor.
    """

    places: int = 64
    quiet_h: float = 336.0
    memory_h: float = 336.0
    frailty_memory_h: float = 2160.0
    usual_share: float = 0.02
    share_h: float = 24.0
    usual_frailty: float = 0.1
    frailty_sd: float = 0.3
    spell_h: float = 6.0
    longest_gap_h: float = 1.0
    clip_sd: float = 5.0

    def validated(self) -> "OutageParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        for name, value in self._asdict().items():
            if not 0.0 < value < np.inf:
                raise ValueError(f"outage.{name} must be above 0 and finite, is {value}")
        if not self.usual_share < 1.0:
            raise ValueError(f"outage.usual_share must be below 1, is {self.usual_share}")
        return self


class Outage(Held):
    """Tail of how many of a unit's sensors are silent together, given each one's own usual share of silence.

    A share is the faded hours silent among those watched. Silences of one unit have causes in common even on quiet days
    (a line, a switch, rain): how much, the frailty, is learned per unit from the squared excess of the number of silent
    ones over what independence allows. The tail of that theory is corrected by how small it has been in the unit
    (`detectors.peaks`). As numbers are steps, what is learned lies now here, now there between P(at least as many) and
    P(more): evenly, so that theory, if right, changes nothing. ``p_high`` is the corrected P(at least as many silent),
    ``expected`` the number expected.

    Examples
    --------
    Eight cameras, each silent one hour in twenty; then six at once.

    >>> bank = Outage(OutageParameters(places=8))
    >>> bank.resize(1)
    >>> hours = np.arange(601)
    >>> silent = ((hours[:, None] * 7 + 13 * np.arange(8)) % 20 == 0).astype(float)
    >>> silent[-1, :6] = 1.0
    >>> at = hours * 3_600_000
    >>> scores = bank.update(RosterBlock(np.zeros(601, np.int64), at, at, silent))
    >>> bool(scores.p_high[-1] < 1e-4), bool(scores.p_high[:-1].min() > 0.02), float(scores.expected[-1].round(1))
    (True, True, 0.4)
    """

    name = "outage"
    version = 2

    def __init__(self, parameters: OutageParameters | None = None) -> None:
        self.parameters = (parameters or OutageParameters()).validated()
        places = (self.parameters.places,)
        self._table = Table(
            self.name,
            {
                "last_ms": Column((), np.int64, NEVER),
                "age_h": Column(),
                "watched_h": Column(places),
                "silent_h": Column(places),
                "excess": Column(),
                "pairs": Column(),
                "turn": Column(),
                "tail": Column((4,), fill=np.array(_PRIOR)),
            },
        )

    def update(self, block: RosterBlock) -> Scores:
        """Score every sweep, then learn it.

        Raises
        ------
        ValueError
            A column has the wrong dtype or shape, a unit is outside the bank, or time runs backwards.
        """
        check_block(self.name, block, {"silent": (np.float64, (self.parameters.places,))}, self.size)
        known: Flags = np.any(_watched(block.silent), axis=1)
        p_high, expected = in_rounds(block, known, self._step, (1.0, np.nan))
        return Scores(p_high, np.ones(len(p_high)), expected)

    def _step(self, block: RosterBlock) -> tuple[Floats, Floats]:
        rows, parameters = block.series, self.parameters
        watched = _watched(block.silent)
        silent = watched & (block.silent == 1.0)
        chance = np.where(watched, self._share(rows), 0.0)
        together = silent.sum(axis=1).astype(np.float64)
        speaks = (self._table.floats("age_h")[rows] >= parameters.quiet_h) & (watched.sum(axis=1) >= _ENOUGH)
        frailty = self._frailty(rows)
        rung = np.searchsorted(_BETWEEN, frailty)
        at_least, more = tails_together(np.where(speaks, together, 0.0), chance, rung)
        at_least, more = np.maximum(at_least, LEAST), np.maximum(more, LEAST)
        state = self._table.floats("tail")[rows]
        tail = np.where(speaks & (together > 0.0), np.exp(peaks.log_corrected(at_least, _START, state)), 1.0)
        hours = self._elapsed(block) * np.where(tail < _SUSPICIOUS, _SUSPICIOUS_WEIGHT, 1.0)
        turn = self._table.floats("turn")
        turn[rows] = (turn[rows] + _TURN) % 1.0
        between = more + turn[rows] * (at_least - more)
        peaks.learn(-np.log(between) - _START, np.where(speaks, hours, 0.0) / parameters.spell_h, state)
        self._table.floats("tail")[rows] = state
        self._learn_frailty(rows, together, chance, frailty, np.where(speaks, hours, 0.0))
        self._learn_shares(rows, watched, silent, hours)
        return np.maximum(tail, LEAST), np.where(speaks, chance.sum(axis=1), np.nan)

    def _share(self, rows: Ints) -> Floats:
        """Return each sensor's usual share of silence, (m, places)."""
        table, parameters = self._table, self.parameters
        silent_h = table.floats("silent_h")[rows] + parameters.usual_share * parameters.share_h
        share: Floats = silent_h / (table.floats("watched_h")[rows] + parameters.share_h)
        return share

    def _frailty(self, rows: Ints) -> Floats:
        """Return the variance of the unit's common hazard."""
        table, parameters = self._table, self.parameters
        weight = 2.0 / parameters.frailty_sd**2
        learned: Floats = table.floats("excess")[rows] + weight * parameters.usual_frailty
        return np.maximum(learned / (table.floats("pairs")[rows] + weight), 0.0)

    def _elapsed(self, block: RosterBlock) -> Floats:
        """Return the hours since the unit's last sweep, 0 for the first or a late one; the latest becomes the last."""
        last = self._table.ints("last_ms")
        before = last[block.series]
        gap = np.where(before == NEVER, 0, np.maximum(block.at_ms - np.where(before == NEVER, 0, before), 0)) / HOUR_MS
        last[block.series] = np.maximum(before, block.at_ms)
        hours = np.minimum(gap, self.parameters.longest_gap_h)
        self._table.floats("age_h")[block.series] += hours
        return hours

    def _learn_shares(self, rows: Ints, watched: Flags, silent: Flags, hours: Floats) -> None:
        for name, counts in (("watched_h", watched), ("silent_h", silent)):
            column = self._table.floats(name)
            fade = np.where(watched, np.exp(-hours / self.parameters.memory_h)[:, None], 1.0)
            column[rows] = fade * column[rows] + np.where(counts, hours[:, None], 0.0)

    def _learn_frailty(self, rows: Ints, together: Floats, chance: Floats, frailty: Floats, hours: Floats) -> None:
        """Learn by how much the squared excess is beyond independence; it counts by the variance that it has itself."""
        table, parameters = self._table, self.parameters
        mean, squares = chance.sum(axis=1), (chance * chance).sum(axis=1)
        alone, pairs = mean - squares, np.maximum(mean * mean - squares, 0.0)
        variance = alone + frailty * pairs
        beyond = np.minimum(together - mean, parameters.clip_sd * np.sqrt(variance) + 1.0)
        counts = hours / parameters.spell_h * pairs / (variance * variance)
        fade = np.exp(-hours / parameters.frailty_memory_h)
        table.floats("excess")[rows] = fade * table.floats("excess")[rows] + counts * (beyond * beyond - alone)
        table.floats("pairs")[rows] = fade * table.floats("pairs")[rows] + counts * pairs


def _watched(silent: Floats) -> Flags:
    watched: Flags = (silent == 0.0) | (silent == 1.0)
    return watched
