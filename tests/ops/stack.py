"""A Prometheus that scrapes given addresses with given rules, an Alertmanager behind it, and a pager: real ones.

Test-speed: scraped and evaluated every second.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import yaml

from ioc.observability import Pager, Server, alertmanager, pager, prometheus

_AT_ONCE = {
    "route": {"receiver": "all", "group_by": ["..."], "group_wait": "0s", "group_interval": "1s"},
}


class Stack(NamedTuple):
    """What runs."""

    prometheus: Server
    alertmanager: Server
    pager: Pager

    def query(self, promql: str) -> list[tuple[dict[str, str], float]]:
        """Return labels and value of every series that an instant query gives."""
        found = self.prometheus.get("/api/v1/query?" + urlencode({"query": promql}))["data"]
        if found["resultType"] == "scalar":
            return [({}, float(found["result"][1]))]
        return [(each["metric"], float(each["value"][1])) for each in found["result"]]

    def alerts(self) -> list[dict[str, Any]]:
        """Return what Prometheus holds pending or firing."""
        found: list[dict[str, Any]] = self.prometheus.get("/api/v1/alerts")["data"]["alerts"]
        return found


@contextmanager
def running(
    directory: Path,
    targets: Mapping[str, list[str]],
    rules: Mapping[str, str] | None = None,
    alertmanager_config: Callable[[str], str] | None = None,
) -> Iterator[Stack]:
    """Run all three until the block ends.

    Parameters
    ----------
    directory
        Takes configuration, data and logs.
    targets
        Addresses host:port to scrape, by job.
    rules
        Texts of rule files by file name.
    alertmanager_config
        Makes the text of Alertmanager's configuration from the pager's address; None sends every alert there at once.
    """
    with ExitStack() as stack:
        receiver = stack.enter_context(pager())
        text = (
            yaml.safe_dump({**_AT_ONCE, "receivers": [{"name": "all", "webhook_configs": [{"url": receiver.url}]}]})
            if alertmanager_config is None
            else alertmanager_config(receiver.url)
        )
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "alertmanager.yml").write_text(text, encoding="utf-8")
        manager = stack.enter_context(alertmanager(directory / "alertmanager.yml", directory))
        for name, rule_text in (rules or {}).items():
            (directory / name).write_text(rule_text, encoding="utf-8")
        config = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": list(rules or {}),
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [manager.url.removeprefix("http://")]}]}]},
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": addresses}]} for job, addresses in targets.items()
            ],
        }
        (directory / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        server = stack.enter_context(prometheus(directory / "prometheus.yml", directory))
        yield Stack(server, manager, receiver)


def until(condition: Callable[[], bool], what: str, timeout_s: float = 30.0) -> None:
    """Wait until ``condition`` holds; fail with ``what`` if it doesn't come."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come within {timeout_s:.0f} s"
        time.sleep(0.2)
