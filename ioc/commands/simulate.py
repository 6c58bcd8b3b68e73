"""`ioc simulate`: writes a recording of a simulated province, and what really happened in it."""

import sys
import time
from datetime import datetime
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import Progress

from ioc.errors import InputError
from ioc.recording import RecordingWriter
from ioc.simulate import SCENARIOS, Simulation, SimulationSettings, Truth
from ioc.simulate.flow import DAY_MS
from ioc.units import load_places

_DEFAULTS = SimulationSettings()


@click.command("simulate")
@click.option(
    "--output",
    default="-",
    show_default="standard output",
    help="File to write: plain, .gz or .zst; - for standard output.",
)
@click.option("--truth", type=click.Path(path_type=Path), help="File for the truth: one incident a line, as JSON.")
@click.option(
    "--seed", type=click.IntRange(0), default=_DEFAULTS.seed, show_default=True, help="Start of all randomness."
)
@click.option(
    "--start", type=click.DateTime(["%Y-%m-%d"]), default=str(_DEFAULTS.start), show_default=True, help="First day."
)
@click.option(
    "--days", type=int, default=_DEFAULTS.days, show_default=True, help="Days in all; incidents happen on the last."
)
@click.option("--province", default=_DEFAULTS.province, show_default=True, help="Name without diacritics, or code.")
@click.option("--cameras", type=int, default=_DEFAULTS.cameras, show_default=True, help="Cameras before scaling.")
@click.option("--scale", type=float, default=_DEFAULTS.scale, show_default=True, help="Multiplies all that sends.")
@click.option("--scenario", "scenarios", multiple=True, help="Play only this scenario (may be repeated).")
@click.option("--no-scenarios", is_flag=True, help="Play none: quiet history.")
@click.option("--no-faults", is_flag=True, help="No duplicate deliveries and no poison records.")
@click.option("--units", "units_file", type=click.Path(path_type=Path), help="CSV with further administrative units.")
@click.option("--list-scenarios", is_flag=True, help="List the scenarios and stop.")
def command(
    *,
    output: str,
    truth: Path | None,
    seed: int,
    start: datetime,
    days: int,
    province: str,
    cameras: int,
    scale: float,
    scenarios: tuple[str, ...],
    no_scenarios: bool,
    no_faults: bool,
    units_file: Path | None,
    list_scenarios: bool,
) -> None:
    """Write a recording of a simulated province; the same options give the same bytes.

    \b
    Examples:
      ioc simulate --output build/demo.ndjson.zst --truth build/truth.ndjson
      ioc simulate --days 1 --cameras 5 | head
      ioc simulate --days 22 --scenario storm --output storm.ndjson.gz
    """
    if list_scenarios:
        for scenario in SCENARIOS:
            click.echo(f"{scenario.name:16} {scenario.expected or '-':14} {scenario.summary}")
        return
    settings = SimulationSettings(
        seed=seed,
        start=start.date(),
        days=days,
        province=province,
        cameras=cameras,
        scale=scale,
        scenarios=() if no_scenarios else scenarios or None,
        faults=not no_faults,
    )
    simulation = Simulation(settings, load_places(units_file))
    if truth is not None:
        _write_truth(truth, simulation.truths)
    _write(simulation, output)


def _write(simulation: Simulation, output: str) -> None:
    console = Console(stderr=True)
    started_s = time.monotonic()
    with (
        RecordingWriter(output) as writer,
        Progress(console=console, disable=not sys.stderr.isatty(), transient=True) as progress,
    ):
        task = progress.add_task("simulating", total=simulation.settings.days * DAY_MS)
        for chunk in simulation.chunks():
            writer.write(chunk)
            progress.update(task, completed=chunk.timestamps_ms[-1] - simulation.first_ms)
    seconds = time.monotonic() - started_s
    click.echo(
        f"{writer.records} records, {writer.bytes / 1e6:.1f} MB before compression, in {seconds:.1f} s "
        f"({writer.records / seconds:.0f} records/s), {len(simulation.truths)} scenarios",
        err=True,
    )


def _write_truth(path: Path, truths: tuple[Truth, ...]) -> None:
    try:
        path.write_bytes(msgspec.json.Encoder().encode_lines(truths))
    except OSError as error:
        raise InputError(f"truth file {path}: {error.strerror}; name another with --truth") from None
