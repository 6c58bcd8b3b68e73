"""Areas: when neighbouring units report more together, on which map, and that nothing depends on how counts come."""

import random
from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np
import pytest

from streams.anomalies import Anomaly, Counts, Kind, Series
from streams.areas import AreaSurges
from streams.banks.watching import Watching
from streams.places import Places, Unit

HOUR = 3_600_000
BEGIN = 1_772_384_400_000 // HOUR * HOUR
DAYS = 24
ROAD = [Unit("gso", f"0310{n}", f"Bản {n}", "xã", "11", 0, lat=21.0, lon=103.0 + n / 10) for n in range(9)]
NOWHERE = Unit("gso", "03200", "Không rõ", "xã", "11", 0)
FLOOD, NOISE = "Ngập úng", "Tiếng ồn"


def scan(units: Iterable[Unit] = (*ROAD, NOWHERE)) -> AreaSurges:
    """Return a fresh scan with the default configuration."""
    ((watch,),) = (panel.watches for panel in Watching().panels("report.area"))
    return AreaSurges(watch, Places(units))


def counts(hour: int, rows: Iterable[tuple[str, str, int]], part: int = 0, tenant: str = "11") -> Counts:
    """Return what a partition counted in an hour: unit, category, number."""
    listed = [(Series(tenant, unit, "report.count", category), number) for unit, category, number in rows]
    end_ms = BEGIN + (hour + 1) * HOUR
    return Counts(id=f"{part}-{hour}", at_ms=end_ms, width_ms=HOUR, local_offset_ms=7 * HOUR, rows=sorted(listed))


@cache
def usual(days: int = DAYS, category: str = FLOOD, a_day: float = 20.0) -> list[tuple[int, list[tuple[str, str, int]]]]:
    """Return the hours in which somebody reports something: by day more, by unit alike."""
    luck = np.random.default_rng(len(category))
    found = []
    for hour in range(24 * days):
        rate = a_day / 24 / len(ROAD) * (1.0 + np.sin(hour / 24 * 2 * np.pi))
        rows = [(unit.code, category, int(n)) for unit, n in zip(ROAD, luck.poisson(rate, len(ROAD)), strict=True) if n]
        if rows:
            found.append((hour, rows))
    return found


def flooded(
    units: Iterable[int], number: int, hours: int = 3, day: int = DAYS
) -> Iterator[tuple[int, list[tuple[str, str, int]]]]:
    """Yield as many reports an hour from each of some units, after all usual ones."""
    chosen = list(units)
    for hour in range(24 * day, 24 * day + hours):
        yield hour, [(ROAD[unit].code, FLOOD, number) for unit in chosen]


def told(of: AreaSurges, hours: Iterable[tuple[int, list[tuple[str, str, int]]]]) -> list[Anomaly]:
    """Give a scan hours and return what it tells when they have passed."""
    last = 0
    for hour, rows in hours:
        of.add(counts(hour, rows))
        last = hour
    return of.close(BEGIN + (last + 1) * HOUR + 1)


def test_neighbouring_units_that_report_together_are_told_with_their_codes() -> None:
    """Three of nine along a road, six reports an hour each; the middle one comes first."""
    areas = scan()
    assert told(areas, usual()) == []
    first = told(areas, flooded((3, 4, 5), 6))[0]
    assert (first.kind, first.series) == (Kind.REPORT_AREA, Series("11", "", "report.area", FLOOD))
    assert sorted(first.units) == [ROAD[unit].code for unit in (3, 4, 5)]
    assert (first.unit_code, first.facts["window_h"]) == (first.units[0], 1.0)
    assert (first.observed, first.at_ms) == (18.0, BEGIN + (24 * DAYS + 1) * HOUR)
    assert first.at_ms - first.start_ms == HOUR
    assert 0.0 < first.expected < 3.0


@pytest.mark.parametrize(
    ("days", "a_day", "units", "number"),
    [(DAYS, 20.0, (4,), 9), (DAYS, 20.0, (4, 5), 5), (12, 20.0, (3, 4, 5), 6), (DAYS, 2.0, (3, 4, 5), 3)],
    ids=["one unit", "two units", "young", "rare"],
)
def test_what_is_no_area_or_not_known_well_enough_is_not_told(
    days: int, a_day: float, units: tuple[int, ...], number: int
) -> None:
    """One or two units surge by themselves; two weeks are learning; eighty reports are no history."""
    areas = scan()
    assert told(areas, usual(days, FLOOD, a_day)) == []
    assert told(areas, flooded(units, number, day=days)) == []


def test_a_province_without_a_map_and_units_off_the_map_are_passed_over() -> None:
    """They cost nothing and break nothing."""
    for units in ((), ROAD[:2], [NOWHERE]):
        assert told(scan(units), [*usual(), *flooded((3, 4, 5), 3)]) == []
    whole = scan()
    strange = [(hour, [*rows, ("03999", FLOOD, 50), (NOWHERE.code, FLOOD, 50)]) for hour, rows in usual()]
    assert told(whole, strange) == []
    other = scan()
    other.add(counts(0, [(ROAD[0].code, FLOOD, 1)], tenant="14"))
    assert other.close(BEGIN + 48 * HOUR) == []


def test_two_days_without_reports_teach_zeros_and_longer_ones_nothing() -> None:
    """After three months in which the feed was down the next day is no sensation, nor is the usual forgotten."""
    areas = scan()
    told(areas, usual())
    later = [(hour + 24 * (DAYS + 90), rows) for hour, rows in usual(5)]
    assert told(areas, later) == []


def test_hours_behind_the_last_one_are_passed_over() -> None:
    """A source that wrote behind its own watermark; time doesn't run backwards for the detector."""
    areas = scan()
    told(areas, usual())
    areas.add(counts(24 * DAYS - 30, [(ROAD[unit].code, FLOOD, 40) for unit in (3, 4, 5)]))
    assert areas.close(BEGIN + 24 * DAYS * HOUR + 1) == []


def test_neither_partitions_nor_cuts_nor_restarts_change_what_is_told() -> None:
    """Counts of an hour come as one or as many messages, in any order; the scan is made anew from its snapshot."""
    noise = dict(usual(DAYS, NOISE, 30.0))
    hours = [(hour, [*rows, *noise.get(hour, [])]) for hour, rows in [*usual(), *flooded((3, 4, 5), 3, 20)]]
    expected = told(scan(), hours)
    assert next(each.open for each in expected)
    chance, part, found = random.Random(4), scan(), []
    for day in range(DAYS + 1):
        messages = [
            counts(hour, [row for row in rows if (int(row[0]) % 2 == side)], side)
            for hour, rows in hours
            for side in (0, 1)
            if hour // 24 == day and any(int(row[0]) % 2 == side for row in rows)
        ]
        chance.shuffle(messages)
        for message in messages:
            part.add(message)
        for _ in range(2):
            found += part.close(BEGIN + (day + 1) * 24 * HOUR + 1)
            heir = scan()
            heir.restore(part.snapshot())
            assert heir.snapshot() == part.snapshot()
            part = heir
    assert found == expected


def test_a_province_without_a_map_survives_a_restart() -> None:
    """It isn't charted again."""
    areas = scan(())
    areas.add(counts(0, [(ROAD[0].code, FLOOD, 1)]))
    heir = scan()
    heir.restore(areas.snapshot())
    assert told(heir, [*usual(), *flooded((3, 4, 5), 3)]) == []
