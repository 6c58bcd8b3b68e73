"""Recordings of Kafka topics: NDJSON as `kcat -J` prints it, plain, `.gz` or `.zst`, read and written."""

import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self

import msgspec
import zstandard

from ioc.envelope import Chunk, Line, Outline, Stamp, chunk_of, fault, line_of
from ioc.errors import InputError
from ioc.partitioning import Splitter
from ioc.spans import Spans
from streams.records import RecordBatch

_READ_BYTES = 256 * 1024
_BLOCK_BYTES = 1024 * 1024
_MAX_LINE_BYTES = 64 * 1024 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_GZIP_WBITS = (
    31  # zlib's code for "a gzip header and trailer around deflate", with a zero time stamp: same bytes every run
)
_GZIP_LEVEL = 3  # level 6 takes three times as long for 10 % less

_DECODER = msgspec.json.Decoder(Line)
_STAMPS = msgspec.json.Decoder(Stamp)
_ENCODER = msgspec.json.Encoder()


class Recording:
    """A recording to be read once, with what was seen so far.

    Parameters
    ----------
    source
        A path, or ``-`` for standard input; gzip and zstd are known by their first bytes.
    lenient
        Count lines that can't be read in ``bad_lines`` instead of raising.

    Attributes
    ----------
    bytes_read : int
        Bytes taken from the file (compressed), for progress.
    lines : int
        Lines looked at.
    bad_lines : int
        Lines that could not be read (lenient only).
    """

    def __init__(self, source: str | Path, *, lenient: bool = False) -> None:
        self.source = str(source)
        self.lenient = lenient
        self.bytes_read = 0
        self.lines = 0
        self.bad_lines = 0

    def chunks(self, max_records: int = 8192) -> Iterator[Chunk]:
        """Yield the records in the file's order, up to ``max_records`` at a time.

        Raises
        ------
        InputError
            The file can't be opened or decompressed, or a line is no record (named with its number).
        """
        pending: list[Line] = []
        with _opened(self.source) as handle:
            for block in self._blocks(handle):
                pending.extend(self._sound(self._decoded(block)))
                full = len(pending) // max_records * max_records
                for start in range(0, full, max_records):
                    yield chunk_of(pending[start : start + max_records])
                del pending[:full]
        if pending:
            yield chunk_of(pending)

    def batches(self, max_records: int = 8192, partitions: int | None = None) -> Iterator[RecordBatch]:
        """Yield batches per topic and partition.

        The order within a partition is the file's. Across partitions it is so up to ``max_records``: that many
        consecutive records are taken, then handed out partition by partition.

        Parameters
        ----------
        max_records
            Records taken at a time, so also the largest batch.
        partitions
            Deal the records out to this many partitions by key as Kafka's default partitioner does, with new
            offsets from 0; None keeps partitions and offsets of the file.

        Raises
        ------
        InputError
            As `chunks`; or the offsets of a partition don't increase.
        """
        splitter = Splitter(partitions)
        for chunk in self.chunks(max_records):
            yield from splitter.split(chunk)

    def outline(self) -> Outline:
        """Read the file through once, looking only at topics and timestamps.

        Raises
        ------
        InputError
            The file can't be read through, holds no record, or is standard input, which can be read only once.
        """
        if self.source == "-":
            raise InputError("standard input can be read only once; write the recording to a file first")
        topics: set[str] = set()
        records, spans = 0, Spans()
        scout = Recording(self.source, lenient=self.lenient)
        with _opened(self.source) as handle:
            for block in scout._blocks(handle):
                stamps = scout._stamps(block)
                records += len(stamps)
                topics.update({stamp.topic for stamp in stamps})
                spans.add(stamps)
        if records == 0:
            raise InputError(f"recording {self.source} holds no record")
        return Outline(records, tuple(sorted(topics)), *spans.bounds())

    def _stamps(self, block: bytes) -> list[Stamp]:
        try:
            return _STAMPS.decode_lines(block)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return [Stamp(line.topic, line.ts) for line in self._decoded_one_by_one(block)]

    def _blocks(self, handle: IO[bytes]) -> Iterator[bytes]:
        """Yield whole lines in blocks of some MiB."""
        parts: list[bytes] = []
        size = 0
        try:
            for data in _decompressed(self._raw(handle)):
                parts.append(data)
                size += len(data)
                if size < _BLOCK_BYTES or b"\n" not in data:
                    if size > _MAX_LINE_BYTES:
                        raise InputError(
                            f"{self.source}, line {self.lines + 1}: more than {_MAX_LINE_BYTES} bytes without end"
                        )
                    continue
                whole, _, tail = b"".join(parts).rpartition(b"\n")
                yield whole
                parts, size = [tail], len(tail)
        except (zlib.error, zstandard.ZstdError, EOFError, OSError) as error:
            raise InputError(f"{self.source}, after line {self.lines}: {error}; is the file cut short?") from None
        if size:
            yield b"".join(parts)

    def _raw(self, handle: IO[bytes]) -> Iterator[bytes]:
        while data := handle.read(_READ_BYTES):
            self.bytes_read += len(data)
            yield data

    def _decoded(self, block: bytes) -> list[Line]:
        try:
            lines = _DECODER.decode_lines(block)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._decoded_one_by_one(block)
        self.lines += block.count(b"\n") + (not block.endswith(b"\n"))
        return lines

    def _decoded_one_by_one(self, block: bytes) -> list[Line]:
        """Decode a block with a bad line in it: slower, but says which line."""
        good = []
        for text in block.split(b"\n"):
            self.lines += 1
            if not text.strip():
                continue
            try:
                good.append(_DECODER.decode(text))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                self._refuse(f"line {self.lines}: {error}")
        return good

    def _refuse(self, why: str) -> None:
        if not self.lenient:
            raise InputError(
                f"{self.source}, {why}; expected one JSON object a line as `kcat -C -J` prints it "
                "(or pass lenient mode to skip and count such lines)"
            )
        self.bad_lines += 1

    def _sound(self, lines: list[Line]) -> list[Line]:
        """Leave out lines whose headers or base64 can't be read."""
        good = []
        for line in lines:
            if (why := fault(line)) is None:
                good.append(line)
            else:
                self._refuse(f"topic {line.topic}, partition {line.partition}, offset {line.offset}: {why}")
        return good


