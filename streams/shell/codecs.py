"""Decompression of producer batches with a ceiling on what they may unfold to, in place of aiokafka's without one."""

import struct
import zlib
from collections.abc import Callable
from types import ModuleType

import zstandard
from aiokafka import codec
from aiokafka.record import default_records
from aiokafka.record._crecords import default_records as compiled_records

Decode = Callable[[bytes], bytes]

_CHUNK = 1024 * 1024
_LZ4_BLOCK_MAX = {4: 64 * 1024, 5: 256 * 1024, 6: 1024 * 1024, 7: 4 * 1024 * 1024}
_LZ4_RATIO = 255
_XERIAL_HEADER_BYTES = 16


class Undecodable(ValueError):  # noqa: N818 - reads as what it is
    """A producer batch can't be unpacked: ``reason`` is ``oversized`` or ``undecodable``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_codecs() -> None:
    """Make sure that lz4, zstd and snappy can be read, or fail with the way out.

    Raises
    ------
    RuntimeError
        `cramjam` is missing, so the first compressed batch would crash the worker.
    """
    missing = [
        name
        for name, has in (("lz4", codec.has_lz4), ("zstd", codec.has_zstd), ("snappy", codec.has_snappy))
        if not has()
    ]
    if missing:
        raise RuntimeError(f"no codec for {', '.join(missing)} batches; install the package `cramjam`")


def install_ceiling(limit: int) -> None:
    """Let aiokafka unpack through decoders that stop at ``limit`` bytes; process-wide, the last call counts."""
    for module in (default_records, compiled_records):
        for name, decode in decoders(limit).items():
            _replace(module, name, decode)


def _replace(module: ModuleType, name: str, decode: Decode) -> None:
    if not hasattr(module, name):
        raise RuntimeError(f"{module.__name__} has no {name}: another aiokafka than the pinned 0.14.0")
    setattr(module, name, decode)


def decoders(limit: int) -> dict[str, Decode]:
    """Return a decoder per name in aiokafka; each raises `Undecodable` instead of unfolding beyond ``limit`` bytes."""
    return {
        "gzip_decode": _guarded(lambda data: _gunzip(data, limit)),
        "snappy_decode": _guarded(lambda data: codec.snappy_decode(_checked(data, snappy_bytes(data), limit))),
        "lz4_decode": _guarded(lambda data: codec.lz4_decode(_checked(data, lz4_bound(data), limit))),
        "zstd_decode": _guarded(lambda data: _unzstd(data, limit)),
    }


def _guarded(decode: Decode) -> Decode:
    def run(data: bytes) -> bytes:
        try:
            return decode(bytes(data))
        except Undecodable:
            raise
        except Exception as error:  # whatever a codec raises on hostile bytes, the verdict is the same
            raise Undecodable("undecodable") from error

    return run


def _checked(data: bytes, unfolded: int, limit: int) -> bytes:
    if unfolded > limit:
        raise Undecodable("oversized")
    return data


def _gunzip(data: bytes, limit: int) -> bytes:
    unfolded = bytearray()
    while data:
        member = zlib.decompressobj(wbits=31)
        unfolded += member.decompress(data, limit + 1 - len(unfolded))
        if len(unfolded) > limit:
            raise Undecodable("oversized")
        if not member.eof:
            raise Undecodable("undecodable")
        data = member.unused_data
    return bytes(unfolded)


def _unzstd(data: bytes, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
        while chunk := reader.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise Undecodable("oversized")
            chunks.append(chunk)
    return b"".join(chunks)


def lz4_bound(data: bytes) -> int:
    """Return an upper bound of what an LZ4 frame unfolds to, from its block headers alone.

    Examples
    --------
    >>> lz4_bound(codec.lz4_encode(bytes(1_000_000))) <= 1_100_000
    True
    """
    flags, descriptor = data[4], data[5]
    block_max = _LZ4_BLOCK_MAX[(descriptor >> 4) & 7]
    at = 7 + (8 if flags & 8 else 0) + (4 if flags & 1 else 0)
    bound = 0
    while at + 4 <= len(data):
        (size,) = struct.unpack_from("<I", data, at)
        if size == 0:
            break
        stored = size & 0x7FFFFFFF
        bound += min(block_max, stored * _LZ4_RATIO)
        at += 4 + stored + (4 if flags & 16 else 0)
    return bound


def snappy_bytes(data: bytes) -> int:
    """Return what a snappy payload (raw, or in the blocks of the Java clients) says that it unfolds to.

    Examples
    --------
    >>> snappy_bytes(codec.snappy_encode(bytes(100_000)))
    100000
    >>> snappy_bytes(bytes(codec.snappy_encode(bytes(100_000), xerial_compatible=False)))
    100000
    """
    if data[:8] != b"\x82SNAPPY\x00":
        return _varint(data, 0)
    total, at = 0, _XERIAL_HEADER_BYTES
    while at + 4 < len(data):
        (size,) = struct.unpack_from("!i", data, at)
        if size <= 0:
            raise Undecodable("undecodable")
        total += _varint(data, at + 4)
        at += 4 + size
    return total


def _varint(data: bytes, at: int) -> int:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the continuation bit of a varint
            return value
        at, shift = at + 1, shift + 7
