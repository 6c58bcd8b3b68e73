"""Which detector watches what: what the configuration may say of it, and what it refuses by name."""

import re
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest

from ioc.config import load
from ioc.errors import ConfigError
from ioc.settings_page import settings_table
from streams.anomalies import Anomaly, Kind
from streams.banks.bank import Bank, Horizon
from streams.banks.families import FAMILIES
from streams.banks.watching import Watching, banks_of
from streams.codec import decode_structured
from streams.topics import SOURCES, TELEMETRY
from tests.miniature import START, reading

HOUR_MS = 3_600_000
START_MS = int(START.timestamp() * 1000)


def loaded(tmp_path: Path, text: str) -> Watching:
    """Return what is watched by a file of settings."""
    path = tmp_path / "ioc.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, {}).watching


def refused(tmp_path: Path, text: str) -> str:
    """Return what is said of a file of settings that is refused."""
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    return str(caught.value)


def detectors(watching: Watching, family: str) -> dict[str, list[str]]:
    """Return the names of the detectors of each group of a family."""
    return {panel.name: [watch.detector.name for watch in panel.watches] for panel in watching.panels(family)}


def values(watching: Watching) -> Bank:
    """Return a fresh bank of telemetry."""
    return banks_of(TELEMETRY, 0, watching)["telemetry.value"]


def told(bank: Bank, asset: str, metric: str, readings: list[float], first: int = 0) -> list[Kind]:
    """Give a bank hourly readings from an hour on, and return the kinds of the episodes that it opens."""
    at_ms = START_MS + HOUR_MS * (first + np.arange(len(readings)))
    raw = (reading(asset, START + timedelta(hours=first + hour), "03127", value) for hour, value in enumerate(readings))
    bank.read(
        [decode_structured(each.replace(b'"metric":"throughput"', f'"metric":"{metric}"'.encode())) for each in raw]
    )
    bank.observe(np.arange(len(readings)), at_ms, at_ms + 7 * HOUR_MS)
    items = bank.close(Horizon(int(at_ms[-1]) + 1, int(at_ms[-1])))
    return [item.kind for item in items if isinstance(item, Anomaly) and item.open]


def wobble(hours: int) -> list[float]:
    """Return readings of a gauge that varies about 50."""
    return [50.0 + hour % 7 + hour % 3 for hour in range(hours)]


def test_by_default_every_family_is_watched_by_detectors_that_fit() -> None:
    """What a worker starts with needs no file."""
    watching = Watching()
    assert {group.family for group in watching.series.values()} == set(FAMILIES)
    assert all(detectors(watching, family) for family in FAMILIES)
    first = [name for name, family in FAMILIES.items() if family.topic in SOURCES]
    assert sorted(family for topic in SOURCES for family in banks_of(topic, 0, watching)) == sorted(first)


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    """One key of one policy, one parameter of one detector."""
    changed = loaded(
        tmp_path,
        """
        [watching.policies.street]
        open_below = 1e-7
        [watching.series.camera_counts.detectors.seasonal]
        parameters = { quiet_days = 21 }
        """,
    )
    usual = Watching()
    assert changed.policies["street"] == msgspec.structs.replace(usual.policies["street"], open_below=1e-7)
    (panel,) = changed.panels("camera.count")
    assert panel.watches[0].detector.parameters == panel.watches[0].detector.parameters._replace(quiet_days=21.0)
    assert panel.watches[0].policy == changed.policies["street"]
    assert detectors(changed, "camera.count") == detectors(usual, "camera.count")
    assert changed.series.keys() == usual.series.keys()


def test_what_a_detector_tells_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """Else no side could be taken back."""
    changed = loaded(tmp_path, '[watching.series.camera_counts.detectors.seasonal]\ntells = { low = "drop" }\n')
    (panel,) = changed.panels("camera.count")
    assert panel.watches[0].tells == {"low": Kind.DROP}


