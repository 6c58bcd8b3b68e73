"""The contract between the pure fold and whatever drives it (Faust agent, `ioc detect`, tests)."""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from streams.measures import NOTHING, Measured
from streams.records import OutputRecord, RecordBatch


class Tally(Struct, frozen=True):
    """What became of the records of one call, exactly: ``records == accepted + duplicate + late + dead_lettered``.

    Mappings are broken down by closed sets only, never by free text: dead letters by reason, notes by what was noted
    (clock skew, unrecognised values, …), anomalies by ``kind/detector``, incidents told by ``rule/severity/status``.
    ``open_incidents`` is not a count of the call but the state behind it, by ``rule/severity``; None: not known here.
    """

    records: int = 0
    accepted: int = 0
    duplicate: int = 0
    late: int = 0
    dead_lettered: Mapping[str, int] = {}
    noted: Mapping[str, int] = {}
    anomalies: Mapping[str, int] = {}
    incidents: Mapping[str, int] = {}
    open_incidents: Mapping[str, int] | None = None


class Outcome(Struct, frozen=True):
    """The result of one step: records to produce in this order, what to count, and how far event time is complete.

    ``watermark_ms`` is the event time below which nothing more is expected (None: nothing seen yet).
    ``measured`` is what those see who watch service levels.
    """

    outputs: list[OutputRecord]
    tally: Tally
    watermark_ms: int | None
    measured: Measured = NOTHING


class Stage(Protocol):
    """State of one input partition and its fold. Nothing here reads a clock: ``now_ms`` is wall time, given."""

    def process(self, batch: RecordBatch, now_ms: int) -> Outcome:
        """Fold one batch in; the driver produces the outputs, then may snapshot."""
        ...

    def idle(self, now_ms: int) -> Outcome:
        """Let time pass without input: the partition is read to its end and nothing came for a while."""
        ...

    def snapshot(self) -> dict[str, bytes]:
        """Return the whole state as named blocks; a block that did not change has the same bytes as before."""
        ...

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Replace the state of a fresh stage by that of ``snapshot``."""
        ...
