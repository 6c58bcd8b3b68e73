"""The fold of anomalies into cases: opening, joining, widening, absorbing, clearing."""

import msgspec
import pytest

from streams.anomalies import Anomaly, Kind, Series
from streams.correlate import Correlator, Rules
from streams.grouping import binomial_tail
from streams.incidents import Case, Severity, Status

MINUTE = 60_000
RULES = Rules()


def anomaly(
    kind: Kind, series: Series, at_min: float, *, still_open: bool = True, by: str = "test", **facts: float
) -> Anomaly:
    """Return one step of an episode that began at ``at_min`` and expires a day later."""
    at_ms = int(at_min * MINUTE)
    return Anomaly(
        id=f"{kind.value}-{by}-{series.label}-{at_ms}",
        at_ms=at_ms,
        detector=by,
        version=1,
        kind=kind,
        series=series,
        start_ms=at_ms,
        end_ms=at_ms,
        expires_ms=at_ms + 24 * 60 * MINUTE,
        open=still_open,
        p=1e-9,
        observed=1.0,
        expected=9.0,
        facts=facts,
    )


def camera(number: int, unit: str = "03127") -> Series:
    """Return a camera's count series."""
    return Series("11", unit, "camera.count", f"CAM-{number}", "person")


def report(category: str, unit: str = "03127") -> Series:
    """Return a category's report series; an empty unit is the whole province."""
    return Series("11", unit, "report.count", category)


def fleet(correlator: Correlator, cameras: int) -> None:
    """Tell of as many cameras."""
    for number in range(cameras):
        correlator.joined(camera(number))


def rules_of(cases: list[Case]) -> list[str]:
    """Return the rules of the cases told."""
    return [case.rule for case in cases]


def test_a_single_sensor_waits_for_company_and_then_opens_alone() -> None:
    """Nothing is told at once; after the gathering time the sensor's own incident opens."""
    correlator = Correlator(RULES)
    fleet(correlator, 50)
    assert correlator.touch(anomaly(Kind.DROP, camera(1), 10)) == []
    due = correlator.due()
    assert due == 15 * MINUTE
    assert rules_of(correlator.settle(15 * MINUTE)) == ["sensor_drop"]


def test_many_sensors_at_once_are_one_incident_of_the_province() -> None:
    """Ten of fifty is beyond chance (2 % each): one incident, no single ones."""
    correlator = Correlator(RULES)
    fleet(correlator, 50)
    told = [case for n in range(10) for case in correlator.touch(anomaly(Kind.DROP, camera(n), 10))]
    assert rules_of(told) == ["area_drop"]
    assert correlator.memory.gathering == {}
    case = told[0]
    assert len(case.members) >= 8
    assert case.severity is Severity.MAJOR


def test_an_area_incident_absorbs_the_single_ones_that_were_told_before() -> None:
    """The single incident is suppressed and names its parent."""
    correlator = Correlator(RULES)
    fleet(correlator, 50)
    correlator.touch(anomaly(Kind.SILENT, camera(0), 10))
    correlator.settle(20 * MINUTE)
    told = [case for n in range(1, 10) for case in correlator.touch(anomaly(Kind.SILENT, camera(n), 30))]
    wide = next(case for case in told if case.rule == "area_outage")
    child = next(case for case in told if case.rule == "sensor_silent")
    assert (child.status, child.parent) == (Status.SUPPRESSED, wide.id)
    assert list(correlator.memory.cases) == [wide.id]


def test_a_stuck_sensor_explains_its_own_drop() -> None:
    """One broken sensor is one incident, whatever order its symptoms come in."""
    correlator = Correlator(RULES)
    fleet(correlator, 50)
    correlator.touch(anomaly(Kind.DROP, camera(1), 10))
    correlator.settle(20 * MINUTE)
    told = correlator.touch(anomaly(Kind.STUCK, camera(1), 60))
    assert rules_of(told) == ["sensor_stuck", "sensor_drop"]
    assert told[1].status is Status.SUPPRESSED
    later = Correlator(RULES)
    later.touch(anomaly(Kind.STUCK, camera(1), 10))
    assert later.touch(anomaly(Kind.DROP, camera(1), 20)) == []
    assert len(later.memory.cases) == 1


