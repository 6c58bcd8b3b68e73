"""What stage 2 measures of incidents."""

from streams.alarms import MAX_UNIT_SERIES, Alarms
from streams.grouping import RECURRING, RULES
from streams.incidents import Case, Explanation, Incident, Severity, Status
from streams.measures import NOTHING, Measured

HOUR = 3_600_000


def case(number: int = 0, *, unit: str = "03127", severity: Severity = Severity.MINOR, start_ms: int = 0) -> Case:
    """Return an open case."""
    return Case(
        id=f"i{number}",
        rule="sensor_surge",
        tenant="11",
        unit_code=unit,
        scope=str(number),
        start_ms=start_ms,
        members={},
        severity=severity,
        calm_ms=None,
    )


def telling(of: Case, revision: int = 1, status: Status = Status.OPEN) -> Incident:
    """Return a revision of a case."""
    return Incident(
        id=of.id,
        revision=revision,
        rule=of.rule,
        detector="test",
        tenant=of.tenant,
        unit_code=of.unit_code,
        unit_name="",
        severity=of.severity,
        status=status,
        start="",
        end=None,
        updated="",
        score=6.0,
        series=[],
        series_total=0,
        evidence=[],
        explanation=Explanation("", ""),
    )


def measured(alarms: Alarms, *told: Incident, cases: tuple[Case, ...] = (), clock_ms: int = HOUR) -> Measured:
    """Measure once, with a fleet of one tenant."""
    return alarms.measured(told, {each.id: each for each in cases}, {"11|camera.count|*": 3}, clock_ms)


OPENED = ("11", "sensor_surge", "minor")


def test_counters_of_a_tenant_stand_at_zero_before_its_first_incident() -> None:
    """So that the first one is an increase; every rule with every severity it can have."""
    counted = measured(Alarms()).counted
    assert set(counted["incidents_opened"]) == {
        ("11", rule, severity.value) for rule, levels in RULES.items() for severity in levels
    }
    assert set(counted["incidents_reopened"]) == {("11", rule) for rule in RECURRING}
    assert not any(value for increments in counted.values() for value in increments.values())


def test_an_incident_is_counted_when_it_opens_and_names_itself() -> None:
    """Later revisions of it are none; its id is the exemplar."""
    alarms, one = Alarms(), case()
    first = measured(alarms, telling(one), cases=(one,))
    assert first.counted["incidents_opened"][OPENED] == 1
    assert first.exemplars == {"incidents_opened": {OPENED: "i0"}}
    assert measured(alarms, telling(one, 2), cases=(one,)) is NOTHING


def test_an_incident_that_opens_again_is_counted_twice_and_as_reopened() -> None:
    """What clears and comes back within one call, too."""
    alarms, one = Alarms(), case()
    told = (telling(one), telling(one, 2, Status.CLEARED), telling(one, 3))
    counted = measured(alarms, *told, cases=(one,)).counted
    assert counted["incidents_opened"][OPENED] == 2
    assert counted["incidents_reopened"]["11", "sensor_surge"] == 1


def test_incidents_restored_from_a_snapshot_do_not_open_anew() -> None:
    """Their next revision is a later one."""
    alarms, one = Alarms(), case()
    alarms.resume({one.id: one})
    result = measured(alarms, telling(one, 5), cases=(one,))
    assert result.counted["incidents_opened"][OPENED] == 0
    assert result.standing["unit_incidents_open"] == {("11", "03127", "sensor_surge", "minor"): 1.0}


def test_open_incidents_are_shown_by_unit_until_they_clear() -> None:
    """Only units that have one; what is unchanged is not told again."""
    alarms, one, two = Alarms(), case(0), case(1)
    both = measured(alarms, telling(one), telling(two), cases=(one, two))
    assert both.standing["unit_incidents_open"] == {("11", "03127", "sensor_surge", "minor"): 2.0}
    assert measured(alarms, cases=(one, two)) is NOTHING
    assert measured(alarms, telling(one, 2, Status.CLEARED)).standing["unit_incidents_open"] == {}


def test_beyond_a_limit_of_series_the_most_severe_are_shown() -> None:
    """A storm in all units is not to fill the budget of series."""
    minor = tuple(case(n, unit=f"{n:05}") for n in range(MAX_UNIT_SERIES))
    major = case(9999, unit="99999", severity=Severity.MAJOR)
    shown = measured(Alarms(), cases=(*minor, major)).standing["unit_incidents_open"]
    assert len(shown) == MAX_UNIT_SERIES
    assert ("11", "99999", "sensor_surge", "major") in shown
    assert ("11", f"{MAX_UNIT_SERIES - 1:05}", "sensor_surge", "minor") not in shown


def test_incidents_that_stand_for_more_than_a_day_are_stale() -> None:
    """In event time; a tenant without one shows 0."""
    alarms, one = Alarms(), case(start_ms=HOUR)
    assert measured(alarms, cases=(one,), clock_ms=25 * HOUR).standing["incidents_stale"] == {("11",): 0.0}
    assert measured(alarms, cases=(one,), clock_ms=25 * HOUR + 1).standing["incidents_stale"] == {("11",): 1.0}
