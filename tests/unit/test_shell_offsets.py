"""Commits are the last durable offset plus one, in the cases where Faust's own bookkeeping is wrong."""

from collections import defaultdict
from typing import Any

import pytest
from faust.transport.consumer import Consumer
from faust.types import TP

from streams.shell.transport import BatchConsumer

SOURCE = TP("ioc.telemetry", 0)


class Thread:
    """Knows the source topics, as the fetching thread does."""

    sources = frozenset({"ioc.telemetry"})


class StockOffsets(BatchConsumer):
    """The planted mutant: Faust's `_new_offset`, with its acknowledgements fed from what is marked durable."""

    def _new_offset(self, tp: TP) -> int | None:
        return Consumer._new_offset(self, tp)

    def mark_durable(self, tp: TP, offset: int) -> None:
        """Acknowledge the offset as well, as the stream would."""
        self._durable[tp] = offset
        self._acked[tp].append(offset)


def made(kind: type[BatchConsumer]) -> Any:
    """Return a consumer with empty books and no connection."""
    consumer: Any = object.__new__(kind)
    consumer._thread = Thread()
    consumer._durable = {}
    consumer._acked = defaultdict(list)
    consumer._acked_index = defaultdict(set)
    consumer._gap = defaultdict(list)
    consumer._committed_offset = defaultdict(lambda: None)
    return consumer


def commits(kind: type[BatchConsumer], marks: list[int]) -> list[int]:
    """Mark each offset durable in turn and return what is committed along the way."""
    consumer = made(kind)
    done = []
    for offset in marks:
        consumer.mark_durable(SOURCE, offset)
        offsets = consumer._filter_committable_offsets(list(consumer._filter_tps_with_pending_acks(None)))
        done += offsets.values()
        consumer._committed_offset.update(offsets)
    return done


CASES = {
    "the first record": ([0], [1]),
    "a batch from the beginning": ([99], [100]),
    "two batches": ([99, 149], [100, 150]),
    "a gap between batches, by compaction or a transaction": ([99, 204], [100, 205]),
    "the first offset far from 0": ([700], [701]),
    "nothing new": ([99, 99], [100]),
    "an older mark never takes a commit back": ([99, 50, 120], [100, 121]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_committed_is_the_last_durable_offset_plus_one(case: str) -> None:
    """A batch is one mark, whatever offsets lie within."""
    marks, expected = CASES[case]
    assert commits(BatchConsumer, marks) == expected


def test_the_old_bookkeeping_fails_these_cases() -> None:
    """Faust's `_new_offset` as a mutant: the cases above can tell."""
    wrong = [case for case, (marks, expected) in CASES.items() if commits(StockOffsets, marks) != expected]
    assert "two batches" in wrong
    assert "a gap between batches, by compaction or a transaction" in wrong


def test_nothing_is_committed_before_anything_is_durable() -> None:
    """Reading alone commits nothing."""
    assert commits(BatchConsumer, []) == []


def test_other_topics_keep_the_books_of_faust() -> None:
    """Their acknowledgements are per record."""
    consumer = made(BatchConsumer)
    consumer._acked[TP("internal", 0)] += [0, 1, 2, 5]
    assert consumer._new_offset(TP("internal", 0)) == 3