@pytest.mark.parametrize(("now", "lasting"), [(Kind.SURGE, Kind.RISE), (Kind.DROP, Kind.FALL)])
@pytest.mark.parametrize("minutes", [(10, 11), (11, 10), (10, 10), (10, 300), (300, 10)])
def test_a_lasting_change_and_what_is_odd_at_once_are_one_incident(
    now: Kind, lasting: Kind, minutes: tuple[int, int]
) -> None:
    """Whichever comes first; in the end the incident of what is odd stands, and takes the other in."""
    correlator = Correlator(RULES)
    fleet(correlator, 50)
    steps = [anomaly(kind, camera(1), at) for kind, at in zip((now, lasting), minutes, strict=True)]
    for step in sorted(steps, key=lambda each: each.at_ms):
        correlator.settle(step.at_ms)
        correlator.touch(step)
    correlator.settle(400 * MINUTE)
    (case,) = correlator.memory.cases.values()
    assert (case.rule, len(case.members)) == (f"sensor_{now.value}", 2)


def test_a_lasting_change_does_not_keep_the_incident_of_a_drop_open_nor_is_it_told_again() -> None:
    """The drop is over after quiet; that the level stays low was told."""
    correlator = Correlator(RULES)
    for kind in (Kind.DROP, Kind.FALL):
        correlator.touch(anomaly(kind, camera(1), 10))
    correlator.settle(20 * MINUTE)
    correlator.touch(anomaly(Kind.DROP, camera(1), 60, still_open=False))
    assert [case.status for case in correlator.settle(90 * MINUTE)] == [Status.CLEARED]
    assert correlator.touch(anomaly(Kind.FALL, camera(1), 100)) == []
    assert correlator.settle(200 * MINUTE) == []


def test_what_flickers_is_one_incident_that_opens_again() -> None:
    """Within a week of clearing, with its history; later, or on another sensor, it is a new one."""
    correlator = Correlator(RULES)
    day, ids = 24 * 60, []
    for at, number in ((0, 1), (3 * day, 1), (3 * day + 5, 2), (12 * day, 1)):
        correlator.settle(at * MINUTE)
        correlator.touch(anomaly(Kind.DROP, camera(number), at))
        told = correlator.settle((at + 5) * MINUTE)
        ids += [(case.id, case.status) for case in told if case.rule == "sensor_drop"]
        correlator.touch(anomaly(Kind.DROP, camera(number), at + 10, still_open=False))
        correlator.settle((at + 60) * MINUTE)
    assert {status for _, status in ids} == {Status.CLEARED} or correlator.memory.cases == {}
    names = [name for name, _ in ids]
    assert names[0] == names[1]
    assert len(set(names)) == 3


def test_a_dead_sensor_is_no_company_for_a_lasting_fall_of_others() -> None:
    """It fell for a reason of its own, and long ago."""
    correlator = Correlator(RULES)
    fleet(correlator, 20)
    correlator.touch(anomaly(Kind.STUCK, camera(0), 5))
    for number in range(8):
        correlator.touch(anomaly(Kind.FALL, camera(number), 10 + number))
    (area,) = (case for case in correlator.memory.cases.values() if case.rule == "area_fall")
    assert area.start_ms == 11 * MINUTE


def test_a_sensor_that_is_not_odd_enough_to_stand_alone_counts_in_a_crowd_only() -> None:
    """No incident of its own, until it is more improbable; with others it is one of the area."""
    weak = [msgspec.structs.replace(anomaly(Kind.DROP, camera(n), 10 + n), alone=False) for n in range(8)]
    correlator = Correlator(RULES)
    fleet(correlator, 50)
    assert correlator.touch(weak[0]) == []
    assert correlator.settle(60 * MINUTE) == []
    correlator.touch(anomaly(Kind.DROP, camera(0), 70))
    assert rules_of(correlator.settle(80 * MINUTE)) == ["sensor_drop"]
    crowd = Correlator(RULES)
    fleet(crowd, 50)
    told = [case for each in weak for case in crowd.touch(each)]
    assert rules_of(told) == ["area_drop"]


