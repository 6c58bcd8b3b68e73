"""Recordings: what kcat writes is read, what we write is read back, and what is broken is named."""

import gzip
import json
import random
from pathlib import Path

import pytest
import zstandard

from ioc.envelope import Chunk
from ioc.errors import InputError
from ioc.partitioning import Splitter
from ioc.recording import Recording, RecordingWriter
from streams.records import RecordBatch
from streams.shell.partitioning import partition_of


def kcat_line(offset: int = 0, **changes: object) -> str:
    """Return a line as `kcat -C -J` prints it."""
    fields = {
        "topic": "ioc.telemetry",
        "partition": 2,
        "offset": offset,
        "tstype": "create",
        "ts": 1_772_384_400_000 + offset,
        "broker": 1,
        "headers": ["content-type", "application/cloudevents+json"],
        "key": "BTS-1",
        "payload": '{"id":"a"}',
    }
    return json.dumps({**fields, **changes}, ensure_ascii=False)


def written(path: Path, *lines: str) -> Path:
    """Write lines to a file."""
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def awkward_chunk() -> Chunk:
    """Return records with everything that is hard to carry in text."""
    values = [b'{"t":"Ng\xe1\xba\xadp"}', b"\xff\x00", None, b"", b"line\nbreak \x1b"]
    count = len(values)
    return Chunk(
        topics=["a", "b", "a", "a", "b"],
        partitions=[0, 1, 0, 0, 1],
        offsets=[0, 0, 1, 5, 9],
        timestamps_ms=list(range(count)),
        keys=[b"k", None, b"\xfe", b"", b"k"],
        values=values,
        headers=[(), (("h", b"\xff"),), (("h", b"v"), ("h", b"w")), (), ()],
    )


def test_a_line_of_kcat_becomes_one_record(tmp_path: Path) -> None:
    """Topic, partition, offset, timestamp, key, headers and payload all arrive."""
    batches = list(Recording(written(tmp_path / "r", kcat_line(7))).batches())
    headers = (("content-type", b"application/cloudevents+json"),)
    assert batches == [
        RecordBatch("ioc.telemetry", 2, [7], [1_772_384_400_007], [b"BTS-1"], [b'{"id":"a"}'], [headers])
    ]


def test_null_key_payload_and_headers_stay_null(tmp_path: Path) -> None:
    """A tombstone isn't an empty string."""
    line = kcat_line(key=None, payload=None, headers=[])
    (batch,) = Recording(written(tmp_path / "r", line)).batches()
    assert (batch.keys, batch.values, batch.headers) == ([None], [None], [()])


@pytest.mark.parametrize("ending", ["ndjson", "ndjson.gz", "ndjson.zst"])
def test_what_is_written_is_read_back_with_every_byte(tmp_path: Path, ending: str) -> None:
    """Bytes that are no text survive, in key, payload and headers, under every compression."""
    path = tmp_path / f"r.{ending}"
    with RecordingWriter(path) as writer:
        writer.write(awkward_chunk())
    assert list(Recording(path).chunks()) == [awkward_chunk()]


@pytest.mark.parametrize("ending", ["ndjson", "ndjson.gz", "ndjson.zst"])
def test_the_same_records_give_the_same_bytes(tmp_path: Path, ending: str) -> None:
    """Neither the name nor the time gets into the file."""
    for name in ("a", "b"):
        with RecordingWriter(tmp_path / f"{name}.{ending}") as writer:
            writer.write(awkward_chunk())
    assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


def test_compression_is_known_by_the_first_bytes_not_by_the_name(tmp_path: Path) -> None:
    """A gzip file called .ndjson is read, also in several members, and so is zstd in several frames."""
    first, second = (kcat_line(offset).encode() + b"\n" for offset in (1, 2))
    (tmp_path / "g").write_bytes(gzip.compress(first) + gzip.compress(second))
    pack = zstandard.ZstdCompressor().compress
    (tmp_path / "z").write_bytes(pack(first) + pack(second))
    for name in ("g", "z"):
        assert [batch.offsets for batch in Recording(tmp_path / name).batches()] == [[1, 2]]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_a_file_cut_short_is_refused(tmp_path: Path, pack: "type[bytes]") -> None:
    """Half a recording must not pass for a whole one."""
    text = "".join(kcat_line(n, payload=random.Random(n).randbytes(40).hex()) + "\n" for n in range(500))
    (tmp_path / "cut").write_bytes(pack(text.encode())[:-40])
    with pytest.raises(InputError, match=r"cut short|too soon"):
        list(Recording(tmp_path / "cut").chunks())


