"""Checks predicted waits against what really happened: when the ticket was called that a newcomer would have drawn.

A reading tells the number served last and how many wait; who came then had the number that is their sum. The wait is
over when a later reading of the same queue has served that number. A reading may show no number, for example while none
is being served: then the last one shown that day is meant, which makes the wait no longer than it was. Before the first
of a day it is taken to be the one before the least that the queue ever shows. A queue that never shows a number has
served nobody as long as it doesn't shrink. Nothing of the product is used but its incidents.
"""

import gzip
import itertools
import json
import re
from collections import Counter
from functools import cache
from typing import NamedTuple

from tests.recordings.labelled import QUEUES, Found, file, run

LONG_S = 15 * 60
NEARLY_S = 10 * 60
STILL_S = 30 * 60
_NEAR_S = 400
_DAY_S = 6 * 3600  # what isn't called within an opening day never was
_RESET = 500  # a number so far beyond the awaited one is another day's
_DIGITS = re.compile(r"[0-9]{1,9}$")


class Reading(NamedTuple):
    """What a queue showed: time in seconds since 1970 UTC, people waiting, number served last."""

    at_s: float
    waiting: int
    served: int | None


@cache
def readings() -> dict[tuple[str, str], list[list[Reading]]]:
    """Return the readings of every queue in order of time, by office and name; namesakes stay apart."""
    queues: dict[tuple[str, str], dict[str, list[Reading]]] = {}
    with gzip.open(file(QUEUES)) as lines:
        for line in lines:
            record = json.loads(line)
            data = json.loads(record["payload"])["data"]
            digits = _DIGITS.search(data.get("ticket_served") or "")
            if data["tickets_waiting"] is None:
                continue
            name = " ".join(part for part in (data.get("queue_line"), data.get("service_id")) if part)
            named = queues.setdefault((data["office_id"], name or data["queue_id"]), {})
            served = None if digits is None else int(digits[0])
            reading = Reading(record["ts"] / 1000, data["tickets_waiting"], served)
            named.setdefault(data["queue_id"], []).append(reading)
    return {
        key: [sorted(each, key=lambda reading: reading.at_s) for each in named.values()]
        for key, named in queues.items()
    }


def wait_s(queue: list[Reading], at_s: float) -> float | None:
    """Return how long who came at a time waited at least: infinity if never called, None if the readings don't say.

    Examples
    --------
    >>> queue = [Reading(0, 3, 10), Reading(300, 3, 11), Reading(600, 3, 12), Reading(900, 0, 13)]
    >>> wait_s(queue, 20), wait_s(queue, 250), wait_s(queue, 5_000), wait_s([Reading(0, 9, 1)], 0)
    (900, inf, None, inf)
    >>> wait_s([Reading(0, 4, 7), Reading(300, 3, None), Reading(600, 3, 9), Reading(1200, 1, 10)], 300)
    900
    >>> wait_s([Reading(0, 2, None), Reading(300, 1, 601), Reading(1200, 0, 602), Reading(1500, 1, 603)], 0)
    1200
    >>> wait_s([Reading(0, 1, None), Reading(300, 2, None), Reading(1200, 1, None)], 0)
    1200
    >>> wait_s([Reading(0, 1, None), Reading(900, 2, None)], 0)
    inf
    """
    near = [each for each in queue if abs(each.at_s - at_s) <= _NEAR_S and each.waiting > 0]
    if not near:
        return None
    came = min(near, key=lambda each: abs(each.at_s - at_s))
    later = [each for each in queue if came.at_s < each.at_s <= came.at_s + _DAY_S]
    last = _last_number(queue, came.at_s)
    if last is None:
        return _without_numbers(came, later)
    number = last + came.waiting
    called = (each.at_s for each in later if each.served is not None and number <= each.served < number + _RESET)
    return next((at_s - came.at_s for at_s in called), float("inf"))


def _last_number(queue: list[Reading], at_s: float) -> int | None:
    """Return the number served last that day: the last one shown, else the one before the queue's first of any day."""
    shown = [each.served for each in queue if each.served is not None and at_s - _DAY_S < each.at_s <= at_s]
    first = min((each.served for each in queue if each.served is not None), default=None)
    return shown[-1] if shown else None if first is None else first - 1


