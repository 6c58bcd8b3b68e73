"""`ioc kpi`: import figures of performance indicators, and list the indicators with the targets in force."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from ioc.config import load
from ioc.envelope import Outline
from ioc.errors import KafkaUnavailable
from ioc.kafka import reaching
from ioc.kpi_files import chunk_of, read_figures
from ioc.kpi_targets import targets_of
from ioc.replay import ReplayOptions, replay_to_kafka
from streams.kpis import KPIS
from streams.topics import TELEMETRY


@click.group("kpi")
def command() -> None:
    """Figures and targets of the province's performance indicators.

    \b
    Examples:
      ioc kpi list --tenant 15
      ioc kpi import figures.csv --dry-run
    """


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Check and show the figures; send nothing.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="TOML file with the section [kafka].")
def import_figures(file: Path, dry_run: bool, config: Path | None) -> None:
    """Send the figures of FILE (.csv or .json) to Kafka, all or, if one is wrong, none.

    Fields: tenant, kpi, as_of and value, or numerator and denominator; citation. To import a file twice changes
    nothing; a figure of an earlier day doesn't replace one of a later day.

    \b
    Examples:
      ioc kpi import figures.csv --dry-run
      ioc kpi import figures.json --config ioc.toml
    """
    now = datetime.now(UTC)
    kafka = load(config, os.environ).kafka
    figures = read_figures(file, now.astimezone().date())
    if dry_run:
        rows = [("TENANT", "KPI", "VALUE", "AS OF", "CITATION")]
        rows += [(f.tenant, f.kpi, f"{f.value:.6g}", f.as_of.isoformat(), f.citation or "-") for f in figures]
        _table(rows)
        click.echo(f"{len(figures)} figures, none sent")
        return
    chunk = chunk_of(figures, now)
    at_ms = chunk.timestamps_ms[0]
    options = ReplayOptions(close_after_ms=None)
    with reaching(kafka):
        done = replay_to_kafka(kafka, [chunk], Outline(None, (TELEMETRY,), at_ms, at_ms), options)
    if done.refused:
        raise KafkaUnavailable(f"{done.refused} of {len(figures)} figures were refused, first: {done.first_refusal}")
    click.echo(f"{len(figures)} figures sent to {TELEMETRY}")


@command.command("list")
@click.option("--tenant", default="11", show_default=True, metavar="CODE", help="Province whose targets are shown.")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="Day for which targets hold  [default: today]")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="TOML file with the section [kpi].")
def list_indicators(tenant: str, day: datetime | None, config: Path | None) -> None:
    """List the indicators: unit, where figures come from, target in force.

    \b
    Examples:
      ioc kpi list
      ioc kpi list --tenant 15 --on 2030-12-31 --config ioc.toml
    """
    when = (day or datetime.now(UTC).astimezone()).date()
    targets = targets_of(load(config, os.environ).kpi).on(when, tenant)
    rows = [("KPI", "UNIT", "BETTER", "FIGURES", "TARGET", "NAME")]
    for each in KPIS.values():
        target = f"{targets[each.id]:g}" if each.id in targets else "-"
        rows.append((each.id, each.unit, each.better, "events" if each.live else "import", target, each.vi))
    _table(rows)


def _table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
