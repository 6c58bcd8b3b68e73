"""Banks: which events they watch, what they tell, and that their state survives whole."""

from collections.abc import Iterable
from datetime import timedelta

import numpy as np
import pytest

from streams.anomalies import Anomaly, Counts, Joined, Kind
from streams.banks.bank import Bank, Horizon, Item
from streams.banks.watching import Watching, banks_of
from streams.codec import decode_structured
from streams.topics import CAMERA_EVENTS, FIELD_REPORTS, SERVICE_QUEUES, SOURCES, TELEMETRY
from tests.miniature import START, camera_count, province, reading, report, snapshot

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
START_MS = int(START.timestamp() * 1000)
EVER = 2**60


def banks(topic: str) -> dict[str, Bank]:
    """Return the fresh banks of a topic's partition 0, by family."""
    return banks_of(topic, 0, Watching())


def observe(bank: Bank, told: Iterable[tuple[int, bytes]]) -> None:
    """Give a bank events at milliseconds behind START."""
    pairs = list(told)
    at_ms = np.array([START_MS + after for after, _ in pairs], np.int64)
    bank.read([decode_structured(value) for _, value in pairs])
    bank.observe(np.arange(len(pairs)), at_ms, at_ms + 7 * HOUR_MS)


def close(bank: Bank, after_ms: int, heard_ms: int | None = None) -> list[Item]:
    """Let event time come to milliseconds behind START."""
    return bank.close(Horizon(START_MS + after_ms, START_MS + (after_ms if heard_ms is None else heard_ms)))


def kinds(items: Iterable[Item]) -> list[tuple[Kind, bool]]:
    """Return kind and openness of the anomalies."""
    return [(item.kind, item.open) for item in items if isinstance(item, Anomaly)]


def half_hours(days: int, camera: str = "CAM-00") -> list[tuple[int, bytes]]:
    """Return a camera's counts, which vary."""
    steps = range(days * 48)
    return [
        (step * 30 * MINUTE_MS, camera_count(camera, START + timedelta(minutes=30 * step), 20 + step % 7))
        for step in steps
    ]


def reports(count: int, channel: str, first_ms: int = 0) -> list[tuple[int, bytes]]:
    """Return as many reports of one category within an hour."""
    spread = HOUR_MS // count
    return [
        (first_ms + n * spread, report(first_ms + n, START + timedelta(milliseconds=n), "03127", "Ổ gà", channel))
        for n in range(count)
    ]


def test_an_unknown_topic_has_no_banks() -> None:
    """A misspelt one must not be watched by nothing."""
    with pytest.raises(ValueError, match="nowhere"):
        banks_of("nowhere", 0, Watching())


def test_a_series_is_announced_once_with_its_identity() -> None:
    """Tenant, unit, camera and object class."""
    counts = banks(CAMERA_EVENTS)["camera.count"]
    observe(counts, half_hours(1))
    first = [item for item in close(counts, HOUR_MS) if isinstance(item, Joined)]
    assert [item.series.label for item in first] == ["camera.count/03127/CAM-00/person"]
    assert close(counts, 2 * HOUR_MS) == []


def test_an_observation_waits_for_the_watermark() -> None:
    """Its hour is counted when nothing more can come, not before."""
    bank = banks(FIELD_REPORTS)["report.count"]
    observe(bank, reports(3, "app"))
    assert close(bank, HOUR_MS - 1) == []
    counts = [item for item in close(bank, HOUR_MS) if isinstance(item, Counts)]
    assert [[count for _, count in item.rows] for item in counts] == [[3]]


@pytest.mark.parametrize(("channel", "found"), [("hotline", [(Kind.REPORT_SURGE, True)]), ("staff", [])])
def test_a_surge_of_citizens_is_told_and_bulk_entry_by_staff_is_not(
    channel: str, found: list[tuple[Kind, bool]]
) -> None:
    """The same reports within the same hour after two quiet weeks."""
    bank = banks(FIELD_REPORTS)["report.count"]
    for day in range(14):
        observe(bank, reports(1, "app", day * 24 * HOUR_MS))
    close(bank, 14 * 24 * HOUR_MS)
    observe(bank, reports(60, channel, 14 * 24 * HOUR_MS))
    assert kinds(close(bank, 15 * 24 * HOUR_MS))[:1] == found


def test_a_surge_carries_the_figures_of_the_window_that_shows_it_most() -> None:
    """Twenty reports in an hour, then as many again, where one a day is usual: first the hour, then both hours."""
    bank = banks(FIELD_REPORTS)["report.count"]
    for day in range(14):
        observe(bank, reports(1, "app", day * 24 * HOUR_MS))
    for hour, number in enumerate((20, 20)):
        observe(bank, reports(number, "hotline", (14 * 24 + hour) * HOUR_MS))
    told = [item for item in close(bank, 15 * 24 * HOUR_MS) if isinstance(item, Anomaly)]
    assert [(each.facts["window_h"], each.facts["window_observed"]) for each in told] == [(1.0, 20.0), (3.0, 40.0)]
    assert all(0.0 < each.facts["window_expected"] < 1.0 for each in told)


