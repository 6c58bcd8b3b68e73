"""Field reports: the life of what a citizen reports, in the terms of Open311 GeoReport v2."""

from typing import Annotated

from msgspec import Meta

from streams.envelope import Envelope, Identifier, Instant, Name
from streams.events.fields import UNRECOGNISED, Choice, Count, Data


class Action(Choice):
    """What happened to the report."""

    SUBMITTED = "submitted"
    RECEIVED = "received"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXTENDED = "extended"
    INFO_REQUESTED = "info_requested"
    INFO_GIVEN = "info_given"
    RESOLVED = "resolved"
    VERIFIED = "verified"
    REOPENED = "reopened"
    CLOSED = "closed"
    DUPLICATE_OF = "duplicate_of"
    HIDDEN = "hidden"
    RATED = "rated"
    UNRECOGNISED = UNRECOGNISED


class Status(Choice):
    """Open311's two states."""

    OPEN = "open"
    CLOSED = "closed"
    UNRECOGNISED = UNRECOGNISED


class Channel(Choice):
    """How the report came in."""

    APP = "app"
    WEB = "web"
    HOTLINE = "hotline"
    ZALO = "zalo"
    FACEBOOK = "facebook"
    EMAIL = "email"
    COUNTER = "counter"
    CAMERA = "camera"
    STAFF = "staff"
    UNRECOGNISED = UNRECOGNISED


class LifecycleData(Data, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One step in the life of a report; ``description`` was masked before it came here."""

    service_request_id: Identifier
    service_code: Name | None = None
    service_group: Name | None = None
    agency_responsible: Name | None = None
    channel: Channel | None = None
    requested_datetime: Instant | None = None
    expected_datetime: Instant | None = None
    action: Action
    status: Status | None = None
    status_detail: Annotated[str, Meta(max_length=256)] | None = None
    updated_datetime: Instant | None = None
    address_string: Annotated[str, Meta(max_length=512)] | None = None
    description: Annotated[str, Meta(max_length=2000)] | None = None
    media_count: Count | None = None
    evidence_count: Count | None = None
    parent_id: Identifier | None = None
    reporter_hash: Identifier | None = None
    rating: Annotated[int, Meta(ge=1, le=5)] | None = None
    extension_reason: Annotated[str, Meta(min_length=1, max_length=512)] | None = None
    extension_until: Instant | None = None


class FieldReport(
    Envelope,
    frozen=True,
    gc=False,
    omit_defaults=True,
    kw_only=True,
    tag_field="type",
    tag="vn.ioc.fieldreport.lifecycle.v1",
):
    """One step in the life of a citizen's report."""

    data: LifecycleData


def contradiction(data: LifecycleData) -> str | None:
    """Say which fields contradict each other; None when none do."""
    if data.action is Action.DUPLICATE_OF and data.parent_id is None:
        return "$.data.parent_id: required with action duplicate_of"
    if data.rating is not None and data.action is not Action.RATED:
        return "$.data.rating: only with action rated"
    if data.action is Action.EXTENDED and (data.extension_reason is None or data.extension_until is None):
        return "$.data.extension_reason and extension_until: required with action extended"
    return None
