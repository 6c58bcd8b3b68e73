"""A whole province at ten times the units of Điện Biên stays within the budget of series."""

from prometheus_client.parser import text_string_to_metric_families

from ioc.config import Config
from ioc.metrics import WorkerMetrics
from ioc.metrics.catalogue import METRICS
from ioc.metrics.serving import exposition
from tests.bench.full_province import BUDGET, feed


def test_a_full_province_at_ten_times_the_units_stays_within_the_budget() -> None:
    """450 units, 64 agencies, 30 categories; every family with every label set that it can have.

    Measured: see docs/benchmarks.md.
    """
    metrics = WorkerMetrics(Config())
    feed(metrics)
    families = list(text_string_to_metric_families(exposition(metrics, "")[0].decode()))
    per_family = {family.name: len(family.samples) for family in families}
    total = sum(per_family.values())
    assert total <= BUDGET, sorted(per_family.items(), key=lambda pair: -pair[1])[:12]
    silent = {
        name for name in METRICS if per_family.get(name.removesuffix("_total"), 0) == 0 and name.startswith("ioc_")
    }
    assert silent == set(), "every family of ours is there"
