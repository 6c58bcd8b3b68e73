"""Admission: which verdict comes first, what is counted, and clocks as in the Warsaw offices."""

from datetime import UTC, datetime, timedelta

import pytest

from streams.admission import Admission, AdmissionSettings, Admitted
from streams.events import Event, Punctuation, TelemetryObservation
from streams.events.control import PunctuationData
from streams.events.telemetry import AssetKind, ObservationData
from streams.heads import Heads
from streams.rejection import Reason, Rejected

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
START = 1_577_836_800_000  # 2020-01-01T00:00:00Z
NOW = 1_772_000_000_000


def event(at_ms: int, id_: str = "1", source: str = "/s", time: str | None = None) -> TelemetryObservation:
    """Return an observation at an instant, written in UTC unless its text is given."""
    text = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)).isoformat() if time is None else time
    data = ObservationData(tenant="11", asset_id="x", asset_kind=AssetKind.SERVER, metric="load", value=1.0)
    return TelemetryObservation(specversion="1.0", id=id_, source=source, time=text, data=data)


def admit(admission: Admission, *records: tuple[int, Event | Rejected]) -> Admitted:
    """Admit records given as (ingest time, what the codec made of it), and check the accounting."""
    heads = Heads()
    heads.add([item for _, item in records])
    got = admission.admit([at for at, _ in records], heads, NOW)
    assert len(records) == got.accepted + len(got.duplicate) + len(got.late) + len(got.rejected)
    return got


def one(ingest_ms: int, item: Event | Rejected) -> Admitted:
    """Admit one record by a fresh admission."""
    return admit(Admission(AdmissionSettings()), (ingest_ms, item))


def test_a_normal_event_is_admitted_at_its_own_time_and_the_sites_wall_clock() -> None:
    """Written in UTC, so the wall clock is that of Viet Nam."""
    got = one(START + 2000, event(START))
    assert got.kept.tolist() == [0]
    assert (got.rows.tolist(), got.at_ms.tolist(), got.ingest_ms.tolist()) == ([0], [START], [START + 2000])
    assert (got.local_ms.tolist(), got.suspect.tolist()) == ([START + 7 * HOUR], [False])


def test_the_wall_clock_of_an_event_with_an_offset_is_its_own() -> None:
    """A recording from elsewhere keeps its time of day."""
    assert one(START, event(0, time="2020-01-01T01:00:00+01:00")).local_ms.tolist() == [START + HOUR]


@pytest.mark.parametrize(
    ("ingest_ms", "item", "reason"),
    [
        (START, Rejected(Reason.NOT_JSON, "no JSON"), Reason.NOT_JSON),
        (START, event(0, time="2020-01-01T00:00:00"), Reason.BAD_TIME),
        (START, event(0), Reason.TIME_BEFORE_LIMIT),
        (START, event(START + 79 * 366 * DAY), Reason.TIME_AFTER_LIMIT),
        (START, event(START + 90 * 366 * DAY), Reason.TIME_AFTER_LIMIT),
        (START, event(START + 10 * MINUTE + 1), Reason.TIME_AFTER_LIMIT),
        (0, event(0), Reason.TIME_BEFORE_LIMIT),
    ],
)
def test_what_is_refused_says_why(ingest_ms: int, item: Event | Rejected, reason: Reason) -> None:
    """By the codec, unreadable, before 2000, behind 2099, ten minutes ahead; 1970 also when ingest agrees."""
    got = one(ingest_ms, item)
    assert [(row, rejected.reason) for row, rejected in got.rejected] == [(0, reason)]


def test_rejects_are_in_the_order_of_records() -> None:
    """Whoever refused them."""
    refused = Rejected(Reason.NOT_JSON, "no JSON")
    items = (event(START + DAY), event(0, time="?"), event(START), refused, event(0))
    got = admit(Admission(AdmissionSettings()), *((START, item) for item in items))
    assert [row for row, _ in got.rejected] == [0, 1, 3, 4]
    assert got.rows.tolist() == [2]


def test_a_little_ahead_is_counted_and_admitted() -> None:
    """More than a minute is skew, more than ten are too many; all are counted."""
    admission = Admission(AdmissionSettings())
    ahead = [60_000, 60_001, 600_000, 600_001]
    got = admit(admission, *((START, event(START + by, id_=str(by))) for by in ahead))
    assert got.rows.tolist() == [0, 1, 2]
    assert got.skewed == 3


def test_late_is_what_comes_after_the_allowed_lateness() -> None:
    """Exactly the allowed lateness is in time."""
    admission = Admission(AdmissionSettings())
    got = admit(admission, (START, event(START - 15 * MINUTE, "1")), (START, event(START - 15 * MINUTE - 1, "2")))
    assert (got.rows.tolist(), got.late) == ([0], [1])


