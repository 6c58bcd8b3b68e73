"""Waiting in front of counters: Erlang's B, C and A formulas, vectorised and stable for any number of counters."""

import math
from typing import NamedTuple

import numpy as np

from detectors.arrays import Floats, Ints


class Queue(NamedTuple):
    """Steady state of a queue in front of equal counters, (…,) each.

    Attributes
    ----------
    waits : float64
        Probability that a newcomer has to wait; 1 where the load exceeds the counters.
    mean_wait_s : float64
        Mean wait of all newcomers, seconds; inf where the load exceeds the counters.
    within : float64
        Share that waits at most the threshold.
    """

    waits: Floats
    mean_wait_s: Floats
    within: Floats


def erlang_b(counters: Ints, load: Floats) -> Floats:
    """Return the probability that all counters are busy when nobody queues.

    Parameters
    ----------
    counters : (…,) int64
        Number of counters, at least 0.
    load : (…,) float64
        Offered load in Erlang (arrival rate times mean service time), at least 0.

    Raises
    ------
    ValueError
        A number of counters or a load is negative or not finite.

    Examples
    --------
    >>> float(erlang_b(np.array(4), np.array(2.5)).round(4))
    0.1499
    """
    counters, load = np.broadcast_arrays(np.asarray(counters), np.asarray(load, dtype=np.float64))
    if bool((counters < 0).any()):
        raise ValueError(f"erlang_b: counters must be at least 0, least is {counters.min()}")
    if not bool(np.isfinite(load).all()) or bool((load < 0.0).any()):
        raise ValueError("erlang_b: load must be finite and at least 0 Erlang")
    blocked = np.ones(load.shape)
    for n in range(1, int(counters.max(initial=0)) + 1):
        blocked = np.where(n <= counters, load * blocked / (n + load * blocked), blocked)
    return blocked


def erlang_c(counters: Ints, arrivals_per_s: Floats, service_s: Floats, threshold_s: float) -> Queue:
    """Return the steady state when everyone waits as long as it takes (M/M/c).

    Parameters
    ----------
    counters : (…,) int64
        Open counters, at least 0.
    arrivals_per_s, service_s : (…,) float64
        Arrival rate and mean service time.
    threshold_s : float
        The wait that `Queue.within` counts up to.

    Examples
    --------
    Twenty visits an hour of 15 min at six counters:

    >>> queue = erlang_c(np.array(6), np.array(20 / 3600), np.array(900.0), 900.0)
    >>> float((queue.mean_wait_s / 60).round(1)), float(queue.within.round(2))
    (8.8, 0.78)
    """
    counters, arrivals, service = np.broadcast_arrays(
        np.asarray(counters), np.asarray(arrivals_per_s, np.float64), np.asarray(service_s, np.float64)
    )
    load = arrivals * service
    blocked = erlang_b(counters, load)
    stable = load < counters
    spare = np.where(stable, counters - load, 1.0)
    waits = np.where(stable, counters * blocked / (spare + load * blocked), 1.0)
    mean = np.where(stable, waits * service / spare, np.inf)
    rate = np.where(service > 0.0, spare / np.where(service > 0.0, service, 1.0), np.inf)
    with np.errstate(under="ignore"):
        within = np.where(stable, 1.0 - waits * np.exp(-np.minimum(rate * threshold_s, 700.0)), 0.0)
    return Queue(waits, mean, within)


MOST_COUNTERS = 999
"""More than any office has; `counters_needed` looks no further."""


def counters_needed(arrivals_per_s: Floats, service_s: Floats, target_s: float) -> Ints:
    """Return the least number of counters whose mean wait (M/M/c) is at most the target; 0 where nobody comes.

    Parameters
    ----------
    arrivals_per_s, service_s : (n,) float64
        Arrival rate and mean service time, at least 0.
    target_s : float
        The mean wait that is to be kept, seconds.

    Returns
    -------
    (n,) int64
        At most `MOST_COUNTERS`.

    Examples
    --------
    Ten, twenty and thirty visits an hour of 15 min, to wait 5 and then 10 min on average:

    >>> visits, service = np.array([10, 20, 30]) / 3600, np.full(3, 900.0)
    >>> counters_needed(visits, service, 300.0).tolist(), counters_needed(visits, service, 600.0).tolist()
    ([4, 7, 10], [4, 6, 9])
    """
    service = np.asarray(service_s, np.float64)
    load = np.asarray(arrivals_per_s, np.float64) * service
    needed = np.where(load > 0.0, MOST_COUNTERS, 0)
    blocked = np.ones(load.shape)
    for n in range(1, MOST_COUNTERS):
        open_ = needed == MOST_COUNTERS
        if not bool(open_.any()):
            break
        blocked = load * blocked / (n + load * blocked)
        spare = np.where(load < n, n - load, 1.0)
        mean = n * blocked / (spare + load * blocked) * service / spare
        needed[open_ & (load < n) & (mean <= target_s)] = n
    return needed


def erlang_a(counters: int, arrivals_per_s: float, service_s: float, patience_s: float) -> tuple[float, float]:
    """Return (probability to wait, share that gives up) when people wait ``patience_s`` on average (M/M/c+M).

    Sums the birth-death chain outwards from its mode's side, scaled, so that nothing overflows.

    Raises
    ------
    ValueError
        A parameter is out of range.

    Examples
    --------
    >>> waits, leaves = erlang_a(4, 10 / 3600, 900.0, 1800.0)
    >>> round(waits, 3), round(leaves, 3)
    (0.265, 0.049)
    """
    if counters < 1 or not min(arrivals_per_s, service_s, patience_s) > 0.0:
        raise ValueError("erlang_a: counters must be at least 1, rates and times above 0")
    serving = 1.0 / service_s
    leaving = 1.0 / patience_s
    log_weight, logs = 0.0, [0.0]
    top = 0.0
    while len(logs) <= counters or log_weight > top - 40.0:
        n = len(logs)
        log_weight += math.log(arrivals_per_s) - math.log(min(n, counters) * serving + max(n - counters, 0) * leaving)
        logs.append(log_weight)
        top = max(top, log_weight)
    weights = np.exp(np.array(logs) - top)
    share = weights / weights.sum()
    waiting = np.maximum(np.arange(len(share)) - counters, 0)
    return float(share[counters:].sum()), float(leaving * (share * waiting).sum() / arrivals_per_s)
