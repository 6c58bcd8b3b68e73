"""The section ``[telemetry]``: which metrics of which kind of asset are shown to staff as figures."""

from msgspec import Struct, field

from streams.events.telemetry import AssetKind

_MOST = 6


def _defaults() -> dict[str, tuple[str, ...]]:
    return {
        "bts": ("throughput", "battery_voltage"),
        "server": ("cpu_load", "disk_used"),
        "vm": ("cpu_load", "memory_used"),
        "link": ("latency", "loss"),
        "iot_sensor": ("temperature", "water_level"),
        "application": ("requests", "error_share"),
        "signature_service": ("signed_share", "signatures"),
        "meeting_bridge": ("sessions", "connected_share"),
        "document_exchange": ("documents", "exchange_delay"),
        "report_system": ("reports_due", "reports_submitted_share"),
        "app_account": ("accounts", "active_share"),
        "data_portal": ("datasets", "downloads_count"),
        "security_team": ("members_on_duty", "open_cases"),
    }


class Telemetry(Struct, frozen=True, forbid_unknown_fields=True):
    """``shown``: by kind of asset the metrics whose least, mean and greatest latest values are shown."""

    shown: dict[str, tuple[str, ...]] = field(default_factory=_defaults)

    def __post_init__(self) -> None:
        """Check the kinds, and that labels stay few."""
        kinds = [kind.value for kind in AssetKind if kind is not AssetKind.UNRECOGNISED]
        for kind, metrics in self.shown.items():
            if kind not in kinds:
                raise ValueError(f"shown.{kind} is no kind of asset; there are {', '.join(kinds)}")
            if len(metrics) > _MOST:
                raise ValueError(f"shown.{kind} names {len(metrics)} metrics; at most {_MOST} are shown")
