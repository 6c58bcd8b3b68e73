"""What who knows all says of zeros and repeated values: of generated counts exactly, of streets in hindsight.

A count of hundreds is repeated once in a hundred or two hundred hours and hardly ever twice in a row, so that no tail
lies between a half and a hundredth per cent: a level there is reached less often than it says, whoever judges.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Block, Floats, Ints
from detectors.flatline import Flatline
from tests.calibration.family import Tails
from tests.calibration.series import Counts, counts, rhythm
from tests.calibration.truth import binomial_density
from tests.calibration.units import each, head

_DAY, _WEEK = 24, 168
_SETTLED, _LENGTH, _SERIES = 60 * _DAY, 160 * _DAY, 1000
_LEVELS = 40  # at which chances are worked out; between them their logarithms are nearly straight
_SATURDAY = 2  # 1970-01-01 was a Thursday
_BESIDE = (-1, 0, 1)  # hours whose repeats are counted together, in hindsight


def generated(kind: Counts, seed: int, size: float) -> Iterator[Tails]:
    """Yield tails of counts that are zero or repeated by chance alone, and the true ones."""
    number = max(round(_SERIES * size), 20)
    return each(Flatline(), _blocks(kind, number, seed), _SETTLED)


def _blocks(kind: Counts, number: int, seed: int) -> Iterator[tuple[Block, tuple[Floats, Floats]]]:
    ones = np.ones(number)
    last, tails, chances = np.full(number, np.nan), np.ones((2, number)), np.zeros((0, 3, number))
    for step, (value, mean) in enumerate(counts(number, _LENGTH, seed, kind)):
        if step == 0:
            chances = _chances(kind, mean / rhythm(0.0))
        zero, repeat, again = chances[step % _WEEK]
        begins = np.stack([zero, repeat])
        event = np.stack([value == 0.0, (value == last) & (value > 0.0)])
        tails = np.where(event, np.where(tails < 1.0, tails * np.stack([zero, again]), begins), 1.0)
        last = value
        yield Block(*head(number, step), value), (ones, either(tails, begins))


def _chances(kind: Counts, level: Floats) -> Floats:
    """Return how often each hour of the week has a zero, the count before again, and again if that was one, too.

    (168, 3, series).
    """
    grid = np.linspace(np.log(kind.least), np.log(kind.most), _LEVELS)
    most = int(10.0 * kind.most) + 50
    paces = [rhythm(float(hour)) for hour in range(_WEEK)]
    density = [binomial_density(np.arange(most), pace * np.exp(grid)[:, None], kind.size) for pace in paces]
    found = np.empty((_WEEK, 3, len(level)))
    for hour in range(_WEEK):
        now, before, former = (density[hour - back][:, 1:] for back in range(3))
        twice = (now * before).sum(axis=1), (before * former).sum(axis=1)
        told = density[hour][:, 0], twice[0], (now * before * former).sum(axis=1) / twice[1]
        for place, chance in enumerate(told):
            found[hour, place] = np.exp(np.interp(np.log(level), grid, np.log(np.maximum(chance, 1e-300))))
    return found


def either(tails: Floats, begins: Floats) -> Floats:
    """Return the tail of the odder of two runs, (m,), from both tails, (2, m), and how often each kind begins now.

    Examples
    --------
    >>> either(np.array([[1.0], [0.004]]), np.array([[0.001], [0.004]])).tolist()
    [0.005]
    """
    least = tails.min(axis=0)
    other = np.where(tails[0] < tails[1], begins[1], begins[0])
    return np.asarray(np.minimum(least + np.minimum(least, other), 1.0))


def hindsight(series: Ints, hour: Ints, value: Floats, counted: NDArray[np.bool_]) -> Floats:
    """Return what the counted observations themselves say of runs of zeros and of repeats, (n,): 1 where there is none.

    A run has the share of such at the hour of weekdays or weekends at which it began, those beside it included, times
    the share of such runs of its series that went on, for each step after the first.

    Parameters
    ----------
    series, hour : (n,) int64
        Series, and hours since 1970 on the wall clock; in order of time.
    value : (n,) float64
        What was counted.
    counted : (n,) bool
        Which observations shares are taken of.
    """
    order = np.argsort(series, kind="stable")
    rows, chosen, number = series[order], counted[order], int(series.max()) + 1
    place = np.arange(len(rows))
    new = np.r_[True, rows[1:] != rows[:-1]]
    bins = hour[order] % _DAY + _DAY * ((hour[order] // _DAY - _SATURDAY) % 7 < 2)
    zero = value[order] == 0.0
    same = np.r_[False, np.diff(value[order]) == 0.0] & ~new & ~zero
    tails, begins = np.ones((2, len(rows))), np.empty((2, len(rows)))
    for kind, event in enumerate((zero, same)):
        share = _by_hour(rows[chosen], bins[chosen], event[chosen], number)
        within = chosen & ~new & np.r_[False, event[:-1]]
        goes_on = np.bincount(rows[within & event], minlength=number) / np.maximum(
            np.bincount(rows[within], minlength=number), 1.0
        )
        length = place - np.maximum.accumulate(np.where(event, np.where(new, place - 1, -1), place))
        began = place - np.maximum(length - 1, 0)
        begins[kind] = share[rows, bins]
        tail = share[rows, bins[began]] * goes_on[rows] ** np.maximum(length - 1, 0)
        tails[kind] = np.where(event, tail, 1.0)
    found = np.empty(len(rows))
    found[order] = either(tails, begins)
    return found


def _by_hour(rows: Ints, bins: Ints, event: NDArray[np.bool_], number: int) -> Floats:
    """Return the share of events in each bin, hours beside it included, (series, 48)."""
    place, cells = rows * (2 * _DAY) + bins, number * 2 * _DAY
    table = np.stack([np.bincount(place[event], minlength=cells), np.bincount(place, minlength=cells)])
    days = table.reshape(2, number, 2, _DAY)
    events, visits = np.sum([np.roll(days, back, axis=3) for back in _BESIDE], axis=0).reshape(2, number, -1)
    return np.asarray(events / np.maximum(visits, 1.0))
