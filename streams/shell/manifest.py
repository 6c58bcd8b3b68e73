"""Snapshots as Kafka records: content-addressed blocks, the manifest that names them, and what may be forgotten."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec
import zstandard
from msgspec import Struct
from msgspec.structs import astuple

FORMAT = 1
MANIFEST_SLOTS = 2
"""How many manifests survive compaction: the newest and the one to fall back to."""

_DIGEST_BYTES = 16
_COMPRESS_FROM_BYTES = 512
_WORTH_IT = 0.9


class Scope(Struct, frozen=True):
    """Whose state it is: the consumer group, the stage and its input partition."""

    group: str
    stage: str
    topic: str
    partition: int


class BlockRef(Struct, frozen=True):
    """One block by name and content: ``size`` and ``digest`` are those of the raw bytes, ``parts`` of the stored."""

    name: str
    digest: str
    size: int
    parts: int
    codec: Literal["raw", "zstd"]


class Manifest(Struct, frozen=True):
    """A complete state: the blocks, and the last input offset that they include."""

    sequence: int
    offset: int
    created_ms: int
    generation: int
    blocks: tuple[BlockRef, ...]
    format: int = FORMAT


class Entry(Struct, frozen=True):
    """One record of the snapshots topic; ``value`` None forgets the key."""

    key: bytes
    value: bytes | None


class Restored(Struct, frozen=True):
    """A state that was read back: its manifest and its blocks."""

    manifest: Manifest
    blocks: dict[str, bytes]


_encode = msgspec.json.encode


def scope_of(key: bytes) -> Scope | None:
    """Return whose record it is, None for a key that isn't ours.

    Examples
    --------
    >>> scope_of(manifest_key(Scope("ioc", "find", "ioc.telemetry", 3), 0))
    Scope(group='ioc', stage='find', topic='ioc.telemetry', partition=3)
    >>> scope_of(b"something else") is None
    True
    """
    try:
        group, stage, topic, partition = msgspec.json.decode(key)[:4]
        return msgspec.convert({"group": group, "stage": stage, "topic": topic, "partition": partition}, Scope)
    except (msgspec.DecodeError, msgspec.ValidationError, TypeError, ValueError):
        return None


def manifest_key(scope: Scope, slot: int) -> bytes:
    """Return the key of a manifest slot."""
    return _encode((*astuple(scope), "manifest", slot))


def part_keys(scope: Scope, block: BlockRef) -> list[bytes]:
    """Return the keys of a block's parts, in order."""
    head = (*astuple(scope), "block", block.name, block.digest)
    return [_encode((*head, part)) for part in range(block.parts)]


def digest_of(raw: bytes) -> str:
    """Return the BLAKE2b digest of a block's raw bytes, 32 hexadecimal digits."""
    return hashlib.blake2b(raw, digest_size=_DIGEST_BYTES).hexdigest()


def pack(scope: Scope, name: str, raw: bytes, part_bytes: int) -> tuple[BlockRef, list[Entry]]:
    """Return the reference of a block and the records that store it, compressed where that helps."""
    stored, codec = raw, "raw"
    if len(raw) >= _COMPRESS_FROM_BYTES:
        squeezed = zstandard.ZstdCompressor(level=1).compress(raw)
        if len(squeezed) < _WORTH_IT * len(raw):
            stored, codec = squeezed, "zstd"
    parts = [stored[at : at + part_bytes] for at in range(0, len(stored), part_bytes)] or [b""]
    block = BlockRef(name, digest_of(raw), len(raw), len(parts), "zstd" if codec == "zstd" else "raw")
    return block, [Entry(key, part) for key, part in zip(part_keys(scope, block), parts, strict=True)]


def unpack(scope: Scope, block: BlockRef, stored: Mapping[bytes, bytes]) -> bytes | None:
    """Return the raw bytes of a block, None if a part is missing or the content isn't what the digest says."""
    parts = [stored.get(key) for key in part_keys(scope, block)]
    joined = b"".join(part for part in parts if part is not None)
    if None in parts:
        return None
    try:
        raw = joined if block.codec == "raw" else zstandard.ZstdDecompressor().decompress(joined, block.size)
    except zstandard.ZstdError:
        return None
    return raw if digest_of(raw) == block.digest else None