def test_the_repeat_of_an_admitted_event_is_a_duplicate_however_late() -> None:
    """A producer that retries after an outage; the same id of another source is another event."""
    admission = Admission(AdmissionSettings())
    admit(admission, (START, event(START)))
    got = admit(admission, (START + HOUR, event(START)), (START, event(START, source="/t")))
    assert (got.duplicate, got.late, got.rows.tolist()) == ([0], [], [1])


def test_the_repeat_of_a_late_event_is_a_duplicate() -> None:
    """So the topic of late events has it once."""
    got = admit(Admission(AdmissionSettings()), *[(START + HOUR, event(START))] * 3)
    assert (got.late, got.duplicate) == ([0], [1, 2])


def test_what_was_refused_can_be_put_back() -> None:
    """A dead letter doesn't turn its mended repeat into a duplicate."""
    admission = Admission(AdmissionSettings())
    admit(admission, (START, event(START + DAY)), (START, event(0, time="?")))
    assert admit(admission, (START, event(START))).rows.tolist() == [0]


def test_punctuation_moves_the_watermark_and_is_no_event() -> None:
    """It is accepted, counted apart, and repeats are no duplicates."""
    mark = Punctuation(specversion="1.0", id="p", source="/r", time="?", data=PunctuationData())
    admission = Admission(AdmissionSettings())
    got = admit(admission, (START, mark), (START + DAY, event(START + DAY)), (START + 9 * DAY, mark))
    assert (got.accepted, got.punctuations, got.rows.tolist()) == (3, 2, [1])
    assert got.watermark_ms == admission.watermark_ms == START + 9 * DAY - 15 * MINUTE


def test_an_idle_partition_lets_its_watermark_go_on() -> None:
    """By wall time since its last record."""
    admission = Admission(AdmissionSettings(allowed_lateness_ms=0))
    admit(admission, (START, event(START)), (START, event(START, "2")))
    assert admission.idle(NOW + 3000) == START + 3000


def test_offices_with_wrong_clocks_are_heard_within_a_quarter_of_an_hour() -> None:
    """21 offices, every 5 minutes 25 queues each; 13 a year ahead for two days, one 2,881 days slow, 7 right.

    The shape of the recording of Warsaw's offices, whose truth is known here by construction.
    """
    offsets = {f"/office/{n}": -366 * DAY if n < 13 else 2881 * DAY if n == 13 else 2 * SECOND for n in range(21)}
    admission = Admission(AdmissionSettings())
    notes, suspects, lost = [], 0, 0
    for tick in range(4 * 12):
        ingest = START + tick * 5 * MINUTE
        wrong = {source: by if tick < 24 or by > 0 else 2 * SECOND for source, by in offsets.items()}
        got = admit(
            admission,
            *((ingest, event(ingest - by, f"{tick}-{q}", source)) for source, by in wrong.items() for q in range(25)),
        )
        notes += got.notes
        suspects += int(got.suspect.sum())
        lost += len(got.rejected) + len(got.late)
        assert got.at_ms[got.suspect].tolist() == [ingest] * int(got.suspect.sum())
    assert {note.source for note in notes if note.state == "wrong"} == {f"/office/{n}" for n in range(14)}
    assert {note.source for note in notes if note.state == "right"} == {f"/office/{n}" for n in range(13)}
    assert max(note.at_ms - note.since_ms for note in notes) == 10 * MINUTE
    assert lost == 14 * 50, "two ticks of 25 queues, until the third proves the clock"
    assert suspects == 13 * (24 * 25 - 50) + 48 * 25 - 50


def test_a_batch_and_what_was_decoded_of_it_must_have_the_same_length() -> None:
    """A bug of the caller, said plainly."""
    with pytest.raises(ValueError, match="one entry per record, 1, not 0"):
        Admission(AdmissionSettings()).admit([START], Heads(), NOW)


def test_a_snapshot_with_a_missing_block_is_refused() -> None:
    """The message names it and the way out."""
    blocks = Admission(AdmissionSettings()).snapshot()
    del blocks["clocks/runs"]
    with pytest.raises(ValueError, match="'runs' of the admission is missing; start without it"):
        Admission(AdmissionSettings()).restore({**blocks, "bank/0": b""})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            AdmissionSettings(dedupe_horizon_ms=1),
            "dedupe_horizon_ms must be at least allowed_lateness_ms, 900000, not 1",
        ),
        (AdmissionSettings(max_ahead_ms=1), "max_ahead_ms must be at least skew_ms, 60000, not 1"),
        (AdmissionSettings(site_offset_min=1440), r"must lie in -1439\.\.1439, not 1440"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings: AdmissionSettings, message: str) -> None:
    """Each names the setting, the range and the value."""
    with pytest.raises(ValueError, match=message):
        Admission(settings)
