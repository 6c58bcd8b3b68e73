"""The demo's watch without its servers: what it is told to watch, and what it says when something is missing."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from ioc import paged_demo
from ioc.config import Kafka
from ioc.demo import Demo
from ioc.errors import CheckFailed
from ioc.observability import INSTALL, Page, Pager, Server
from ioc.paged_demo import Injection, Watch, check_installed, written
from ioc.replay import ReplaySummary
from ioc.simulate import Simulation, SimulationSettings, power_cut
from ioc.units import load_places

ROOT = Path(__file__).parents[2]


class FakeDemo:
    """A demo whose Kafka is never asked."""

    kafka = Kafka()
    simulation = Simulation(SimulationSettings(days=1), load_places())


class FakeServer:
    """A Prometheus that holds some alerts."""

    def __init__(self, *alerts: Mapping[str, object]) -> None:
        self.alerts = list(alerts)

    def get(self, _: str) -> dict[str, object]:
        """Answer with the alerts."""
        return {"data": {"alerts": self.alerts}}


def injection(pager: Pager, *alerts: Mapping[str, object]) -> Injection:
    """Return an injection on fakes, whose steps nobody hears."""
    demo = cast("Demo", FakeDemo())
    server = cast("Server", FakeServer(*alerts))
    return Injection(demo, power_cut(demo.simulation, 3_600_000), Watch(server, server, pager), lambda _: None)


@pytest.fixture(autouse=True)
def _nothing_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paged_demo, "replay_to_kafka", lambda *_: ReplaySummary(7, 0, 0, 0, "", 0.0))
    monkeypatch.setattr(paged_demo, "WITHIN_S", 0.2)


def test_the_page_of_the_unit_that_was_cut_off_ends_the_wait_and_others_are_counted() -> None:
    """One of another unit is another's."""
    pager = Pager("")
    injected = injection(pager)
    unit = injected._cut.truth.unit_code
    area, dead = "IocAreaOutage", "IocIncidentMajor"
    pager.add([Page("/p", "firing", {"alertname": area, "unit": "other"}, {})])
    pager.add([Page("/p", "firing", {"alertname": dead, "unit": unit}, {})])
    pager.add([Page("/p", "firing", {"alertname": "IocWatchdog"}, {})])
    pager.add([Page("/p", "firing", {"alertname": area, "unit": unit}, {"summary": "it"})])
    assert injected().replayed.records == 7
    assert injected.paged is not None
    assert injected.paged.page.annotations == {"summary": "it"}
    assert injected.paged.others == {area: 1, dead: 1}


def test_a_page_that_does_not_come_is_an_error_that_says_how_far_the_alert_came() -> None:
    """Pending in Prometheus, or not even that."""
    held = {"state": "pending", "labels": {"alertname": "IocAreaOutage", "unit": "03334"}}
    with pytest.raises(CheckFailed, match=r"no page of IocAreaOutage for unit 03334 .* holds it pending"):
        injection(Pager(""), held)()
    with pytest.raises(CheckFailed, match="not even pending"):
        injection(Pager(""))()


def test_every_address_of_the_committed_files_is_replaced() -> None:
    """What stays would be asked, or paged, in vain."""
    addresses = {paged_demo._OF_PROMETHEUS: "a:1", paged_demo._OF_ALERTMANAGER: "a:2", paged_demo._OF_WORKER: "a:3"}
    assert "127.0.0.1" not in written(paged_demo._PROMETHEUS, addresses)
    assert "127.0.0.1" not in written(paged_demo._ALERTMANAGER, {paged_demo._OF_RELAY: "a:4"})
    with pytest.raises(ValueError, match="does not name"):
        written(paged_demo._PROMETHEUS, {"127.0.0.1:1": "a:5"})


def test_without_a_checkout_the_demo_says_where_the_rules_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are no part of the package."""
    monkeypatch.setattr(paged_demo, "program", lambda name: name)
    with pytest.raises(CheckFailed, match="make demo ARGS=--observability"):
        check_installed(tmp_path)
    check_installed()


def test_without_prometheus_the_demo_ends_at_once_with_the_command_that_installs_it() -> None:
    """Before Kafka is started or fetched."""
    done = subprocess.run(
        [sys.executable, "-m", "ioc", "demo", "--observability"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PATH": "/nowhere"},
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (7, "")
    assert done.stderr == f"ioc: prometheus is not installed; on Debian or Ubuntu: {INSTALL}\n"
