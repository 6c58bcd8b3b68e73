"""The demo's watch: the committed rules and routes in Prometheus and Alertmanager, and a power cut that they page."""

import contextlib
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from ioc.broker import free_ports
from ioc.demo import Demo, Interlude
from ioc.envelope import Outline
from ioc.errors import CheckFailed
from ioc.observability import Page, Pager, Server, alertmanager, pager, program, prometheus
from ioc.replay import ReplayOptions, replay_to_kafka
from ioc.simulate import PowerCut
from streams.topics import SOURCES

WITHIN_S = 120.0
"""A page that comes later than this behind its cause is a failure."""
SPEED = 240.0
"""Event time runs so many times as fast while the power is cut: silence is told after half an hour of it."""

LASTING_MS = 90 * 60_000
"""How long the events behind the cut go on, in event time."""

_MARK_EVERY_MS = 5 * 60_000
_ALERT = "IocAreaOutage"
_WATCHDOG = "IocWatchdog"
_DEPLOYED = Path(__file__).parents[1] / "deploy"
_RULES = ("prometheus/rules.yml", "prometheus/alerts.yml")
_PROMETHEUS, _ALERTMANAGER = "prometheus/prometheus.yml", "alertmanager/alertmanager.yml"
# the addresses that the committed files name
_OF_PROMETHEUS, _OF_ALERTMANAGER, _OF_WORKER = "127.0.0.1:9090", "127.0.0.1:9093", "127.0.0.1:9108"
_OF_RELAY = "https://pager.example/ioc"


class Watch(NamedTuple):
    """What watches the worker."""

    prometheus: Server
    alertmanager: Server
    pager: Pager


class Paged(NamedTuple):
    """The page of the power cut, how long it took from the injection, and how many others came by alert."""

    page: Page
    seconds: float
    others: dict[str, int]


def check_installed(deployed: Path = _DEPLOYED) -> None:
    """Look whether all is there that `watching` needs.

    Raises
    ------
    CheckFailed
        Prometheus or Alertmanager isn't installed, or this isn't a checkout: rules are no part of the package.
    """
    program("prometheus")
    program("alertmanager")
    for name in (*_RULES, _PROMETHEUS, _ALERTMANAGER):
        if not (deployed / name).is_file():
            raise CheckFailed(
                f"{deployed / name} is missing: rules and routes are in the repository, not in the package;"
                " there: make demo ARGS=--observability"
            )


@contextlib.contextmanager
def watching(metrics_address: str, say: Callable[[str], None]) -> Iterator[Watch]:
    """Run Prometheus and Alertmanager on what is committed under deploy/ but addresses, until the block ends."""
    with contextlib.ExitStack() as parts:
        directory = Path(parts.enter_context(TemporaryDirectory(prefix="ioc-watch-")))
        receiver = parts.enter_context(pager())
        routes = written(_ALERTMANAGER, {_OF_RELAY: receiver.url})
        (directory / "alertmanager.yml").write_text(routes, encoding="utf-8")
        manager = parts.enter_context(alertmanager(directory / "alertmanager.yml", directory))
        (port,) = free_ports(1)
        addresses = {
            _OF_PROMETHEUS: f"127.0.0.1:{port}",
            _OF_ALERTMANAGER: _host(manager.url),
            _OF_WORKER: _host(metrics_address.removesuffix("/metrics")),
        }
        for name in _RULES:
            shutil.copy(_DEPLOYED / name, directory)
        (directory / "prometheus.yml").write_text(written(_PROMETHEUS, addresses), encoding="utf-8")
        server = parts.enter_context(prometheus(directory / "prometheus.yml", directory, port=port))
        say(f"Prometheus at {server.url}, Alertmanager at {manager.url}, pages to {receiver.url}")
        say("rules, routes and intervals as committed under deploy/, nothing shortened")
        yield Watch(server, manager, receiver)


def written(name: str, addresses: dict[str, str]) -> str:
    """Return a committed configuration with its addresses replaced.

    Raises
    ------
    ValueError
        It doesn't name one of them: nothing would be watched.
    """
    text = (_DEPLOYED / name).read_text(encoding="utf-8")
    for known, address in addresses.items():
        if known not in text:
            raise ValueError(f"{name} does not name {known}")
        text = text.replace(known, address)
    return text


class Injection:
    """Cuts the power of a unit when the simulation is over, and waits for the page; call it as the demo's interlude.

    Parameters
    ----------
    demo, watch
        What runs.
    cut
        Whose power.
    say
        Told each step as one line.
    """

    def __init__(self, demo: Demo, cut: PowerCut, watch: Watch, say: Callable[[str], None]) -> None:
        self._demo = demo
        self._cut = cut
        self._watch = watch
        self._say = say
        self.paged: Paged | None = None

    def __call__(self) -> Interlude:
        """Send the first hours of the next day without the unit's cameras and masts, then wait for the page.

        Raises
        ------
        CheckFailed
            No page came in time.
        """
        effect, truth = self._cut
        self._say(
            f"injecting: power cut in unit {truth.unit_code}, {len(effect.ids)} cameras and masts fall silent at"
            f" {truth.start[:16]}; event time now runs {SPEED:.0f} times as fast"
        )
        started = time.monotonic()
        outline = Outline(None, tuple(sorted(SOURCES)), effect.start_ms, effect.end_ms - 1)
        options = ReplayOptions(speed=SPEED, edges=(), mark_every_ms=_MARK_EVERY_MS)
        replayed = replay_to_kafka(self._demo.kafka, self._demo.simulation.afterwards(effect), outline, options)
        self._say(f"waiting for the page, at most {WITHIN_S:.0f} s behind the injection")
        found = self._watch.pager.wait(self._is_wanted, max(0.0, WITHIN_S - (time.monotonic() - started)))
        seconds = time.monotonic() - started
        if not found:
            raise CheckFailed(f"no page of {_ALERT} for unit {truth.unit_code} within {WITHIN_S:.0f} s; {self._why()}")
        self._say(f"paged {seconds:.1f} s behind the injection")
        self.paged = Paged(found[0], seconds, self._others())
        return Interlude(replayed, outline, (truth,))

    def _is_wanted(self, page: Page) -> bool:
        named = page.labels.get("alertname"), page.labels.get("unit")
        return page.status == "firing" and named == (_ALERT, self._cut.truth.unit_code)

    def _others(self) -> dict[str, int]:
        firing = [page for page in self._watch.pager.pages if page.status == "firing" and not self._is_wanted(page)]
        return dict(Counter(page.labels["alertname"] for page in firing if page.labels["alertname"] != _WATCHDOG))

    def _why(self) -> str:
        """Say how far the alert came."""
        alerts = self._watch.prometheus.get("/api/v1/alerts")["data"]["alerts"]
        labels = {"alertname": _ALERT, "unit": self._cut.truth.unit_code}
        states = [each["state"] for each in alerts if labels.items() <= each["labels"].items()]
        return f"Prometheus holds it {states[0]}" if states else "Prometheus doesn't hold it, not even pending"


def _host(url: str) -> str:
    return url.removeprefix("http://")
