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
# Times of day differ by factors, however rare zeros are: a Gamma of this shape around the share of all. With so many
# visits' worth instead, each hour of a rare thing was believed to have next to none of it until it had one.
_SHAPE = 0.5
_PRIOR = np.array([[4.0, 1.0], [5.0, 2.0]])[:, :, None, None]  # steps at usual hours and first ones at unusual ones
# Further steps at unusual hours that are believed to have been: they went on as first ones do, but half at most.
_BELIEVED, _MOST = 30.0, 0.5


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
    """The observations of a round that are zero or a repeat, or come right after one: (2, k) each, but the first two.

    ``rows`` (k,) are their series; ``ready`` (k,) says whose history is long enough; ``event`` what is zero, what a
    repeat; ``before`` the state of the run before it; ``begins`` how often such begin at this time of day, 0 of what
    never was; ``factor`` the probability of the event, ``unusual`` whether it is rare at this time of day.
    """

    rows: Ints
    ready: NDArray[np.bool_]
    event: NDArray[np.bool_]
    before: Ints
    begins: Floats
    factor: Floats
    unusual: NDArray[np.bool_]


class _Memory(NamedTuple):
    """What is known of the runs of some series, (2, k) each: zeros, one repeated value.

    ``log`` is the log probability of the present run, ``since_ms`` when it began, ``steps`` how often it went on at
    unusual hours; ``went_on`` (3, 2, k) says how often runs did, faded, and ``might`` (3, 2, k) how often they might
    have: at usual hours, for the first time at unusual ones, and again there.
    """

    log: Floats
    since_ms: Floats
    steps: Floats
    went_on: Floats
    might: Floats

    @staticmethod
    def of(kept: Floats) -> "_Memory":
        """Read it from what the table keeps, (9, 2, k)."""
        return _Memory(kept[0], kept[1], kept[2], kept[3:6], kept[6:])