def test_a_bad_line_is_named_by_its_number(tmp_path: Path) -> None:
    """The user can go to the line; blank lines count."""
    path = written(tmp_path / "r", kcat_line(1), "", "{nonsense", kcat_line(2))
    with pytest.raises(InputError, match="line 3"):
        list(Recording(path).chunks())


@pytest.mark.parametrize(
    "bad", ["{", "[]", '{"topic":"a"}', kcat_line(headers=["odd"]), kcat_line(payload=None, payload_base64="*")]
)
def test_bad_lines_are_skipped_and_counted_when_lenient(tmp_path: Path, bad: str) -> None:
    """One bad line costs no other."""
    recording = Recording(written(tmp_path / "r", kcat_line(1), bad, kcat_line(2)), lenient=True)
    assert [batch.offsets for batch in recording.batches()] == [[1, 2]]
    assert recording.bad_lines == 1


def test_a_missing_file_is_an_input_error() -> None:
    """No traceback for a wrong name."""
    with pytest.raises(InputError, match="No such file"):
        list(Recording("/nowhere/at/all").chunks())


def test_interleaved_partitions_become_a_batch_each(tmp_path: Path) -> None:
    """Within a partition the order is the file's; a batch never mixes partitions."""
    path = written(tmp_path / "r", *(kcat_line(n, partition=n % 3) for n in range(9)))
    found = [(batch.partition, batch.offsets) for batch in Recording(path).batches()]
    assert found == [(0, [0, 3, 6]), (1, [1, 4, 7]), (2, [2, 5, 8])]


def test_no_batch_is_larger_than_asked(tmp_path: Path) -> None:
    """The cap holds and nothing is lost at its edges."""
    path = written(tmp_path / "r", *map(kcat_line, range(25)))
    offsets = [batch.offsets for batch in Recording(path).batches(max_records=10)]
    assert [len(part) for part in offsets] == [10, 10, 5]
    assert [n for part in offsets for n in part] == list(range(25))


def test_offsets_that_go_back_are_refused_unless_numbered_anew(tmp_path: Path) -> None:
    """Two recordings joined have offsets twice; with a number of partitions they are numbered from 0."""
    path = written(tmp_path / "r", kcat_line(4), kcat_line(4))
    with pytest.raises(InputError, match="offsets must increase"):
        list(Recording(path).batches())
    assert [batch.offsets for batch in Recording(path).batches(partitions=1)] == [[0, 1]]


def test_keys_go_to_the_partition_that_kafka_gives_them() -> None:
    """Golden: murmur2 of the Java client's own tests (UtilsTest.testMurmur2), sign dropped."""
    java = {
        b"21": -973932308,
        b"foobar": -790332482,
        b"a-little-bit-long-string": -985981536,
        b"a-little-bit-longer-string": -1486304829,
        b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
        b"abc": 479470107,
    }
    for key, value in java.items():
        assert partition_of(key, 1009) == (value & 0x7FFFFFFF) % 1009


def test_records_without_key_go_round_the_partitions() -> None:
    """Kafka deals them out at random; a recording must give the same every time."""
    chunk = Chunk(["t"] * 6, [0] * 6, list(range(6)), [0] * 6, [None] * 6, [b""] * 6, [()] * 6)
    assert sorted(batch.partition for batch in Splitter(3).split(chunk)) == [0, 1, 2]
    assert all(len(batch) == 2 for batch in Splitter(3).split(chunk))


def test_the_outline_counts_records_topics_and_their_time_span(tmp_path: Path) -> None:
    """It is read without the payloads, so it must agree with a full reading."""
    path = written(tmp_path / "r", kcat_line(5), kcat_line(1, topic="b"), kcat_line(9))
    outline = Recording(path).outline()
    assert (outline.records, outline.topics) == (3, ("b", "ioc.telemetry"))
    assert (outline.first_ms, outline.last_ms) == (1_772_384_400_001, 1_772_384_400_009)


def test_an_empty_recording_has_no_outline(tmp_path: Path) -> None:
    """Replaying nothing is a mistake worth a message."""
    with pytest.raises(InputError, match="holds no record"):
        Recording(written(tmp_path / "r")).outline()
