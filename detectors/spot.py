"""Peaks over a threshold, per series: how improbable a number is among all that its own series has shown before.

The largest numbers of a series are kept, sorted. The threshold is one of them, so that a fixed share of all lies above
it; a generalised Pareto tail is fitted to the excesses above it by probability-weighted moments. A few dozen excesses
say little about its shape and scale: so the tail is the mean of five, as far apart as the estimates err. The fit is
always that of everything seen: there are no refits, and nothing has to be known of the numbers' distribution. After
``memory`` numbers every second peak is forgotten, and the number of numbers with it, so that a series that calms down
is judged by how it is now.

What more than a quarter of the peaks exceed needs no fit: its tail is its rank among all numbers.

Most numbers are no peaks and cost two comparisons: whatever is not above the smallest peak kept has a tail of 1.

Source: Siffer, Fouque, Termier, Largouët (2017), Anomaly detection in streams with extreme value theory, KDD,
doi:10.1145/3097983.3098144; estimation above an order statistic: Pickands (1975), doi:10.1214/aos/1176343003;
probability-weighted moments, and how they err: Hosking, Wallis (1987), doi:10.1080/00401706.1987.10488243.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import Block, Floats, Ints
from detectors.bank import Column, Gauges, Table, Verdict
from detectors.pareto import predictive_sf

EXACT = 1e-9  # residuals smaller than this part of what they are differences of are rounding
_NONE: NDArray[np.intp] = np.zeros(0, np.intp)
_PLOTTING = 0.35  # Hosking and Wallis's plotting position
_LEAST = 1e-10  # a few dozen peaks say nothing about less
_FITTED = 0.25  # of the peaks: what more exceed is judged by its rank
_LEAST_EXCESS = 1e-6  # relative to the threshold
_AS_EVER = 0.6  # of the places for peaks are taken again when the memory is full


class SpotParameters(NamedTuple):
    """Parameters of tails by peaks over a threshold, in observations.

    Attributes
    ----------
    quiet_observations : int
        Length of history before which nothing is said.
    share : float
        Share of the numbers that lies above the threshold.
    least_peaks, peaks : int
        The threshold is chosen so that at least and at most so many numbers lie above it.
    memory : int
        After so many numbers every second peak is forgotten.
    together : float
        How many peaks come together and speak like one: 1 of values that hardly depend on those before them, more of
        averages.
    shape, shape_prior : float
        A shape to believe in (0 is an exponential's, a normal's acts like -0.1, heavy tails have 0.3), and how many
        excesses that belief is worth.
    """

    quiet_observations: int = 150
    share: float = 0.01
    least_peaks: int = 10
    peaks: int = 64
    memory: int = 12_000
    together: float = 1.0
    shape: float = 0.0
    shape_prior: float = 0.0

    def validated(self) -> "SpotParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        if not 0.0 < self.share < 1.0:
            raise ValueError(f"spot.share must lie between 0 and 1, is {self.share}")
        if not self.least_peaks > 1:
            raise ValueError(f"spot.least_peaks must be at least 2, is {self.least_peaks}")
        if self.peaks < 2 * self.least_peaks:
            raise ValueError(f"spot.peaks must be at least twice least_peaks ({self.least_peaks}), is {self.peaks}")
        if self.quiet_observations <= self.least_peaks:
            raise ValueError(
                f"spot.quiet_observations must be above least_peaks ({self.least_peaks}), is {self.quiet_observations}"
            )
        if not self.together >= 1.0:
            raise ValueError(f"spot.together must be at least 1, is {self.together}")
        if not abs(self.shape) < 1.0:
            raise ValueError(f"spot.shape must lie between -1 and 1, is {self.shape}")
        if not self.shape_prior >= 0.0:
            raise ValueError(f"spot.shape_prior must be at least 0, is {self.shape_prior}")
        if self.memory < 2 * self.quiet_observations:
            raise ValueError(f"spot.memory must be at least {2 * self.quiet_observations}, is {self.memory}")
        return self


def columns(channels: int, parameters: SpotParameters, prefix: str = "") -> dict[str, Column]:
    """Return the state of the tails of so many numbers per observation, for a `Table`."""
    own = {
        "seen": Column(),  # numbers so far, halved when half of them is forgotten
        "entry": Column((channels,), fill=-np.inf, series_last=True),  # what a number must exceed to be kept
        # above it nothing is missing among those kept but what was forgotten
        "floor": Column((channels,), fill=-np.inf, series_last=True),
        "held": Column((channels,), series_last=True),
        "top": Column((channels, parameters.peaks + 1), fill=-np.inf),  # the largest, sorted
    }
    return {prefix + name: column for name, column in own.items()}


class _Known(NamedTuple):
    """What is known of some channels and series, (m,) each: where that lies, and copies of the columns there."""

    at: Ints  # in columns with the series last
    at_top: Ints  # among the rows of peaks
    seen: Floats
    held: Floats
    top: Floats
    entry: Floats
    floor: Floats


class Tails:
    """The tails of the channels of one bank; it owns nothing, its state are `columns` of the bank's table.

    Parameters
    ----------
    table : Table
        Holds the arrays of `columns`.
    parameters : SpotParameters
        Those that `columns` was called with.
    prefix : str
        That too.
    """

    def __init__(self, table: Table, parameters: SpotParameters, prefix: str = "") -> None:
        self._table = table
        self._parameters = parameters
        self._prefix = prefix
        self._ranks = np.arange(parameters.peaks + 1) + _PLOTTING

    @property
    def entry(self) -> Floats:
        """What a number must exceed to be judged and kept, (channels, series); whatever does not has a tail of 1."""
        return self._floats("entry")

    def number(self, place: Ints | slice) -> Floats:
        """Return how many numbers were counted before these: none of a new series; halved when the memory is full."""
        return self._floats("seen")[place]

    def young(self, place: Ints | slice) -> NDArray[np.intp]:
        """Return the positions of the series that have not shown enough to be judged."""
        number, enough = self.number(place), self._parameters.quiet_observations
        return _NONE if number.min(initial=enough) >= enough else np.flatnonzero(number < enough)

    def _floats(self, name: str) -> Floats:
        """Return a column of the state."""
        return self._table.floats(self._prefix + name)

    def judge(self, channel: Ints | int, rows: Ints, number: Floats) -> Floats:
        """Return the probability that a number is at least as large as these, and keep them as peaks.

        `count` them afterwards, once for all channels.

        Parameters
        ----------
        channel, rows : (m,) int64
            Channels and series, no pair twice, whose numbers exceed `entry`.
        number : (m,) float64
            What to judge, of any scale, -1e150 to 1e150.

        Returns
        -------
        (m,) float64, from 1e-10 to 1; 1 for all that is not above the threshold.
        """
        known = self._known(channel, rows)
        more = _among(known.top, number)
        p = self._odds(known, number, more)
        self._keep(known, more)
        return p

    def odds(self, channel: Ints | int, rows: Ints, number: Floats) -> Floats:
        """Return what `judge` does, of numbers that were not seen: they are not kept."""
        known = self._known(channel, rows)
        return self._odds(known, number, _among(known.top, number))

    def learn(self, channel: Ints | int, rows: Ints, number: Floats) -> None:
        """Keep numbers as `judge` does, unjudged."""
        known = self._known(channel, rows)
        self._keep(known, _among(known.top, number))

    def _known(self, channel: Ints | int, rows: Ints) -> _Known:
        """Return copies of the state of channels and series."""
        top, entry, held = self._floats("top"), self.entry, self._floats("held")
        channels, room = entry.shape
        at, at_top = rows + room * channel, rows * channels + channel
        return _Known(
            at,
            at_top,
            self._floats("seen").take(rows),
            held.take(at),
            top.reshape(-1, top.shape[2]).take(at_top, axis=0),
            entry.take(at),
            self._floats("floor").take(at),
        )

    def _odds(self, known: _Known, number: Floats, more: Floats) -> Floats:
        """Return the tails of numbers by what is known; ``more`` are the peaks with the numbers among them."""
        parameters = self._parameters
        _, _, count, kept, peaks, entry, floor = known
        above = np.floor(parameters.share * count)
        np.maximum(above, parameters.least_peaks, out=above)
        calmed = (entry < floor).nonzero()[0]  # else all that is kept is above the floor
        if len(calmed):
            complete = (peaks[calmed] >= floor[calmed, None]).sum(axis=1) - 1
            above[calmed] = np.minimum(above[calmed], np.maximum(complete, parameters.least_peaks))
        np.minimum(above, kept - 1.0, out=above)  # so at most as many as there are places but one
        above[count < parameters.quiet_observations] = 0.0
        rank = (more == peaks).argmin(axis=1) + 1.0  # the first place where something changes
        p: Floats = rank / (count + 1.0)
        p[rank > above] = 1.0
        few = (rank <= _FITTED * above).nonzero()[0]
        if len(few):
            p[few] = self._tail(number.take(few), peaks.take(few, axis=0), above.take(few), count.take(few))
        return p

    def _keep(self, known: _Known, more: Floats) -> None:
        """Keep peaks that have one more number among them."""
        self._floats("top").reshape(-1, more.shape[1])[known.at_top] = more
        self._floats("held").reshape(-1)[known.at] = np.minimum(known.held + 1.0, self._parameters.peaks + 1.0)
        self.entry.reshape(-1)[known.at] = np.maximum(known.entry, more[:, -1])

    def count(self, place: Ints | slice) -> None:
        """Count one number of each series (none twice); forget half of what is known when the memory is full."""
        seen = self._floats("seen")
        grown = seen[place]
        grown += 1.0
        seen[place] = grown
        if grown.max(initial=0.0) >= self._parameters.memory:
            self._forget(np.flatnonzero(seen >= self._parameters.memory))

    def _forget(self, full: Ints) -> None:
        """Keep every second peak of some series, and half of the numbers counted.

        Of a series as ever, numbers that don't exceed the smallest peak so far are no peaks in future either. Where few
        came that did, the series has calmed down: then any number enters.
        """
        held, top = self._floats("held"), self._floats("top")
        peaks, kept = top[full], held[:, full].T
        smallest = np.take_along_axis(peaks, np.maximum(kept - 1.0, 0.0).astype(np.int64)[..., None], axis=2)[..., 0]
        self._floats("floor")[:, full] = smallest.T
        as_ever = kept >= _AS_EVER * peaks.shape[2]
        self.entry[:, full] = np.where(as_ever, smallest, -np.inf).T
        every_second = peaks[..., 1::2]
        top[full] = -np.inf
        top[full, :, : every_second.shape[2]] = every_second
        held[:, full] = np.floor(kept / 2.0).T
        self._floats("seen")[full] *= 0.5

    def both_sides(self, place: Ints | slice, value: Floats, expected: Floats) -> tuple[Floats, Floats]:
        """Return the tails of ``value - expected`` upwards and downwards, channels 0 and 1, and learn them.

        Differences that are only rounding, a 1e-9th of the greater of both, count as none.

        Parameters
        ----------
        place : slice or (m,) int64
            Series, none twice.
        value, expected : (m,) float64
        """
        residual = np.empty((2, len(value)))
        np.subtract(value, expected, out=residual[0])
        np.negative(residual[0], out=residual[1])
        at = (residual > self.entry[:, place]).reshape(-1).nonzero()[0]
        tails = np.ones(residual.shape)
        if len(at):
            channel, some = np.divmod(at, len(value))
            rows = some + place.start if isinstance(place, slice) else place.take(some)
            number = residual.take(at)
            rounding = np.abs(number) <= EXACT * np.maximum(np.abs(value.take(some)), np.abs(expected.take(some)))
            if rounding.any():
                number[rounding] = 0.0
                peak = number > self.entry[channel, rows]
                at, channel, rows, number = at[peak], channel[peak], rows[peak], number[peak]
            tails.reshape(-1)[at] = self.judge(channel, rows, number)
        self.count(place)
        return tails[0], tails[1]

    def _tail(self, number: Floats, peaks: Floats, above: Floats, count: Floats) -> Floats:
        """Return the tail of numbers among ``count`` by a generalised Pareto fitted to so many sorted peaks, (m, k).

        All (m,): ``above`` peaks, at least two, are above the threshold, which is the next. What is less exceeded than
        that many is at most as probable as what the fit isn't asked for.
        """
        parameters = self._parameters
        threshold = peaks[np.arange(len(peaks)), above.astype(np.int64)]
        excess = peaks - threshold[:, None]
        np.maximum(excess, 0.0, out=excess)  # those below the threshold, and -inf where there is none yet
        mean = np.maximum(excess.sum(axis=1) / above, _LEAST_EXCESS * np.maximum(np.abs(threshold), 1e-12))
        # the largest weigh least, so 1/2 - 0.15/above of the mean is the most; 1/4 is what an exponential has
        excess *= self._ranks
        weighted = excess.sum(axis=1) / (above * above * mean)
        shape = 2.0 - 1.0 / (1.0 - 2.0 * weighted)
        worth = above / parameters.together
        if parameters.shape_prior:
            shape = (worth * shape + parameters.shape_prior * parameters.shape) / (worth + parameters.shape_prior)
            worth += parameters.shape_prior
        beyond = predictive_sf((number - threshold) / mean, shape, worth)
        share: Floats = above / count
        return np.maximum(share * np.minimum(beyond, _FITTED), _LEAST)


def _among(peaks: Floats, number: Floats) -> Floats:
    """Return sorted rows, (m, k), with one more number each, (m,); the smallest of each falls off.

    Each place has the larger of what was there and the smaller of the number and what was before it.
    """
    lower, more = np.minimum(peaks, number[:, None]), np.empty_like(peaks)
    # one stretch, as rows are short; what goes over from row to row is in the first's place
    np.maximum(peaks.reshape(-1)[1:], lower.reshape(-1)[:-1], out=more.reshape(-1)[1:])
    np.maximum(peaks[:, 0], number, out=more[:, 0])
    return more


class Spot(Gauges):
    """The values themselves, by the tails of what the series has shown before; expected is the nearest usual value.

    Examples
    --------
    >>> bank = Spot()
    >>> bank.resize(1)
    >>> at = np.arange(400) * 60_000
    >>> value = np.sin(np.arange(400.0) * 1.7)
    >>> value[-1] = 3.0
    >>> scores = bank.update(Block(np.zeros(400, np.int64), at, at, value))
    >>> bool(scores.p_high[-1] < 1e-6), bool(scores.p_high[:-1].min() > 1e-3)
    (True, True)
    """

    name = "spot"
    version = 3

    def __init__(self, parameters: SpotParameters | None = None) -> None:
        self.parameters = (parameters or SpotParameters()).validated()
        super().__init__(columns(2, self.parameters))
        self._tails = Tails(self._table, self.parameters)

    def _step(self, block: Block) -> Verdict:
        place = block.place
        kept = self._table.floats("top")[place, :, self.parameters.least_peaks]
        usual = np.maximum(np.minimum(block.value, kept[:, 0]), -kept[:, 1])
        usual[self._tails.young(place)] = np.nan
        p_high, p_low = self._tails.both_sides(place, block.value, np.zeros(len(block.value)))
        return Verdict(p_high, p_low, usual)
