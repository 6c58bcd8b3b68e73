"""What to simulate, and what the simulator says happened: the settings and the truth."""

from datetime import date

from msgspec import Struct

from ioc.errors import ConfigError

_MAX_DAYS = 400
_MAX_CAMERAS = 100_000
_MAX_SCALE = 100.0


class SimulationSettings(Struct, frozen=True):
    """A simulated stretch of a province's life; the same settings give the same bytes.

    Parameters
    ----------
    seed
        Start of all randomness, 0 or more.
    start
        First day; a day begins at midnight in Vietnam.
    days
        Days in all, 1 to 400. The incidents happen on the last one, the days before are history to learn from.
    province
        Name without diacritics (``dien-bien``) or two-digit code of a province whose communes are in the registry.
    cameras
        Cameras before scaling.
    scale
        Multiplies cameras, offices, telemetry and reports.
    scenarios
        Names of the scenarios to play; None plays all.
    faults
        Whether duplicate deliveries and poison records are mixed in.
    """

    seed: int = 1
    start: date = date(2026, 3, 2)
    days: int = 15
    province: str = "dien-bien"
    cameras: int = 40
    scale: float = 1.0
    scenarios: tuple[str, ...] | None = None
    faults: bool = True

    def __post_init__(self) -> None:
        """Refuse what can't be simulated."""
        if self.seed < 0:
            raise ConfigError(f"simulate seed: must be 0 or more, got {self.seed}")
        if not 1 <= self.days <= _MAX_DAYS:
            raise ConfigError(f"simulate days: must be 1 to {_MAX_DAYS}, got {self.days}")
        if not 1 <= self.cameras <= _MAX_CAMERAS:
            raise ConfigError(f"simulate cameras: must be 1 to {_MAX_CAMERAS}, got {self.cameras}")
        if not 0 < self.scale <= _MAX_SCALE:
            raise ConfigError(f"simulate scale: must be more than 0 and at most {_MAX_SCALE:g}, got {self.scale:g}")


class Truth(Struct, frozen=True):
    """One thing that was made to happen.

    ``expected`` is the kind of anomaly or incident that a good detector reports (empty: it must report none).
    ``start`` and ``end`` are RFC 3339 with offset; ``series`` names the cameras, offices or categories affected.
    """

    id: str
    kind: str
    expected: str
    tenant: str
    unit_code: str
    start: str
    end: str
    series: tuple[str, ...]
    note: str
