"""The simulated province: every scenario does to the events what its truth says."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import orjson
import pytest

from ioc.errors import ConfigError
from ioc.shown import Telemetry
from ioc.simulate import SCENARIOS, Simulation, SimulationSettings, Truth, power_cut
from ioc.units import load_places
from streams.topics import CAMERA_EVENTS, TELEMETRY

SETTINGS = SimulationSettings(seed=7, days=2, start=SimulationSettings().start)  # a Monday and a Tuesday


class Arrival(NamedTuple):
    """One event as it came in."""

    at_ms: int
    ts_ms: int
    kind: str
    data: dict[str, Any]


def instant(text: str) -> int:
    """Return milliseconds since 1970 UTC."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def parsed(simulation: Simulation) -> Iterator[Arrival]:
    """Read the events with a parser of our own; poison is left out."""
    for chunk in simulation.chunks():
        for ts_ms, value in zip(chunk.timestamps_ms, chunk.values, strict=True):
            try:
                event = orjson.loads(value or b"")
                yield Arrival(instant(event["time"]), ts_ms, event["type"].split(".")[3], event["data"])
            except (orjson.JSONDecodeError, KeyError, TypeError):
                continue


@cache
def world() -> tuple[list[Arrival], dict[str, Truth]]:
    """Return two days with all scenarios, and the truths by kind."""
    simulation = Simulation(SETTINGS, load_places())
    return list(parsed(simulation)), {truth.kind: truth for truth in simulation.truths}


def during(kind: str, field: str) -> tuple[Truth, list[Arrival]]:
    """Return a truth and the events of its series that happened meanwhile."""
    arrivals, truths = world()
    truth = truths[kind]
    start_ms, end_ms = instant(truth.start), instant(truth.end)
    found = [a for a in arrivals if start_ms < a.at_ms < end_ms and a.data.get(field) in truth.series]
    return truth, found


def counts(kind: str, day_shift: int = 0) -> list[int]:
    """Return the counts of a truth's camera meanwhile, or as many days before."""
    arrivals, truths = world()
    truth = truths[kind]
    shift = day_shift * 86_400_000
    start_ms, end_ms = instant(truth.start) - shift, instant(truth.end) - shift
    return [
        a.data["count"]
        for a in arrivals
        if start_ms < a.at_ms <= end_ms and a.data.get("camera_id") in truth.series and a.data.get("rule") == "count"
    ]


def test_every_scenario_has_its_truth() -> None:
    """A working day plays them all."""
    assert set(world()[1]) == {scenario.name for scenario in SCENARIOS}


@pytest.mark.parametrize(("kind", "field"), [("camera_silent", "camera_id"), ("area_outage", "camera_id")])
def test_silent_cameras_send_nothing(kind: str, field: str) -> None:
    """No counts, no heartbeats, no tracks; the day before they sent plenty."""
    assert during(kind, field)[1] == []
    assert len(counts(kind, day_shift=1)) > 10


def test_an_outage_takes_the_units_masts_along() -> None:
    """The cause of the silence is in the telemetry."""
    truth, found = during("area_outage", "asset_id")
    assert any(name.startswith("BTS") for name in truth.series)
    assert found == []


def test_held_back_events_arrive_late_when_the_line_is_up() -> None:
    """Nothing is lost: lateness shrinks along the flush."""
    truth, found = during("outage_flush", "camera_id")
    assert len(found) > 50
    assert all(instant(truth.end) < a.ts_ms < instant(truth.end) + 60_000 for a in found)


def test_a_surge_is_several_times_the_usual_and_a_drop_a_fraction() -> None:
    """Against the same hours of the day before."""
    assert sum(counts("camera_surge")) > 4 * sum(counts("camera_surge", day_shift=1))
    assert sum(counts("camera_drop")) < 0.2 * sum(counts("camera_drop", day_shift=1))


def test_a_dead_camera_reports_zero_and_a_stuck_one_the_same_number() -> None:
    """From their hour on without exception."""
    assert set(counts("camera_dead")) == {0}
    assert set(counts("camera_stuck")) == {17}


