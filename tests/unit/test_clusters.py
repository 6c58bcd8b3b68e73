"""Report clusters: who counts as a reporter, what is told of a place, what survives a restart."""

import random
from collections.abc import Iterable, Iterator
from datetime import timedelta

import numpy as np
import pytest

from streams.anomalies import Anomaly, Kind
from streams.banks.bank import Bank, Horizon
from streams.banks.watching import Watching, banks_of
from streams.codec import decode_structured
from streams.topics import FIELD_REPORTS
from tests.miniature import START, event

MINUTE_MS = 60_000
START_MS = int(START.timestamp() * 1000)
TOWN = (21.39, 103.02)
DAYS = 120
Told = tuple[int, bytes]


def report(minute: float, place: tuple[float, float] | None, who: str | None, **more: object) -> Told:
    """Return a report of flooding, at a minute behind START."""
    when = START + timedelta(minutes=minute)
    name = f"{minute}-{who}"
    data: dict[str, object] = {"unit_code": "03127", "service_request_id": name, "service_code": "Ngập úng"}
    data |= {"service_group": "Thoát nước", "channel": "app", "action": "submitted", **more}
    if place is not None:
        data["location"] = {"lat": place[0], "lon": place[1]}
    if who is not None:
        data["reporter_hash"] = who
    return int(minute * MINUTE_MS), event("vn.ioc.fieldreport.lifecycle.v1", name, "/vn/11/x", when, data)


def usual(seed: int = 1) -> Iterator[Told]:
    """Yield three reports a day from all over a town, each by somebody else."""
    chance = random.Random(seed)
    for number in range(3 * DAYS):
        place = (TOWN[0] + chance.gauss(0, 0.01), TOWN[1] + chance.gauss(0, 0.01))
        yield report(480 * number + chance.randrange(480), place, f"R{number}")


def gathered(reporters: Iterable[str | None], **more: object) -> list[Told]:
    """Return reports from within fifty metres, one every five minutes, after all usual ones."""
    chance = random.Random(7)
    return [
        report(
            1440 * DAYS + 5 * number,
            (TOWN[0] + 0.03 + chance.gauss(0, 2e-4), TOWN[1] + chance.gauss(0, 2e-4)),
            who,
            **more,
        )
        for number, who in enumerate(reporters)
    ]


def bank() -> Bank:
    """Return a fresh bank."""
    return banks_of(FIELD_REPORTS, 0, Watching())["report.place"]


def observe(to: Bank, told: Iterable[Told]) -> None:
    """Give a bank events."""
    pairs = list(told)
    at_ms = np.array([START_MS + after for after, _ in pairs], np.int64)
    to.read([decode_structured(value) for _, value in pairs])
    to.observe(np.arange(len(pairs)), at_ms, at_ms + 7 * 60 * MINUTE_MS)


def close(of: Bank, after_ms: int = 1440 * (DAYS + 1) * MINUTE_MS) -> list[Anomaly]:
    """Let event time come to milliseconds behind START."""
    items = of.close(Horizon(START_MS + after_ms, START_MS + after_ms))
    return [item for item in items if isinstance(item, Anomaly)]


def test_people_who_report_of_one_place_are_told_with_place_and_numbers() -> None:
    """The fourth person within a quarter of an hour makes it sure; four months have taught what is usual."""
    reports = bank()
    observe(reports, usual())
    assert close(reports, 1440 * DAYS * MINUTE_MS) == []
    observe(reports, gathered(["A", "B", "C", "D", "E"]))
    first = close(reports)[0]
    assert (first.kind, first.series.label) == (Kind.REPORT_CLUSTER, "report.place/03127/Thoát nước")
    assert first.observed in (3.0, 4.0)
    assert 1.0 < first.expected < 1.5  # the one who reports, and others
    assert (first.facts["radius_km"], first.facts["window_h"]) == (0.25, 1.0)
    assert first.facts["lat"] == pytest.approx(TOWN[0] + 0.03, abs=0.002)
    assert first.at_ms - first.start_ms == 60 * MINUTE_MS


@pytest.mark.parametrize(
    ("reporters", "more", "found"),
    [
        (["A"] * 6, {}, False),
        (["A", "B"] * 3, {}, False),
        ([None] * 6, {}, True),
        (list("ABCDEF"), {"channel": "staff"}, False),
        (list("ABCDEF"), {"action": "received"}, False),
    ],
)
def test_distinct_citizens_count_once_each(
    reporters: list[str | None],
    more: dict[str, object],
    found: bool,
) -> None:
    """One or two people are no cluster, however often they write; nor is what staff enter; the unnamed are each one."""
    reports = bank()
    observe(reports, usual())
    observe(reports, gathered(reporters, **more))
    assert bool(close(reports)) is found


def test_a_report_without_a_place_is_passed_over() -> None:
    """And a batch of nothing else is no observation."""
    reports = bank()
    observe(reports, [report(1, None, "A")])
    assert close(reports) == []


def test_neither_cuts_nor_restarts_nor_order_of_arrival_change_what_is_told() -> None:
    """Also of several reports of one instant: a day at a time, out of order, from a snapshot each time."""
    twins = [report(1440 * DAYS, (TOWN[0] + 0.03, TOWN[1] + 1e-4 * number), f"T{number}") for number in range(3)]
    told = [*usual(), *twins, *gathered(list("ABCDE"))]
    at_once = bank()
    observe(at_once, told)
    expected = close(at_once)
    assert expected
    chance, part, found = random.Random(3), bank(), []
    for day in range(DAYS + 1):
        some = [each for each in told if day * 1440 * MINUTE_MS <= each[0] < (day + 1) * 1440 * MINUTE_MS]
        chance.shuffle(some)
        observe(part, some)
        found += close(part, (day + 1) * 1440 * MINUTE_MS)
        heir = bank()
        heir.restore(part.snapshot())
        assert heir.snapshot() == part.snapshot()
        part = heir
    assert found == expected
