"""Control events: punctuation, which says how far the ingest time of a partition is complete."""

from msgspec import Struct

from streams.envelope import Envelope
from streams.events.fields import UNRECOGNISED, Choice


class Edge(Choice):
    """Which end of a recording the punctuation stands at."""

    START = "start"
    END = "end"
    UNRECOGNISED = UNRECOGNISED


class PunctuationData(Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """Nothing that is needed: only the event's time matters."""

    edge: Edge | None = None


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