def test_lasting_changes_of_many_sensors_are_one_incident() -> None:
    """As school holidays are, which each sensor notices on another day."""
    correlator = Correlator(RULES)
    fleet(correlator, 20)
    for number in range(8):
        at = 10 + number * 120
        correlator.settle(at * MINUTE)
        correlator.touch(anomaly(Kind.FALL, camera(number), at))
    correlator.settle(1000 * MINUTE)
    assert rules_of(list(correlator.memory.cases.values())) == ["area_fall"]


def test_two_detectors_of_one_sensor_are_one_incident_and_one_sensor() -> None:
    """It lasts until both are calm, and doesn't count as two of a crowd."""
    correlator = Correlator(RULES)
    fleet(correlator, 6)
    for name in ("level", "nearest"):
        for number in (1, 2):
            correlator.touch(anomaly(Kind.DROP, camera(number), 10, by=name))
    assert {case.rule for case in correlator.settle(20 * MINUTE)} == {"sensor_drop"}
    assert len(correlator.memory.cases) == 2
    correlator.touch(anomaly(Kind.DROP, camera(1), 30, still_open=False, by="level"))
    assert all(case.calm_ms is None for case in correlator.memory.cases.values())


def test_a_storm_is_one_incident() -> None:
    """Categories that surge province-wide, and the same categories in units, join."""
    correlator = Correlator(RULES)
    steps = [
        anomaly(Kind.REPORT_SURGE, report("snow"), 10),
        anomaly(Kind.REPORT_SURGE, report("snow", ""), 20),
        anomaly(Kind.REPORT_SURGE, report("plowing", ""), 30),
        anomaly(Kind.REPORT_SURGE, report("plowing", "03334"), 40),
    ]
    told = [case for step in steps for case in correlator.touch(step)]
    assert len(correlator.memory.cases) == 1
    assert (told[-1].severity, told[-1].unit_code) == (Severity.MAJOR, "")


def test_surges_of_other_categories_in_other_units_stay_apart() -> None:
    """What has neither category nor place in common is not one thing."""
    correlator = Correlator(RULES)
    correlator.touch(anomaly(Kind.REPORT_SURGE, report("noise", "03334"), 10))
    correlator.touch(anomaly(Kind.REPORT_SURGE, report("rubbish", "03127"), 10))
    assert len(correlator.memory.cases) == 2


def cluster(group: str, unit: str = "03127") -> Series:
    """Return the series of a group's places."""
    return Series("11", unit, "report.place", group)


def test_a_cluster_joins_the_surge_of_its_unit_and_outlasting_it_keeps_nothing_open() -> None:
    """It is the surge that an incident of a surge lasts by."""
    correlator = Correlator(RULES)
    correlator.touch(anomaly(Kind.REPORT_SURGE, report("flood"), 10))
    assert correlator.touch(anomaly(Kind.REPORT_CLUSTER, cluster("drains"), 20)) == []
    (case,) = correlator.memory.cases.values()
    assert {member.kind for member in case.members.values()} == {Kind.REPORT_SURGE, Kind.REPORT_CLUSTER}
    correlator.touch(anomaly(Kind.REPORT_SURGE, report("flood"), 30, still_open=False))
    assert case.calm_ms == 30 * MINUTE


def test_a_surge_takes_in_the_cluster_that_was_told_before_it() -> None:
    """The cluster's incident is suppressed; one in another unit stays."""
    correlator = Correlator(RULES)
    for unit in ("03127", "03334"):
        assert rules_of(correlator.touch(anomaly(Kind.REPORT_CLUSTER, cluster("drains", unit), 10))) == [
            "report_cluster"
        ]
    told = correlator.touch(anomaly(Kind.REPORT_SURGE, report("flood"), 60))
    assert rules_of(told) == ["report_surge", "report_cluster"]
    assert told[1].status is Status.SUPPRESSED
    assert sorted(case.rule for case in correlator.memory.cases.values()) == ["report_cluster", "report_surge"]


