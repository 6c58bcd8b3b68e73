"""Turns tail probabilities into episodes: one anomaly opens, refreshes while it lasts, and closes after quiet."""

from collections.abc import Callable, Mapping

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from detectors.arrays import Floats, Ints
from streams.anomalies import Anomaly, Kind, Series, digest


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """When an episode opens and ends.

    ``open_below`` is the false-alarm rate per observation; ``hold_below`` (larger) is the hysteresis within which an
    episode goes on; it ends after ``quiet_ms`` of event time without such an observation. While open it is told again
    every ``refresh_ms``, or at once when the logarithm of its tail probability grew by half.

    A single series is worth an incident once its tail probability is below ``alone_below`` (1: always, 0: never), or
    once ``alone_after`` of its observations have deviated (0: however many); until then it counts in a crowd only.
    """

    open_below: float
    hold_below: float
    quiet_ms: int
    refresh_ms: int
    alone_below: float = 1.0
    alone_after: int = 0

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0 < self.open_below <= self.hold_below < 1:
            raise ValueError(f"0 < open_below <= hold_below < 1 is needed, got {self.open_below}, {self.hold_below}")
        if not 0 <= self.alone_below <= 1:
            raise ValueError(f"0 <= alone_below <= 1 is needed, got {self.alone_below}; 0 is never, 1 always")

    def alone(self, p: float, deviated: int) -> bool:
        """Whether an episode is worth an incident without company."""
        return p < self.alone_below or 0 < self.alone_after <= deviated


class Episode(Struct):
    """An open episode of one series (mutable, owned by its judge)."""

    start_ms: int
    last_ms: int
    told_ms: int
    told_p: float
    p: float
    observed: float
    expected: float
    facts: dict[str, float]
    deviated: int = 1
    told_alone: bool = False


class Evidence(Struct, frozen=True):
    """The columns of one block that a judge reads: rows, window starts and ends, tail, observed, expected, facts."""

    series: Ints
    start_ms: Ints
    at_ms: Ints
    p: Floats
    observed: Floats
    expected: Floats
    facts: Mapping[str, Floats] = {}


_WORSE = 1.5


class Judge:
    """Episodes of one kind over the series of one bank."""

    def __init__(self, kind: Kind, detector: str, version: int, policy: Policy) -> None:
        self.kind = kind
        self._detector = detector
        self._version = version
        self._policy = policy
        self._open: dict[int, Episode] = {}

    def judge(self, evidence: Evidence, series_of: Callable[[int], Series]) -> list[Anomaly]:
        """Return what is to be told of a block whose observations are in event-time order."""
        candidates = self._candidates(evidence)
        if len(candidates) == 0:
            return []
        told: list[Anomaly] = []
        for i in candidates.tolist():
            row, at, p = int(evidence.series[i]), int(evidence.at_ms[i]), significant(evidence.p[i])
            episode = self._open.get(row)
            if episode is not None and at - episode.last_ms >= self._policy.quiet_ms:
                del self._open[row]
                told.append(self._tell(series_of(row), episode, at, still_open=False))
                episode = None
            if episode is None:
                if p < self._policy.open_below:
                    episode = self._begin(evidence, i)
                    self._open[row] = episode
                    told.append(self._tell(series_of(row), episode, at))
            elif p < self._policy.hold_below:
                _extend(episode, evidence, i)
                if self._news(episode, at):
                    told.append(self._tell(series_of(row), episode, at))
        return told

    def _candidates(self, evidence: Evidence) -> NDArray[np.intp]:
        flagged = evidence.p < self._policy.open_below
        if not self._open and not flagged.any():
            return np.empty(0, dtype=np.intp)
        rows = np.union1d(evidence.series[flagged], np.fromiter(self._open, dtype=np.int64))
        return np.flatnonzero(np.isin(evidence.series, rows))

    def _news(self, episode: Episode, at_ms: int) -> bool:
        """Whether an episode that goes on is to be told again."""
        policy = self._policy
        alone = policy.alone(episode.p, episode.deviated)
        return (
            alone > episode.told_alone
            or at_ms - episode.told_ms >= policy.refresh_ms
            or episode.p < episode.told_p**_WORSE
        )

    def _begin(self, evidence: Evidence, i: int) -> Episode:
        return Episode(
            start_ms=int(evidence.start_ms[i]),
            last_ms=int(evidence.at_ms[i]),
            told_ms=0,
            told_p=1.0,
            p=significant(evidence.p[i]),
            observed=significant(evidence.observed[i]),
            expected=significant(evidence.expected[i]),
            facts={name: significant(column[i]) for name, column in evidence.facts.items()},
        )

    def _tell(self, series: Series, episode: Episode, at_ms: int, *, still_open: bool = True) -> Anomaly:
        episode.told_ms = at_ms
        episode.told_p = episode.p
        policy = self._policy
        episode.told_alone = policy.alone(episode.p, episode.deviated)
        return Anomaly(
            id=digest(
                self._detector, self._version, self.kind.value, series.tenant, series.label, episode.start_ms, at_ms
            ),
            at_ms=at_ms,
            detector=self._detector,
            version=self._version,
            kind=self.kind,
            series=series,
            start_ms=episode.start_ms,
            end_ms=episode.last_ms,
            expires_ms=at_ms + policy.refresh_ms + policy.quiet_ms,
            open=still_open,
            p=episode.p,
            observed=episode.observed,
            expected=episode.expected,
            facts=dict(episode.facts),
            alone=episode.told_alone,
        )

    def snapshot(self) -> bytes:
        """Return the open episodes as bytes, in row order."""
        return msgspec.msgpack.encode(sorted(self._open.items()))

    def restore(self, data: bytes) -> None:
        """Replace the open episodes by those of ``snapshot``."""
        self._open = dict(msgspec.msgpack.decode(data, type=list[tuple[int, Episode]]))


def _extend(episode: Episode, evidence: Evidence, i: int) -> None:
    episode.last_ms = int(evidence.at_ms[i])
    episode.deviated += 1
    p = significant(evidence.p[i])
    if p < episode.p:
        episode.p = p
        episode.observed = significant(evidence.observed[i])
        episode.expected = significant(evidence.expected[i])
        episode.facts = {name: significant(column[i]) for name, column in evidence.facts.items()}


def significant(value: float | np.float64) -> float:
    """Return a number to six significant digits.

    NumPy's vector loops may differ in the last bit with the length of an array, so with how records were cut into
    batches; what is told must not.

    Examples
    --------
    >>> significant(2.6677237928711172e-34) == significant(2.6677237928711134e-34)
    True
    """
    return float(f"{value:.6g}")
