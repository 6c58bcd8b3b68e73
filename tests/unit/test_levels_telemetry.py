"""Telemetry figures: least, mean and greatest of the latest observations, as long as they are fresh."""

import itertools

import numpy as np
import pytest

from ioc.config import load
from ioc.errors import ConfigError
from ioc.shown import Telemetry
from streams.banks.bank import Horizon
from streams.codec import decode_structured
from streams.events.telemetry import AssetKind
from streams.levels.telemetry import TelemetryLevels
from tests.miniature import START, event

MINUTE_MS = 60_000
START_MS = int(START.timestamp() * 1000)
SHOWN = {"bts": frozenset({"throughput"})}
ONE = ("11", "bts", "throughput")


def reading(asset: str, minute: int, value: float, metric: str = "throughput", **more: object) -> tuple[int, bytes]:
    """Return an observation, so many minutes after the start."""
    data = {"asset_id": asset, "asset_kind": "bts", "metric": metric, "value": value, **more}
    return minute, event("vn.ioc.telemetry.observation.v1", f"{asset}-{minute}-{value}", f"/t/{asset}", START, data)


def hear(bank: TelemetryLevels, *told: tuple[int, bytes]) -> None:
    """Give a bank one batch."""
    at_ms = np.array([START_MS + minute * MINUTE_MS for minute, _ in told], np.int64)
    bank.read([decode_structured(value) for _, value in told])
    bank.observe(np.arange(len(told)), at_ms, at_ms)


def figures(bank: TelemetryLevels, minute: int) -> dict[str, float]:
    """Return what stands at a minute, by statistic."""
    now_ms = START_MS + minute * MINUTE_MS
    bank.close(Horizon(now_ms, now_ms))
    told = bank.measured().standing["telemetry_value"]
    assert all(labels[:3] == ONE for labels in told)
    return {labels[3]: value for labels, value in told.items()}


TOLD = [
    reading("A", 0, 10.0),
    reading("A", 5, 20.0),
    reading("B", 5, 40.0),
    reading("B", 2, 5.0),
    reading("C", 5, 1.0, "noise"),
]


def test_the_latest_observation_of_every_asset_counts() -> None:
    """In any order, cut in any way; a metric that isn't shown has no figure."""
    for order in itertools.permutations(TOLD):
        bank = TelemetryLevels(SHOWN)
        hear(bank, *order[:2])
        hear(bank, *order[2:])
        assert figures(bank, 6) == {"min": 20.0, "mean": 30.0, "max": 40.0}


@pytest.mark.parametrize(("interval_s", "last"), [(300, 14), (None, 59), (3600, 179)])
def test_an_old_observation_leaves_the_figure(interval_s: int | None, last: int) -> None:
    """After three of its intervals, after an hour where it tells none."""
    bank = TelemetryLevels(SHOWN)
    hear(bank, reading("A", 0, 10.0, interval_s=interval_s))
    assert figures(bank, last)["max"] == 10.0
    assert figures(bank, last + 1) == {}


def test_a_restored_bank_goes_on() -> None:
    """And tells what stands at once."""
    bank, heir = TelemetryLevels(SHOWN), TelemetryLevels(SHOWN)
    hear(bank, *TOLD)
    heir.restore(bank.snapshot())
    assert heir.snapshot() == bank.snapshot()
    assert figures(heir, 6) == figures(bank, 6)


def test_nothing_is_told_twice_in_a_minute() -> None:
    """Event time that stands still changes nothing."""
    bank = TelemetryLevels(SHOWN)
    hear(bank, *TOLD)
    figures(bank, 6)
    bank.close(Horizon(START_MS + 6 * MINUTE_MS + 1, START_MS))
    assert bank.measured().standing == {}


def test_every_kind_of_asset_is_shown_by_default() -> None:
    """So that every system that a province names has its place."""
    assert set(Telemetry().shown) == {kind.value for kind in AssetKind} - {"other", "unrecognised"}


@pytest.mark.parametrize(
    ("setting", "said"), [("pump = []", "no kind of asset"), (f"vm = {list('abcdefg')}", "at most 6")]
)
def test_labels_stay_a_small_closed_set(tmp_path_factory: pytest.TempPathFactory, setting: str, said: str) -> None:
    """Unknown kinds and long lists are refused."""
    path = tmp_path_factory.mktemp("ioc") / "ioc.toml"
    path.write_text(f"[telemetry.shown]\n{setting}\n")
    with pytest.raises(ConfigError, match=said):
        load(path, {})
