"""Laws of the simulator that hold for every seed and size."""

from datetime import date, datetime

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from ioc.envelope import Chunk
from ioc.simulate import SCENARIOS, Simulation, SimulationSettings
from ioc.units import load_places
from streams.codec import decode
from streams.rejection import Rejected

PLACES = load_places()
POISON_PER_DAY = 7

small = st.builds(
    SimulationSettings,
    seed=st.integers(0, 2**32),
    start=st.dates(date(2025, 7, 1), date(2027, 12, 31)),
    days=st.integers(1, 2),
    cameras=st.integers(1, 12),
    scale=st.sampled_from([0.1, 0.3]),
)


def rows(chunks: list[Chunk]) -> list[tuple[object, ...]]:
    """Return the records one by one."""
    return [
        row
        for chunk in chunks
        for row in zip(
            chunk.topics, chunk.offsets, chunk.timestamps_ms, chunk.keys, chunk.values, chunk.headers, strict=True
        )
    ]


@given(small, st.integers(1, 5000))
@settings(max_examples=3, deadline=None)
def test_the_same_settings_give_the_same_records_however_they_are_cut(what: SimulationSettings, size: int) -> None:
    """Nothing but the settings gets in."""
    first = rows(list(Simulation(what, PLACES).chunks()))
    assert first == rows(list(Simulation(what, PLACES).chunks(size)))


@given(small)
@settings(max_examples=3, deadline=None)
def test_records_come_by_ingest_time_within_the_days_with_offsets_without_gaps(what: SimulationSettings) -> None:
    """As a broker would hand them out."""
    simulation = Simulation(what, PLACES)
    found = rows(list(simulation.chunks()))
    stamps = [row[2] for row in found]
    assert stamps == sorted(stamps, key=lambda stamp: int(str(stamp)))
    assert set(simulation.outline().topics) >= {row[0] for row in found}
    assert simulation.first_ms <= int(str(stamps[0]))
    assert int(str(stamps[-1])) <= simulation.outline().last_ms < simulation.first_ms + what.days * 86_400_000
    for topic in {row[0] for row in found}:
        offsets = [row[1] for row in found if row[0] == topic]
        assert offsets == list(range(len(offsets)))


@given(small, st.integers(1, 5))
@settings(max_examples=3, deadline=None)
def test_the_codec_takes_everything_but_the_poison(what: SimulationSettings, partitions: int) -> None:
    """On any number of partitions: keys agree with the data."""
    batches = list(Simulation(what, PLACES).batches(partitions=partitions))
    refused = sum(isinstance(event, Rejected) for batch in batches for event in decode(batch))
    assert refused == POISON_PER_DAY * what.days


@given(small)
@settings(max_examples=3, deadline=None)
def test_an_event_never_arrives_before_it_happened_but_from_a_wrong_clock(what: SimulationSettings) -> None:
    """Delays are small and positive, or an outage's."""
    simulation = Simulation(what, PLACES)
    wrong = {name for truth in simulation.truths if truth.kind == "clock_off" for name in truth.series}
    for batch in simulation.batches():
        for event, ts_ms in zip(decode(batch), batch.timestamps_ms, strict=True):
            if isinstance(event, Rejected) or getattr(event, "subject", None) in wrong:
                continue
            happened_s = datetime.fromisoformat(event.time).timestamp()
            assert 0 <= ts_ms / 1000 - happened_s < 3600


@given(st.integers(0, 2**32), st.sampled_from([scenario.name for scenario in SCENARIOS]))
@settings(max_examples=3, deadline=None)
def test_a_scenario_changes_nothing_but_its_own_series(seed: int, name: str) -> None:
    """With and without it, every other sender's records are the same, byte for byte."""
    quiet = SimulationSettings(seed=seed, days=1, cameras=30, scale=0.5, scenarios=())
    alone = Simulation(msgspec.structs.replace(quiet, scenarios=(name,)), PLACES)
    touched = {series.encode() for truth in alone.truths for series in truth.series}
    before, after = (
        {(row[0], row[2], row[3], row[4]) for row in rows(list(what.chunks())) if row[3] not in touched}
        for what in (Simulation(quiet, PLACES), alone)
    )
    assert before <= after
    assert {topic for topic, _, _, _ in after - before} <= {"ioc.field-reports"}