def test_a_camera_is_silent_at_its_deadline_and_back_with_its_next_event() -> None:
    """Noticed by a timer in event time; both steps belong to one episode."""
    signals = banks(CAMERA_EVENTS)["camera.signal"]
    observe(signals, half_hours(4))
    told = close(signals, 4 * 24 * HOUR_MS + 8 * HOUR_MS)
    assert kinds(told) == [(Kind.SILENT, True)]
    back_ms = 4 * 24 * HOUR_MS + 9 * HOUR_MS
    observe(signals, [(back_ms, camera_count("CAM-00", START + timedelta(milliseconds=back_ms), 3))])
    back = close(signals, back_ms + 1)
    assert kinds(back) == [(Kind.SILENT, False)]
    starts = {item.start_ms for item in (*told, *back) if isinstance(item, Anomaly)}
    assert len(starts) == 1


def test_a_camera_is_not_silent_where_nobody_was_heard() -> None:
    """Event time went on, but the recording had ended."""
    signals = banks(CAMERA_EVENTS)["camera.signal"]
    observe(signals, half_hours(4))
    assert kinds(close(signals, EVER - START_MS, heard_ms=4 * 24 * HOUR_MS)) == []


def office_days(days: int, last_min: int) -> list[tuple[int, bytes]]:
    """Return readings every five minutes, 7:30 to 11:30 and 13:30 to 17:00, those of the last day until a minute."""
    open_min = [*range(450, 690, 5), *range(810, 1020, 5)]
    minutes = [day * 1440 + minute for day in range(days) for minute in open_min if day < days - 1 or minute < last_min]
    return [
        (minute * MINUTE_MS, snapshot("VP-1", START + timedelta(minutes=minute), "03127", 3, minute))
        for minute in minutes
    ]


def test_an_office_is_silent_in_its_opening_hours_only() -> None:
    """Neither the night nor the closed noon is told; a collector that stops at ten in the morning is."""
    signals = banks(SERVICE_QUEUES)["queue.signal"]
    observe(signals, office_days(4, 600))
    assert kinds(close(signals, (3 * 1440 + 600) * MINUTE_MS)) == []
    told = close(signals, (3 * 1440 + 720) * MINUTE_MS)
    assert kinds(told) == [(Kind.SILENT, True)]
    assert isinstance(told[0], Anomaly)
    assert told[0].series.label == "queue.signal/03127/VP-1"
    assert (told[0].at_ms - START_MS) / MINUTE_MS < 3 * 1440 + 690


def test_a_queue_that_will_take_too_long_is_told() -> None:
    """Sixty people before two counters that need two minutes each."""
    bank = banks(SERVICE_QUEUES)["queue.state"]
    told = [
        (step * 10 * MINUTE_MS, snapshot("VP-1", START + timedelta(minutes=10 * step), "03127", waiting, 10 * step))
        for step, waiting in enumerate([0, 1, 2, 60, 60, 61])
    ]
    observe(bank, told)
    assert set(kinds(close(bank, HOUR_MS))) == {(Kind.LONG_WAIT, True)}


def test_a_gauge_that_stands_still_is_told() -> None:
    """After two weeks in which it never did."""
    gauges = banks(TELEMETRY)["telemetry.value"]
    told = [
        (hour * HOUR_MS, reading("BTS-1", START + timedelta(hours=hour), "03127", 50.0 if hour > 340 else hour % 17))
        for hour in range(400)
    ]
    observe(gauges, told)
    assert (Kind.STUCK, True) in kinds(close(gauges, 400 * HOUR_MS))


@pytest.mark.parametrize("topic", SOURCES)
def test_a_restored_bank_goes_on_as_if_nothing_had_happened(topic: str) -> None:
    """With observations waiting and series known; the blocks themselves are the same, too."""
    rows = [row for row in province() if row.topic == topic and row.value and b'"tenant":"11"' in row.value]
    told = [(row.at_ms - START_MS, row.value) for row in rows if row.value is not None]
    half = len(told) // 2
    for bank, heir in zip(banks(topic).values(), banks(topic).values(), strict=True):
        observe(bank, told[:half])
        close(bank, told[half][0] - HOUR_MS)
        heir.restore(bank.snapshot())
        assert heir.snapshot() == bank.snapshot()
        observe(bank, told[half:])
        observe(heir, told[half:])
        assert close(heir, told[-1][0]) == close(bank, told[-1][0])
        assert heir.snapshot() == bank.snapshot()
