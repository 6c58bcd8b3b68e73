"""`ioc incidents`: what is open now and why, read from Kafka."""

import os
from pathlib import Path

import click

from ioc.config import load
from ioc.errors import InputError
from ioc.following import latest_incidents
from ioc.told import chosen, details, lines


@click.command("incidents")
@click.argument("name", required=False, metavar="[ID]")
@click.option("--unit", metavar="CODE", help="Only those of a unit.")
@click.option("--all", "every", is_flag=True, help="Also those that are over or told by another incident.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="TOML file with the section [kafka].")
def command(name: str | None, unit: str | None, every: bool, config: Path | None) -> None:
    """List open incidents with their explanations, or show the one whose id begins with ID and its evidence.

    The most severe come first. An id is what exemplars on dashboards carry.

    \b
    Examples:
      ioc incidents --config ioc.toml
      ioc incidents --unit 03127 --all
      ioc incidents 9a1f
    """
    incidents = latest_incidents(load(config, os.environ).kafka)
    if name is not None:
        found = [incident for incident in incidents if incident.id.startswith(name)]
        if len(found) != 1:
            raise InputError(
                f"{len(found)} incidents have an id that begins with {name!r}; `ioc incidents --all` lists"
            )
        click.echo("\n".join(details(found[0])))
        return
    listed = chosen(incidents, unit, every=every)
    for incident in listed:
        click.echo("\n".join([*lines(incident), ""]))
    open_now = len(chosen(listed))
    click.echo(f"{open_now} đang mở · open" + (f", {len(listed)} tất cả · in all" if every else ""))
