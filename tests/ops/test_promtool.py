"""What a worker serves on `/metrics`, checked by Prometheus' own promtool."""

import shutil
import subprocess
import urllib.request

from ioc.app import Assembly
from ioc.config import Config, Metrics
from ioc.metrics import WorkerMetrics, serve
from ioc.metrics.serving import exposition
from ioc.observability import program
from ioc.simulate import Simulation, SimulationSettings
from streams.stage import Stage
from streams.topics import ANOMALIES, SOURCES
from tests.bench.full_province import feed


def _scrape_after_a_simulated_day() -> str:
    """Feed one simulated day through stage 1 into the metrics and return what is served."""
    assembly, metrics = Assembly(Config()), WorkerMetrics()
    finds: dict[str, Stage] = {topic: assembly.find(topic, 0) for topic in SOURCES}
    metrics.on_rebalance((*((topic, 0) for topic in SOURCES), (ANOMALIES, 0)))
    simulation = Simulation(SimulationSettings(days=1, cameras=5), assembly.names.places)
    for batch in simulation.batches():
        metrics.on_outcome(batch.topic, 0, finds[batch.topic].process(batch, batch.timestamps_ms[-1]))
        metrics.on_batch(batch.topic, 0, len(batch), 1000, 0.01)
        metrics.on_lag(batch.topic, 0, 3, 1.5)
    metrics.on_snapshot(SOURCES[0], 0, 4096, 7, 0.02)
    metrics.on_gap(SOURCES[0], 0, 5, 9, "deleted")
    server, address = serve(metrics, Metrics(port=0))
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - our own loopback address
            return str(answer.read().decode())
    finally:
        server.shutdown()
        server.server_close()


def test_promtool_finds_nothing_to_complain_about_in_the_metrics() -> None:
    """Names, types, help texts and units follow Prometheus' conventions."""
    promtool = shutil.which("promtool")
    assert promtool, "promtool is missing: apt-get install -y --no-install-recommends prometheus"
    text = _scrape_after_a_simulated_day()
    assert 'ioc_events_total{outcome="accepted",topic="ioc.camera-events"}' in text
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False, timeout=60
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_promtool_finds_nothing_to_complain_about_in_a_full_province() -> None:
    """Every family, with every label set that it can have."""
    metrics = WorkerMetrics()
    feed(metrics)
    text, _ = exposition(metrics, "")
    checked = subprocess.run(
        [program("promtool"), "check", "metrics"], input=text, capture_output=True, check=False, timeout=60
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