def test_an_area_of_reports_is_its_middle_unit_s_and_part_of_a_surge_of_its_category() -> None:
    """An area is not the whole province, so it makes nothing major."""
    correlator = Correlator(RULES)
    flooded = msgspec.structs.replace(
        anomaly(Kind.REPORT_AREA, Series("11", "", "report.area", "flood"), 10), units=("03334", "03127", "03151")
    )
    (case,) = correlator.touch(flooded)
    assert (case.rule, case.unit_code, case.severity) == ("report_area", "03334", Severity.MINOR)
    surge, child = correlator.touch(anomaly(Kind.REPORT_SURGE, report("flood"), 20))
    assert (child, surge.severity, surge.unit_code) == (case, Severity.MINOR, "03127")


def test_payments_that_fail_in_several_units_are_one_major_incident_of_the_province() -> None:
    """Offices share a gateway; in one unit it is a minor one of that unit."""
    correlator = Correlator(RULES)
    offices = [
        Series("11", unit, "dossier.payments", office)
        for office, unit in (("VP-1", "03127"), ("VP-2", "03127"), ("VP-3", "03334"))
    ]
    (case,) = correlator.touch(anomaly(Kind.PAYMENT_FAILURES, offices[0], 10))
    assert correlator.touch(anomaly(Kind.PAYMENT_FAILURES, offices[1], 20)) == []
    assert (case.severity, case.unit_code) == (Severity.MINOR, "03127")
    assert correlator.touch(anomaly(Kind.PAYMENT_FAILURES, offices[2], 30)) == [case]
    assert (case.severity, case.unit_code) == (Severity.MAJOR, "")


def test_the_waits_of_one_office_are_one_incident_whose_severity_follows_the_longest() -> None:
    """Half an hour makes it major, and that is told at once."""
    correlator = Correlator(RULES)
    line = [Series("11", "03127", "queue.wait", "OFFICE", part) for part in ("A", "B")]
    assert correlator.touch(anomaly(Kind.LONG_WAIT, line[0], 10, wait_s=1000.0))[0].severity is Severity.MINOR
    told = correlator.touch(anomaly(Kind.LONG_WAIT, line[1], 12, wait_s=2000.0))
    assert [case.severity for case in told] == [Severity.MAJOR]
    assert len(correlator.memory.cases) == 1


def test_an_incident_clears_after_quiet_and_a_re_occurrence_before_that_extends_it() -> None:
    """Quiet counts from the last episode's close."""
    correlator = Correlator(RULES)
    stuck = camera(1)
    (case,) = correlator.touch(anomaly(Kind.STUCK, stuck, 10))
    case.changed = False
    correlator.touch(anomaly(Kind.STUCK, stuck, 20, still_open=False))
    case.changed = False
    assert correlator.due() == 50 * MINUTE
    correlator.touch(anomaly(Kind.STUCK, stuck, 40))
    correlator.touch(anomaly(Kind.STUCK, stuck, 60, still_open=False))
    assert correlator.settle(89 * MINUTE) != [] or case.status is Status.OPEN
    told = correlator.settle(90 * MINUTE)
    assert [(c.id, c.status) for c in told] == [(case.id, Status.CLEARED)]
    assert correlator.memory.cases == {}


def test_an_episode_of_which_nothing_more_is_heard_expires() -> None:
    """A sensor that is taken away doesn't keep its incident open for ever."""
    correlator = Correlator(RULES)
    correlator.touch(anomaly(Kind.STUCK, camera(1), 10))
    day = 24 * 60 * MINUTE
    correlator.settle(10 * MINUTE + day)
    told = correlator.settle(10 * MINUTE + day + RULES.quiet_ms)
    assert [case.status for case in told] == [Status.CLEARED]


def test_the_binomial_tail_equals_the_sum_of_its_terms() -> None:
    """Against the textbook sum."""
    terms = [0.02**k * 0.98 ** (50 - k) * _choose(50, k) for k in range(5, 51)]
    assert abs(binomial_tail(5, 50, 0.02) - sum(terms)) < 1e-15


def _choose(n: int, k: int) -> int:
    result = 1
    for i in range(k):
        result = result * (n - i) // (i + 1)
    return result
