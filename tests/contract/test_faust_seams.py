"""The private seams of Faust and aiokafka that the shell overrides or mirrors: versions, signatures, sources.

When one of these fails after an upgrade, read the diff of the named method, adapt `streams/shell`, run the integration
tests, then take over the new fingerprint. Faust promises nothing about any of it.
"""

import hashlib
import importlib.metadata
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka.consumer import fetcher, group_coordinator
from aiokafka.producer import message_accumulator
from aiokafka.record import default_records, memory_records
from aiokafka.record._crecords import default_records as compiled_records
from faust.app import base as app_base
from faust.tables import recovery
from faust.transport import consumer as base
from faust.transport.drivers import aiokafka as driver
from faust.types import ConsumerMessage

from streams.shell import agents, fetching, transport
from streams.shell.codecs import decoders

ROOT = Path(__file__).parents[2]

OVERRIDDEN = [
    (base.Consumer, transport.BatchConsumer, "getmany"),
    (base.Consumer, transport.BatchConsumer, "perform_seek"),
    (base.Consumer, transport.BatchConsumer, "on_partitions_revoked"),
    (base.Consumer, transport.BatchConsumer, "on_buffer_full"),
    (base.Consumer, transport.BatchConsumer, "on_buffer_drop"),
    (base.Consumer, transport.BatchConsumer, "_new_offset"),
    (base.Consumer, transport.BatchConsumer, "_filter_tps_with_pending_acks"),
    (driver.Consumer, transport.BatchConsumer, "verify_event_path"),
    (driver.Consumer, transport.BatchConsumer, "_new_consumer_thread"),
    (driver.Consumer, transport.BatchConsumer, "_to_message"),
    (driver.AIOKafkaConsumerThread, fetching.FetchingThread, "__post_init__"),
    (driver.AIOKafkaConsumerThread, fetching.FetchingThread, "_create_worker_consumer"),
    (driver.AIOKafkaConsumerThread, fetching.FetchingThread, "_fetch_records"),
    (driver.AIOKafkaConsumerThread, fetching.FetchingThread, "_seek_wait"),
    (driver.AIOKafkaConsumerThread, fetching.FetchingThread, "highwater"),
    (driver.AIOKafkaConsumerThread, fetching.FetchingThread, "on_start"),
    (base.ConsumerThread, fetching.FetchingThread, "on_partitions_assigned"),
    (app_base.App, agents.WorkerApp, "_new_transport"),
    (app_base.App, agents.WorkerApp, "_create_directories"),
    (app_base.App, agents.WorkerApp, "finalize"),
]

# What these do is repeated in, or relied on by, the shell.
MIRRORED: dict[str, tuple[Callable[..., Any], str]] = {
    "PartitionRecords._unpack_records": (fetcher.PartitionRecords._unpack_records, "64d9a048c8ea"),
    "FetchResult.check_assignment": (fetcher.FetchResult.check_assignment, "aafbede32472"),
    "FetchResult._update_position": (fetcher.FetchResult._update_position, "b82cb4af30fc"),
    "Fetcher.fetched_records": (fetcher.Fetcher.fetched_records, "377ee3925c9f"),
    "GroupCoordinator._do_heartbeat": (group_coordinator.GroupCoordinator._do_heartbeat, "e9a9a9516623"),
    "GroupCoordinator._on_join_prepare": (group_coordinator.GroupCoordinator._on_join_prepare, "6e4b9d84a2bf"),
    "GroupCoordinator.reset_generation": (group_coordinator.GroupCoordinator.reset_generation, "680acecbba51"),
    "MessageAccumulator._pop_batch": (message_accumulator.MessageAccumulator._pop_batch, "07dfc2ce3d59"),
    "Consumer._drain_messages": (base.Consumer._drain_messages, "b62bd6539aeb"),
    "Consumer._wait_next_records": (base.Consumer._wait_next_records, "62b6a4fb3f1c"),
    "Consumer._commit_offsets": (base.Consumer._commit_offsets, "ba855c1ad21f"),
    "Consumer._should_commit": (base.Consumer._should_commit, "c4a45ac66a56"),
    "Recovery._resume_streams": (recovery.Recovery._resume_streams, "65a824f3789d"),
    "App._on_partitions_revoked": (app_base.App._on_partitions_revoked, "289e06db160c"),
}


@pytest.mark.parametrize(
    ("package", "version"), [("faust-streaming", "0.15.3"), ("aiokafka", "0.14.0"), ("mode-streaming", "0.7.1")]
)
def test_the_installed_version_is_the_one_the_shell_was_written_against(package: str, version: str) -> None:
    """Private seams change without notice: an upgrade is a decision, not an accident."""
    assert importlib.metadata.version(package) == version


def test_faust_and_aiokafka_are_pinned_exactly() -> None:
    """`pip install` must not pick another version."""
    declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '"faust-streaming==0.15.3"' in declared
    assert '"aiokafka==0.14.0"' in declared


@pytest.mark.parametrize(("ours", "theirs", "name"), [(o, t, n) for t, o, n in OVERRIDDEN])
def test_an_override_has_the_signature_of_what_it_overrides(ours: type, theirs: type, name: str) -> None:
    """Same parameters in the same order with the same defaults, and still there to be overridden."""
    assert name in vars(ours), f"{ours.__name__} no longer overrides {name}"
    assert shape(getattr(ours, name)) == shape(getattr(theirs, name))


def shape(function: Callable[..., Any]) -> list[tuple[str, Any, Any]]:
    """Return name, kind and default of every parameter."""
    return [(each.name, each.kind, each.default) for each in inspect.signature(function).parameters.values()]


@pytest.mark.parametrize("name", MIRRORED)
def test_what_the_shell_mirrors_reads_as_it_did(name: str) -> None:
    """The source's fingerprint is the known one."""
    function, known = MIRRORED[name]
    assert fingerprint(function) == known


def fingerprint(function: Callable[..., Any]) -> str:
    """Return a short digest of a function's source."""
    return hashlib.blake2b(inspect.getsource(inspect.unwrap(function)).encode(), digest_size=6).hexdigest()


def test_aiokafka_unpacks_with_its_c_extension() -> None:
    """The Python twin is some ten times slower; a wheel without the extension must not pass unnoticed."""
    assert default_records.DefaultRecordBatch.__module__ == "aiokafka.record._crecords.default_records"
    assert memory_records.MemoryRecords.__module__ == "aiokafka.record._crecords.memory_records"


def test_the_decoders_are_where_the_ceiling_replaces_them() -> None:
    """A name that went would leave the unbounded decoder in place."""
    for module in (default_records, compiled_records):
        assert set(decoders(1)) <= set(vars(module))


def test_messages_of_source_topics_carry_a_generation() -> None:
    """Without it the stream skips them silently; the Cython iterator compares it, so the attribute must exist."""
    assert "generation_id" in inspect.signature(ConsumerMessage.__init__).parameters