def _without_numbers(came: Reading, later: list[Reading]) -> float | None:
    least = came.waiting
    for each in later:
        if each.waiting < least:
            return each.at_s - came.at_s if each.at_s - came.at_s >= LONG_S else None
        least = each.waiting
    return float("inf") if later and later[-1].at_s - came.at_s >= LONG_S else None


def outcome(incident: Found) -> str:
    """Return what became of who joined the first queue of an incident when its wait was first predicted."""
    first = incident.evidence[0]
    _, _, office, name = first.series.split("/", 3)
    waits = [wait_s(queue, first.start.timestamp()) for queue in readings().get((office, name), [])]
    known = [each for each in waits if each is not None]
    if not known:
        return "unknown"
    longest = max(known)
    if longest == float("inf"):
        return "never called"
    return "long" if longest >= LONG_S else "nearly" if longest >= NEARLY_S else "short"


def stood_still(incident: Found) -> bool:
    """Whether a queue of the incident showed people waiting and no number moving for half an hour about its start."""
    _, _, office, name = incident.evidence[0].series.split("/", 3)
    at_s = incident.start.timestamp()
    return any(_stands(queue, at_s) >= STILL_S for queue in readings().get((office, name), []))


def _stands(queue: list[Reading], at_s: float) -> float:
    """Return for how long about a time people waited while the number served stayed the same, in seconds.

    Examples
    --------
    >>> times, served = (0, 300, 600, 2400, 2700), (10, 11, 11, 11, 12)
    >>> queue = [Reading(at_s, 3, number) for at_s, number in zip(times, served, strict=True)]
    >>> _stands(queue, 700), _stands(queue, -500)
    (2100, 0.0)
    """
    runs = itertools.groupby(queue, key=lambda each: (each.served, each.waiting > 0))
    for (_, waits), run_of in runs:
        same = list(run_of)
        if waits and same[0].at_s - _NEAR_S <= at_s <= same[-1].at_s + _NEAR_S and same[-1].at_s - same[0].at_s > 0:
            return same[-1].at_s - same[0].at_s
    return 0.0


@cache
def _heard() -> dict[str, list[float]]:
    """Return when each office was heard, in order."""
    heard: dict[str, set[float]] = {}
    for (office, _), queues in readings().items():
        heard.setdefault(office, set()).update(each.at_s for queue in queues for each in queue)
    return {office: sorted(times) for office, times in heard.items()}


def fell_silent(incident: Found) -> bool:
    """Whether no office of an outage was heard for half an hour, at a time of day at which it is heard on most days.

    The half hour begins after the last reading of each office before the incident was told.
    """
    offices = {piece.series.split("/")[2] for piece in incident.evidence}
    return all(_stops(_heard()[office], incident.told.timestamp()) for office in offices)


def _stops(heard: list[float], told_s: float) -> bool:
    """Whether a source stopped for half an hour before it was told, in which it is heard on most other days.

    Examples
    --------
    >>> days = [day * 86400.0 + at_s for day in range(5) for at_s in range(0, 36000, 300)]
    >>> _stops(days, 4 * 86400 + 38000.0), _stops([each for each in days if each < 4 * 86400 + 30000], 378000.0)
    (False, True)
    """
    last = max((at_s for at_s in heard if at_s <= told_s), default=told_s)
    if any(last < at_s <= last + STILL_S for at_s in heard):
        return False
    days = {at_s // 86400 for at_s in heard}
    shifts = [(day - last // 86400) * 86400 for day in days if day != last // 86400]
    there = sum(any(last + STILL_S / 2 < at_s - shift <= last + STILL_S for at_s in heard) for shift in shifts)
    return 2 * there > len(shifts)


def outcomes() -> Counter[str]:
    """Return how many predicted waits of the recording came true, were nearly so, or not."""
    return Counter(outcome(each) for each in run(QUEUES).incidents if each.rule == "queue_wait")


def sentence() -> str:
    """Return the figures as a sentence for the page."""
    found = outcomes()
    checked = found.total() - found["unknown"]
    return (
        f"Of {found.total()} predicted waits, {checked} can be checked on the numbers served later: who joined then "
        f"waited 15 min or longer in {found['long']} cases, 10 to 15 min in {found['nearly']}, less in "
        f"{found['short']}, and was not called any more in {found['never called']}."
    )