def test_a_wrong_clock_is_steadily_three_hours_ahead() -> None:
    """In every event of that camera; delivery is as quick as ever."""
    arrivals, truths = world()
    ahead = {(a.at_ms - a.ts_ms) // 60_000 for a in arrivals if a.data.get("camera_id") in truths["clock_off"].series}
    assert ahead <= {178, 179}


def test_a_storm_floods_many_units_with_reports() -> None:
    """At least five times as many reports of its categories as at the same hours the day before."""
    truth, found = during("storm", "service_code")
    new = [a for a in found if a.data["action"] == "submitted"]
    arrivals, _ = world()
    start_ms, end_ms = (instant(text) - 86_400_000 for text in (truth.start, truth.end))
    usual = [
        a for a in arrivals
        if start_ms < a.at_ms < end_ms and a.data.get("service_code") in truth.series
        and a.data["action"] == "submitted"
    ]  # fmt: skip
    assert len(new) > 5 * len(usual)
    assert len({a.data["unit_code"] for a in new}) > 10


def test_a_bulk_entry_comes_from_staff_and_its_truth_expects_no_alarm() -> None:
    """180 in 45 minutes, all through the staff's channel."""
    truth, found = during("bulk_entry", "service_code")
    staff = {
        a.data["service_request_id"] for a in found if a.data["channel"] == "staff" and a.data["action"] == "submitted"
    }
    assert len(staff) == 180
    assert truth.expected == ""


def test_a_local_surge_is_one_category_in_one_unit() -> None:
    """35 reports on top of the usual ones."""
    truth, found = during("local_surge", "service_code")
    new = [a for a in found if a.data["action"] == "submitted" and a.data["unit_code"] == truth.unit_code]
    assert len(new) >= 35


def test_a_rush_makes_people_wait_for_more_than_half_an_hour() -> None:
    """The office was fine the day before."""
    _, found = during("queue_rush", "office_id")
    waits = [a.data["wait_s"] for a in found if a.data.get("action") == "called"]
    assert max(waits) > 1800


def test_a_stalled_office_calls_nobody_while_people_wait_at_open_counters() -> None:
    """Its snapshots show counters open and a growing queue."""
    _, found = during("stalled_counter", "office_id")
    assert not [a for a in found if a.data.get("action") == "called"]
    shown = [a.data for a in found if a.kind == "snapshot"]
    assert shown[-1]["counters_open"] > 0
    assert shown[-1]["tickets_waiting"] > shown[0]["tickets_waiting"]


def test_visitors_who_miss_the_call_of_a_broken_display_are_no_shows() -> None:
    """Six of ten of those who took their ticket then."""
    _, found = during("no_shows", "office_id")
    ended = [a.data["action"] for a in found if a.data.get("action") in {"served", "no_show"}]
    assert 0.45 < ended.count("no_show") / len(ended) < 0.75


def test_a_snapshot_shows_those_who_took_a_ticket_and_were_not_called() -> None:
    """Recounted from the tickets at one instant of a working day, for every office."""
    arrivals, _ = world()
    at_ms = instant("2026-03-02T09:30:00+07:00")
    for office in {a.data["office_id"] for a in arrivals if a.kind == "snapshot"}:
        mine = [a for a in arrivals if a.data.get("office_id") == office]
        shown = next(a for a in mine if a.kind == "snapshot" and a.at_ms >= at_ms)
        tickets = {a.data["ticket_id"]: a for a in mine if a.data.get("action") == "issued" and a.at_ms < at_ms}
        called = {a.data["ticket_id"] for a in mine if a.data.get("action") == "called" and a.at_ms < at_ms}
        assert shown.data["tickets_waiting"] == pytest.approx(len(tickets.keys() - called), abs=1)


def test_reports_live_through_their_steps_in_order() -> None:
    """Submitted first; nothing after closing but a rating."""
    order = ["submitted", "received", "assigned", "resolved", "closed", "rated"]
    lives: dict[str, list[tuple[int, str]]] = {}
    for arrival in world()[0]:
        if "service_request_id" in arrival.data and arrival.data["action"] in order:
            lives.setdefault(arrival.data["service_request_id"], []).append((arrival.at_ms, arrival.data["action"]))
    for steps in lives.values():
        ranks = [
            order.index(action) for _, action in sorted(set(steps), key=lambda step: (step[0], order.index(step[1])))
        ]
        assert ranks == sorted(ranks)
        assert ranks[0] == 0


def test_offices_play_no_scenario_on_a_sunday() -> None:
    """They are closed."""
    sunday = SimulationSettings(days=7)
    kinds = {truth.kind for truth in Simulation(sunday, load_places()).truths}
    assert not kinds & {"queue_rush", "stalled_counter", "no_shows"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"days": 0}, "days: must be 1 to 400, got 0"),
        ({"cameras": 0}, "cameras"),
        ({"scale": 0.0}, "scale"),
        ({"seed": -1}, "seed"),
        ({"province": "atlantis"}, "known are .*dien-bien"),
        ({"scenarios": ("flood",)}, "no such one as flood"),
    ],
)
def test_what_can_not_be_simulated_is_refused(change: dict[str, Any], message: str) -> None:
    """The message names the setting, the range and what was given."""
    with pytest.raises(ConfigError, match=message):
        Simulation(SimulationSettings(**change), load_places())


def test_another_province_can_be_simulated() -> None:
    """By name or by code."""
    for name in ("lao-cai", "15"):
        assert Simulation(SimulationSettings(province=name), load_places()).province.tenant == "15"


