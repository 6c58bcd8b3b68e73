"""Peers of the detectors: river and PySAD, one model per series, one record per call, as their interfaces want it."""

import importlib
import pickle
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from detectors.arrays import Floats

_SEED = 12
_SHAPES = 512 + 19  # what `detectors.knn.Nearest` remembers, so that both search as far back


class Peer(NamedTuple):
    """A model of another library.

    Attributes
    ----------
    name : str
        In the table.
    make : Callable
        Returns a fresh model.
    feed : Callable
        Takes a model and a record, scores the record and learns it.
    record : Callable
        Turns a value, in [0, 1], into what the model takes; not timed.
    series : int
        How many models take turns: fewer than we have series where they are large or slow.
    settled : int
        Records per model before any is timed.
    """

    name: str
    make: Callable[[], Any]
    feed: Callable[[Any, Any], object]
    record: Callable[[float], Any]
    series: int
    settled: int


def peers() -> list[Peer]:
    """Return the peers; they are of requirements/bench.txt and absent elsewhere."""
    anomaly, models = importlib.import_module("river.anomaly"), importlib.import_module("pysad.models")
    return [
        Peer("river HalfSpaceTrees", lambda: anomaly.HalfSpaceTrees(seed=_SEED), _with_features, _features, 50, 300),
        Peer("river GaussianScorer", anomaly.GaussianScorer, _with_target, float, 10_000, 120),
        Peer("PySAD KNNCAD", lambda: models.KNNCAD(_SHAPES), _in_one_call, _row, 10, _SHAPES + 20),
        Peer("PySAD LODA", lambda: models.LODA(random_state=_SEED), _in_one_call, _row, 100, 100),
    ]


class Crowd:
    """The models of a peer, one per series, that have learned ``settled`` records each."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._models = [peer.make() for _ in range(peer.series)]
        self._rng = np.random.default_rng(_SEED)
        for _ in range(peer.settled):
            self._pass()
        self.state_bytes = len(pickle.dumps(self._models[0]))

    def rate(self, limit_s: float) -> float:
        """Return records per second, over as many passes through all series as fit into the time."""
        passes, seconds, ends = 0, 0.0, time.monotonic() + limit_s
        while not passes or time.monotonic() < ends:
            seconds += self._pass()
            passes += 1
        return passes * self._peer.series / seconds

    def _pass(self) -> float:
        """Give every model one record; return the seconds that scoring and learning took."""
        feed, models = self._peer.feed, self._models
        records = [self._peer.record(value) for value in _values(self._rng, len(models)).tolist()]
        began = time.thread_time()
        for model, record in zip(models, records, strict=True):
            feed(model, record)
        return time.thread_time() - began


def _values(rng: np.random.Generator, count: int) -> Floats:
    return np.clip(rng.normal(0.5, 0.1, count), 0.0, 1.0)


def _features(value: float) -> dict[str, float]:
    return {"value": value}


def _row(value: float) -> Floats:
    return np.array([value])


def _with_features(model: Any, record: Any) -> float:
    score: float = model.score_one(record)
    model.learn_one(record)
    return score


def _with_target(model: Any, record: Any) -> float:
    score: float = model.score_one(None, record)
    model.learn_one(None, record)
    return score


def _in_one_call(model: Any, record: Any) -> float:
    score: float = model.fit_score_partial(record)
    return score
