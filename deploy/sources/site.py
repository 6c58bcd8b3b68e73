"""What a site decides of the generated files: where links lead, who hands pages on, what is scraped."""

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

Url = Annotated[str, Meta(pattern=r"^https?://[^\s/]+\S*$")]
Address = Annotated[str, Meta(pattern=r"^[^\s/]+:[0-9]+$")]
UnitCode = Annotated[str, Meta(pattern="^[0-9]{5}$")]
Receiver = Annotated[str, Meta(pattern="^[a-z0-9-]+$")]

EXAMPLE = Path(__file__).parents[1] / "site.toml"
"""What the committed files are made from, and what a site copies."""


class Site(Struct, frozen=True, forbid_unknown_fields=True):
    """The addresses of a site; ``units`` names the receiver of a unit's severe pages, beside that of the team."""

    runbook: Url
    grafana: Url
    relay: Url
    workers: Annotated[tuple[Address, ...], Meta(min_length=1)]
    units: dict[UnitCode, Receiver]

    def runbook_of(self, alert: str) -> str:
        """Return the address of an alert's chapter, whether or not ours ends with a slash."""
        return f"{self.runbook.rstrip('/')}/#{alert.lower()}"

    def dashboard(self, uid: str) -> str:
        """Return the address of a dashboard."""
        return f"{self.grafana.rstrip('/')}/d/{uid}"

    def receiver(self, name: str) -> str:
        """Return where the relay takes the pages of a receiver."""
        return f"{self.relay.rstrip('/')}/{name}"


def read(path: Path = EXAMPLE) -> Site:
    """Return the site of a file.

    Raises
    ------
    OSError, tomllib.TOMLDecodeError, msgspec.ValidationError
        It can't be read, is no TOML, or says something that isn't known; the message says which and where.

    Examples
    --------
    >>> read().runbook_of("IocWorkerDown")
    'https://ioc.example/docs/runbook/#iocworkerdown'
    """
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Site)
