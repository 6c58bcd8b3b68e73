"""Dead and stuck sensors: runs of zeros or of one value that the series' own history makes improbable."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Block, Floats, Ints
from detectors.bank import DAY_MS, HOUR_MS, NEVER, Bank, Column, Verdict

_SATURDAY = 2  # 1970-01-01 was a Thursday
_BINS = 48  # hours of weekdays, hours of weekends
_KINDS = 2  # of runs: zeros, one repeated value
_NONE, _SCORED, _UNSCORED = 0, 1, 2


class FlatlineParameters(NamedTuple):
    """Parameters of `Flatline`.

    Attributes
    ----------
    quiet_days, quiet_observations : float
        Age and length of history before which nothing is said.
    memory_visits : float
        Visits of a time bin after which its memory fades (e-fold).
    rare : float
        A zero (or repeat) is unusual at times of day where it has been rarer than this.
    suspicious : float
        Below this probability of the run its observations are not learned.
    adopt_days : float
        After so long a run the state is learned after all.
    """

    quiet_days: float = 7.0
    quiet_observations: float = 100.0
    memory_visits: float = 60.0
    rare: float = 0.1
    suspicious: float = 1e-4
    adopt_days: float = 400.0

    def validated(self) -> "FlatlineParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        for name, value in self._asdict().items():
            if not value > 0.0:
                raise ValueError(f"flatline.{name} must be above 0, is {value}")
        if self.rare >= 1.0 or self.suspicious >= 1.0:
            raise ValueError("flatline.rare and flatline.suspicious are probabilities below 1")
        return self


class _Odds(NamedTuple):
    """What history says about this observation being zero, or a repeat: (m, 2) each, but ``ready`` (m,).

    ``here`` and ``overall`` are copies of the counts that it was read from, (m, 2, 2): hits and observations.
    """

    event: NDArray[np.bool_]
    before: Ints
    factor: Floats
    unusual: NDArray[np.bool_]
    ready: NDArray[np.bool_]
    here: Floats
    overall: Floats


class Flatline(Bank):
    """Product over a run of the probabilities that the next value is zero again, or the same again.

    The first observation of a run has the marginal probability at its hour of weekdays or weekends. Those after it have
    the probability that such runs go on, learned apart for hours where zeros are usual (nights) and where not: outages
    last. A run that began before the series was known is not scored, so a series that was always constant is silent;
    while a run is improbable it teaches nothing, so a dead sensor stays dead. ``p_low`` carries the result; ``p_high``
    is 1.

    Examples
    --------
    >>> bank = Flatline()
    >>> bank.resize(1)
    >>> hour = np.arange(24 * 20)
    >>> value = np.where(hour % 24 < 6, 0.0, 50.0 + hour % 7)
    >>> value[-12:] = 0.0
    >>> at = hour * 3600_000
    >>> p = bank.update(Block(np.zeros(len(at), np.int64), at, at, value)).p_low
    >>> bool(p[-1] < 1e-4), bool(p[:-12].min() > 0.05)
    (True, True)
    """

    name = "flatline"
    version = 1

    def __init__(self, parameters: FlatlineParameters | None = None) -> None:
        self.parameters = (parameters or FlatlineParameters()).validated()
        super().__init__(
            {
                "first_ms": Column((), np.int64, NEVER),
                "seen": Column(),
                "last": Column(fill=np.nan),
                "mean": Column(fill=np.nan),
                "overall": Column((_KINDS, 2)),
                "bins": Column((_BINS, _KINDS, 2)),
                "usual": Column((_KINDS, 2)),
                "unusual": Column((_KINDS, 2)),
                "run": Column((_KINDS,), np.int64, _NONE),
                "run_ms": Column((_KINDS,), np.int64, NEVER),
                "run_log": Column((_KINDS,)),
                "run_unusual": Column((_KINDS,)),
            }
        )

    def _step(self, block: Block) -> Verdict:
        rows, table = block.series, self._table
        hour = block.local_ms // HOUR_MS
        weekend = (block.local_ms // DAY_MS - _SATURDAY) % 7 < 2  # noqa: PLR2004 - Saturday and Sunday
        bins = hour % 24 + np.where(weekend, 24, 0)
        places = bins + rows * _BINS  # in the flattened array: NumPy is ten times faster at one index than at two
        odds = self._odds(block, places)
        logs = table.floats("run_log")
        log = np.zeros(odds.event.shape)
        began = odds.event & (odds.before == _NONE)
        scored = odds.event & np.where(began, odds.ready[:, None], odds.before == _SCORED)
        if scored.any():
            log[scored] = (logs.take(rows, axis=0) + np.log(odds.factor))[scored]
        self._learn(block, places, odds, log)
        starts = table.ints("run_ms")
        table.ints("run")[rows] = np.where(odds.event, np.where(scored, _SCORED, _UNSCORED), _NONE)
        if began.any():
            starts[rows] = np.where(began, block.at_ms[:, None], starts.take(rows, axis=0))
        logs[rows] = log
        table.floats("last")[rows] = block.value
        table.floats("seen")[rows] += 1.0
        least = np.minimum(log[:, 0], log[:, 1])
        p_low = np.minimum(_KINDS * np.exp(np.maximum(least, -690.0)), 1.0)
        mean = table.floats("mean").take(rows)
        return Verdict(np.ones(len(rows)), p_low, np.where(odds.ready, mean, np.nan))

    def _odds(self, block: Block, places: Ints) -> _Odds:
        rows, table, parameters = block.series, self._table, self.parameters
        firsts = table.ints("first_ms")
        first = firsts.take(rows)
        new = first == NEVER
        if new.any():
            first = np.where(new, block.at_ms, first)
            firsts[rows] = first
        zero = block.value == 0.0
        event = np.empty((len(rows), _KINDS), np.bool_)
        event[:, 0] = zero
        event[:, 1] = ~zero & (block.value == table.floats("last").take(rows))
        overall = table.floats("overall").take(rows, axis=0)
        share = (overall[..., 0] + 1.0) / (overall[..., 1] + 2.0)
        here = table.floats("bins").reshape(-1, _KINDS, 2).take(places, axis=0)
        marginal = (here[..., 0] + 2.0 * share) / (here[..., 1] + 2.0)
        rare = marginal < parameters.rare
        before = table.ints("run").take(rows, axis=0)
        inside = before != _NONE
        factor = marginal
        if inside.any():
            usual, unusual = table.floats("usual").take(rows, axis=0), table.floats("unusual").take(rows, axis=0)
            goes_on = (usual[..., 0] + 4.0) / (usual[..., 1] + 5.0)
            lasts = (unusual[..., 0] + 1.0) / (unusual[..., 1] + 2.0)
            factor = np.where(inside, np.maximum(marginal, np.where(rare, lasts, goes_on)), marginal)
        ready = block.at_ms - first >= parameters.quiet_days * DAY_MS
        ready &= table.floats("seen").take(rows) >= parameters.quiet_observations
        return _Odds(event, before, factor, rare, ready, here, overall)

    def _learn(self, block: Block, places: Ints, odds: _Odds, log: Floats) -> None:
        rows, table, parameters = block.series, self._table, self.parameters
        limit = float(np.log(parameters.suspicious))
        frozen = log < limit
        if frozen.any():
            held_ms = np.where(odds.event, block.at_ms[:, None] - table.ints("run_ms").take(rows, axis=0), 0)
            frozen &= held_ms < parameters.adopt_days * DAY_MS
        learn = ~(frozen[:, 0] | frozen[:, 1])
        fade = float(np.exp(-1.0 / parameters.memory_visits))
        weight = np.where(learn, 1.0, 0.0)[:, None]
        for counted, slower in ((odds.here, 1.0), (odds.overall, 0.02)):
            np.multiply(counted, np.where(learn, fade**slower, 1.0)[:, None, None], out=counted)
            counted[..., 0] += odds.event * weight
            counted[..., 1] += weight
        table.floats("bins").reshape(-1, _KINDS, 2)[places] = odds.here
        table.floats("overall")[rows] = odds.overall
        inside = odds.before != _NONE
        row, kind = np.nonzero(inside & learn[:, None] & ~odds.unusual)
        if len(row):
            usual, at = table.floats("usual"), (rows[row], kind)
            taught = np.stack([odds.event[row, kind], np.ones(len(row))], axis=-1)
            usual[at] = fade**0.1 * usual[at] + taught
        if inside.any():
            self._learn_outages(rows, odds, limit)
        means = table.floats("mean")
        mean = means.take(rows)
        step = np.where(np.isnan(mean), block.value, mean + (block.value - mean) / 500.0)
        means[rows] = np.where(learn, step, mean)

    def _learn_outages(self, rows: Ints, odds: _Odds, limit: float) -> None:
        """When a run ends, learn its length at unusual hours; an improbable one counts as three steps."""
        table = self._table
        steps = table.floats("run_unusual")
        ended = (odds.before != _NONE) & ~odds.event
        lasted = np.where(table.floats("run_log")[rows] < limit, np.minimum(steps[rows], 3.0), steps[rows])
        unusual = table.floats("unusual")
        taught = np.stack([lasted, lasted + 1.0], axis=-1)
        some = (ended & (steps[rows] > 0.0))[..., None]
        unusual[rows] = np.where(some, 0.98 * unusual[rows] + taught, unusual[rows])
        going = odds.event & (odds.before != _NONE)
        steps[rows] = np.where(going, steps[rows] + odds.unusual, 0.0)
