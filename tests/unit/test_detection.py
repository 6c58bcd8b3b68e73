"""`Detection` against the plain driver of `tests.miniature`, which shares nothing with it."""

import orjson

from ioc.app import Assembly
from ioc.config import Config
from ioc.detection import Detection
from ioc.partitioning import Splitter
from streams.records import RecordBatch
from streams.topics import CAMERA_EVENTS, FIELD_REPORTS, INCIDENTS
from tests.miniature import Plant, Row, chunk, province


def revisions(batches: list[RecordBatch]) -> tuple[Detection, dict[tuple[str, int], bytes]]:
    """Return the detection and every revision of every incident it told."""
    detection = Detection(Assembly(Config()))
    lines = [record.value for record in detection.run(batches) if record.topic == INCIDENTS]
    told = [(orjson.loads(line), line) for line in lines]
    return detection, {(incident["id"], incident["revision"]): line for incident, line in told}


def test_it_tells_what_a_plain_driver_of_the_stages_tells() -> None:
    """Every revision byte for byte, from one partition and from four; and it accounts for every record."""
    rows = province()
    plain = Plant(1).run(rows)
    for partitions in (1, 4):
        detection, told = revisions(Splitter(partitions).split(chunk(rows)))
        assert told == plain.revisions
        assert detection.ledger.balanced
        assert detection.ledger.records == len(rows)
        assert detection.ledger.accepted == plain.accepted
        assert dict(detection.ledger.dead_lettered) == plain.reasons


def test_topics_without_records_are_not_waited_for() -> None:
    """A recording of field reports alone shows the surges in them."""
    rows = [row for row in province() if row.topic == FIELD_REPORTS]
    _, told = revisions(Splitter(1).split(chunk(rows)))
    assert {orjson.loads(line)["rule"] for line in told.values()} == {"report_surge"}


def test_no_records_are_no_incidents() -> None:
    """And no error."""
    detection, told = revisions([])
    assert told == {}
    assert detection.ledger.line() == "0 records = 0 accepted + 0 duplicate + 0 late + 0 dead-lettered"


def test_one_bad_record_from_the_year_2099_changes_nothing() -> None:
    """Its Kafka timestamp is odd as well; nobody fell silent because of it."""
    rows = [row for row in province() if row.topic == CAMERA_EVENTS]
    odd = Row(4_081_000_000_000, CAMERA_EVENTS, b"CAM-00", b"{}")
    _, clean = revisions(Splitter(1).split(chunk(rows)))
    _, spoilt = revisions(Splitter(1).split(chunk([*rows, odd])))
    assert spoilt == clean
