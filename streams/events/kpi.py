"""Figures of performance indicators that are imported: a value, the day for which it holds, and where it comes from."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from streams.envelope import Envelope, Name
from streams.events.fields import Amount, Digits2, Signed

Citation = Annotated[str, Meta(min_length=1, max_length=512)]


class FigureData(Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One figure of an indicator; ``numerator`` and ``denominator`` where it is a share."""

    tenant: Digits2
    kpi: Name
    value: Signed
    as_of: date
    numerator: Amount | None = None
    denominator: Amount | None = None
    citation: Citation | None = None

    @property
    def asset_id(self) -> str:
        """The record key on its topic: figures of one indicator stay in one partition.

        Examples
        --------
        >>> FigureData(tenant="15", kpi="etax_firms_share", value=0.9, as_of=date(2025, 1, 1)).asset_id
        '15/etax_firms_share'
        """
        return f"{self.tenant}/{self.kpi}"

    @property
    def unit_code(self) -> None:
        """None: a figure is one of the whole province."""
        return


class KpiFigure(
    Envelope, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag_field="type", tag="vn.ioc.kpi.figure.v1"
):
    """One figure of a performance indicator, imported; ``time`` is when it was imported."""

    data: FigureData
