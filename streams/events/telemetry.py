"""Telemetry: one observation of one metric of an asset of the province's infrastructure."""

from msgspec import Struct

from streams.envelope import Envelope, Identifier, Name
from streams.events.fields import UNRECOGNISED, Choice, Digits2, Digits5, Interval, Location, Quality, Signed


class AssetKind(Choice):
    """What the asset is."""

    BTS = "bts"
    SERVER = "server"
    VM = "vm"
    LINK = "link"
    IOT_SENSOR = "iot_sensor"
    APPLICATION = "application"
    SIGNATURE_SERVICE = "signature_service"
    MEETING_BRIDGE = "meeting_bridge"
    DOCUMENT_EXCHANGE = "document_exchange"
    REPORT_SYSTEM = "report_system"
    APP_ACCOUNT = "app_account"
    DATA_PORTAL = "data_portal"
    SECURITY_TEAM = "security_team"
    UNRECOGNISED = UNRECOGNISED


class MetricKind(Choice):
    """Whether the value stands for itself or only counts up."""

    GAUGE = "gauge"
    COUNTER = "counter"
    UNRECOGNISED = UNRECOGNISED


class ObservationData(Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One observation; ``unit`` is a UCUM code. An asset of the whole province has no ``unit_code``."""

    tenant: Digits2
    unit_code: Digits5 | None = None
    location: Location | None = None
    quality: Quality | None = None
    asset_id: Identifier
    asset_kind: AssetKind
    metric: Name
    value: Signed
    unit: Name | None = None
    interval_s: Interval | None = None
    kind: MetricKind = MetricKind.GAUGE


class TelemetryObservation(
    Envelope,
    frozen=True,
    gc=False,
    omit_defaults=True,
    kw_only=True,
    tag_field="type",
    tag="vn.ioc.telemetry.observation.v1",
):
    """One observation of one metric of an asset."""

    data: ObservationData
