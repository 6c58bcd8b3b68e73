"""The command `ioc worker`: how it starts, ends and fails."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.worker_process import Site, run_ioc


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give all tests here one broker with the declared topics of one partition each."""
    with Site(tmp_path_factory.mktemp("site"), 1) as running:
        yield running


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_the_worker_with_its_documented_code(site: Site, number: signal.Signals, code: int) -> None:
    """0 after SIGTERM, 130 after Ctrl-C; nothing of a traceback is logged."""
    worker = site.start()
    worker.wait(lambda: worker.value("ioc_assigned_partitions") > 0, "assignment")
    assert worker.stop(number) == code
    assert "Traceback" not in worker.log()


def test_two_workers_share_the_inputs(site: Site) -> None:
    """Each input has one owner; when one leaves, the other takes all."""
    first, second = site.start(), site.start()

    def owned() -> list[float]:
        return [worker.value("ioc_assigned_partitions") for worker in (first, second)]

    first.wait(lambda: sum(owned()) == 5 and all(owned()), "sharing")
    assert second.stop() == 0
    first.wait(lambda: first.value("ioc_assigned_partitions") == 5, "the rest of the inputs")
    assert first.stop() == 0


def test_without_a_broker_the_worker_says_so_in_one_line() -> None:
    """Exit code 4, the address and no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    done = run_ioc("worker", environment={"IOC_KAFKA_BOOTSTRAP": f"127.0.0.1:{port}", "IOC_METRICS_PORT": "0"})
    assert done.returncode == 4
    assert f"127.0.0.1:{port}" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_without_topics_the_worker_names_the_command_that_makes_them(tmp_path: Path) -> None:
    """Exit code 4; nothing is created behind the operator's back."""
    bare = Site(tmp_path, 1)
    bare.broker.start()
    try:
        done = run_ioc("worker", environment={**bare.environment, "IOC_METRICS_PORT": "0"})
    finally:
        bare.broker.stop()
    assert done.returncode == 4
    assert "ioc topics apply" in done.stderr


def test_a_taken_metrics_port_ends_the_worker_with_the_way_out(site: Site) -> None:
    """Exit code 3 and the name of the setting."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run_ioc("worker", environment={**site.environment, "IOC_METRICS_PORT": port})
    assert done.returncode == 3
    assert "metrics.port" in done.stderr.splitlines()[-1]
