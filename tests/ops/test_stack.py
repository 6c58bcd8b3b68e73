"""Prometheus, Alertmanager and the pager start, talk to each other, and end."""

import os
import re
import urllib.request
from pathlib import Path

import pytest

from deploy.sources.alerts.paging import PAGING
from ioc.config import Metrics
from ioc.errors import CheckFailed
from ioc.metrics import WorkerMetrics, serve
from ioc.observability import INSTALL, Server, program, prometheus
from tests.ops.stack import running, until

_RULES = """
groups:
- name: all
  rules:
  - alert: IocSeen
    expr: ioc_build_info == 1
    labels: {severity: warning}
    annotations: {summary: "seen"}
"""


def test_an_alert_on_a_scraped_worker_arrives_at_the_pager_and_all_ends_with_the_block(tmp_path: Path) -> None:
    """The whole way, with real servers on free ports."""
    server, address = serve(WorkerMetrics(), Metrics(port=0))
    try:
        target = address.removeprefix("http://").removesuffix("/metrics")
        with running(tmp_path, {"ioc-worker": [target]}, {"rules.yml": _RULES}) as stack:
            pages = stack.pager.wait(lambda page: page.labels["alertname"] == "IocSeen", 30)
            assert [(page.status, page.annotations["summary"]) for page in pages] == [("firing", "seen")]
            until(lambda: [value for _, value in stack.query("up")] == [1.0], "the scrape's success")
            pids = [stack.prometheus.pid, stack.alertmanager.pid]
    finally:
        server.shutdown()
        server.server_close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_configuration_that_is_refused_is_told_with_the_end_of_the_log(tmp_path: Path) -> None:
    """Nothing waits for a server that has ended."""
    (tmp_path / "prometheus.yml").write_text("nonsense: 1\n")
    with pytest.raises(CheckFailed, match="nonsense"), prometheus(tmp_path / "prometheus.yml", tmp_path):
        pass


def test_a_missing_program_is_told_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, ready to paste."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(CheckFailed, match=INSTALL):
        program("alertmanager")


def test_prometheus_and_alertmanager_serve_what_alerts_on_the_way_of_pages_ask_for(tmp_path: Path) -> None:
    """Under these names and with these labels, in the versions that are installed."""
    with running(tmp_path, {}, {"rules.yml": _RULES}) as stack:
        served = {server.name: _metrics(server) for server in (stack.prometheus, stack.alertmanager)}
    asked = {
        name: label for alert in PAGING for label, name in re.findall(r"by \((\w+)\) \(increase\((\w+)", alert.expr)
    }
    assert len(asked) == len(PAGING)
    for name, label in asked.items():
        text = served[name.partition("_")[0]]
        assert re.search(rf"^# TYPE {name} counter$", text, re.MULTILINE), name
        assert re.search(rf'^{name}\{{.*{label}="', text, re.MULTILINE), name


def _metrics(server: Server) -> str:
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as answer:  # noqa: S310 - our own, on loopback
        text: str = answer.read().decode()
        return text