def test_a_detector_that_is_off_does_not_work(tmp_path: Path) -> None:
    """And a family whose detectors are all off has no bank."""
    changed = loaded(
        tmp_path,
        """
        [watching.series.camera_counts.detectors.flatline]
        enabled = false
        [watching.series.office_signals.detectors.silence]
        enabled = false
        """,
    )
    assert "flatline" not in detectors(changed, "camera.count")["camera_counts"]
    assert "queue.signal" not in banks_of("ioc.service-queues", 0, changed)
    assert "queue.signal" in banks_of("ioc.service-queues", 0, Watching())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[watching.series.camera_counts.detectors.seasonall]\ntells = {}\npolicy = "level"', "these do: .*seasonal"),
        (
            '[watching.series.queues.detectors.seasonal]\ntells = {high = "long_wait"}\npolicy = "wait"',
            "predicted_wait",
        ),
        ("[watching.series.camera_counts.detectors.seasonal]\nparameters = {quiet_day = 2}", "quiet_day .*quiet_days"),
        ('[watching.series.camera_counts.detectors.seasonal]\nparameters = {quiet_days = "2"}', "quiet_days.*float"),
        ("[watching.series.camera_counts.detectors.seasonal]\nparameters = {quiet_days = -1}", "above 0, is -1"),
        ("[watching.series.camera_counts.detectors.seasonal]\nparameters = {quiet_days = inf}", "finite"),
        ('[watching.series.camera_counts.detectors.seasonal]\npolicy = "levle"', "'levle'.*level, street, lasting"),
        ('[watching.series.camera_counts.detectors.seasonal]\ntells = {high = "stalled"}', "stalled.*surge"),
        ('[watching.series.camera_counts.detectors.seasonal]\ntells = {high = "burst"}', "burst"),
        ("[watching.series.camera_counts.detectors.seasonal]\ntells = {}", "tells names no side"),
        ('[watching.series.camera_counts.detectors.seasonal]\nthreshold = "x"', "threshold"),
        ("[watching.series.camera_count]\n", "family.*watching.series"),
        ('[watching.series.mine]\nfamily = "camera.counts"', "camera.counts.*camera.count,"),
        ('[watching.series.mine]\nfamily = "camera.count"', "camera_counts and series.mine both want"),
        ('[watching.series.mine]\nfamily = "camera.count"\nmetrics = []', "metrics is empty"),
        ('[watching.series.mine]\nfamily = "queue.state"\nmetrics = ["A*"]', "no metrics to tell apart"),
        ("[watching.series.camera_counts.detectors.count_cusum]\nwindow_ms = 7_000_000", "window_ms.*divide a day"),
        ("[watching.series.camera_counts.detectors.count_cusum]\nwindow_ms = -1", "window_ms.*60000"),
        ("[watching.series.reports.detectors.rare]\nwindow_ms = 3_600_000", "windows of its own.*rare.window_ms"),
        ("[watching.policies.level]\nopen_below = 0.1", "open_below <= hold_below"),
        ("[watching.policies.level]\nalone_below = 2", "alone_below <= 1"),
        ("[watching.policies.night]\nopen_below = 0.1", "hold_below"),
        ("[watching.levels]\nopen_below = 0.1", "levels"),
    ],
)
def test_what_cannot_be_is_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    """The message names what is wrong and what there is instead."""
    said = refused(tmp_path, text)
    assert re.search(words, said), said
    assert "ioc check --settings" in said


def test_settings_are_listed_down_to_each_detector() -> None:
    """What a file can change has a line with its name; a password has none of its characters."""
    secret = {"SECURITY_PROTOCOL": "SASL_SSL", "SASL_MECHANISM": "PLAIN", "SASL_USERNAME": "ioc", "SASL_PASSWORD": "x1"}
    table = settings_table(load(None, {f"IOC_KAFKA_{name}": value for name, value in secret.items()}))
    lines = [line.split() for line in table.splitlines()]
    assert ["watching.series.camera_counts.detectors.flatline.tells.low", "'stuck'"] in lines
    assert ["watching.policies.level.open_below", "1e-06"] in lines
    assert "x1" not in table


GROUPS = """
[watching.series.cpu]
family = "telemetry.value"
metrics = ["cpu*"]
detectors.level = { tells = { high = "rise", low = "drop" }, policy = "level" }
[watching.series.debug]
family = "telemetry.value"
metrics = ["debug_*"]
"""


def test_each_metric_is_watched_by_the_group_that_describes_it_best(tmp_path: Path) -> None:
    """A jump is told as the group says: a processor's load by its own, throughput by that of gauges; debug is muted."""
    bank = values(loaded(tmp_path, GROUPS))
    jump = [*wobble(100), 900.0]
    assert told(bank, "VM-1", "cpu_load", jump) == [Kind.RISE]
    assert told(bank, "VM-1", "throughput", jump) == [Kind.SURGE]
    assert told(bank, "VM-1", "debug_cpu", jump) == []


def test_state_goes_on_where_the_configuration_still_names_it_and_else_starts_cold(tmp_path: Path) -> None:
    """The same jump after the snapshot: found by who was there, forgotten where the metric moved to another group."""
    bank = values(loaded(tmp_path, GROUPS))
    for metric in ("cpu_load", "cpu_steal"):
        assert told(bank, "VM-1", metric, wobble(100)) == []
    blocks = bank.snapshot()
    moved = (
        GROUPS
        + GROUPS.replace("cpu*", "cpu_s*").replace("series.cpu", "series.steal").partition("[watching.series.debug]")[0]
    )
    heir = values(loaded(tmp_path, moved))
    heir.restore(blocks)
    assert told(heir, "VM-1", "cpu_load", [900.0], 100) == [Kind.RISE]
    assert told(heir, "VM-1", "cpu_steal", [900.0], 100) == []
    changed = values(loaded(tmp_path, GROUPS.replace("detectors.level", "detectors.cusum")))
    changed.restore(blocks)
    assert told(changed, "VM-1", "cpu_load", [900.0], 100) == []
    assert [name for name in changed.snapshot() if "/cpu/level/" in name] == []
