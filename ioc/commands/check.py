"""`ioc check`: looks whether everything is in place, and lists the settings."""

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from ioc.app import Assembly
from ioc.assets import load_assets
from ioc.calendar import coming
from ioc.config import Config, load
from ioc.errors import CheckFailed, IocError
from ioc.kafka import knock
from ioc.settings_page import settings_table
from ioc.topics import plan_topics
from streams.shell.codecs import check_codecs

_HOUR_MS = 3_600_000


@click.command("check")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="TOML file; the defaults need none.")
@click.option("--offline", is_flag=True, help="Leave Kafka alone: check configuration, files and codecs only.")
@click.option("--settings", is_flag=True, help="List every setting as it now is, and stop.")
def command(*, config_file: Path | None, offline: bool, settings: bool) -> None:
    """Check configuration, files, codecs, Kafka and its topics; one line each, and how to mend what is wrong.

    \b
    Examples:
      ioc check --config /etc/ioc/ioc.toml
      ioc check --offline
      ioc check --settings

    Exit codes: 0 all well, 3 the configuration can't be read, 7 something else is wrong.
    """
    if settings:
        click.echo(settings_table(load(config_file, os.environ)))
        return
    config = load(config_file, os.environ)
    click.echo("ok    configuration")
    failed = [name for name, probe in _probes(config, offline=offline) if not _passes(name, probe)]
    if failed:
        raise CheckFailed(f"not in order: {', '.join(failed)}")


def _probes(config: Config, *, offline: bool) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "stages", lambda: _stages(config)
    yield "calendar", lambda: _calendar(config)
    yield "service levels", lambda: _levels(config)
    if config.site.assets_file is not None:
        yield "assets", lambda: f"{len(load_assets(config.site.assets_file or ''))} assets"
    yield "codecs", _codecs
    if not offline:
        yield "kafka", lambda: _kafka(config)
        yield "topics", lambda: _topics(config)


def _passes(name: str, probe: Callable[[], str]) -> bool:
    try:
        click.echo(f"ok    {name}: {probe()}")
    except (IocError, RuntimeError) as error:
        click.echo(f"wrong {name}: {error}")
        return False
    return True


def _stages(config: Config) -> str:
    assembly = Assembly(config)
    return f"time zone {config.site.timezone}, {len(assembly.names.places)} units"


def _calendar(config: Config) -> str:
    today = datetime.now(ZoneInfo(config.site.timezone)).date()
    ahead = "; ".join(coming(config.calendar, config.site.country, config.site.subdivision, today))
    return f"{ahead or 'no day is like another'}; {len(config.calendar.events)} planned events"


def _levels(config: Config) -> str:
    levels = config.service_levels
    hours = sum(end - start for day in levels.working_hours.week() for start, end in day) / _HOUR_MS
    reports, dossiers = len(levels.reports.deadlines), len(levels.dossiers.deadlines)
    return f"{hours:g} working hours a week; {reports} deadlines of reports besides the default, {dossiers} of dossiers"


def _codecs() -> str:
    check_codecs()
    return "gzip, lz4, snappy and zstd can be read"


def _kafka(config: Config) -> str:
    knock(config.kafka)
    return f"{config.kafka.bootstrap} answers"


def _topics(config: Config) -> str:
    changes = plan_topics(config.kafka)
    if changes:
        raise CheckFailed(
            f"{len(changes)} differences to what is declared; see `ioc topics plan`, mend by `ioc topics apply`"
        )
    return "as declared"