def test_a_power_cut_behind_the_end_silences_a_unit_without_an_outage_and_nothing_else() -> None:
    """The day behind the last is that of a longer simulation; what scenarios touched shows their last minute."""
    simulation = Simulation(SETTINGS, load_places())
    effect, truth = power_cut(simulation, 3_600_000)
    longer = Simulation(msgspec.structs.replace(SETTINGS, days=3, scenarios=()), load_places())
    usual = [
        (key, value)
        for chunk in longer.chunks()
        for at_ms, key, value, topic in zip(chunk.timestamps_ms, chunk.keys, chunk.values, chunk.topics, strict=True)
        if effect.start_ms <= at_ms < effect.end_ms and topic in {CAMERA_EVENTS, TELEMETRY} and key is not None
    ]
    sent = {
        (key, value)
        for chunk in simulation.afterwards(effect)
        for key, value in zip(chunk.keys, chunk.values, strict=True)
    }
    cut = {name.encode() for name in truth.series}
    assert effect.start_ms == simulation.outline().last_ms + 1
    assert truth.unit_code not in {each.unit_code for each in simulation.truths if "outage" in each.kind}
    assert {key for key, _ in usual} >= cut
    assert not {key for key, _ in sent} & cut
    touched = cut.union(name.encode() for each in simulation.truths for name in each.series)
    quiet = {row for row in usual if row[0] not in touched}
    assert len({key for key, _ in quiet}) > 30
    assert quiet <= sent


def test_a_province_of_few_cameras_has_no_unit_left_to_cut_off() -> None:
    """Told before anything is started."""
    simulation = Simulation(msgspec.structs.replace(SETTINGS, cameras=5), load_places())
    with pytest.raises(ConfigError, match="40 are enough"):
        power_cut(simulation, 3_600_000)


def by_name(field: str) -> dict[str, list[Arrival]]:
    """Return the steps of every report or dossier in order of time; a repeated record once."""
    found: dict[str, dict[tuple[int, str], Arrival]] = {}
    for arrival in world()[0]:
        if field in arrival.data:
            found.setdefault(arrival.data[field], {})[arrival.at_ms, arrival.data["action"]] = arrival
    return {name: [steps[key] for key in sorted(steps)] for name, steps in found.items()}


def test_some_reports_are_asked_about_or_extended_before_they_are_resolved() -> None:
    """A tenth is asked about, and answered; an extension is granted before the deadline and puts it off."""
    asked = extended = resolved = 0
    for steps in by_name("service_request_id").values():
        at_ms = {step.data["action"]: step.at_ms for step in steps}
        resolved += "resolved" in at_ms
        if "info_given" in at_ms:
            asked += 1
            assert at_ms["assigned"] <= at_ms["info_requested"] <= at_ms["info_given"]
            assert at_ms["info_given"] <= at_ms.get("resolved", at_ms["info_given"])
        for step in steps:
            if step.data["action"] == "extended":
                extended += 1
                assert at_ms["assigned"] <= step.at_ms < instant(step.data["expected_datetime"])
                assert instant(step.data["extension_until"]) > instant(step.data["expected_datetime"])
    assert 0.01 < asked / resolved < 0.15
    assert extended > 3


def test_dossiers_are_accepted_with_a_due_date_and_some_are_completed_late_or_refused() -> None:
    """Their steps stand in order, and offices act while they are open."""
    order = ["submitted", "accepted", "supplement_requested", "forwarded", "apology_sent", "approved", "result_ready"]
    seen: set[str] = set()
    for steps in by_name("dossier_id").values():
        actions = [step.data["action"] for step in steps]
        seen |= set(actions)
        assert actions[0] == "submitted"
        firsts = [order.index(action) for action in dict.fromkeys(actions) if action in order]
        assert firsts == sorted(firsts)
        for step in steps:
            if step.data["action"] in {"accepted", "forwarded", "approved", "result_ready"}:
                local = datetime.fromtimestamp(step.at_ms / 1000, ZoneInfo("Asia/Ho_Chi_Minh"))
                assert 7.5 <= local.hour + local.minute / 60 < 17.0
                assert step.data["due_at"] > step.data["received_at"]
    assert seen >= {*order, "result_returned", "rejected"}


def test_every_kind_of_asset_tells_something_that_is_shown() -> None:
    """Each system that a province names has its place on a page."""
    told = {(a.data["asset_kind"], a.data["metric"]) for a in world()[0] if a.kind == "observation"}
    shown = Telemetry().shown
    assert {kind for kind, _ in told} == set(shown)
    assert all(any((kind, metric) in told for metric in metrics) for kind, metrics in shown.items())


def test_accounts_only_grow_and_shares_stay_shares() -> None:
    """Over both days."""
    values: dict[str, list[float]] = {}
    for a in sorted(world()[0], key=lambda each: each.at_ms):
        if a.kind == "observation":
            values.setdefault(a.data["metric"], []).append(a.data["value"])
    assert values["accounts"] == sorted(values["accounts"])
    assert values["accounts"][-1] - values["accounts"][0] > 40
    assert 0.8 < min(values["signed_share"]) <= max(values["signed_share"]) <= 1.0
