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


class _Runs(NamedTuple):
    """The observations of a round that are zero or a repeat, or come right after one: (2, m) each, but the first two.

    ``rows`` (m,) are their series; ``ready`` (m,) says whose history is long enough; ``event`` what is zero, what a
    repeat; ``before`` the state of the run before it, ``inside`` whether there was one; ``factor`` the probability of
    the event, ``unusual`` whether it is rare at this time of day.
    """

    rows: Ints
    ready: NDArray[np.bool_]
    event: NDArray[np.bool_]
    before: Ints
    inside: NDArray[np.bool_]
    factor: Floats
    unusual: NDArray[np.bool_]


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
        rows, table, parameters = block.series, self._table, self.parameters
        firsts, seen = table.ints("first_ms"), table.floats("seen")
        first, count = firsts.take(rows), seen.take(rows)
        new = first == NEVER
        if new.any():
            first = np.where(new, block.at_ms, first)
            firsts[rows] = first
        ready = block.at_ms - first >= parameters.quiet_days * DAY_MS
        ready &= count >= parameters.quiet_observations
        places = _bins(block.local_ms) + rows * _BINS  # NumPy is ten times faster at one index than at two
        here = table.floats("bins").reshape(-1, _KINDS * 2).take(places, axis=0).T.reshape(_KINDS, 2, -1)
        overall = table.across("overall", rows)
        before = table.ints_across("run", rows)
        event = np.empty(before.shape, np.bool_)
        np.equal(block.value, 0.0, out=event[0])
        np.greater(block.value == table.floats("last").take(rows), event[0], out=event[1])
        p_low, learn = np.ones(len(rows)), np.ones(len(rows))
        some = np.flatnonzero(event[0] | event[1] | (before[0] | before[1] != _NONE))
        if len(some):
            factor, unusual = self._odds(rows[some], before[:, some], here[..., some], overall[..., some])
            inside = before[:, some] != _NONE
            runs = _Runs(rows[some], ready[some], event[:, some], before[:, some], inside, factor, unusual)
            p_low[some], learn[some] = self._follow(runs, block.at_ms[some])
        mean = table.floats("mean").take(rows)
        self._count(event, learn, here, overall)
        table.floats("bins").reshape(-1, _KINDS * 2)[places] = here.reshape(_KINDS * 2, -1).T
        table.put("overall", rows, overall)
        self._learn_mean(rows, block.value, mean, learn)
        table.floats("last")[rows] = block.value
        seen[rows] = count + 1.0
        return Verdict(np.ones(len(rows)), p_low, np.where(ready, mean, np.nan))

    def _odds(self, rows: Ints, before: Ints, here: Floats, overall: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Return the probability that history gives to a zero and to a repeat, and where it is rare: (2, m) each."""
        table = self._table
        share = (overall[:, 0] + 1.0) / (overall[:, 1] + 2.0)
        marginal = (here[:, 0] + 2.0 * share) / (here[:, 1] + 2.0)
        rare = marginal < self.parameters.rare
        usual, unusual = table.across("usual", rows), table.across("unusual", rows)
        goes_on = (usual[:, 0] + 4.0) / (usual[:, 1] + 5.0)
        lasts = (unusual[:, 0] + 1.0) / (unusual[:, 1] + 2.0)
        inside = np.maximum(marginal, np.where(rare, lasts, goes_on))
        return np.where(before != _NONE, inside, marginal), rare

    def _follow(self, runs: _Runs, at_ms: Ints) -> tuple[Floats, Floats]:
        """Carry the runs on; return the probability of the least probable one, and 1 where it may be learned."""
        table, rows, event = self._table, runs.rows, runs.event
        began = event & ~runs.inside
        scored = event & np.where(began, runs.ready, runs.before == _SCORED)
        held = table.across("run_log", rows)
        log = np.where(scored, held + np.log(runs.factor), 0.0)
        start_ms = np.where(began, at_ms, table.ints_across("run_ms", rows))
        limit = float(np.log(self.parameters.suspicious))
        frozen = log < limit
        frozen &= at_ms - start_ms < self.parameters.adopt_days * DAY_MS
        learn = ~(frozen[0] | frozen[1])
        self._learn_runs(runs, learn, held < limit)
        table.put("run", rows, np.where(event, np.where(scored, _SCORED, _UNSCORED), _NONE))
        table.put("run_ms", rows, start_ms)
        table.put("run_log", rows, log)
        p_low = np.minimum(_KINDS * np.exp(np.maximum(np.minimum(log[0], log[1]), -690.0)), 1.0)
        return p_low, learn.astype(np.float64)

    def _learn_runs(self, runs: _Runs, learn: NDArray[np.bool_], improbable: NDArray[np.bool_]) -> None:
        """Learn how runs go on at usual hours and, when one ends, how long it was at unusual ones."""
        table, rows = self._table, runs.rows
        fade = float(np.exp(-0.1 / self.parameters.memory_visits))
        kind, at = np.nonzero(runs.inside & learn & ~runs.unusual)
        usual, place = table.floats("usual"), (rows[at], kind)
        held = usual[place]
        held *= fade
        held[:, 0] += runs.event[kind, at]
        held[:, 1] += 1.0
        usual[place] = held
        steps = table.across("run_unusual", rows)
        kind, at = np.nonzero(runs.inside & ~runs.event & (steps > 0.0))
        if len(at):
            lasted = steps[kind, at]
            lasted = np.where(improbable[kind, at], np.minimum(lasted, 3.0), lasted)  # counts as three steps
            unusual, place = table.floats("unusual"), (rows[at], kind)
            unusual[place] = 0.98 * unusual[place] + np.stack([lasted, lasted + 1.0], axis=-1)
        table.put("run_unusual", rows, np.where(runs.event & runs.inside, steps + runs.unusual, 0.0))

    def _count(self, event: NDArray[np.bool_], learn: Floats, here: Floats, overall: Floats) -> None:
        """Count an observation, and whether it is zero or a repeat, at this time of day and overall."""
        fade = float(np.exp(-1.0 / self.parameters.memory_visits))
        learned = bool(learn.all())
        hits = event * learn
        for counted, kept in ((here, fade), (overall, fade**0.02)):
            np.multiply(counted, kept if learned else np.where(learn > 0.0, kept, 1.0), out=counted)
            counted[:, 0] += hits
            counted[:, 1] += learn

    def _learn_mean(self, rows: Ints, value: Floats, mean: Floats, learn: Floats) -> None:
        step = np.where(np.isnan(mean), value, mean + (value - mean) / 500.0)
        self._table.floats("mean")[rows] = np.where(learn > 0.0, step, mean)


def _bins(local_ms: Ints) -> Ints:
    """Return the hour of the day, 0..23 on weekdays and 24..47 on Saturday and Sunday."""
    hour = local_ms // HOUR_MS
    weekend = (hour // 24 - _SATURDAY) % 7 < 2  # noqa: PLR2004 - Saturday and Sunday
    return hour % 24 + np.where(weekend, 24, 0)