def manifests(scope: Scope, stored: Mapping[bytes, bytes]) -> Iterator[Manifest]:
    """Yield the manifests, the one that includes most input first; of a foreign format or broken: none."""
    found = []
    for slot in range(MANIFEST_SLOTS):
        try:
            found.append(msgspec.json.decode(stored.get(manifest_key(scope, slot), b""), type=Manifest))
        except (msgspec.DecodeError, msgspec.ValidationError):
            continue
    ours = (manifest for manifest in found if manifest.format == FORMAT)
    yield from sorted(ours, key=lambda manifest: (manifest.offset, manifest.sequence), reverse=True)


def restore(scope: Scope, stored: Mapping[bytes, bytes]) -> Restored | None:
    """Return the newest state of which every block verifies, None if there is no such state."""
    for manifest in manifests(scope, stored):
        blocks = {block.name: unpack(scope, block, stored) for block in manifest.blocks}
        whole = {name: raw for name, raw in blocks.items() if raw is not None}
        if len(whole) == len(manifest.blocks):
            return Restored(manifest, whole)
    return None


class Plan(Struct, frozen=True):
    """What one snapshot writes: first the ``blocks``, once they are confirmed the ``manifest``, then ``forget``."""

    blocks: list[Entry]
    manifest: Manifest
    manifest_entry: Entry
    forget: list[Entry]


class Ledger:
    """Which blocks of one scope are in the topic and which manifest named them last; plans the next snapshot."""

    def __init__(self, scope: Scope, part_bytes: int) -> None:
        self.scope = scope
        self._part_bytes = part_bytes
        self._sequence = 0
        self._live: dict[tuple[str, str], tuple[list[bytes], BlockRef | None, int]] = {}

    def recall(self, stored: Mapping[bytes, bytes]) -> None:
        """Learn what the topic holds: blocks named by no manifest are left-overs of a crash and go next time."""
        orphans: dict[tuple[str, str], list[bytes]] = {}
        for key in stored:
            fields = msgspec.json.decode(key)
            if fields[4] == "block":
                orphans.setdefault((fields[5], fields[6]), []).append(key)
        self._live = {identity: (keys, None, 0) for identity, keys in orphans.items()}
        for manifest in sorted(manifests(self.scope, stored), key=lambda manifest: manifest.sequence):
            self._sequence = max(self._sequence, manifest.sequence)
            for block in manifest.blocks:
                if unpack(self.scope, block, stored) is not None:
                    identity = (block.name, block.digest)
                    self._live[identity] = (part_keys(self.scope, block), block, manifest.sequence)

    def plan(self, blocks: Mapping[str, bytes], offset: int, created_ms: int, generation: int) -> Plan:
        """Say what to write for this state; changes nothing until `done`."""
        entries: list[Entry] = []
        refs: list[BlockRef] = []
        for name, raw in blocks.items():
            held = self._live.get((name, digest_of(raw)))
            if held is not None and held[1] is not None:
                refs.append(held[1])
                continue
            ref, written = pack(self.scope, name, raw, self._part_bytes)
            refs.append(ref)
            entries += written
        manifest = Manifest(self._sequence + 1, offset, created_ms, generation, tuple(refs))
        entry = Entry(manifest_key(self.scope, manifest.sequence % MANIFEST_SLOTS), _encode(manifest))
        named = {(ref.name, ref.digest) for ref in refs}
        stale = (
            keys
            for identity, (keys, _, last) in self._live.items()
            if identity not in named and last <= manifest.sequence - MANIFEST_SLOTS
        )
        return Plan(entries, manifest, entry, _tombstones(stale))

    def done(self, plan: Plan) -> None:
        """Note that ``plan`` is confirmed in Kafka."""
        self._sequence = plan.manifest.sequence
        for block in plan.manifest.blocks:
            keys = part_keys(self.scope, block)
            self._live[(block.name, block.digest)] = (keys, block, self._sequence)
        forgotten = {entry.key for entry in plan.forget}
        self._live = {identity: held for identity, held in self._live.items() if not forgotten.intersection(held[0])}


def _tombstones(keys: Iterable[list[bytes]]) -> list[Entry]:
    return [Entry(key, None) for group in keys for key in group]
