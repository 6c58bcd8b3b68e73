"""Dossiers: the life of an administrative procedure from submission to its returned result."""

from streams.envelope import Envelope, Identifier, Instant, Name
from streams.events.fields import UNRECOGNISED, Amount, Choice, Data


class Level(Choice):
    """How much of the procedure runs online."""

    FULL = "full"
    PARTIAL = "partial"
    IN_PERSON = "in_person"
    UNRECOGNISED = UNRECOGNISED


class DossierChannel(Choice):
    """How the dossier came in."""

    ONLINE = "online"
    COUNTER = "counter"
    POST = "post"
    UNRECOGNISED = UNRECOGNISED


class DossierAction(Choice):
    """What happened to the dossier."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    SUPPLEMENT_REQUESTED = "supplement_requested"
    FORWARDED = "forwarded"
    RETURNED = "returned"
    APPROVED = "approved"
    REJECTED = "rejected"
    RESULT_READY = "result_ready"
    RESULT_RETURNED = "result_returned"
    WITHDRAWN = "withdrawn"
    APOLOGY_SENT = "apology_sent"
    UNRECOGNISED = UNRECOGNISED


class Payment(Choice):
    """How the fee was paid."""

    NONE = "none"
    ONLINE = "online"
    CASH = "cash"
    FAILED = "failed"
    UNRECOGNISED = UNRECOGNISED


class DossierData(Data, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One step in the life of a dossier at an office."""

    office_id: Identifier
    dossier_id: Identifier
    procedure_code: Name | None = None
    level: Level | None = None
    channel: DossierChannel | None = None
    action: DossierAction
    received_at: Instant | None = None
    due_at: Instant | None = None
    agency: Name | None = None
    fee_vnd: Amount | None = None
    payment: Payment | None = None


class DossierLifecycle(
    Envelope,
    frozen=True,
    gc=False,
    omit_defaults=True,
    kw_only=True,
    tag_field="type",
    tag="vn.ioc.dossier.lifecycle.v1",
):
    """One step in the life of a dossier."""

    data: DossierData
