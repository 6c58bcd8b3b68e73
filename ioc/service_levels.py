"""What the province promises its citizens: which share of reports, dossiers and waits is to be in time."""

from typing import Annotated

from msgspec import Meta, Struct

Share = Annotated[float, Meta(gt=0, lt=1)]


class Objectives(Struct, frozen=True, forbid_unknown_fields=True):
    """The share that is to be on time, by level; of the waits, that is to end within 15 and 30 minutes."""

    report_receipt: Share = 0.95
    report_resolution: Share = 0.9
    dossier: Share = 0.95
    wait_15: Share = 0.8
    wait_30: Share = 0.95


class ServiceLevels(Struct, frozen=True, forbid_unknown_fields=True):
    """Service levels of reports, dossiers and waits."""

    objectives: Objectives = Objectives()
