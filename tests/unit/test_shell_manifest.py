"""Snapshots as records: what is written, what is forgotten, and which state comes back."""

import random

import msgspec

from streams.shell.manifest import Entry, Ledger, Plan, Scope, manifest_key, restore, scope_of

SCOPE = Scope("ioc", "find", "ioc.telemetry", 3)
PART_BYTES = 1000


def apply(topic: dict[bytes, bytes], entries: list[Entry]) -> None:
    """Do what a compacted topic does."""
    for entry in entries:
        if entry.value is None:
            topic.pop(entry.key, None)
        else:
            topic[entry.key] = entry.value


def write(topic: dict[bytes, bytes], ledger: Ledger, blocks: dict[str, bytes], offset: int) -> Plan:
    """Write one snapshot to its end."""
    plan = ledger.plan(blocks, offset, created_ms=0, generation=1)
    apply(topic, [*plan.blocks, plan.manifest_entry, *plan.forget])
    ledger.done(plan)
    return plan


def remembering(topic: dict[bytes, bytes]) -> Ledger:
    """Return the ledger of a worker that takes over."""
    ledger = Ledger(SCOPE, PART_BYTES)
    ledger.recall(topic)
    return ledger


def test_what_was_written_comes_back() -> None:
    """Blocks of any size, empty ones too, in parts below the limit."""
    topic: dict[bytes, bytes] = {}
    blocks = {"a": b"", "b": random.Random(1).randbytes(5_500), "c": bytes(100_000)}
    plan = write(topic, Ledger(SCOPE, PART_BYTES), blocks, 41)
    found = restore(SCOPE, topic)
    assert found is not None
    assert (found.blocks, found.manifest.offset) == (blocks, 41)
    assert max(len(entry.value or b"") for entry in plan.blocks) <= PART_BYTES


def test_only_changed_blocks_are_written() -> None:
    """Also by the worker that takes over."""
    topic: dict[bytes, bytes] = {}
    write(topic, Ledger(SCOPE, PART_BYTES), {"a": b"1", "b": b"2"}, 1)
    plan = write(topic, remembering(topic), {"a": b"1", "b": b"3"}, 2)
    assert [scope_of(entry.key) for entry in plan.blocks] == [SCOPE]
    found = restore(SCOPE, topic)
    assert found is not None
    assert found.blocks == {"a": b"1", "b": b"3"}


def test_a_block_is_forgotten_only_after_two_newer_manifests() -> None:
    """The manifest before the newest stays whole, so that there is something to fall back to."""
    topic: dict[bytes, bytes] = {}
    ledger = Ledger(SCOPE, PART_BYTES)
    forgotten = [len(write(topic, ledger, {"a": b"%d" % step}, step).forget) for step in range(5)]
    assert forgotten == [0, 0, 1, 1, 1]
    assert len(topic) == 2 + 2


def test_a_block_that_comes_back_is_written_again() -> None:
    """Its old records are gone by then."""
    topic: dict[bytes, bytes] = {}
    ledger = Ledger(SCOPE, PART_BYTES)
    for step, content in enumerate([b"x", b"y", b"z", b"x"]):
        write(topic, ledger, {"a": content}, step)
        found = restore(SCOPE, topic)
        assert found is not None
        assert found.blocks == {"a": content}


def test_a_missing_block_makes_the_state_fall_back_to_the_one_before() -> None:
    """So does one with other content."""
    for spoiled in (None, b"other"):
        topic: dict[bytes, bytes] = {}
        ledger = Ledger(SCOPE, PART_BYTES)
        write(topic, ledger, {"a": b"1"}, 10)
        newest = write(topic, ledger, {"a": b"2"}, 20)
        apply(topic, [Entry(newest.blocks[0].key, spoiled)])
        found = restore(SCOPE, topic)
        assert found is not None
        assert (found.manifest.offset, found.blocks) == (10, {"a": b"1"})


def test_a_spoiled_block_is_written_anew() -> None:
    """The ledger doesn't trust what it can't verify."""
    topic: dict[bytes, bytes] = {}
    newest = write(topic, Ledger(SCOPE, PART_BYTES), {"a": b"1"}, 10)
    apply(topic, [Entry(newest.blocks[0].key, b"other")])
    write(topic, remembering(topic), {"a": b"1"}, 11)
    found = restore(SCOPE, topic)
    assert found is not None
    assert found.manifest.offset == 11


def test_blocks_of_a_crash_before_the_manifest_are_cleared_away() -> None:
    """Nothing names them; the next snapshots forget them."""
    topic: dict[bytes, bytes] = {}
    ledger = Ledger(SCOPE, PART_BYTES)
    write(topic, ledger, {"a": b"1"}, 1)
    apply(topic, ledger.plan({"a": b"orphan"}, 2, 0, 1).blocks)
    heir = remembering(topic)
    for step in range(3):
        write(topic, heir, {"a": b"1"}, 10 + step)
    assert sum(b'"block"' in key for key in topic) == 1


def test_the_state_that_includes_most_input_wins() -> None:
    """A late manifest of a worker that was put out doesn't hide that of its heir."""
    topic: dict[bytes, bytes] = {}
    write(topic, Ledger(SCOPE, PART_BYTES), {"a": b"0"}, 5)
    heir, zombie = remembering(topic), remembering(topic)
    for offset in (50, 60):
        write(topic, heir, {"a": b"%d" % offset}, offset)
    write(topic, zombie, {"a": b"7"}, 7)
    found = restore(SCOPE, topic)
    assert found is not None
    assert found.manifest.offset == 60


def test_a_manifest_of_another_format_is_no_state() -> None:
    """An older program must not misread what a newer one wrote."""
    topic: dict[bytes, bytes] = {}
    plan = write(topic, Ledger(SCOPE, PART_BYTES), {"a": b"1"}, 1)
    fields = msgspec.json.decode(plan.manifest_entry.value or b"")
    topic[plan.manifest_entry.key] = msgspec.json.encode({**fields, "format": 99})
    assert restore(SCOPE, topic) is None


def test_an_empty_topic_has_no_state() -> None:
    """Neither has one with foreign records."""
    assert restore(SCOPE, {}) is None
    assert restore(SCOPE, {manifest_key(SCOPE, 0): b"not json"}) is None