class RecordingWriter:
    """Writes a recording; the ending of the name chooses the compression. The same records give the same bytes.

    Use it as a context manager, so that the file is complete when the block ends.
    """

    def __init__(self, target: str | Path) -> None:
        self._target = str(target)
        self.records = 0
        self.bytes = 0
        try:
            self._file: IO[bytes] = sys.stdout.buffer if self._target == "-" else Path(self._target).open("wb")  # noqa: SIM115 - closed by close()
        except OSError as error:
            raise InputError(f"recording {self._target}: {error.strerror}; name another file") from None
        self._compressor = _compressor(self._target)

    def write(self, chunk: Chunk) -> None:
        """Append the records of a chunk."""
        lines = [line_of(chunk, row) for row in range(len(chunk))]
        data = _ENCODER.encode_lines(lines)
        self.records += len(lines)
        self.bytes += len(data)
        self._file.write(data if self._compressor is None else self._compressor.compress(data))

    def close(self) -> None:
        """Finish the file."""
        if self._compressor is not None:
            self._file.write(self._compressor.flush())
            self._compressor = None
        if self._target == "-":
            self._file.flush()
        else:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


def _compressor(name: str) -> _Compressor | None:
    if name.endswith(".gz"):
        return zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WBITS)
    if name.endswith(".zst"):
        return zstandard.ZstdCompressor(level=3, write_checksum=True).compressobj()
    return None


@contextmanager
def _opened(source: str) -> Iterator[IO[bytes]]:
    if source == "-":
        yield sys.stdin.buffer
        return
    try:
        handle = Path(source).open("rb")  # noqa: SIM115 - closed below, outside of this handler
    except OSError as error:
        raise InputError(
            f"recording {source}: {error.strerror}; name a file that is there, or - for standard input"
        ) from None
    with handle:
        yield handle


def _decompressed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Undo gzip or zstd, known by the first bytes; several members or frames may follow each other."""
    first = next(chunks, b"")
    while len(first) < len(_ZSTD_MAGIC) and (more := next(chunks, b"")):
        first += more
    if first.startswith(_GZIP_MAGIC):
        yield from _inflated(first, chunks, zstd=False)
    elif first.startswith(_ZSTD_MAGIC):
        yield from _inflated(first, chunks, zstd=True)
    else:
        yield first
        yield from chunks


def _inflated(first: bytes, chunks: Iterator[bytes], *, zstd: bool) -> Iterator[bytes]:
    def fresh() -> "zlib._Decompress | zstandard.ZstdDecompressionObj":
        return zstandard.ZstdDecompressor().decompressobj() if zstd else zlib.decompressobj(_GZIP_WBITS)

    member = fresh()
    data = first
    while True:
        while data:
            if member.eof:
                member = fresh()
            yield member.decompress(data)
            data = member.unused_data if member.eof else b""
        data = next(chunks, b"")
        if not data:
            break
    if not member.eof:
        raise EOFError("the compressed data end too soon")
