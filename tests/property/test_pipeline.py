"""Laws of the whole fold, both stages together: what may not change what is told.

History is fed once; every example goes on from its state through the two days in which things happen.
"""

import random
from datetime import timedelta
from functools import cache

import orjson
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from streams.shell.partitioning import partition_of
from streams.topics import CAMERA_EVENTS
from tests.miniature import DAYS, START, Plant, Result, Row, camera_count, poison, province

LATENESS_MS = 900_000
HISTORY_MS = int(START.timestamp() * 1000) + (DAYS - 3) * 24 * 3_600_000
RULES = {
    "area_drop",
    "area_outage",
    "camera_false_alarms",
    "payment_failures",
    "queue_no_shows",
    "queue_stalled",
    "queue_wait",
    "report_surge",
    "sensor_drop",
    "sensor_silent",
    "sensor_stuck",
    "sensor_surge",
    "source_clock",
}

few = settings(max_examples=2, deadline=None, derandomize=True, phases=[Phase.generate])  # shrinking takes minutes
cuts = st.lists(st.integers(1, 600), min_size=1, max_size=12)
seeds = st.integers(0, 2**32)


@cache
def rows() -> list[Row]:
    """Return all records."""
    return province()


def last_days() -> list[Row]:
    """Return the records of the days in which things happen."""
    return [row for row in rows() if row.at_ms >= HISTORY_MS]


@cache
def learned(partitions: int) -> Plant:
    """Return a plant that has seen the history; to be forked, not fed."""
    plant = Plant(partitions)
    plant.begin(rows()[0].at_ms)
    plant.feed([row for row in rows() if row.at_ms < HISTORY_MS])
    return plant


def told(
    records: list[Row], pieces: list[int] | None = None, partitions: int = 1, restarts: tuple[int, ...] = ()
) -> Result:
    """Go on from the history with these records."""
    plant = learned(partitions).fork()
    plant.feed(records, pieces or (), restarts=restarts)
    return plant.end(rows()[-1].at_ms)


@cache
def undisturbed() -> Result:
    """Return what one partition tells when it gets the last days at once."""
    return told(last_days())


def test_the_miniature_province_shows_every_rule() -> None:
    """Otherwise the laws below would hold for little; the area's surge has its own tests."""
    assert undisturbed().rules == RULES


def test_every_incident_is_explained_in_both_languages() -> None:
    """Vietnamese and English are there and different, and the evidence has numbers."""
    for line in undisturbed().incidents.values():
        incident = orjson.loads(line)
        vi, en = incident["explanation"]["vi"], incident["explanation"]["en"]
        assert vi
        assert en
        assert vi != en
        assert incident["evidence"]


def test_history_fed_at_once_or_with_the_rest_is_the_same() -> None:
    """Going on from a snapshot in the middle equals one run over everything, on one partition and on three."""
    for partitions in (1, 3):
        whole = Plant(partitions).run(rows(), [4000, 4000])
        assert whole.revisions == undisturbed().revisions


@few
@given(cuts)
def test_where_batches_are_cut_changes_nothing(pieces: list[int]) -> None:
    """The same anomalies by id and the same revisions of the same incidents, byte for byte."""
    other = told(last_days(), pieces)
    assert other.anomalies == undisturbed().anomalies
    assert other.revisions == undisturbed().revisions


@few
@given(cuts, st.sets(st.integers(0, 12), min_size=1, max_size=4))
def test_a_restart_from_a_snapshot_changes_nothing(pieces: list[int], restarts: set[int]) -> None:
    """At any boundary between batches, any number of times."""
    other = told(last_days(), pieces, restarts=tuple(restarts))
    assert other.anomalies == undisturbed().anomalies
    assert other.revisions == undisturbed().revisions


@few
@given(cuts)
def test_the_number_of_partitions_changes_nothing(pieces: list[int]) -> None:
    """Incidents are the same byte for byte, also of series that are summed over partitions."""
    assert told(last_days(), pieces, partitions=4).revisions == undisturbed().revisions


@few
@given(seeds)
def test_order_of_arrival_within_the_allowed_lateness_changes_nothing(seed: int) -> None:
    """Events change places; ingest timestamps stay in order, and nobody becomes late or skewed by it."""
    other = told(shuffled(last_days(), random.Random(seed)), [500] * 6)
    assert other.revisions == undisturbed().revisions


@few
@given(seeds, st.sampled_from([1, 4]))
def test_every_record_twice_changes_nothing_but_the_count_of_duplicates(seed: int, partitions: int) -> None:
    """The repeat comes at once or up to a minute later."""
    chance = random.Random(seed)
    twice = last_days() + [row._replace(at_ms=row.at_ms + chance.randrange(60_000)) for row in last_days()]
    other = told(sorted(twice, key=lambda row: row.at_ms), [700] * 4, partitions)
    once, before = undisturbed(), learned(1).result
    assert other.revisions == once.revisions
    assert other.records == once.records + len(last_days())
    assert other.accepted == once.accepted
    assert other.late_counted == once.late_counted
    again = {reason: count - before.reasons.get(reason, 0) for reason, count in once.reasons.items()}
    assert other.reasons == {reason: once.reasons[reason] + count for reason, count in again.items()}
    assert other.duplicate == once.duplicate + len(last_days()) - sum(again.values())


@few
@given(seeds)
def test_as_much_poison_as_good_records_changes_nothing(seed: int) -> None:
    """Exactly the same incidents, and one dead letter for each bad record."""
    bad = [row for row in poison(random.Random(seed), 12 * len(last_days())) if row.at_ms >= HISTORY_MS]
    bad = bad[: len(last_days())]
    other = told(sorted(last_days() + bad, key=lambda row: row.at_ms), [900] * 5)
    once = undisturbed()
    assert other.revisions == once.revisions
    assert len(other.dead_letters) == len(once.dead_letters) + len(bad)
    assert (other.accepted, other.duplicate, other.late) == (once.accepted, once.duplicate, once.late)


def shuffled(records: list[Row], chance: random.Random) -> list[Row]:
    """Let events change places with others that arrive within five minutes; the timestamps stay where they are.

    Only records well inside the allowed lateness move, and none that would then lie after its ingest time.
    """
    window_ms = 300_000
    order = list(records)
    for index in range(len(order) - 1):
        other = index + chance.randrange(1, 4)
        if other >= len(order) or order[other].at_ms - order[index].at_ms > window_ms:
            continue
        first, second = order[index], order[other]
        if first.topic != second.topic:
            continue
        order[index] = second._replace(at_ms=first.at_ms)
        order[other] = first._replace(at_ms=second.at_ms)
    return order


def test_who_fell_silent_before_the_end_is_told_on_any_number_of_partitions() -> None:
    """A camera stops two hours before another one, which is in another partition: that is no end of the recording."""
    cameras = {"CAM-00": 0, "CAM-01": 2}
    assert len({partition_of(camera.encode(), 4) for camera in cameras}) == 2
    records = []
    for camera, early_h in cameras.items():
        for step in range((5 * 24 - early_h) * 12):
            when = START + timedelta(minutes=5 * step)
            at_ms = int(when.timestamp() * 1000) + 500
            records.append(Row(at_ms, CAMERA_EVENTS, camera.encode(), camera_count(camera, when, step % 7 + 3)))
    records.sort(key=lambda row: row.at_ms)
    one, four = Plant(1).run(records), Plant(4).run(records)
    assert one.rules == {"sensor_silent"}
    assert four.revisions == one.revisions
