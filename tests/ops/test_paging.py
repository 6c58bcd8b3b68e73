"""The whole way from a worker's metrics to a page, with real Prometheus and Alertmanager at test speed.

The worker's side is its real exposition, fed with outcomes; rules and routes are the committed ones with all durations
divided by `PACE`.
"""

import threading
from collections.abc import Iterator

import msgspec
import pytest

from deploy.sources.alerts import groups
from deploy.sources.alerts.levels import recordings
from deploy.sources.alerts.writing import rules
from deploy.sources.routes import text
from deploy.sources.site import read
from ioc.config import Metrics
from ioc.metrics import WorkerMetrics, serve
from ioc.observability import Page
from streams.measures import Labels, Measured
from streams.stage import Outcome, Tally
from streams.topics import ANOMALIES, CAMERA_EVENTS, SERVICE_QUEUES, SOURCES
from tests.ops.stack import Stack, running, until
from tests.ops.summary import Record

PACE = 60.0
_SOON_S = 60.0


class Site:
    """A worker's metrics, and the stack that watches them; events keep coming on all topics but the chosen one."""

    def __init__(self, metrics: WorkerMetrics, stack: Stack) -> None:
        self.metrics = metrics
        self.stack = stack
        self.absent: str | None = None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._flow, daemon=True)
        self._thread.start()

    def _flow(self) -> None:
        while not self._end.wait(0.5):
            for topic in SOURCES:
                if topic != self.absent:
                    self.metrics.on_outcome(topic, 0, Outcome([], Tally(records=10, accepted=10), None))

    def stop(self) -> None:
        """End the flow of events."""
        self._end.set()
        self._thread.join()

    def stand(self, topic: str, **families: dict[Labels, float]) -> None:
        """Let a partition hold these standing figures."""
        self.metrics.on_outcome(topic, 0, Outcome([], Tally(), None, Measured(standing=families)))

    def paged(self, name: str, unit: str = "", timeout_s: float = _SOON_S) -> list[Page]:
        """Wait for the page of an alert."""
        return self.stack.pager.wait(lambda page: _is(page, name, unit), timeout_s)

    def pages(self, name: str, unit: str = "") -> list[Page]:
        """Return the pages of an alert that came until now."""
        return [page for page in self.stack.pager.pages if _is(page, name, unit)]

    def fires(self, name: str, unit: str = "") -> bool:
        """Whether Prometheus fires an alert."""
        return any(
            each["state"] == "firing" and each["labels"]["alertname"] == name and each["labels"].get("unit", "") == unit
            for each in self.stack.alerts()
        )

    def inhibited(self, name: str, unit: str = "") -> bool:
        """Whether Alertmanager holds an alert back because of another."""
        return any(
            each["status"]["inhibitedBy"]
            for each in self.stack.alertmanager.get("/api/v2/alerts")
            if each["labels"]["alertname"] == name and each["labels"].get("unit", "") == unit
        )


def _is(page: Page, name: str, unit: str) -> bool:
    return page.status == "firing" and page.labels["alertname"] == name and page.labels.get("unit", "") == unit