class Flatline(Bank):
    """Product over a run of the probabilities that the next value is zero again, or the same again.

    The first observation of a run has the marginal probability at its hour of weekdays or weekends. Those after it have
    the probability that such runs go on, learned apart for hours where zeros are usual (nights) and where not, and
    there apart for the first step: most repeats are single, outages last. A run that began before the series was known
    is not scored, so a series that was always constant is silent; while a run is improbable it teaches nothing, so a
    dead sensor stays dead. ``p_low`` carries the result; ``p_high`` is 1.

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
    version = 4

    def __init__(self, parameters: FlatlineParameters | None = None) -> None:
        self.parameters = (parameters or FlatlineParameters()).validated()
        self._fade = float(np.exp(-1.0 / self.parameters.memory_visits))
        self._limit = float(np.log(self.parameters.suspicious))
        super().__init__(
            {
                "first_ms": Column((), np.int64, NEVER),
                "seen": Column(),
                "last": Column(fill=np.nan),
                "mean": Column(fill=np.nan),
                "overall": Column((3,), series_last=True),  # faded numbers of zeros, of repeats, of observations
                "bins": Column((3, _BINS), series_last=True),
                "run": Column((_KINDS,), np.int64, _NONE, series_last=True),
                "memory": Column((9, _KINDS)),
            }
        )

    def _step(self, block: Block) -> Verdict:
        place, table, value = block.place, self._table, block.value
        seen, means, overall, run = (table.array(name) for name in ("seen", "mean", "overall", "run"))
        ready = self._ready(place, block.at_ms)
        hour, where = _bins(place, block)
        bins = table.floats("bins")
        here, known, mean = bins[:, hour, where], overall[:, place], means[place]
        before = run[:, place]
        event = np.empty(before.shape, np.bool_)
        np.equal(value, 0.0, out=event[0])
        np.greater(value == table.floats("last")[place], event[0], out=event[1])
        p_low = np.ones(len(value))
        expected = np.where(ready, mean, np.nan)
        frozen = np.empty(0, np.intp)
        some = np.flatnonzero((event[0] | event[1]) | (before[0] | before[1] != _NONE))
        if len(some):
            state = before[:, some]
            rows = block.series[some]
            memory = _Memory.of(table.across("memory", rows))
            odds = self._odds(state, here[:, some], known[:, some], memory)
            runs = _Runs(rows, ready[some], event[:, some], state, *odds)
            p_low[some], learn = self._follow(runs, block.at_ms[some], memory)
            frozen = some[~learn]
        counted = np.ones((3, len(value)))
        counted[:_KINDS] = event
        bins[:, hour, where] = _counted(here, self._fade, counted, frozen)
        overall[:, place] = _counted(known, self._fade**0.02, counted, frozen)
        means[place] = _averaged(mean, value, frozen)
        table.floats("last")[place] = value
        seen[place] += 1.0
        return Verdict(np.ones(len(value)), p_low, expected)

    def _ready(self, place: Ints | slice, at_ms: Ints) -> NDArray[np.bool_]:
        """Say whose history is long enough; keep when series began."""
        firsts = self._table.ints("first_ms")
        first = firsts[place]
        new = first == NEVER
        if new.any():
            first = np.where(new, at_ms, first)
            firsts[place] = first
        ready: NDArray[np.bool_] = at_ms - first >= self.parameters.quiet_days * DAY_MS
        ready &= self._table.floats("seen")[place] >= self.parameters.quiet_observations
        return ready

    def _odds(
        self, before: Ints, here: Floats, known: Floats, memory: _Memory
    ) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Return how often zeros and repeats begin at this hour, what history gives to one now, and where it is rare.

        (2, k) each; nothing begins that never was.
        """
        share = (known[:_KINDS] + 1.0) / (known[_KINDS] + 2.0)
        marginal = (here[:_KINDS] + _SHAPE) / (here[_KINDS] + _SHAPE / share)
        rare = marginal < self.parameters.rare
        goes_on = (memory.went_on[:2] + _PRIOR[0]) / (memory.might[:2] + _PRIOR[1])
        believed = np.minimum(goes_on[1], _MOST)
        believed *= _BELIEVED
        believed += memory.went_on[2]
        again = np.divide(believed, memory.might[2] + _BELIEVED, out=believed)
        inside = np.maximum(marginal, np.where(rare, np.where(memory.steps > 0.0, again, goes_on[1]), goes_on[0]))
        begins = np.where(known[:_KINDS] > 0.0, marginal, 0.0)
        return begins, np.where(before != _NONE, inside, marginal), rare

    def _follow(self, runs: _Runs, at_ms: Ints, memory: _Memory) -> tuple[Floats, NDArray[np.bool_]]:
        """Carry the runs on; return the probability of the least probable one, and where it may be learned."""
        event, inside = runs.event, runs.before != _NONE
        began = event & ~inside
        scored = event & np.where(began, runs.ready, runs.before == _SCORED)
        log = np.where(scored, memory.log + np.log(runs.factor), 0.0)
        since_ms = np.where(began, at_ms, memory.since_ms)
        frozen = log < self._limit
        frozen &= at_ms - since_ms < self.parameters.adopt_days * DAY_MS
        learn = ~(frozen[0] | frozen[1])
        self._table.array("run")[:, runs.rows] = np.where(event, np.where(scored, _SCORED, _UNSCORED), _NONE)
        steps, went_on, might = self._learned(runs, learn, memory)
        self._table.put("memory", runs.rows, np.concatenate([(log, since_ms, steps), went_on, might]))
        p_low = np.exp(np.maximum(np.minimum(log[0], log[1]), -690.0))
        # a run of the other kind might be as improbable, but not more often than that kind begins at this hour: not
        # where it never was, or far tails of all series without repeats would be twice too careful
        p_low += np.minimum(p_low, np.where(log[0] < log[1], runs.begins[1], runs.begins[0]))
        return np.minimum(p_low, 1.0), learn

    def _learned(self, runs: _Runs, learn: NDArray[np.bool_], memory: _Memory) -> tuple[Floats, Floats, Floats]:
        """Return the last three of `_Memory` as they are after the round: how often runs went on, and might have."""
        inside = runs.before != _NONE
        tried = np.empty((3, *inside.shape), np.bool_)
        np.logical_and(inside, learn, out=tried[0])
        np.logical_and(tried[0], runs.unusual, out=tried[1])
        tried[0] &= ~runs.unusual
        again = memory.steps > 0.0
        np.logical_and(tried[1], again, out=tried[2])
        tried[1] &= ~again
        fade = np.where(tried, self._fade**0.1, 1.0)
        steps = np.where(runs.event & inside, memory.steps + runs.unusual, 0.0)
        return steps, fade * memory.went_on + (tried & runs.event), fade * memory.might + tried


def _counted(known: Floats, fade: float, counted: Floats, frozen: NDArray[np.intp]) -> Floats:
    """Return faded numbers with one more observation, but for those that teach nothing; (3, m)."""
    moved = known * fade
    moved += counted
    moved[:, frozen] = known[:, frozen]
    return moved


def _averaged(mean: Floats, value: Floats, frozen: NDArray[np.intp]) -> Floats:
    """Return the mean with one more observation, but for those that teach nothing; a first one is the mean."""
    step = value - mean
    step /= 500.0
    step += mean
    new = np.isnan(mean)
    if new.any():
        step = np.where(new, value, step)
    step[frozen] = mean[frozen]
    return step


def _bins(place: Ints | slice, block: Block) -> tuple[Ints | int, Ints | slice]:
    """Return the hour of the day, 0..23 on weekdays and 24..47 on Saturday and Sunday, and the series, as indices.

    Where the round has one hour and its series follow each other, state is read as views.
    """
    first, last = int(block.local_ms.min()) // HOUR_MS, int(block.local_ms.max()) // HOUR_MS
    if first == last and isinstance(place, slice):
        return _of_week(first), place
    return _of_week(block.local_ms // HOUR_MS), block.series


def _of_week(hour: Ints | int) -> Ints | int:
    """Return the bin of an hour since 1970, or of many."""
    return hour % 24 + 24 * ((hour // 24 - _SATURDAY) % 7 < 2)  # noqa: PLR2004 - Saturday and Sunday
