"""Control events: punctuation, which says how far the ingest time of a partition is complete."""

from typing import Annotated

from msgspec import Meta, Struct

from streams.envelope import Envelope
from streams.events.fields import UNRECOGNISED, Choice


class Edge(Choice):
    """Which end of a recording the punctuation stands at."""

    START = "start"
    END = "end"
    UNRECOGNISED = UNRECOGNISED


class PunctuationData(Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """Which end of a recording this is; at its end, until when its sources were heard (ingest time, ms, 1970 UTC)."""

    edge: Edge | None = None
    heard_ms: Annotated[int, Meta(ge=0, le=2**53)] | None = None


class Punctuation(
    Envelope,
    frozen=True,
    gc=False,
    omit_defaults=True,
    kw_only=True,
    tag_field="type",
    tag="vn.ioc.stream.punctuation.v1",
):
    """Ingest time of this partition is complete up to ``time``; allowed on every source topic, with any key."""

    data: PunctuationData