def _muted_now(webhook: str) -> str:
    """Return the committed configuration with offices that are closed at this hour, whatever it is."""
    written = text(msgspec.structs.replace(read(), relay=webhook), PACE)
    start = written.index("time_intervals:\n- name: offices-closed")
    end = written.index("receivers:\n")
    always = "time_intervals:\n- name: offices-closed\n  time_intervals:\n  - times:\n"
    return written[:start] + always + "    - {start_time: '00:00', end_time: '24:00'}\n" + written[end:]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Start all once."""
    metrics = WorkerMetrics()
    server, address = serve(metrics, Metrics(port=0))
    target = address.removeprefix("http://").removesuffix("/metrics")
    written = {
        "rules.yml": rules(recordings(), {}, read(), PACE),
        "alerts.yml": rules({}, groups(), read(), PACE),
    }
    try:
        with running(tmp_path_factory.mktemp("paging"), {"ioc-worker": [target]}, written, _muted_now) as stack:
            watched = Site(metrics, stack)
            try:
                yield watched
            finally:
                watched.stop()
    finally:
        server.shutdown()
        server.server_close()


def test_an_injected_incident_is_paged_in_both_languages(site: Site, record: Record) -> None:
    """With severity, team, unit, and links to runbook and dashboard."""
    site.stand(ANOMALIES, unit_incidents_open={("11", "03127", "queue_wait", "major"): 1.0})
    (page,) = site.paged("IocIncidentMajor", "03127")
    assert page.path == "/van-hanh-page"
    assert page.labels["severity"] == "major"
    assert "03127" in page.annotations["summary"]
    assert "(03127): long waits at one-stop counters" in page.annotations["summary_en"]
    assert page.annotations["runbook_url"].endswith("#iocincidentmajor")
    assert page.annotations["dashboard_url"].endswith("/d/ioc-incident?var-unit=03127")
    record("live pages", 1, 1)


def test_a_lesser_alert_of_a_closed_office_is_muted_and_a_severe_one_is_not(site: Site, record: Record) -> None:
    """Both are of the one-stop offices."""
    waits: dict[Labels, float] = {("11", "03127"): 1000.0, ("11", "03151"): 2000.0}
    site.stand(SERVICE_QUEUES, queue_predicted_wait_seconds=waits)
    (page,) = site.paged("IocPredictedWait", "03151")
    assert (page.path, page.labels["severity"]) == ("/mot-cua-page", "major")
    until(lambda: site.fires("IocPredictedWait", "03127"), "the minor alert")
    assert site.pages("IocPredictedWait", "03127") == []
    record("live pages", 1, 1)


def test_an_outage_of_an_area_holds_back_its_cameras_and_no_others(site: Site, record: Record) -> None:
    """The cameras of another unit are told."""
    outage: dict[Labels, float] = {("11", "03334", "area_outage", "major"): 1.0}
    site.stand(ANOMALIES, unit_incidents_open=outage)
    assert site.paged("IocAreaOutage", "03334")
    site.stand(CAMERA_EVENTS, cameras_silent={("11", "03334"): 5.0, ("11", "03160"): 1.0})
    assert site.paged("IocCamerasSilent", "03160")
    until(lambda: site.inhibited("IocCamerasSilent", "03334"), "the inhibited alert")
    assert site.pages("IocCamerasSilent", "03334") == []
    record("live pages", 1, 1)


def test_an_absent_stream_holds_back_that_it_is_late(site: Site, record: Record) -> None:
    """What doesn't come in is late by nature; another stream that is late is told."""
    site.absent = CAMERA_EVENTS
    (page,) = site.paged("IocStreamAbsent")
    assert page.labels["topic"] == CAMERA_EVENTS
    for topic in (CAMERA_EVENTS, SERVICE_QUEUES):
        site.metrics.on_lag(topic, 0, 0, 300.0)
    (late,) = site.paged("IocEventTimeLag")
    assert late.labels["topic"] == SERVICE_QUEUES
    until(lambda: site.inhibited("IocEventTimeLag"), "the inhibited alert")
    assert {each.labels["topic"] for each in site.pages("IocEventTimeLag")} == {SERVICE_QUEUES}
    record("live pages", 1, 1)


def test_the_watchdog_repeats(site: Site, record: Record) -> None:
    """Whoever receives it knows that the way of pages works."""
    found = site.stack.pager.wait(lambda page: _is(page, "IocWatchdog", ""), _SOON_S, count=3)
    assert len(found) == 3
    assert {page.path for page in found} == {"/watchdog"}
    record("live pages", 1, 1)


def test_nothing_that_the_tests_did_not_cause_is_paged(site: Site) -> None:
    """A quiet province pages nobody; `site` is that of the tests above, whose alerts are listed here."""
    caused = {
        "IocIncidentMajor",
        "IocPredictedWait",
        "IocAreaOutage",
        "IocCamerasSilent",
        "IocStreamAbsent",
        "IocEventTimeLag",
        "IocWatchdog",
    }
    assert {page.labels["alertname"] for page in site.stack.pager.pages} <= caused
