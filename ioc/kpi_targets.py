"""The section ``[kpi]``: targets of indicators with their days and citations, and those that ship with the package."""

import tomllib
from datetime import date
from importlib import resources
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from ioc.calendar import plain
from streams.kpis import KPIS
from streams.levels.figures import Target, Targets

Citation = Annotated[str, Meta(min_length=1, max_length=512)]


class KpiTarget(Struct, frozen=True, forbid_unknown_fields=True):
    """A target in force from ``effective_from`` until another of its indicator, or ``effective_until``, and who set it.

    ``tenant`` empty: of every province that has none of its own.
    """

    kpi: str
    value: float
    effective_from: date
    citation: Citation
    tenant: Annotated[str, Meta(pattern="^([0-9]{2})?$")] = ""
    effective_until: date = date.max

    def __post_init__(self) -> None:
        """Check that the indicator exists and the value and days fit."""
        if self.kpi not in KPIS:
            raise ValueError(f"kpi: {self.kpi!r} is unknown; `ioc kpi list` names them")
        if reason := KPIS[self.kpi].refusal(self.value):
            raise ValueError(f"{self.kpi}.value: {reason}")
        if self.effective_until <= self.effective_from:
            raise ValueError(f"{self.kpi}.effective_until: {self.effective_until} is not after {self.effective_from}")


class Kpi(Struct, frozen=True, forbid_unknown_fields=True):
    """Targets of the province, added to those that ship with the package; one of the same day replaces it."""

    targets: tuple[KpiTarget, ...] = ()


def shipped() -> tuple[KpiTarget, ...]:
    """Return the targets that ship with the package."""
    text = (resources.files("ioc") / "data" / "kpi_targets.toml").read_text(encoding="utf-8")
    return msgspec.convert(plain(tomllib.loads(text)), Kpi, strict=False).targets


def all_targets(settings: Kpi) -> list[KpiTarget]:
    """Return the targets of the package and the province's own."""
    own = {(each.tenant, each.kpi, each.effective_from) for each in settings.targets}
    kept = [each for each in shipped() if (each.tenant, each.kpi, each.effective_from) not in own]
    return [*kept, *settings.targets]


def targets_of(settings: Kpi) -> Targets:
    """Return them as the bank of figures wants them."""
    return Targets(
        [
            Target(each.tenant, each.kpi, each.value, each.effective_from, each.effective_until)
            for each in all_targets(settings)
        ]
    )
